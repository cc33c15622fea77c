"""Whole sales on ``sealrun serve``: each step of seller and operator by its command, over a real GitLab."""

import json
import os
import random
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.gitlab.server import GitLabServer
from local.market import free_offer, pinned_source
from local.served import Served
from mina.keys import PrivateKey
from sealrun.calls.call import SignedCall
from sealrun.money.buyer import sign_call
from sealrun.offers.offer import Offer
from sealrun_cli.lib.offer_file import read_offer, write_values
from tests.ports.postgres import new_database
from tests.ports.stores import new_bucket, s3_server
from tests.spine.conftest import PROPERTIES, repository

pytestmark = pytest.mark.peers

SHORT_LEASES = "tests.spine.served_short_leases"
# `make crash` kills more often.
KILLS, AT_ONCE = int(os.environ.get("SEALRUN_KILLS", "2")), 2


@dataclass
class ServedShop:
    """An offer, its GitLab, and the folder from which everybody works."""

    gitlab: GitLabServer
    folder: Path
    offer: Offer
    buyer: PrivateKey
    oracle: PrivateKey
    token: str

    def put_up(self, service: Served, *, database: str = "") -> None:
        """What ``deploy``, ``seal`` and ``publish`` do, without their three processes."""
        _, secret = service.put_up(self.oracle, self.offer, self.token, url=database)
        hook = f"{service.url}/webhooks/gitlab?offer={self.offer.id[:16]}"
        self.gitlab.add_hook(int(self.offer.source.project), hook, signing_token=secret)

    def command(self, *words: str, environment: Mapping[str, str] | None = None) -> dict[str, Any]:
        """A ``sealrun`` command in the folder; its result."""
        named = {"PATH": "/usr/bin:/bin", "SEALRUN_PASSPHRASE_FILE": str(self.folder / "passphrase")}
        done = subprocess.run(
            [sys.executable, "-m", "sealrun_cli.main", *words, "--json"],
            cwd=self.folder,
            env={**named, "HOME": str(self.folder), **(environment or {})},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr + done.stdout
        value: dict[str, Any] = json.loads(done.stdout)
        return value

    def sign(self, **changes: Any) -> SignedCall:
        values: dict[str, Any] = {
            "inputs": {"greeting": "hello"},
            "salt": secrets.token_hex(32),
            "nonce": secrets.randbits(128),
            "expires_at": int(time.time()) + 600,
        }
        return sign_call(self.buyer, self.offer, **{**values, **changes})

    def send(self, url: str, signed: SignedCall) -> httpx.Response:
        return httpx.post(f"{url}/offers/{self.offer.id}/calls", json=signed.body(), timeout=60)

    def runs(self, call: str) -> list[int]:
        """The pipelines of this call at the provider."""
        pipelines = self.gitlab.store.pipelines.values()
        return [pipeline.id for pipeline in pipelines if call in pipeline.name]


def wait(url: str, call: str, *, seconds: int = 60) -> dict[str, Any]:
    """The call once it is over."""
    end = time.monotonic() + seconds
    seen: dict[str, Any] = {}
    while time.monotonic() < end:
        seen = httpx.get(f"{url}/calls/{call}", timeout=30).json()
        if seen["receipt"] is not None:
            return seen
        time.sleep(0.2)
    raise AssertionError(f"call: expected it to be over in {seconds} s, got {seen}")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedShop]:
    """An offer of price 0, written into offer.json; nothing serves it yet."""
    folder = tmp_path_factory.mktemp("served")
    commit = repository(folder / "seller")
    oracle, buyer = PrivateKey.from_scalar(secrets.randbits(250) | 1), PrivateKey.from_scalar(77)
    with GitLabServer(folder / "gitlab") as gitlab:
        project = gitlab.create_project("seller/greetings", folder / "seller")
        expires = (datetime.now(UTC).date() + timedelta(days=30)).isoformat()
        token = gitlab.create_token(project, expires_at=expires)
        source = {
            "provider": "gitlab",
            "origin": gitlab.url,
            "project": str(project),
            "ref": "refs/tags/v1",
            **pinned_source(folder / "seller", commit),
            "user": token.user,
        }
        value = {**free_offer(oracle, PROPERTIES), "source": source}
        for name, text in {"oracle.key": oracle.to_base58(), "token": token.value}.items():
            (folder / name).touch(mode=0o600)
            (folder / name).write_text(text)
        write_values(folder / "offer.toml", written(value))
        offer = read_offer(folder / "offer.toml")
        yield ServedShop(gitlab, folder, offer, buyer, oracle, token.value)


def written(value: Mapping[str, Any]) -> dict[str, Any]:
    """The offer as its file has it."""
    document_only = ("sealrun", "kind", "prices")
    kept = {name: each for name, each in value.items() if name not in document_only and each is not None}
    return {**kept, "price": "0"}


@pytest.fixture(scope="module")
def served(shop: ServedShop) -> Iterator[Served]:
    """The service, with the offer put up for sale by its commands."""
    with Served(shop.folder) as process:
        shop.command("deploy", "--oracle-key", "oracle.key", "--yes")
        assert shop.command("seal", "--token-file", "token", "--yes")["webhook"] is True
        assert shop.command("publish", "--yes")["state"] == "open"
        yield process


