"""The one way out: an httpx client that reaches public addresses of allow-listed origins only (L9).

    client = guarded_client(["https://gitlab.com"])

A name is resolved once per request, every address it has is checked, and the connection goes to that very
address while TLS still asks for, and verifies, the name: a second answer of the DNS server changes nothing.
Redirects are never followed by the client; ``follow`` follows them by hand and takes the credential off
when the origin changes (httpx keeps a PRIVATE-TOKEN header across origins).
"""

import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from threading import Thread

import httpcore
import httpx

from sealrun.encoding.origins import canonical_origin
from sealrun.errors import Malformed
from sealrun.transport.deadline import DeadlineBackend, Monotonic, each_within, within
from sealrun.transport.proxy import ProxyPool, proxy_url

Resolve = Callable[[str, int], list[str]]

# A function has one short life: what does not connect or say a word in this time is left to the next one.
DEFAULT_TIMEOUT = httpx.Timeout(20.0, connect=5.0)
# The system's resolver has no bound of its own: with a dead server it asks for half a minute and longer.
RESOLVE_SECONDS = 5.0
# From the first connect to the last header of one request; a body has its own bound (L11).
REQUEST_SECONDS = 45.0
# A name with more addresses than this is asked at the first of them.
MAX_ADDRESSES = 8
# httpcore's own 10 would let streams of one offer's files keep other offers of the same GitLab waiting.
MAX_CONNECTIONS = 100
# GitLab sends one redirect to its object storage; a mirror in front of it may add another.
MAX_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LOOPBACK = frozenset({"127.0.0.1", "::1"})
# Only 2000::/3 is assigned as global unicast (RFC 4291, 2.4); in it Teredo and 6to4 carry an IPv4 address.
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_PRIVATE = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")))
# EC2's own services, instance metadata among them, have unique local addresses.
_EC2_SERVICES = ipaddress.IPv6Network("fd00:ec2::/32")
_TUNNELS_V6 = (ipaddress.IPv6Network("2001::/32"), ipaddress.IPv6Network("2002::/16"))


class Blocked(httpx.RequestError):
    """The request was not sent: its URL, or the address behind it, is not one we talk to."""


class TooLong(httpx.RequestError):
    """The answer has too many bytes, comes compressed, or redirects too often; it was given up."""


def guarded_client(
    origins: Collection[str],
    *,
    timeout: httpx.Timeout = DEFAULT_TIMEOUT,
    resolve: Resolve | None = None,
    verify: ssl.SSLContext | None = None,
    private_hosts: Collection[str] = (),
    proxy: str = "",
    unsafe_loopback: bool = False,
    request_seconds: float = REQUEST_SECONDS,
    clock: Monotonic = time.monotonic,
) -> httpx.Client:
    """Make a client that talks to these origins (``https://host[:port]``) only.

    Args:
        origins: all that may be reached, redirect targets included.
        timeout: of each connect, read, write; for a whole answer see ``read_limited``.
        resolve: turns a host and a port into its addresses; the system's resolver when None.
        verify: what TLS trusts, see ``trusting``; the public authorities when None.
        private_hosts: names that may have addresses of a private network, for a GitLab within the
            operator's own. Loopback and link-local addresses stay closed to them.
        proxy: ``http://host:port``, which resolves and reaches all other names; none where it is empty. It
            may have an address of a private network. The environment's proxies are never used.
        unsafe_loopback: let http:// and the loopback addresses through, for the stack on one machine. Never
            set it in a function that is deployed: Lambda's own runtime API listens on loopback.
        request_seconds: for one request until its last header, whatever the server does meanwhile.
        clock: monotonic seconds.
    """
    transport = GuardedTransport(
        origins,
        resolve=resolve or _resolve,
        verify=verify,
        private_hosts=private_hosts,
        proxy=proxy,
        unsafe_loopback=unsafe_loopback,
        request_seconds=request_seconds,
        clock=clock,
    )
    # httpx leaves proxies of the environment aside where a transport is given; trust_env says so for good.
    # A compressed answer could unpack to any size before a limit sees it.
    headers = {"User-Agent": "sealrun", "Accept-Encoding": "identity"}
    return httpx.Client(
        transport=transport, timeout=timeout, headers=headers, trust_env=False, follow_redirects=False
    )


def trusting(authorities: str) -> ssl.SSLContext:
    """What TLS trusts: the public authorities, and those of a PEM file.

    Raises:
        OSError, ssl.SSLError: the file is not there, or holds no certificate.
    """
    context = httpx.create_ssl_context(trust_env=False)
    context.load_verify_locations(cafile=authorities)
    return context


