"""An object storage beside this GitLab: another origin that serves what a signed link names."""

import hmac
import secrets
from pathlib import Path

from local.loopback import LoopbackServer, Reply, Request


class ObjectStorage(LoopbackServer):
    """Serves archives to whoever has a link; keeps each request's headers for a look later."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._paths: dict[str, Path] = {}
        self.requests: list[dict[str, str]] = []
        super().__init__(self._serve, max_body=0)

    def url_of(self, path: Path) -> str:
        """A link to the file."""
        signature = hmac.digest(self._key, str(path).encode(), "sha256").hex()
        self._paths[signature] = path
        return f"{self.url}/artifacts.zip?signature={signature}"

    def _serve(self, request: Request) -> Reply:
        self.requests.append({name.lower(): value for name, value in request.headers.items()})
        path = self._paths.get(request.query.removeprefix("signature="))
        kind = [("Content-Type", "application/zip")]
        return Reply(200, headers=kind, file=path) if path else Reply(403, b"AccessDenied", kind)