def test_an_offer_is_sold_from_one_process(shop: ServedShop, served: Served) -> None:
    answer = shop.send(served.url, signed := shop.sign())
    assert (answer.status_code, answer.headers["location"]) == (202, f"{served.url}/calls/{signed.call.id}")
    seen = wait(served.url, signed.call.id)
    assert (seen["state"], shop.runs(signed.call.id)) == ("succeeded", [seen["run"]["id"]])
    got = shop.command("evidence", answer.headers["location"], "--to", f"got-{signed.call.id[:8]}")
    assert got["files"] > 1
    assert shop.command("status")["calls"] == {"succeeded": 1}


def test_what_was_sold_is_still_there_after_a_backup_was_restored(
    shop: ServedShop, served: Served, tmp_path: Path
) -> None:
    shop.send(served.url, signed := shop.sign())
    seen = wait(served.url, signed.call.id)
    shop.command("backup", str(tmp_path / "backup"))
    shop.command("restore", str(tmp_path / "backup"), "--folder", str(tmp_path / "new"), "--yes")
    with Served(tmp_path, "--folder", str(tmp_path / "new")) as second:
        again = httpx.get(f"{second.url}/calls/{signed.call.id}", timeout=30).json()
        assert again["receipt"] == seen["receipt"]
        url = f"{second.url}/calls/{signed.call.id}"
        assert shop.command("evidence", url, "--to", str(tmp_path / "got"))["files"] > 1
        refused = shop.send(second.url, shop.sign())
        assert (refused.status_code, refused.json()["type"]) == (503, "urn:sealrun:problem:offer-closed")
        database = f"sqlite:///{tmp_path}/new/ledger.db"
        assert shop.command("resume", "--stack", database)["open"] is True
        assert shop.send(second.url, shop.sign()).status_code == 202


def test_what_was_sold_is_still_there_after_a_move_to_postgresql_and_a_bucket(
    shop: ServedShop, tmp_path: Path
) -> None:
    database, bucket = new_database(), new_bucket()
    aws = {name: value for name, value in s3_server()[0].environment().items() if "URL" not in name}
    with Served(tmp_path) as first:
        shop.put_up(first)
        shop.send(first.url, signed := shop.sign())
        seen = wait(first.url, signed.call.id)
    kept = ["--folder", str(tmp_path / ".sealrun" / "sealrun-served")]
    moved = shop.command("move", database, *kept, "--evidence-to", bucket, "--yes", environment=aws)
    assert moved["files"] > 1
    with Served(
        tmp_path, "--store", database, "--evidence", bucket, port=first.port, environment=aws
    ) as second:
        url = f"{second.url}/calls/{signed.call.id}"
        assert httpx.get(url, timeout=30).json()["receipt"] == seen["receipt"]
        assert shop.command("evidence", url, "--to", str(tmp_path / "got"))["files"] > 1
        assert shop.send(second.url, other := shop.sign()).status_code == 202
        assert wait(second.url, other.call.id)["state"] == "succeeded"


def test_r3_a_service_that_is_killed_again_and_again_loses_nothing_and_starts_nothing_twice(
    shop: ServedShop, tmp_path: Path
) -> None:
    with Served(tmp_path) as first:
        shop.put_up(first)
    calls = [shop.sign() for _ in range(KILLS * AT_ONCE)]
    waiting = list(calls)
    for _ in range(KILLS):
        with Served(tmp_path, port=first.port, module=SHORT_LEASES) as service:
            sent = [waiting.pop() for _ in range(AT_ONCE)]
            with ThreadPoolExecutor(AT_ONCE) as buyers:
                posted = [buyers.submit(shop.send, service.url, each) for each in sent]
                time.sleep(random.uniform(0.05, 1.5))  # noqa: S311  somewhere in a call's life
                service.kill()
            waiting += [each for each, answer in zip(sent, posted, strict=True) if not _taken(answer)]
    with Served(tmp_path, port=first.port, module=SHORT_LEASES) as service:
        for each in waiting:
            assert shop.send(service.url, each).status_code == 202
        ended = [wait(service.url, each.call.id, seconds=180)["state"] for each in calls]
    assert ended == ["succeeded"] * len(calls)
    assert [len(shop.runs(each.call.id)) for each in calls] == [1] * len(calls)


def _taken(answer: "Future[httpx.Response]") -> bool:
    """True where the service said so before it was killed; what it said is kept."""
    try:
        return answer.result().status_code == 202
    except httpx.TransportError:
        return False


def test_two_processes_on_one_postgresql_serve_one_ledger(shop: ServedShop, tmp_path: Path) -> None:
    database = new_database()
    shared = ["--store", database, "--evidence", str(tmp_path / "evidence")]
    with Served(tmp_path / "a", *shared, module=SHORT_LEASES) as first:
        shop.put_up(first, database=database)
        keys = ["--keys", str(tmp_path / "a" / ".sealrun" / "sealrun-served" / "keys.json")]
        alike = [*shared, *keys, "--public-url", first.url]
        with Served(tmp_path / "b", *alike, port=0, module=SHORT_LEASES) as second:
            calls = [shop.sign() for _ in range(3)]
            # Each call goes to both at once, as from a client that got no answer.
            with ThreadPoolExecutor(6) as buyers:
                urls = (first.listens, second.listens)
                posted = [buyers.submit(shop.send, url, each) for each in calls for url in urls]
            assert {each.result().status_code for each in posted} == {202}
            first.kill()
            ended = [wait(second.listens, each.call.id, seconds=120)["state"] for each in calls]
            assert ended == ["succeeded"] * len(calls)
            assert [len(shop.runs(each.call.id)) for each in calls] == [1] * len(calls)