class GuardedTransport(httpx.BaseTransport):
    """Checks the URL and the address, then connects to that address under the URL's name."""

    def __init__(
        self,
        origins: Collection[str],
        *,
        resolve: Resolve,
        verify: ssl.SSLContext | None,
        unsafe_loopback: bool,
        private_hosts: Collection[str] = (),
        proxy: str = "",
        request_seconds: float = REQUEST_SECONDS,
        clock: Monotonic = time.monotonic,
    ) -> None:
        self._unsafe_loopback, self._verify = unsafe_loopback, verify
        self._private_hosts, self._proxy = frozenset(private_hosts), proxy_url(proxy)
        self._seconds, self._clock = request_seconds, clock
        self._origins = frozenset(self._allowed(origin) for origin in origins)
        self._resolve = resolve
        # One pool per name: httpcore pools by address, and two names behind one address must not share
        # a connection that TLS verified for the other name.
        self._pools: dict[str, httpx.HTTPTransport] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request to the first checked address that takes the connection.

        Raises:
            Blocked: the URL or one of its addresses is not allowed; nothing was sent.
            ConnectTimeout, ReadTimeout, WriteTimeout: the request's time is over before its last header.
        """
        url = request.url
        if origin_of(url) not in self._origins:
            raise Blocked(f"url: expected an allowed origin, got {origin_of(url)}", request=request)
        if url.userinfo:
            raise Blocked("url: expected no user information, got some", request=request)
        with within(self._seconds, clock=self._clock):
            if self._through_proxy(url.host):
                return self._pool(url.host).handle_request(request)
            return self._send_to_one_of(self._addresses(request), request)

    def close(self) -> None:
        """Close every connection."""
        for pool in self._pools.values():
            pool.close()

    def _allowed(self, origin: str) -> str:
        url = httpx.URL(origin)
        if not (url.scheme == "https" or (self._unsafe_loopback and url.host in _LOOPBACK)):
            raise ValueError(f"origin: expected https://, got {origin[:100]}")
        try:
            return canonical_origin(origin)
        except Malformed as error:
            raise ValueError(error.detail) from error

    def _through_proxy(self, host: str) -> bool:
        """Names of private hosts are reached as they are, and so are addresses, which are checked first."""
        return bool(self._proxy) and host not in self._private_hosts and not _is_address(host)

    def _proxy_addresses(self, host: str, port: int) -> list[str]:
        url = httpx.URL(scheme="http", host=host, port=port)
        return self._addresses(httpx.Request("CONNECT", url), private=True)

    def _addresses(self, request: httpx.Request, *, private: bool = False) -> list[str]:
        host, port = request.url.host, request.url.port or 443
        private = private or host in self._private_hosts
        try:
            addresses = _in_time(self._resolve, host, port, seconds=min(RESOLVE_SECONDS, self._seconds))
        except TimeoutError as error:
            message = f"host: expected an address of {host} in time, got none"
            raise httpx.ConnectTimeout(message, request=request) from error
        except (OSError, UnicodeError) as error:
            raise httpx.ConnectError(f"host: {host} has no address", request=request) from error
        for address in addresses:
            if not self._may_reach(address, private=private):
                # The address itself stays out of the message: it would tell of the inside of a network.
                raise Blocked(f"host: expected a public address, got another for {host}", request=request)
        if not addresses:
            raise httpx.ConnectError(f"host: {host} has no address", request=request)
        return addresses[:MAX_ADDRESSES]

    def _may_reach(self, address: str, *, private: bool) -> bool:
        if self._unsafe_loopback and address in _LOOPBACK:
            return True
        return is_public(address) or (private and is_private(address))

    def _pool(self, host: str) -> httpx.HTTPTransport:
        if host not in self._pools:
            self._verify = self._verify or httpx.create_ssl_context(trust_env=False)
            if self._through_proxy(host):
                addresses = self._proxy_addresses
                self._pools[host] = ProxyPool(
                    self._proxy, verify=self._verify, addresses=addresses, connections=MAX_CONNECTIONS
                )
            else:
                self._pools[host] = _Pool(self._verify)
        return self._pools[host]

    def _send_to_one_of(self, addresses: list[str], request: httpx.Request) -> httpx.Response:
        pool = self._pool(request.url.host)
        for address in addresses[:-1]:
            try:
                return pool.handle_request(_to(address, request))
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue  # not connected, so not sent: the next address is no second request
        return pool.handle_request(_to(addresses[-1], request))


class _Pool(httpx.HTTPTransport):
    """httpx's own transport over connections that keep to a deadline."""

    def __init__(self, verify: ssl.SSLContext) -> None:
        super().__init__(verify=verify, trust_env=False)
        # httpx takes no backend for the network, so its pool is replaced before it is used.
        self._pool = httpcore.ConnectionPool(
            ssl_context=verify, network_backend=DeadlineBackend(), max_connections=MAX_CONNECTIONS
        )


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def is_private(address: str) -> bool:
    """True for an address of a private network (RFC 1918, RFC 4193); not for loopback or link-local ones."""
    ip = ipaddress.ip_address(address)
    in_private_range = any(ip in network for network in _PRIVATE if network.version == ip.version)
    return in_private_range and ip not in _EC2_SERVICES


