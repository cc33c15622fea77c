"""One connection to one checked address; each wait ends with the deadline of the request (L11)."""

import io
import re
import select
import socket
import ssl
from collections.abc import Sequence
from email import errors
from http.client import HTTPConnection, HTTPException, HTTPMessage, HTTPResponse, IncompleteRead
from typing import Any, NamedTuple

from sealrun.transport.deadline import left
from sealrun.transport.failures import ConnectError, ConnectTimeout, ProxyError

BUFFER_BYTES = 64 << 10
# The parser takes the headers behind such a line for the body, and so leaves them out.
_NO_HEADERS = (
    errors.MissingHeaderBodySeparatorDefect,
    errors.FirstHeaderLineIsContinuationDefect,
    errors.InvalidHeaderDefect,
    errors.MisplacedEnvelopeHeaderDefect,
)


class Waits(NamedTuple):
    """Seconds: of the connect and the handshake each, and of each later wait for the network."""

    connect: float
    each: float


class Server(NamedTuple):
    """Whom a request is for."""

    origin: str
    host: str  # without the brackets of an IPv6 address
    port: int

    @property
    def secure(self) -> bool:
        return self.origin.startswith("https:")

    @property
    def authority(self) -> str:
        """As the header Host has it."""
        return self.origin.partition("://")[2]


class Hop(NamedTuple):
    """Where the connection goes: to the server's own address, or to that of a proxy which tunnels to it."""

    address: str
    port: int
    is_proxy: bool


class Connection(HTTPConnection):
    """``http.client`` over a hop; TLS asks for the server's name, and verifies it, whatever the hop."""

    def __init__(self, server: Server, hop: Hop, *, tls: ssl.SSLContext | None, waits: Waits) -> None:
        super().__init__(server.host, server.port)
        self._server, self._hop, self._tls, self._waits = server, hop, tls, waits
        self.sock: Any = None
        self.kept_until = 0.0  # by the clock of the client that keeps it while it is idle

    def connect(self) -> None:
        """Open it.

        Raises:
            ConnectError: nothing was sent.
        """
        try:
            self.sock = self._opened()
        except TimeoutError as error:
            raise ConnectTimeout(f"host: expected a connection to {self.host} in time, got none") from error
        except (OSError, HTTPException) as error:
            raise ConnectError(f"host: expected a connection to {self.host}, got none") from error

    def getresponse(self) -> HTTPResponse:
        """The answer behind informational ones (RFC 9110, 15.2), which a server may send at any time.

        Raises:
            HTTPException: it ends within its head, or its head does not tell where it ends; ``http.client``
                takes the one for a whole head, and of the other reads on until the connection's end.
        """
        opened = self.sock
        response = super().getresponse()
        while 100 < response.status < 200:  # noqa: PLR2004
            # ``begin`` reads an answer where there are no headers yet.
            response.headers = None  # type: ignore[assignment]
            response.begin()
        if opened.ended or not _is_clear(response.headers):
            response.close()
            raise IncompleteRead(b"")
        return response

    def wait(self, seconds: float) -> None:
        """Let each wait of the next request take so long at most."""
        self.sock.seconds = seconds

    @property
    def is_open(self) -> bool:
        """False where the other end has hung up: something to read before anything was asked is the end."""
        return self.sock is not None and not self.sock.is_readable

    def _opened(self) -> "_TimedSocket":
        opened = _connected(self._hop.address, self._hop.port, self._waits.connect)
        try:
            if self._hop.is_proxy:
                _tunnel(_TimedSocket(opened, self._waits.connect), f"{self.host}:{self.port}")
            if self._tls is not None:
                opened.settimeout(left(self._waits.connect))
                # As bytes: Python would load the tables of Unicode names for a text.
                name = self.host.encode("ascii")
                # Anyone on the way can end a connection, so only TLS's own end counts (RFC 9112, 9.8).
                opened = self._tls.wrap_socket(opened, server_hostname=name, suppress_ragged_eofs=False)
        except BaseException:
            opened.close()
            raise
        return _TimedSocket(opened, self._waits.each)


def connected(server: Server, hops: Sequence[Hop], *, tls: ssl.SSLContext | None, waits: Waits) -> Connection:
    """An open connection by the first of these hops that takes it.

    Raises:
        ConnectError: none does, or a proxy refuses; nothing was sent.
    """
    *others, last = (Connection(server, hop, tls=tls, waits=waits) for hop in hops)
    for connection in others:
        try:
            connection.connect()
        except ProxyError:
            raise
        except ConnectError:
            continue  # not connected, so not sent: the next address is no second request
        return connection
    last.connect()
    return last


class _TimedSocket:
    """What ``http.client`` needs of a socket."""

    def __init__(self, plain: socket.socket, seconds: float) -> None:
        self._socket, self.seconds = plain, seconds
        self.ended = False  # True once the other end was read to its end

    def receive(self, raw: io.RawIOBase, buffer: Any) -> int | None:
        self._socket.settimeout(left(self.seconds))
        count = raw.readinto(buffer)
        self.ended = count == 0
        return count

    def sendall(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            self._socket.settimeout(left(self.seconds))
            rest = rest[self._socket.send(rest) :]

    def makefile(self, _mode: str) -> io.BufferedReader:
        return _Lines(_Incoming(self, self._socket), BUFFER_BYTES)

    @property
    def is_readable(self) -> bool:
        if not hasattr(select, "poll"):  # Windows
            return bool(select.select([self._socket], [], [], 0)[0])
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(0))

    def close(self) -> None:
        self._socket.close()


class _Lines(io.BufferedReader):
    """Lines that end with a line feed alone: the parser of headers would end one at a carriage return too."""

    def readline(self, size: int | None = -1) -> bytes:
        line = super().readline(size)
        if b"\r" in line.removesuffix(b"\n")[:-1]:
            raise HTTPException("line: expected no carriage return within it, got one")
        return line


class _Incoming(io.RawIOBase):
    """A socket's bytes; the socket stays open until this is closed as well."""

    def __init__(self, timed: _TimedSocket, plain: socket.socket) -> None:
        super().__init__()
        self._timed, self._raw = timed, plain.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        return self._timed.receive(self._raw, buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


def _is_clear(headers: HTTPMessage) -> bool:
    """True if all headers were read, and only one end of the body can be meant (RFC 9112, 6.3)."""
    lengths, codings = headers.get_all("content-length", []), headers.get_all("transfer-encoding", [])
    return (
        not any(isinstance(defect, _NO_HEADERS) for defect in headers.defects)
        and all(re.fullmatch("[0-9]{1,18}", length) for length in lengths)
        and len(set(lengths)) <= 1
        and [coding.lower() for coding in codings] in ([], ["chunked"])
    )


def _connected(address: str, port: int, seconds: float) -> socket.socket:
    opened = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    try:
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opened.settimeout(left(seconds))
        opened.connect((address, port))
    except BaseException:
        opened.close()
        raise
    return opened


def _tunnel(proxy: Any, authority: str) -> None:
    """Ask the proxy for a tunnel (RFC 9110, 9.3.6).

    Raises:
        ProxyError: it refuses.
    """
    proxy.sendall(f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode("ascii"))
    response = HTTPResponse(proxy, method="CONNECT")
    try:
        response.begin()
        if response.status != 200:  # noqa: PLR2004
            raise ProxyError(f"{response.status} {response.reason}")
    finally:
        response.close()
