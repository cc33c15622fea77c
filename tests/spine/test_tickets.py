"""One-time tickets over real parts: issued and redeemed by the command, with a receipt at the end."""

import json
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from sealrun.calls.ticket_url import Ticket
from sealrun.money.buyer import sign_read
from sealrun.receipts.receipt import SignedReceipt
from tests.spine.conftest import Shop

pytestmark = pytest.mark.peers


def command(*words: str, given: str = "") -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "sealrun_cli.main", *words, "--json"]
    return subprocess.run(line, input=given, check=False, capture_output=True, text=True, timeout=120)


def issued(shop: Shop, tmp_path: Path, *words: str) -> list[str]:
    """URLs of new tickets for the shop's offer."""
    key = tmp_path / "issuer.key"
    key.write_text(shop.buyer.to_base58())
    key.chmod(0o600)
    done = command("ticket", shop.base, "--key", str(key), "--until", _tomorrow(), *words)
    assert done.returncode == 0, done.stderr
    return [each["url"] for each in json.loads(done.stdout)["tickets"]]


def _tomorrow() -> str:
    return (datetime.now(UTC) + timedelta(days=1)).date().isoformat()


def test_a_ticket_from_issuing_to_the_receipt(shop: Shop, tmp_path: Path) -> None:
    first, second = issued(shop, tmp_path, "--open", "greeting", "--count", "2")
    assert first != second
    receipt = tmp_path / "receipt.json"
    done = command("redeem", "-", "--input", "greeting=hi", "--receipt", str(receipt), given=first)
    said = json.loads(done.stdout)
    assert (done.returncode, said["state"]) == (0, "succeeded"), done.stderr
    assert SignedReceipt.parse(json.loads(receipt.read_text())).holds()
    assert len(shop.runs(said["call"])) == 1
    assert inputs_of(said["url"], Ticket.parse(first), shop) == {"greeting": "hi"}
    again = command("redeem", "-", "--input", "greeting=hi", given=first)
    assert (again.returncode, json.loads(again.stdout)["call"]) == (0, said["call"])
    assert len(shop.runs(said["call"])) == 1
    bad = command("redeem", "-", "--input", "greeting=fail", given=second)
    assert (bad.returncode, json.loads(bad.stdout)["state"]) == (3, "failed")


def inputs_of(url: str, ticket: Ticket, shop: Shop) -> Any:
    """What only the buyer may read, who is the ticket's own key (L5)."""
    call, soon = int(url.rpartition("/")[2], 16), int(time.time()) + 600
    right: dict[str, Any] = {"expires_at": soon, "service": url}
    right = sign_read(ticket.secret, shop.offer.network, ticket.grant.key, call, **right)
    documents = httpx.get(f"{url}/evidence", headers=right, timeout=30).json()["documents"]
    return json.loads(documents["inputs.json"])["inputs"]


def test_e4_link_previews_and_every_method_but_post_use_nothing_up(shop: Shop, tmp_path: Path) -> None:
    (url,) = issued(shop, tmp_path, "--input", "greeting=hello")
    for method in ("GET", "HEAD"):
        answer = httpx.request(method, url, timeout=30)
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert httpx.get(url, timeout=30).json()["type"] == "urn:sealrun:problem:method-not-allowed"
    asked = {"Origin": "https://pages.test", "Access-Control-Request-Method": "POST"}
    allowed = httpx.options(url, headers=asked, timeout=30)
    assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (200, "*")
    done = command("redeem", url)
    assert (done.returncode, json.loads(done.stdout)["state"]) == (0, "succeeded"), done.stderr


def test_e4_two_who_redeem_at_once_start_one_pipeline(shop: Shop, tmp_path: Path) -> None:
    (url,) = issued(shop, tmp_path, "--open", "greeting")
    line = [sys.executable, "-m", "sealrun_cli.main", "redeem", url, "--json", "--input"]
    both = [
        subprocess.Popen([*line, f"greeting={word}"], stdout=subprocess.PIPE, text=True)
        for word in ("one", "two")
    ]
    said: list[dict[str, Any]] = [json.loads(each.communicate(timeout=120)[0]) for each in both]
    assert [each["state"] for each in said] == ["succeeded", "succeeded"]
    assert said[0]["call"] == said[1]["call"], "the later one takes up the call of the earlier one"
    assert len(shop.runs(said[0]["call"])) == 1


def test_e4_no_log_of_the_function_shows_the_secret(shop: Shop, tmp_path: Path) -> None:
    (url,) = issued(shop, tmp_path, "--input", "greeting=hello")
    assert command("redeem", url).returncode == 0
    log = shop.log("once")
    assert log
    assert Ticket.parse(url).secret.to_base58() not in log