def is_public(address: str) -> bool:
    """True for a public address: not private, loopback, link-local, multicast or reserved."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        return ip in _GLOBAL_V6 and ip.is_global and not any(ip in tunnel for tunnel in _TUNNELS_V6)
    return ip.is_global and not ip.is_multicast


def origin_of(url: httpx.URL) -> str:
    """``scheme://host[:port]`` of the URL, the port only where it is not the scheme's own."""
    return f"{url.scheme}://{url.netloc.decode('ascii')}"


def read_limited(response: httpx.Response, limit: int, *, seconds: float = 30.0) -> bytes:
    """Read the whole body of a streamed response, which may have at most ``limit`` bytes.

    Raises:
        TooLong: the body is longer.
        ReadTimeout: the body as a whole took too long.
    """
    return b"".join(limited(response, limit, seconds=seconds))


def limited(response: httpx.Response, limit: int, *, seconds: float) -> Iterator[bytes]:
    """The body in pieces as they arrive, until one passes a limit.

    What the reader does with the pieces counts as well.

    Raises:
        TooLong: the body has more than ``limit`` bytes, or comes compressed.
        ReadTimeout: the body as a whole takes more than ``seconds``.
    """
    if response.headers.get("content-encoding", "identity") != "identity":
        raise TooLong("body: expected it as it is, got it compressed", request=response.request)
    ends, size = time.monotonic() + seconds, 0
    # A response that was made in memory (httpx.MockTransport) is read already.
    pieces = [response.content] if response.is_stream_consumed else response.iter_raw()
    for piece in each_within(pieces, seconds):
        size += len(piece)
        if size > limit:
            raise TooLong(f"body: expected at most {limit} bytes, got more", request=response.request)
        if time.monotonic() > ends:
            message = f"body: expected it within {seconds:g} s, got {size} bytes"
            raise httpx.ReadTimeout(message, request=response.request)
        yield piece


@contextmanager
def follow(
    client: httpx.Client, url: httpx.URL, *, credential: Mapping[str, str], origins: Collection[str]
) -> Iterator[httpx.Response]:
    """GET the URL as a stream, following at most 3 redirects by hand; the body is closed at the end.

    The credential goes to the origin of ``url`` alone: once a redirect has left that origin it is not
    sent again, even if a later one comes back.

    Raises:
        Blocked: a redirect leads out of ``origins`` and the first origin.
        TooLong: there are more redirects.
    """
    home, headers = origin_of(url), dict(credential)
    for hop in range(MAX_REDIRECTS + 1):
        request = client.build_request("GET", url, headers=headers)
        response = client.send(request, stream=True)
        try:
            if response.status_code not in _REDIRECTS:
                yield response
                return
            if hop == MAX_REDIRECTS:
                raise TooLong(f"redirects: expected at most {MAX_REDIRECTS}, got more", request=request)
            url = _next_url(response, {home, *origins})
        finally:
            response.close()
        if origin_of(url) != home:
            headers = {}


def _next_url(response: httpx.Response, origins: Iterable[str]) -> httpx.URL:
    try:
        url = response.request.url.join(response.headers["location"])
    except (KeyError, httpx.InvalidURL) as error:
        raise Blocked("redirect: expected a location, got none", request=response.request) from error
    if origin_of(url) not in origins:
        raise Blocked(f"redirect: expected an allowed origin, got {origin_of(url)}", request=response.request)
    return url


def _to(address: str, request: httpx.Request) -> httpx.Request:
    """The same request to the address: Host, SNI and the name that TLS verifies stay the URL's."""
    extensions = {**request.extensions, "sni_hostname": request.url.host}
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions=extensions,
    )


def _in_time(resolve: Resolve, host: str, port: int, *, seconds: float) -> list[str]:
    """The addresses. A look-up that takes longer goes on in a thread of its own, and is not waited for.

    Raises:
        TimeoutError: it took longer.
    """
    answer: Future[list[str]] = Future()

    def ask() -> None:
        try:
            answer.set_result(resolve(host, port))
        except Exception as error:  # noqa: BLE001  raised again by whoever waits
            answer.set_exception(error)

    Thread(target=ask, name="sealrun-resolve", daemon=True).start()
    return answer.result(timeout=seconds)


def _resolve(host: str, port: int) -> list[str]:
    """All addresses of the host, IPv4 first: a function outside a VPC has no IPv6 route."""
    entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    ordered = sorted(entries, key=lambda entry: entry[0] == socket.AF_INET6)
    return list(dict.fromkeys(str(entry[4][0]) for entry in ordered))
