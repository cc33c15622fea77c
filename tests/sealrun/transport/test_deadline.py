"""L11: a request ends in its time, whatever the server sends meanwhile."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sealrun.transport.failures import NoAnswer, ReadTimeout
from sealrun.transport.http import GuardedClient

pytestmark = pytest.mark.peers


@contextmanager
def dripping(head: bytes, drip: bytes) -> Iterator[str]:
    """A server that sends ``head`` and then ``drip`` every 50 ms until it is closed."""
    over = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while not over.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                try:
                    connection.recv(65536)
                    connection.sendall(head)
                    while not over.wait(0.05):
                        connection.sendall(drip)
                except OSError:
                    pass

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        over.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def test_l11_dripped_headers_end_with_the_request() -> None:
    with dripping(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n") as url:
        with GuardedClient([url], unsafe_loopback=True, request_seconds=0.4) as client:
            began = time.monotonic()
            with pytest.raises(ReadTimeout):
                client.open("GET", url)
        assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    "drip",
    [pytest.param(b"0", id="a chunk's size"), pytest.param(b"1\r\nx\r\n", id="chunks of one byte")],
)
def test_l11_a_dripped_body_ends_in_its_time(drip: bytes) -> None:
    """Also where nothing of it is a piece yet, so that nobody would look at a clock."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    with dripping(head, drip) as url:
        with GuardedClient([url], unsafe_loopback=True) as client, client.open("GET", url) as answer:
            began = time.monotonic()
            with pytest.raises(NoAnswer):
                answer.read(1 << 20, seconds=0.4)
        assert time.monotonic() - began < 2


def test_l11_a_slow_answer_within_its_time_is_taken() -> None:
    body = b"HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 2\r\nConnection: close\r\n\r\n"
    with dripping(body, b"o") as url, GuardedClient([url], unsafe_loopback=True) as client:
        assert client.open("GET", url).read(2) == b"oo"
