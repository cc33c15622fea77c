"""The command's client for addresses that a stranger named: it reaches public ones only (L9).

``open_client`` is for addresses that the caller names, who may well mean one of its own network. An address
out of somebody else's inputs may lead into that network against its owner's will.
"""

from collections.abc import Collection, Iterator

import httpx

from sealrun.encoding.origins import origin_of
from sealrun.errors import Malformed
from sealrun.transport.connections import Waits
from sealrun.transport.failures import Blocked, OutgoingError, told
from sealrun.transport.http import Answer, GuardedClient
from sealrun_cli.lib.outgoing import authorities, proxy
from sealrun_cli.lib.service import LOOPBACK

# A service, where it keeps its evidence, and mirrors of both: one call asks no more places.
MAX_ORIGINS = 10
# ``Service`` bounds each answer; these are for whoever does not.
MAX_BODY_BYTES, MAX_BODY_SECONDS = 8 << 30, 3600.0
# What the guarded client says itself.
_OWN = ("host", "user-agent", "accept", "connection", "content-length", "transfer-encoding")


def open_public(own: Collection[str] = (), *, unsafe_loopback: bool) -> httpx.Client:
    """A client that reaches public addresses, follows no redirect and sends no credential of the environment.

    Args:
        own: URLs that the caller names itself, whose servers may be in its own network or on this machine.
        unsafe_loopback: let this machine's addresses through wherever they come from, for a local stack.
    """
    transport = _Guarded(frozenset(map(origin_of, own)), unsafe_loopback=unsafe_loopback)
    return httpx.Client(transport=transport, trust_env=False, follow_redirects=False)


class _Guarded(httpx.BaseTransport):
    def __init__(self, own: frozenset[str], *, unsafe_loopback: bool) -> None:
        self._own, self._loopback = own, unsafe_loopback
        self._clients: dict[str, GuardedClient] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _OWN}
        # What the caller waits for one word: a function may take longer than the guarded client's own wait.
        waits = Waits(*(request.extensions["timeout"][name] for name in ("connect", "read")))
        try:
            client = self._client(origin_of(str(request.url)))
            answer = client.open(
                request.method,
                str(request.url),
                headers=headers,
                body=request.read() or None,
                waits=waits,
            )
        except (Blocked, Malformed) as error:
            raise httpx.UnsupportedProtocol(str(error), request=request) from error
        except OutgoingError as error:
            raise httpx.ConnectError(told(error), request=request) from error
        return httpx.Response(answer.status, headers=dict(answer.headers), stream=_Body(answer, request))

    def close(self) -> None:
        for client in self._clients.values():
            client.close()

    def _client(self, origin: str) -> GuardedClient:
        if origin not in self._clients:
            if len(self._clients) >= MAX_ORIGINS:
                raise Blocked(f"url: expected at most {MAX_ORIGINS} servers, got more")
            self._clients[origin] = self._opened(origin)
        return self._clients[origin]

    def _opened(self, origin: str) -> GuardedClient:
        host, own = httpx.URL(origin).host, origin in self._own
        try:
            return GuardedClient(
                [origin],
                verify=authorities(),
                proxy=proxy(),
                private_hosts=[host] if own else (),
                unsafe_loopback=self._loopback or (own and host in LOOPBACK),
            )
        except ValueError as error:
            raise Blocked(str(error)) from error


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: Answer, request: httpx.Request) -> None:
        self._answer, self._request = answer, request

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._answer.pieces(MAX_BODY_BYTES, seconds=MAX_BODY_SECONDS)
        except OutgoingError as error:
            raise httpx.ReadError(str(error), request=self._request) from error

    def close(self) -> None:
        self._answer.close()
