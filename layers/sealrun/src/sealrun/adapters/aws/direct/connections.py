"""HTTP to one endpoint over connections that stay open between requests."""

import select
import ssl
from collections import deque
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from sealrun.adapters.aws.errors import NoAnswer

# Of each wait for the network. boto3 waits for 60 seconds, longer than most functions live.
TIMEOUT_SECONDS = 10.0
# The authorities that Amazon's own certificates come from: five, where loading all public ones takes 17 ms.
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
        self._secure, self._authorities, self._timeout = url.scheme == "https", authorities, timeout
        self._idle: deque[HTTPConnection] = deque()
        self._tls: ssl.SSLContext | None = None

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

    def _open(self) -> HTTPConnection:
        """An idle connection that the other end has not closed, or a new one."""
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:  # another thread was faster
                break
            # Something to read before anything was asked is the end of the connection.
            if connection.sock is not None and not select.select([connection.sock], [], [], 0)[0]:
                return connection
            connection.close()
        if not self._secure:
            return HTTPConnection(self.host, timeout=self._timeout)
        return HTTPSConnection(self.host, timeout=self._timeout, context=self._context())

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.load_verify_locations(cafile=self._authorities or str(AMAZON_ROOTS))
            self._tls = context
        return self._tls
