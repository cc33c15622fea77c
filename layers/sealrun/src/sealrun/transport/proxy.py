"""Going out through an operator's proxy: a tunnel (RFC 9110, 9.3.6), with TLS to the server inside of it.

The proxy resolves the server's name, so nothing here can check the server's address: that is the proxy's to
guard. The proxy's own address is checked on every connection, and the server still has to show a certificate
for the name that was asked for.
"""

import re
import ssl
from collections.abc import Callable, Iterable
from typing import Any

import httpcore
import httpx

from sealrun.encoding.origins import canonical_origin
from sealrun.transport.deadline import DeadlineBackend

Addresses = Callable[[str, int], list[str]]


def proxy_url(text: str) -> str:
    """The proxy's address in its one spelling, ``http://host:port``; empty for none.

    Raises:
        ValueError: it is spelled otherwise, or names a user: a password in a setting is shown to many.
        Malformed: its host is none.
    """
    if text and not re.fullmatch(r"http://[^/?#@\s]+:[0-9]{1,5}/?", text):
        # What stands there may be a password, so it is not repeated.
        raise ValueError("proxy: expected http://host:port without user and path, got something else")
    return canonical_origin(text.rstrip("/")) if text else ""


class ProxyPool(httpx.HTTPTransport):
    """httpx's own transport through the proxy."""

    def __init__(self, proxy: str, *, verify: ssl.SSLContext, addresses: Addresses, connections: int) -> None:
        """``addresses`` gives the checked addresses of the proxy's name, and raises for others.

        ``connections`` is how many there are at once.
        """
        super().__init__(verify=verify, trust_env=False)
        # httpx takes no backend for the network, so its pool is replaced before it is used.
        self._pool = httpcore.HTTPProxy(
            proxy, ssl_context=verify, network_backend=_CheckedBackend(addresses), max_connections=connections
        )


class _CheckedBackend(DeadlineBackend):
    """Connects to the first checked address of a name that takes the connection."""

    def __init__(self, addresses: Addresses) -> None:
        super().__init__()
        self._addresses = addresses

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        *others, last = self._addresses(host, port)
        for address in others:
            try:
                return super().connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue  # the next address of the same proxy
        return super().connect_tcp(last, port, timeout, local_address, socket_options)
