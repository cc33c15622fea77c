"""A web server on loopback that answers from a table and remembers what it was asked."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, Any]


@dataclass(frozen=True)
class Asked:
    """One request; the body as JSON, None where there was none."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class Web:
    """The server; ``answers`` is by ``METHOD /path``."""

    answers: dict[str, Answer | Callable[[Asked], Answer]]
    url: str = ""
    asked: list[Asked] = field(default_factory=list)

    def take(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        found = self.answers.get(f"{asked.method} {asked.path}", (404, {"message": "Not Found"}))
        return found(asked) if callable(found) else found


@contextmanager
def web(answers: dict[str, Answer | Callable[[Asked], Answer]]) -> Iterator[Web]:
    """Serve until the end of the block."""
    site = Web(answers)

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = self.path.partition("?")[0]
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, value = site.take(Asked(self.command, path, headers, json.loads(body) if body else None))
            whole = b"" if value is None else json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(whole)))
            self.end_headers()
            self.wfile.write(whole)

        do_GET = do_POST = do_PUT = do_DELETE = handle_any  # noqa: N815  http.server's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  http.server's name
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
