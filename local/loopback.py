"""A small HTTP server on 127.0.0.1 for the local peers, over werkzeug: one thread per connection.

Requests, answers and the reading of a connection are werkzeug's. Its server closes the connection after each
answer, though, which made a warm call through the local Lambda three times as slow: about 1.7 ms instead of
0.6 ms, and through the gateway 4 ms instead of 1.4 ms. So connections stay open here, and each answer is one
buffered write with Nagle's algorithm off: otherwise a call waits about 40 ms in each direction for an
acknowledgement.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from threading import Thread
from types import MappingProxyType
from typing import Any, BinaryIO, cast

from werkzeug import Request as WerkzeugRequest
from werkzeug import Response
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.test import run_wsgi_app
from werkzeug.wsgi import LimitedStream

from local.closing import Closing

HOST = "127.0.0.1"
# A client that sends too much must be able to read the refusal: this much is read and dropped after it.
DRAIN_LIMIT = 64 * 1024 * 1024
PIECE = 1024 * 1024
# An idle connection holds a thread. The Runtime API's /next waits on our side, so this does not cut it short.
IDLE_SECONDS = 300


class Request(WerkzeugRequest):
    """One HTTP request; ``values_in_path`` is what its route caught, still percent-encoded."""

    values_in_path: Mapping[str, Any] = MappingProxyType({})

    @property
    def raw_path(self) -> str:
        """The path as it was sent, percent-encoding and all."""
        return str(self.environ["RAW_URI"]).partition("?")[0]

    @property
    def raw_query(self) -> str:
        """The query as it was sent, empty where there is none."""
        return self.query_string.decode("latin-1")


def json_reply(status: int, value: object, headers: Mapping[str, str] | None = None) -> Response:
    """A response whose body is JSON."""
    return Response(json.dumps(value), status, headers, mimetype="application/json")


def file_reply(path: Path, kind: str, headers: Mapping[str, str] | None = None) -> Response:
    """A response that streams the file as long as it is now; what is written to it meanwhile is not sent."""
    size = path.stat().st_size
    named = {"Content-Length": str(size), **(headers or {})}
    return Response(_pieces(path, size), 200, named, content_type=kind)


def _pieces(path: Path, left: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        while left > 0 and (piece := file.read(min(left, PIECE))):
            left -= len(piece)
            yield piece


class LoopbackServer(Closing):
    """Serves ``answer`` at ``url`` from construction until ``close``.

    A body of more than ``max_body`` bytes is refused; with None, ``answer`` reads the body itself.
    An ``answer`` that raises ConnectionError closes the connection without a response.
    """

    def __init__(self, answer: Callable[[Request], Response], *, port: int = 0, max_body: int | None) -> None:
        @Request.application
        def application(request: WerkzeugRequest) -> Response:
            if not isinstance(request, Request):
                raise TypeError(f"request: expected ours, got {type(request).__name__}")
            return _answer(request, answer, max_body)

        self._server = make_server(HOST, port, application, threaded=True, request_handler=LoopbackHandler)
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


def _answer(request: Request, answer: Callable[[Request], Response], max_body: int | None) -> Response:
    if max_body is not None:
        request.max_content_length = max_body
        try:
            request.get_data()  # read now: some answers are worked out after the connection is gone
        except RequestEntityTooLarge:
            return json_reply(413, {"Message": "Request Entity Too Large"})
    return answer(request)


class LoopbackHandler(WSGIRequestHandler):
    """werkzeug's handler, but connections stay open and each answer is one write."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = IDLE_SECONDS

    def handle_expect_100(self) -> bool:
        """Send it at once, because botocore waits up to a second for it before each body."""
        proceed = super().handle_expect_100()
        self.wfile.flush()
        return proceed

    def make_environ(self) -> dict[str, Any]:
        """As werkzeug's, with an end to the body: the next request follows it."""
        environ: dict[str, Any] = super().make_environ()
        if "wsgi.input_terminated" not in environ:
            length = int(self.headers.get("Content-Length") or 0)
            environ["wsgi.input"] = LimitedStream(cast("BinaryIO", self.rfile), length)
        return environ

    def run_wsgi(self) -> None:
        """Answer one request and leave the connection ready for the next one."""
        environ = self.make_environ()
        pieces, status, headers = run_wsgi_app(self.server.app, environ)
        self.close_connection |= not _can_go_on(environ["wsgi.input"])
        self.send_response_only(int(status.partition(" ")[0]), status.partition(" ")[2])
        for name, value in headers:
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        for piece in pieces:
            self.wfile.write(piece)
        self.wfile.flush()
        _drain(environ["wsgi.input"])

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002
        """Requests are not logged: the functions' own logs tell more."""


def _can_go_on(body: Any) -> bool:
    """Whether the next request can be read: not after a body in chunks or one that is much too large."""
    return isinstance(body, LimitedStream) and body.limit - body.tell() <= DRAIN_LIMIT


def _drain(body: Any) -> None:
    left = DRAIN_LIMIT
    while left > 0 and (piece := body.read(min(left, 65536))):
        left -= len(piece)
