"""A small HTTP server on 127.0.0.1: one thread per connection, one function that answers.

It serves the local peers only. It reads a body by its Content-Length, refuses one that is too large, and
writes head and body in one buffered write with Nagle's algorithm off: without that each call waits about
40 ms in each direction for an acknowledgement.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import Message
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from threading import Thread
from typing import Any

from local.closing import Closing

HOST = "127.0.0.1"
# A client that sends too much must be able to read the refusal: this much is read and dropped before it.
DRAIN_LIMIT = 64 * 1024 * 1024
PIECE = 1024 * 1024
# An idle connection holds a thread; the Runtime API's /next waits on our side, so it is not cut by this.
IDLE_SECONDS = 300


@dataclass(frozen=True)
class Request:
    """One HTTP request as it came; ``path`` and ``query`` keep their percent-encoding."""

    method: str
    path: str
    query: str
    protocol: str
    headers: Message
    body: bytes
    source_ip: str

    def header(self, name: str) -> str:
        """The header's value, empty where there is none."""
        return self.headers.get(name, "")


@dataclass(frozen=True)
class Reply:
    """What to answer; ``headers`` is a list, so that a name may come twice (Set-Cookie).

    A file is streamed, in the body's place; what is written to it meanwhile is not sent.
    """

    status: int
    body: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list)
    file: Path | None = None


def json_reply(status: int, value: object, *headers: tuple[str, str]) -> Reply:
    """A reply whose body is JSON."""
    return Reply(status, json.dumps(value).encode(), [("Content-Type", "application/json"), *headers])


class LoopbackServer(Closing):
    """Serves ``answer`` at ``url`` from construction until ``close``."""

    def __init__(self, answer: Callable[[Request], Reply], *, port: int = 0, max_body: int) -> None:
        handler = type("Handler", (_Handler,), {"answer": staticmethod(answer), "max_body": max_body})
        self._server = _Server((HOST, port), handler)
        self.port: int = self._server.server_port
        self.address = f"{HOST}:{self.port}"
        self.url = f"http://{self.address}"
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening. Requests under way end with their connections."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news; anything else is printed as usual."""
        import sys  # noqa: PLC0415

        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = IDLE_SECONDS
    answer: Callable[[Request], Reply]
    max_body: int

    def handle_expect_100(self) -> bool:
        """Send it at once: botocore waits a second for ``100 Continue`` before each body."""
        proceed = super().handle_expect_100()
        self.wfile.flush()
        return proceed

    def _serve(self) -> None:
        refusal, length = self._refusal()
        if refusal is not None:
            self.close_connection = True
            self._write(refusal)
            return
        path, _, query = self.path.partition("?")
        body = self.rfile.read(length)
        request = Request(
            self.command, path, query, self.request_version, self.headers, body, self.client_address[0]
        )
        self._write(self.answer(request))

    def __getattr__(self, name: str) -> Any:
        """``do_GET`` and all others: which methods there are is known to whoever answers."""
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def _refusal(self) -> tuple[Reply | None, int]:
        if "Transfer-Encoding" in self.headers:
            return json_reply(HTTPStatus.LENGTH_REQUIRED, {"Message": "Length Required"}), 0
        text = self.headers.get("Content-Length", "0")
        if not (text.isascii() and text.isdigit()):
            return json_reply(HTTPStatus.BAD_REQUEST, {"Message": "Bad Request"}), 0
        if int(text) <= self.max_body:
            return None, int(text)
        self._drain(min(int(text), DRAIN_LIMIT))
        return json_reply(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"Message": "Request Entity Too Large"}), 0

    def _drain(self, left: int) -> None:
        while left > 0 and (piece := self.rfile.read(min(left, 65536))):
            left -= len(piece)

    def _write(self, reply: Reply) -> None:
        self.send_response_only(reply.status)
        for name, value in reply.headers:
            self.send_header(name, value)
        size = reply.file.stat().st_size if reply.file else len(reply.body)
        if reply.status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", str(size))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            with reply.file.open("rb") if reply.file else BytesIO(reply.body) as body:
                while size > 0 and (piece := body.read(min(size, PIECE))):
                    size -= len(piece)
                    self.wfile.write(piece)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Requests are not logged: the functions' own logs tell more."""
