"""The one way out: a client that reaches public addresses of allow-listed origins only (L9).

    with GuardedClient(["https://gitlab.com"]) as client:
        with client.open("GET", "https://gitlab.com/api/v4/version") as answer:
            body = answer.read(1000)

It stands on ``http.client``, which a function has loaded already: a library with more would take as long to
load as all else that a call needs.

A name is resolved once per connection, every address it has is checked, and the connection goes to that very
address while TLS still asks for, and verifies, the name: a second answer of the DNS server changes nothing.
Redirects are never followed by the client; ``follow`` follows them by hand and takes the credential off
when the origin changes.
"""

import re
import ssl
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse
from types import TracebackType
from typing import NamedTuple, Protocol, Self
from urllib.parse import quote, urljoin, urlsplit

from sealrun.encoding.origins import canonical_origin, origin_of, same_place
from sealrun.errors import Malformed
from sealrun.transport.addresses import (
    LOOPBACK,
    Resolve,
    addresses_of,
    is_address,
    is_private,
    is_public,
    system_addresses,
)
from sealrun.transport.authorities import public_authorities
from sealrun.transport.connections import BUFFER_BYTES, Connection, Hop, Idle, Server, Waits, connected
from sealrun.transport.deadline import Monotonic, each_within, within
from sealrun.transport.failures import Blocked, NoAnswer, ReadTimeout, TooLong
from sealrun.transport.proxy import proxy_url

# A function has one short life: what does not connect or say a word in this time is left to the next one.
DEFAULT_WAITS = Waits(connect=5.0, each=20.0)
# The system's resolver has no bound of its own: with a dead server it asks for half a minute and longer.
RESOLVE_SECONDS = 5.0
# From the first connect to the last header of one request; a body has its own bound (L11).
REQUEST_SECONDS = 45.0
# A name with more addresses than this is asked at the first of them.
MAX_ADDRESSES = 8
# GitLab sends one redirect to its object storage; a mirror in front of it may add another.
MAX_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# A compressed answer could unpack to any size before a limit sees it.
_HEADERS = {"User-Agent": "sealrun", "Accept": "*/*", "Accept-Encoding": "identity"}
# What stays as it is in a URL's path and query; "%" begins what is escaped already.
_KEPT = "/?%:@!$&'()*+,;=~[]"
# What a header's value may hold (RFC 9110, 5.5).
_SENDABLE = re.compile("[\\t -~\x80-\xff]*")

Body = bytes | Iterable[bytes]


class Answer:
    """An answer whose body is still to come; a context manager, which closes it."""

    def __init__(
        self,
        status: int,
        headers: Mapping[str, str],
        pieces: Iterable[bytes],
        *,
        release: Callable[[], None] = lambda: None,
    ) -> None:
        """The names of the headers are in lower case; ``pieces`` is the body as it arrives."""
        self.status, self.headers = status, headers
        self._pieces, self._release = pieces, release

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300  # noqa: PLR2004

    def read(self, limit: int, *, seconds: float = 30.0) -> bytes:
        """The whole body, which may have at most ``limit`` bytes.

        Raises:
            TooLong: it is longer, or comes compressed.
            ReadTimeout: the body as a whole took too long.
            NoAnswer: it ends too early.
        """
        return b"".join(self.pieces(limit, seconds=seconds))

    def pieces(self, limit: int, *, seconds: float) -> Iterator[bytes]:
        """The body in pieces as they arrive, until one passes a limit.

        What the reader does with the pieces counts as well.

        Raises:
            TooLong, ReadTimeout, NoAnswer: see ``read``.
        """
        if self.headers.get("content-encoding", "identity") != "identity":
            raise TooLong("body: expected it as it is, got it compressed")
        ends, size = time.monotonic() + seconds, 0
        for piece in each_within(self._pieces, seconds):
            size += len(piece)
            if size > limit:
                raise TooLong(f"body: expected at most {limit} bytes, got more")
            if time.monotonic() > ends:
                raise ReadTimeout(f"body: expected it within {seconds:g} s, got {size} bytes")
            yield piece

    def close(self) -> None:
        """Read no more of it."""
        release, self._release = self._release, lambda: None
        release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Client(Protocol):
    """What asks a server over HTTP."""

    def open(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: Body | None = None,
        waits: Waits | None = None,
    ) -> Answer:
        """Send one request once, and return its answer as soon as the headers are there.

        Raises:
            Blocked, ConnectError: nothing was sent.
            NoAnswer: it may have been carried out.
        """

    def close(self) -> None:
        """Close every connection that no request uses now."""


