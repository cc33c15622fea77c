"""httpx over connections whose waits end with the time of their request (L11).

httpx's own limits are for one read each: a server that sends a byte every few seconds, or one informational
answer after another, would hold the command for ever. See ``sealrun.transport.deadline``.
"""

import ssl
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx

from sealrun.transport.deadline import left, within

# From the connect to the last header of one request; ``Service`` waits less for the first word. A body has
# its own bound.
REQUEST_SECONDS = 90.0


class TimedTransport(httpx.HTTPTransport):
    """httpx's own transport; each request has its head within ``REQUEST_SECONDS``."""

    def __init__(self, verify: ssl.SSLContext, *, proxy: str = "") -> None:
        super().__init__(verify=verify, proxy=proxy or None, trust_env=False)
        # httpx has no argument for it.
        self._pool._network_backend = _Backend(self._pool._network_backend)  # noqa: SLF001

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with within(REQUEST_SECONDS):
            return super().handle_request(request)


class _Backend(httpcore.NetworkBackend):
    def __init__(self, plain: httpcore.NetworkBackend) -> None:
        self._plain = plain

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        rest = _rest(timeout, httpcore.ConnectTimeout)
        return _Stream(self._plain.connect_tcp(host, port, rest, local_address, socket_options))


class _Stream(httpcore.NetworkStream):
    def __init__(self, plain: httpcore.NetworkStream) -> None:
        self._plain = plain

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._plain.read(max_bytes, _rest(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._plain.write(buffer, _rest(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._plain.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        rest = _rest(timeout, httpcore.ConnectTimeout)
        return _Stream(self._plain.start_tls(ssl_context, server_hostname, rest))

    def get_extra_info(self, info: str) -> Any:
        return self._plain.get_extra_info(info)


def _rest(timeout: float | None, over: type[httpcore.TimeoutException]) -> float:
    try:
        return left(REQUEST_SECONDS if timeout is None else timeout)
    except TimeoutError as error:
        raise over(str(error)) from error
