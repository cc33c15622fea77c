"""Servers on loopback answer ``Expect: 100-continue`` before the body comes.

botocore sends it with every body and waits a second for the answer: one that is written and not sent costs
that second for each file that is stored.
"""

import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from werkzeug import Response

from local.aws import AwsServer
from local.loopback import LoopbackServer

pytestmark = pytest.mark.peers

HEAD = "PUT /bucket/key HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"


@pytest.fixture(params=["moto", "loopback"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "moto":
        with AwsServer(tmp_path) as server:
            yield server.url
    else:
        with LoopbackServer(lambda _: Response(), max_body=10) as server:
            yield server.url


def test_a_server_says_continue_before_it_has_the_body(url: str) -> None:
    parsed = httpx.URL(url)
    with socket.create_connection((parsed.host, parsed.port), timeout=10) as connection:
        connection.sendall(HEAD.encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 100 Continue\r\n")
        connection.sendall(b"ab")
        assert connection.recv(1000).startswith(b"HTTP/1.1 ")
