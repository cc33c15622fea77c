"""HTTP to one endpoint over connections that stay open between requests."""

import os.path
import ssl
import time
from collections.abc import Mapping
from functools import cache
from http.client import HTTPException, HTTPResponse, IncompleteRead
from typing import NamedTuple
from urllib.parse import urlsplit

from sealrun.adapters.aws.errors import NoAnswer
from sealrun.transport.addresses import system_addresses
from sealrun.transport.connections import Connection, Hop, Idle, Server, Waits, connected
from sealrun.transport.deadline import Monotonic, within
from sealrun.transport.failures import ConnectError

# Of each wait for the network. boto3 waits for 60 seconds, longer than most functions live.
TIMEOUT_SECONDS = 10.0
# DynamoDB reads 16 MB of items at most in one answer, whose JSON takes up to twice that.
MAX_ANSWER_BYTES = 32 << 20
# The authorities that Amazon's own certificates come from. A first call need not load ``pathlib``.
AMAZON_ROOTS = os.path.join(os.path.dirname(__file__), "amazon_roots.pem")  # noqa: PTH118, PTH120


class Answer(NamedTuple):
    """What came back; the names of the headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Connections:
    """Open connections to one endpoint; each is used by one request at a time, from any thread."""

    def __init__(
        self,
        endpoint: str,
        *,
        authorities: str = "",
        timeout: float = TIMEOUT_SECONDS,
        at_most: int = MAX_ANSWER_BYTES,
        clock: Monotonic = time.monotonic,
    ) -> None:
        """Nothing is asked yet.

        Args:
            endpoint: a URL.
            authorities: a PEM file to trust; Amazon's own where it is empty.
            timeout: seconds of each wait; three of them are all that one request gets.
            at_most: bytes of an answer's body.
            clock: monotonic seconds.
        """
        url = urlsplit(endpoint)
        self.host, self.path = url.netloc, url.path.rstrip("/")
        port = url.port or (443 if url.scheme == "https" else 80)
        self._server = Server(f"{url.scheme}://{url.netloc}", url.hostname or "", port)
        self._authorities, self._waits = authorities or AMAZON_ROOTS, Waits(timeout, timeout)
        self._seconds, self._at_most, self._clock = 3 * timeout, at_most, clock
        self._idle = Idle(clock=clock)

    def request(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send one request once.

        Raises:
            NoAnswer: no whole answer came. The request may have been carried out all the same.
        """
        with within(self._seconds, clock=self._clock):
            connection = self._idle.take() or self._connected()
            try:
                response = connection.ask(method, path, body, headers)
                answered = {name.lower(): value for name, value in response.getheaders()}
                answer = Answer(response.status, answered, self._body(response))
            except (OSError, HTTPException) as error:
                connection.close()
                raise NoAnswer(error) from error
        if response.will_close:
            connection.close()
        else:
            self._idle.keep(connection)
        return answer

    def close(self) -> None:
        """Close the connections that no request uses now."""
        self._idle.close()

    def _body(self, response: HTTPResponse) -> bytes:
        body = response.read(self._at_most + 1)
        if len(body) > self._at_most:
            raise HTTPException(f"answer: expected at most {self._at_most} bytes, got more")
        if response.length:
            raise IncompleteRead(body, response.length)
        return body

    def _connected(self) -> Connection:
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
