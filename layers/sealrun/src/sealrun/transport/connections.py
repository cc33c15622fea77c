"""One connection to one checked address; each wait ends with the deadline of the request (L11)."""

import io
import re
import select
import socket
import ssl
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from email import errors
from http.client import HTTPConnection, HTTPException, HTTPMessage, HTTPResponse, IncompleteRead
from typing import Any, NamedTuple

from sealrun.transport.deadline import Monotonic, left
from sealrun.transport.failures import ConnectError, ConnectTimeout, ProxyError

BUFFER_BYTES = 64 << 10
# Connections to one server that stay open for the next request.
MAX_IDLE = 20
# Servers close idle connections after a minute or so, and a function that is frozen does not hear of it.
IDLE_SECONDS = 30.0
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
        if tls is not None:
            # Some Pythons set it, such as Debian's 3.11.2; then a body that somebody cut looks whole.
            tls.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
        self.sock: Any = None
        self.kept_until = 0.0  # by the clock of ``Idle``, while it is idle

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

    def ask(
        self, method: str, target: str, body: bytes | Iterable[bytes] | None, headers: Mapping[str, str]
    ) -> HTTPResponse:
        """Send one request once, and read the head of its answer.

        A server may refuse a request before it has all of it, and then stops reading (RFC 9112, 9.3). Such an
        answer counts if it is an error; no other answer to a part of a request is believed.

        Raises:
            ConnectError: nothing was sent.
            OSError, HTTPException, ValueError: no answer came.
        """
        try:
            self.request(method, target, body, dict(headers))
        except OSError:
            if self.sock is None or not self.sock.is_readable:
                raise
            response = self.getresponse()
            if response.status < 400:  # noqa: PLR2004
                response.close()
                raise
            response.will_close = True
            return response
        return self.getresponse()

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
        """False where the other end has hung up, or went on behind its last answer.

        Something to read before anything was asked is the end, or no answer to what is asked next.
        """
        return self.sock is not None and not self.sock.has_surplus and not self.sock.is_readable

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


class Idle:
    """Open connections to one server that wait for their next request; any thread takes and keeps them."""

    def __init__(self, *, clock: Monotonic = time.monotonic) -> None:
        self._clock = clock
        self._connections: deque[Connection] = deque()

    def __len__(self) -> int:
        return len(self._connections)

    def take(self) -> Connection | None:
        """One that was not idle for long and that the other end has not closed; None where there is none."""
        while True:
            try:
                connection = self._connections.pop()
            except IndexError:
                return None
            if connection.is_open and self._clock() < connection.kept_until:
                return connection
            connection.close()

    def keep(self, connection: Connection) -> None:
        """For the next request; its last answer was read to its end."""
        if len(self._connections) < MAX_IDLE:
            connection.kept_until = self._clock() + IDLE_SECONDS
            self._connections.append(connection)
        else:
            connection.close()

    def close(self) -> None:
        """Close all that no request uses now."""
        while self._connections:
            self._connections.pop().close()


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
        self.has_surplus = False  # True once something stood behind an answer

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
        return _Lines(self, _Incoming(self, self._socket))

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
    """Lines that end with a line feed alone: the parser of headers would end one at a carriage return too.

    One reads one answer. What stands behind that answer's end is lost with the reader, so the socket is told.
    """

    def __init__(self, timed: _TimedSocket, incoming: "_Incoming") -> None:
        super().__init__(incoming, BUFFER_BYTES)
        self._timed, self._incoming = timed, incoming

    def close(self) -> None:
        if not self.closed:
            self._incoming.is_over = True
            self._timed.has_surplus |= bool(self.peek(1))
        super().close()

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
        self.is_over = False  # True once nobody reads any further: only what is buffered is left

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        return None if self.is_over else self._timed.receive(self._raw, buffer)

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
