"""A ticket in the buyer's page in a real browser, on a static host: it signs, and the secret stays there."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.nodejs import NODE
from sealrun.calls.ticket_url import Ticket
from tests.page.host import static_page
from tests.spine.conftest import Shop
from tests.spine.test_tickets import issued

pytestmark = pytest.mark.peers
SCRIPT = Path(__file__).with_name("ticket_page.mjs")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The built page's address."""
    with static_page(tmp_path_factory.mktemp("page")) as address:
        yield address


def opened(shop: Shop, url: str, screenshot: Path, **inputs: str) -> dict[str, Any]:
    """What a browser shows and sends when it opens and uses this ticket."""
    stack = shop.market.stack
    hosts = (url.partition("#")[0], stack.url, stack.aws.url)
    done = subprocess.run(
        [NODE, str(SCRIPT), str(screenshot), json.dumps(inputs), *hosts],
        input=url,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=180,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_e4_a_browser_uses_a_ticket_and_its_secret_is_in_no_request(
    shop: Shop, page: str, tmp_path: Path
) -> None:
    (url,) = issued(shop, tmp_path, "--open", "greeting", "--page", page)
    found = opened(shop, url, tmp_path / "page.png", greeting="hello")
    assert found["problems"] == []
    assert "Succeeded" in found["shown"]
    assert "exactly what you chose" in found["shown"] or "the buyer keeps them" in found["shown"]
    ticket = Ticket.parse(url)
    posted = [each["url"] for each in found["requests"] if each["method"] == "POST"]
    assert posted == [f"{shop.market.stack.url}/tickets/{ticket.grant.id}"]
    assert ticket.secret.to_base58() not in json.dumps(found["requests"])
    assert ticket.secret.to_base58() not in found["address"]
    assert (tmp_path / "page.png").stat().st_size > 0
    call = found["address"][-64:]
    assert len(shop.runs(call)) == 1
    assert httpx.get(f"{shop.market.stack.url}/calls/{call}", timeout=30).json()["state"] == "succeeded"


def test_e4_a_used_ticket_shows_its_run_again_and_a_changed_one_is_refused_in_words(
    shop: Shop, page: str, tmp_path: Path
) -> None:
    (url,) = issued(shop, tmp_path, "--input", "greeting=hello", "--page", page)
    first = opened(shop, url, tmp_path / "first.png")
    again = opened(shop, url, tmp_path / "again.png")
    for found in (first, again):
        assert "Succeeded" in found["shown"]
        assert found["address"] == first["address"]
    assert len(shop.runs(first["address"][-64:])) == 1
    before, _, after = url.partition("#")
    grant, signature, secret = after.split(".")
    other = Ticket.parse(issued(shop, tmp_path, "--input", "greeting=hello")[0]).signature.to_base58()
    changed = opened(shop, f"{before}#{grant}.{other}.{secret}", tmp_path / "changed.png")
    assert "This ticket was changed" in changed["shown"]
    assert [request for request in changed["requests"] if request["method"] == "POST"] == []
    assert signature != other