class _Request(NamedTuple):
    server: Server
    target: str  # path and query


class GuardedClient:
    """A ``Client`` that checks the URL and the address, and connects to that address under the URL's name.

    Each connection is used by one request at a time, from any thread.
    """

    def __init__(
        self,
        origins: Collection[str],
        *,
        waits: Waits = DEFAULT_WAITS,
        resolve: Resolve = system_addresses,
        verify: ssl.SSLContext | None = None,
        private_hosts: Collection[str] = (),
        proxy: str = "",
        unsafe_loopback: bool = False,
        request_seconds: float = REQUEST_SECONDS,
        clock: Monotonic = time.monotonic,
    ) -> None:
        """Nothing is asked yet.

        Args:
            origins: all that may be reached, redirect targets included; ``https://host[:port]``.
            waits: of each connect, read, write; for a whole answer see ``Answer.read``.
            resolve: turns a host and a port into its addresses.
            verify: what TLS trusts, see ``authorities``; the public authorities when None.
            private_hosts: names, or addresses themselves, of a private network, for a GitLab within the
                operator's own. Loopback and link-local addresses stay closed to them.
            proxy: ``http://host:port``, which resolves and reaches all other names; none where it is empty.
                It may have an address of a private network. The environment's proxies are never used.
            unsafe_loopback: let http:// and the loopback addresses through, for the stack on one machine.
                Never set it in a function that is deployed: Lambda's own runtime API listens on loopback.
            request_seconds: for one request until its last header, whatever the server does meanwhile.
            clock: monotonic seconds.

        Raises:
            ValueError: an origin is none that may be reached, or a private host is no name and no address.
        """
        self._unsafe_loopback, self._verify = unsafe_loopback, verify
        self._waits, self._seconds, self._clock = waits, request_seconds, clock
        self._resolve, self._proxy = resolve, proxy_url(proxy)
        self._origins = frozenset(self._allowed(origin) for origin in origins)
        self._private_hosts = frozenset(map(_host, private_hosts))
        self._idle = {origin: Idle(clock=clock) for origin in self._origins}

    def open(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: Body | None = None,
        waits: Waits | None = None,
    ) -> Answer:
        """See ``Client``."""
        server, target = self._checked(url)
        sent = {"Host": server.authority, **_HEADERS, **(headers or {})}
        if unsendable := [name for name, value in sent.items() if not _SENDABLE.fullmatch(value)]:
            raise Blocked(f"header {unsendable[0]}: expected printable text on one line, got something else")
        with within(self._seconds, clock=self._clock):
            connection = self._connection(server, waits or self._waits)
            try:
                response = connection.ask(method, target, body, sent)
            except BaseException as error:
                connection.close()
                if isinstance(error, (OSError, HTTPException, ValueError)):
                    raise _broken(error) from _told(error)
                raise
        named = _joined(response.getheaders())
        return Answer(
            response.status,
            named,
            _pieces(response),
            release=lambda: self._keep(server, connection, response),
        )

    def close(self) -> None:
        """Close every connection that no request uses now."""
        for idle in self._idle.values():
            idle.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _allowed(self, origin: str) -> str:
        try:
            server = _server(canonical_origin(origin))
        except Malformed as error:
            raise ValueError(error.detail) from error
        if not (server.secure or (self._unsafe_loopback and server.host in LOOPBACK)):
            raise ValueError(f"origin: expected https://, got {origin[:100]}")
        return server.origin

    def _checked(self, url: str) -> _Request:
        try:
            parts = urlsplit(url)
            url.encode()
        except ValueError:  # its words repeat the URL
            raise Blocked("url: expected https:// and a host, got something else") from None
        if "@" in parts.netloc:
            raise Blocked("url: expected no user information, got some")
        origin = same_place(f"{parts.scheme}://{parts.netloc}")
        if origin not in self._origins:
            raise Blocked(f"url: expected an allowed origin, got {origin[:100]}")
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return _Request(_server(origin), quote(target, safe=_KEPT))

    def _connection(self, server: Server, waits: Waits) -> Connection:
        """A connection that was not idle for long and that the other end has not closed, or a new one."""
        connection = self._idle[server.origin].take()
        if connection is None:
            return self._connected(server, waits)
        connection.wait(waits.each)
        return connection

    def _connected(self, server: Server, waits: Waits) -> Connection:
        """A connection to the first checked address that takes it."""
        hops = self._hops(server)
        return connected(server, hops, tls=self._trust() if server.secure else None, waits=waits)

    def _trust(self) -> ssl.SSLContext:
        self._verify = self._verify or public_authorities()
        return self._verify

    def _hops(self, server: Server) -> list[Hop]:
        """The checked addresses of the server, or of the proxy that resolves the server's name itself.

        Names of private hosts are reached as they are, and so are addresses, which are checked first.
        """
        private = server.host in self._private_hosts
        if self._proxy and not private and not is_address(server.host):
            proxy = _server(self._proxy)
            return [Hop(a, proxy.port, is_proxy=True) for a in self._addresses(proxy, private=True)]
        return [Hop(a, server.port, is_proxy=False) for a in self._addresses(server, private=private)]

    def _addresses(self, server: Server, *, private: bool) -> list[str]:
        addresses = addresses_of(server.host, server.port, resolve=self._resolve, seconds=RESOLVE_SECONDS)
        for address in addresses:
            if not self._may_reach(address, private=private):
                # The address itself stays out of the message: it would tell of the inside of a network.
                raise Blocked(f"host: expected a public address, got another for {server.host}")
        return addresses[:MAX_ADDRESSES]

    def _may_reach(self, address: str, *, private: bool) -> bool:
        if self._unsafe_loopback and address in LOOPBACK:
            return True
        return is_public(address) or (private and is_private(address))

    def _keep(self, server: Server, connection: Connection, response: HTTPResponse) -> None:
        """Keep the connection for the next request, if this one's answer was read to its end."""
        whole = response.isclosed() or response.length == 0
        response.close()
        if whole and not response.will_close:
            self._idle[server.origin].keep(connection)
        else:
            connection.close()


