"""AWS and a GitLab in one server over TLS whose answers are written down, so that asking them costs little.

It knows one offer, takes every claim and starts a run for every call. Nothing is kept or checked.
"""

import json
import re
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sealrun.adapters.aws.direct.services import to_json

_PIPELINE = re.compile(r"/api/v4/projects/\d+/pipelines?(/\d+)?")


class StandIn:
    """Serves from construction until ``close``; ``run`` is what GitLab tells of each pipeline."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        self.offer: dict[str, Any] = {}
        self.run: dict[str, Any] = {}
        self.key = b""
        self.asked: list[str] = []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                owner.answer(self, self.rfile.read(int(self.headers.get("Content-Length", 0))))

            def do_GET(self) -> None:
                owner.answer(self, b"")

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        # The handshake belongs to the connection's own thread.
        plain = self._server.socket
        self._server.socket = tls.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        self.url = f"https://localhost:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def answer(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        """One request's answer, in one write."""
        target = handler.headers.get("X-Amz-Target", "").rpartition(".")[2] or handler.path
        self.asked.append(target)
        status, value = self._found(target, body)
        content = to_json(value)
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)
        handler.wfile.flush()

    def _found(self, target: str, body: bytes) -> tuple[int, Any]:
        if target == "BatchGetItem":
            [table] = json.loads(body)["RequestItems"]
            return 200, {"Responses": {table: [self.offer]}, "UnprocessedKeys": {}}
        if target == "GetItem":
            return 200, {"Item": self.offer}
        if target == "Decrypt":
            return 200, {"Plaintext": self.key, "KeyId": "key"}
        if target.endswith("/invocations"):
            return 202, {}
        if _PIPELINE.fullmatch(target):
            if body:
                call = json.loads(body)["inputs"]["sealrun_call"]
                self.run = {**self.run, "name": f"sealrun {call}"}
            return (201 if body else 200), self.run
        return 200, {}
