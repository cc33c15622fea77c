"""What one process answers beside its functions: evidence, health, CORS, and faults of ours."""

import io
import json
from collections.abc import Iterable
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aws_lambda_powertools import Logger

from sealrun.adapters.files.evidence_store import FolderEvidenceStore
from sealrun.adapters.files.signed_urls import SignedUrls
from sealrun.encoding.measure import measure
from sealrun.serving.application import FUNCTIONS, Application
from tests.sealrun.serving.test_events import environ

FUNCTION_FOLDERS = Path(__file__).parents[3] / "functions"
BODY = b"<script>alert(1)</script>"


class Asked:
    """An application over a folder, whose functions say what they were asked."""

    def __init__(self, folder: Path) -> None:
        urls = SignedUrls("https://ci.example/evidence", b"k" * 32, lambda: 1_800_000_000)
        self.store = FolderEvidenceStore(folder, urls=urls)
        self.ok = True
        logger = Logger(service="test", stream=io.StringIO())
        self.application = Application(
            self._run, store=self.store, health=lambda: {"ok": self.ok}, logger=logger
        )

    def __call__(self, path: str, method: str = "GET", **more: Any) -> tuple[str, dict[str, str], bytes]:
        told: list[Any] = []
        asked = {**environ(path), "REQUEST_METHOD": method, "wsgi.file_wrapper": _pieces, **more}
        pieces = self.application(asked, lambda status, headers: told.append((status, dict(headers))))
        [(status, headers)] = told
        return status, headers, b"".join(pieces)

    def _run(self, name: str, event: Any) -> dict[str, Any]:
        if "fault" in event["rawPath"]:
            raise RuntimeError("a secret of ours")
        return {"statusCode": 200, "body": name}


def _pieces(file: io.BufferedReader, size: int) -> Iterable[bytes]:
    with file:
        while piece := file.read(size):
            yield piece


@pytest.fixture
def ask(tmp_path: Path) -> Asked:
    return Asked(tmp_path / "evidence")


def test_every_function_that_ships_is_led_to(ask: Asked) -> None:
    led = {ask(f"{start}x")[2].decode() for start in FUNCTIONS}
    shipped = {path.parent.name for path in FUNCTION_FOLDERS.glob("*/handler.py")}
    assert shipped - led == {"collect", "health", "edge_gate"} - led
    assert led <= shipped


def test_a_signed_url_gives_one_file_as_a_download(ask: Asked) -> None:
    measured = measure([BODY])
    ask.store.put(lambda: [BODY], measured, media_type="text/html")
    url = urlsplit(ask.store.url(measured.sha256, seconds=300, filename="a\r\nb.html"))
    status, headers, body = ask(f"{url.path}?{url.query}", HTTP_ORIGIN="https://page.example")
    assert (status, body) == ("200 OK", BODY)
    assert headers["Content-Disposition"] == "attachment; filename*=UTF-8''a%0D%0Ab.html"
    assert headers["Content-Security-Policy"] == "sandbox"
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Access-Control-Allow-Origin"] == "*"
    for other in (f"{url.path}?{url.query}0", url.path, f"/evidence/{'0' * 64}?{url.query}"):
        assert ask(other)[0] == "403 Forbidden"


def test_health_is_told_to_whoever_balances_the_load(ask: Asked) -> None:
    assert ask("/healthz")[0] == "200 OK"
    ask.ok = False
    assert ask("/healthz")[0] == "503 Service Unavailable"


def test_a_page_of_any_origin_may_ask(ask: Asked) -> None:
    asks = {"HTTP_ORIGIN": "https://page.example", "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "POST"}
    status, headers, _ = ask("/offers/x/calls", "OPTIONS", **asks)
    assert status == "200 OK"
    assert "payment-signature" in headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Origin" not in ask("/offers/x")[1]
    assert "Access-Control-Allow-Origin" not in ask("/webhooks/gitlab", HTTP_ORIGIN="https://page.example")[1]
    status, headers, _ = ask("/evidence/x", "OPTIONS", **asks)
    assert (status, headers["Access-Control-Allow-Headers"]) == ("200 OK", "range")
    assert "content-disposition" in headers["Access-Control-Expose-Headers"]


def test_l14_a_fault_of_ours_is_a_problem_document_that_tells_nothing(ask: Asked) -> None:
    status, headers, body = ask("/offers/fault")
    assert (status, headers["Content-Type"]) == ("500 Internal Server Error", "application/problem+json")
    assert json.loads(body)["status"] == HTTPStatus.INTERNAL_SERVER_ERROR
    assert b"secret" not in body
    assert ask("/nothing")[0] == "404 Not Found"
    for path in ("/offers/x", "/evidence/x"):
        assert ask(f"{path}?" + "a=1&" * 200)[0] == "400 Bad Request"
