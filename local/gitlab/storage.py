"""An object storage beside a local GitLab or GitHub: another origin, which serves signed links."""

import hmac
import mimetypes
import secrets
from pathlib import Path

from werkzeug import Response

from local.loopback import LoopbackServer, Request, file_reply


class ObjectStorage(LoopbackServer):
    """Serves files to whoever has a link, and keeps the headers of each request for tests."""

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

    def _serve(self, request: Request) -> Response:
        self.requests.append({name.lower(): value for name, value in request.headers.items()})
        path = self._paths.get(request.args.get("signature", ""))
        if path is None:
            return Response("AccessDenied", 403)
        return file_reply(path, mimetypes.guess_type(path)[0] or "application/octet-stream")
