"""The buyer's page in front of the service: a browser gets it, everyone else gets JSON as without it."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sealrun.service.browsers import asks_for_page
from sealrun.serving.events import Reply, path_of

DOCUMENT, ROOT = "index.html", "/"
# What `npm run build -w web` writes: names with a digest of their contents, so that they never change.
_FILE = re.compile(r"/(app-[0-9A-Z]{8}\.(?:js|css))")
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
        """A browser's look at the root, and the page's files; None for every other request.

        The functions lead browsers here from the addresses of offers, calls and tickets.
        """
        if environ["REQUEST_METHOD"] != "GET":
            return None
        path = path_of(environ)
        if _FILE.fullmatch(path) and path in self._files:
            return _file(path, self._files[path], _FOR_EVER)
        if path != ROOT or not asks_for_page({"accept": str(environ.get("HTTP_ACCEPT", ""))}):
            return None
        return _file(DOCUMENT, self._document, _ASK_AGAIN)


def _file(name: str, body: bytes, caching: Mapping[str, str]) -> Reply:
    kind = _TYPES[Path(name).suffix]
    return Reply(200, {"Content-Type": kind, **_HEADERS, **caching}, body)
