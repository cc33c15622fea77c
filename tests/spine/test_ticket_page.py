"""The ticket's page in a real browser, on a static host of its own: it signs, and the secret stays there."""

import functools
import json
import shutil
import subprocess
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

from local.nodejs import NODE
from sealrun.calls.ticket_url import Ticket
from tests.spine.conftest import Shop
from tests.spine.test_tickets import issued

pytestmark = pytest.mark.peers
ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("ticket_page.mjs")


class Quiet(SimpleHTTPRequestHandler):
    """A static host."""

    def log_message(self, *_: Any) -> None:
        """Nothing to say."""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The built page's address."""
    folder = tmp_path_factory.mktemp("page")
    subprocess.run([NODE, "build.mjs", str(folder)], cwd=ROOT / "web", check=True)
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def opened(url: str, screenshot: Path, **inputs: str) -> dict[str, Any]:
    """What a browser shows and sends when it opens and uses this ticket."""
    chromium = shutil.which("chromium")
    assert chromium, "expected chromium on PATH; run local/setup.sh tests, or: apt-get install -y chromium"
    done = subprocess.run(
        [NODE, str(SCRIPT), chromium, str(screenshot), json.dumps(inputs)],
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
    found = opened(url, tmp_path / "page.png", greeting="hello")
    assert found["problems"] == []
    assert "succeeded: every job succeeded" in found["shown"]
    assert "the oracle's signature holds" in found["shown"]
    ticket = Ticket.parse(url)
    sent = json.dumps(found["requests"])
    assert f'POST", "{shop.market.stack.url}/tickets/{ticket.grant.id}' in sent
    assert ticket.secret.to_base58() not in sent
    assert (tmp_path / "page.png").stat().st_size > 0
    call = found["shown"].rpartition("call\n")[2].split()[0]
    assert len(shop.runs(call)) == 1
    assert httpx.get(f"{shop.market.stack.url}/calls/{call}", timeout=30).json()["state"] == "succeeded"


def test_e4_a_used_ticket_and_a_changed_one_are_refused_in_words(
    shop: Shop, page: str, tmp_path: Path
) -> None:
    (url,) = issued(shop, tmp_path, "--input", "greeting=hello", "--page", page)
    assert "succeeded" in opened(url, tmp_path / "first.png")["shown"]
    again = opened(url, tmp_path / "again.png")
    assert "expected one that was not redeemed yet" in again["shown"]
    before, _, after = url.partition("#")
    grant, signature, secret = after.split(".")
    other = Ticket.parse(issued(shop, tmp_path, "--input", "greeting=hello")[0]).signature.to_base58()
    changed = opened(f"{before}#{grant}.{other}.{secret}", tmp_path / "changed.png")
    assert "This ticket was changed" in changed["shown"]
    assert [request for request in changed["requests"] if request[0] == "POST"] == []
    assert signature != other
