"""The buyer's page in front of the service: a browser gets it, everyone else gets JSON as without it."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sealrun.serving.events import Reply, path_of

DOCUMENT = "index.html"
# What `npm run build -w web` writes: names with a digest of their contents, so that they never change.
_FILE = re.compile(r"/(app-[0-9A-Z]{8}\.(?:js|css))")
_PLACE = re.compile(r"/(?:offers|calls)/[0-9a-f]{64}")
_TICKET = re.compile(r"/tickets/[0-9a-f]{64}")
_TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css"}
# What a page cannot say of itself in its own document, beside the policy that it has there.
_HEADERS = {
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Vary": "Accept",
}
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_ASK_AGAIN = {"Cache-Control": "no-cache"}
# A URL with inputs filled in; a longer one is no link that a page made.
_MAX_QUERY = 8 * 1024


class Page:
    """The built page's files, read once at the start."""

    def __init__(self, folder: Path) -> None:
        """Read them.

        Raises:
            FileNotFoundError: the folder holds no built page.
        """
        self._document = (folder / DOCUMENT).read_bytes()
        self._files = {f"/{path.name}": path.read_bytes() for path in folder.glob("app-*")}

    def answer(self, environ: Mapping[str, Any]) -> Reply | None:
        """A browser's look at the root, an offer, a call or a ticket; None for every other request."""
        if environ["REQUEST_METHOD"] != "GET":
            return None
        path = path_of(environ)
        if _FILE.fullmatch(path) and path in self._files:
            return _file(path, self._files[path], _FOR_EVER)
        if not _asks_for_a_page(environ):
            return None
        if path == "/":
            return _file(DOCUMENT, self._document, _ASK_AGAIN)
        if _PLACE.fullmatch(path):
            query = str(environ.get("QUERY_STRING", ""))[:_MAX_QUERY]
            return _elsewhere(f"/#{path}{f'?{query}' if query else ''}")
        # The browser keeps the fragment of the address that it asked for, and with it the ticket's secret
        # (RFC 9110, section 10.2.2).
        return _elsewhere("/") if _TICKET.fullmatch(path) else None


def _asks_for_a_page(environ: Mapping[str, Any]) -> bool:
    """True for a browser; programs name JSON, or nothing in particular."""
    accepted = str(environ.get("HTTP_ACCEPT", ""))
    return "text/html" in accepted and "json" not in accepted


def _file(name: str, body: bytes, caching: Mapping[str, str]) -> Reply:
    kind = _TYPES[Path(name).suffix]
    return Reply(200, {"Content-Type": kind, **_HEADERS, **caching}, body)


def _elsewhere(where: str) -> Reply:
    return Reply(303, {"Location": where, **_HEADERS, **_ASK_AGAIN})
