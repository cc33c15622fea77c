"""An object storage beside this GitLab: another origin that serves what a signed link names."""

import hmac
import secrets
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class ObjectStorage:
    """Serves archives to whoever has a link; keeps each request's headers for a look later."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._paths: dict[str, Path] = {}
        self.requests: list[dict[str, str]] = []
        storage = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                storage._serve(self)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def url_of(self, path: Path) -> str:
        """A link to the file."""
        signature = hmac.digest(self._key, str(path).encode(), "sha256").hex()
        self._paths[signature] = path
        return f"{self.url}/artifacts.zip?signature={signature}"

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        self.requests.append({name.lower(): value for name, value in handler.headers.items()})
        path = self._paths.get(handler.path.partition("signature=")[2])
        body = path.read_bytes() if path is not None else b"AccessDenied"
        handler.send_response(200 if path is not None else 403)
        handler.send_header("content-type", "application/zip")
        handler.send_header("content-length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)