@contextmanager
def follow(
    client: Client, url: str, *, credential: Mapping[str, str], origins: Collection[str]
) -> Iterator[Answer]:
    """GET the URL, following at most 3 redirects by hand; the answer is closed at the end.

    The credential goes to the origin of ``url`` alone: once a redirect has left that origin it is not
    sent again, even if a later one comes back.

    Raises:
        Blocked: a redirect leads out of ``origins`` and the first origin.
        TooLong: there are more redirects.
    """
    home, headers = origin_of(url), dict(credential)
    allowed = {home, *map(same_place, origins)}
    for hop in range(MAX_REDIRECTS + 1):
        with client.open("GET", url, headers=headers) as answer:
            if answer.status not in _REDIRECTS:
                yield answer
                return
            if hop == MAX_REDIRECTS:
                raise TooLong(f"redirects: expected at most {MAX_REDIRECTS}, got more")
            url = _next_url(url, answer, allowed)
        if origin_of(url) != home:
            headers = {}


def _next_url(url: str, answer: Answer, allowed: Collection[str]) -> str:
    try:
        target = urljoin(url, answer.headers["location"])
        origin = origin_of(target)
    except (KeyError, ValueError, Malformed) as error:
        raise Blocked("redirect: expected a location, got none") from error
    if origin not in allowed:
        raise Blocked(f"redirect: expected an allowed origin, got {origin}")
    return target


def _server(origin: str) -> Server:
    """Of a canonical origin."""
    parts = urlsplit(origin)
    return Server(origin, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))


def _host(text: str) -> str:
    """The host as ``Server`` has it; without scheme and port, which would never match."""
    bare = f"[{text}]" if ":" in text and not text.startswith("[") else text
    try:
        return _server(canonical_origin(f"https://{bare}:1")).host
    except Malformed:
        detail = f"private host: expected a name such as ci.example, or an address, got {text[:80]!a}"
        raise ValueError(detail) from None


def _joined(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The headers by their names in lower case; values of one name are joined (RFC 9110, 5.2)."""
    joined: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        joined[key] = f"{joined[key]}, {value}" if key in joined else value
    return joined


def _pieces(response: HTTPResponse) -> Iterator[bytes]:
    try:
        while piece := response.read1(BUFFER_BYTES):
            yield piece
    except (OSError, HTTPException, ValueError) as error:
        response.will_close = True  # ``http.client`` counts some of these as read to their end
        raise _broken(error) from _told(error)
    if response.length:
        raise NoAnswer(f"body: expected {response.length} more bytes, got its end")


def _told(error: Exception) -> OSError | None:
    """The cause, unless its words are ``http.client``'s: they may repeat what was sent or what came."""
    return error if isinstance(error, OSError) else None


def _broken(error: Exception) -> NoAnswer:
    if isinstance(error, TimeoutError):
        return ReadTimeout("answer: expected it in time, got none")
    return NoAnswer("answer: expected a whole one, got none")
