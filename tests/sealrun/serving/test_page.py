"""A browser gets the buyer's page; a program that asks for the same address gets JSON."""

from pathlib import Path
from typing import Any

import pytest

from sealrun.serving.page import Page

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
HASH = "0a" * 32
SCRIPT = "app-01234ABC.js"


@pytest.fixture
def page(tmp_path: Path) -> Page:
    (tmp_path / "index.html").write_text("<title>sealrun</title>")
    (tmp_path / SCRIPT).write_text("1")
    (tmp_path / "secret.txt").write_text("no part of the page")
    return Page(tmp_path)


def asked(path: str, accept: str = BROWSER, method: str = "GET") -> dict[str, Any]:
    return {
        "REQUEST_METHOD": method,
        "REQUEST_URI": path,
        "QUERY_STRING": path.partition("?")[2],
        "HTTP_ACCEPT": accept,
    }


def test_a_browser_gets_the_document_and_files_that_never_change(page: Page) -> None:
    document, script = page.answer(asked("/")), page.answer(asked(f"/{SCRIPT}", "*/*"))
    assert document is not None
    assert script is not None
    assert (document.status, document.body) == (200, b"<title>sealrun</title>")
    assert document.headers["Content-Security-Policy"] == "frame-ancestors 'none'"
    assert document.headers["Cache-Control"] == "no-cache"
    assert script.headers["Content-Type"] == "text/javascript"
    assert "immutable" in script.headers["Cache-Control"]


@pytest.mark.parametrize(
    "request_",
    [
        asked(f"/offers/{HASH}"),
        asked(f"/calls/{HASH}"),
        asked(f"/tickets/{HASH}"),
        asked("/", "*/*"),
        asked("/", "application/json, text/html"),
        asked("/", method="POST"),
        asked(f"/calls/{HASH}/receipt"),
        asked("/offers/x"),
        asked("/healthz"),
        asked("/openapi.json"),
        asked("/secret.txt"),
        asked("/../secret.txt"),
        asked("/app-00000000.js"),
    ],
    ids=lambda request_: f"{request_['REQUEST_METHOD']} {request_['REQUEST_URI']} {request_['HTTP_ACCEPT']}",
)
def test_everyone_else_and_every_other_path_is_left_to_the_functions(
    page: Page, request_: dict[str, Any]
) -> None:
    assert page.answer(request_) is None


def test_a_folder_without_a_built_page_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"index\.html"):
        Page(tmp_path)
