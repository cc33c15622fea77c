"""HTTP to one endpoint over connections that stay open between requests."""

import ssl
from collections import deque
from collections.abc import Mapping
from functools import cache
from http.client import HTTPException
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from sealrun.adapters.aws.errors import NoAnswer
from sealrun.transport.addresses import system_addresses
from sealrun.transport.connections import Connection, Hop, Server, Waits, connected
from sealrun.transport.failures import ConnectError

# Of each wait for the network. boto3 waits for 60 seconds, longer than most functions live.
TIMEOUT_SECONDS = 10.0
# The authorities that Amazon's own certificates come from.
AMAZON_ROOTS = Path(__file__).with_name("amazon_roots.pem")


class Answer(NamedTuple):
    """What came back; the names of the headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Connections:
    """Open connections to one endpoint; each is used by one request at a time, from any thread."""

    def __init__(self, endpoint: str, *, authorities: str = "", timeout: float = TIMEOUT_SECONDS) -> None:
        """``endpoint`` is a URL; ``authorities`` a PEM file to trust, Amazon's own where it is empty."""
        url = urlsplit(endpoint)
        self.host, self.path = url.netloc, url.path.rstrip("/")
        port = url.port or (443 if url.scheme == "https" else 80)
        self._server = Server(f"{url.scheme}://{url.netloc}", url.hostname or "", port)
        self._authorities, self._waits = authorities or str(AMAZON_ROOTS), Waits(timeout, timeout)
        self._idle: deque[Connection] = deque()

    def request(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send one request once.

        Raises:
            NoAnswer: no whole answer came. The request may have been carried out all the same.
        """
        connection = self._open()
        try:
            connection.request(method, path, body, dict(headers))
            response = connection.getresponse()
            answered = {name.lower(): value for name, value in response.getheaders()}
            answer = Answer(response.status, answered, response.read())
        except (OSError, HTTPException) as error:
            connection.close()
            raise NoAnswer(error) from error
        if response.will_close:
            connection.close()
        else:
            self._idle.append(connection)
        return answer

    def close(self) -> None:
        """Close the connections that no request uses now."""
        while self._idle:
            self._idle.pop().close()

    def _open(self) -> Connection:
        """An idle connection that the other end has not closed, or a new one."""
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:  # another thread was faster
                break
            if connection.is_open:
                return connection
            connection.close()
        server = self._server
        tls = _trusting(self._authorities) if server.secure else None
        try:
            addresses = system_addresses(server.host, server.port)
            hops = [Hop(address, server.port, is_proxy=False) for address in addresses]
            return connected(server, hops, tls=tls, waits=self._waits)
        except OSError as error:
            raise NoAnswer(error) from error
        except ConnectError as error:
            cause = error.__cause__
            raise NoAnswer(cause if isinstance(cause, Exception) else error) from error


@cache
def _trusting(authorities: str) -> ssl.SSLContext:
    """What all services' connections share."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cafile=authorities)
    return context
