"""Connections that stay open, are given up when the other end closes them, and wait for a bounded time."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import pytest

from local.certificate import self_signed
from sealrun.adapters.aws.direct.connections import Connections
from sealrun.adapters.aws.errors import NoAnswer, unavailable
from sealrun.transport.connections import IDLE_SECONDS

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Amzn-RequestId: r\r\n\r\n{}"
LAST = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"


class Server:
    """Answers each connection's requests with the next of its answers, and closes it after the last."""

    def __init__(self, *connections: list[bytes], tls: ssl.SSLContext | None = None) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._tls = tls
        self.requests: list[bytes] = []
        self.closed = [threading.Event() for _ in connections]
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, args=(connections,), daemon=True)
        self._thread.start()

    def _serve(self, connections: tuple[list[bytes], ...]) -> None:
        for answers, closed in zip(connections, self.closed, strict=True):
            connection, _ = self._listener.accept()
            try:
                with self._tls.wrap_socket(connection, server_side=True) if self._tls else connection as sock:
                    for answer in answers:
                        self.requests.append(_read(sock))
                        sock.sendall(answer)
            except OSError:
                pass
            closed.set()

    def close(self) -> None:
        self._listener.close()
        self._thread.join(10)


def _read(sock: socket.socket) -> bytes:
    """One request of these tests, which all have the same body."""
    request = b""
    while not request.endswith(b"\r\n\r\n{}"):
        piece = sock.recv(65536)
        if not piece:
            raise ConnectionError("expected a request, got the end")
        request += piece
    return request


@contextmanager
def serving(*connections: list[bytes], tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    with closing(Server(*connections, tls=tls)) as server:
        yield server


Opened = Callable[..., Connections]


@pytest.fixture
def opened() -> Iterator[Opened]:
    """Connections that are closed after the test."""
    with ExitStack() as stack:
        yield lambda *args, **named: stack.enter_context(closing(Connections(*args, **named)))


def ask(connections: Connections) -> int:
    return connections.request("POST", "/", {"host": connections.host, "x": "y"}, b"{}").status


def test_a_connection_is_used_again(opened: Opened) -> None:
    with serving([OK, OK]) as server:
        connections = opened(f"http://127.0.0.1:{server.port}")
        answer = connections.request("POST", "/x", {"host": connections.host}, b"{}")
        assert (answer.status, answer.headers["x-amzn-requestid"], answer.body) == (200, "r", b"{}")
        assert ask(connections) == 200
    assert len(server.requests) == 2
    assert server.requests[0].startswith(b"POST /x HTTP/1.1\r\n")
    assert server.requests[0].lower().count(b"host:") == 1


def test_a_connection_that_the_other_end_closed_is_replaced_before_anything_is_sent(opened: Opened) -> None:
    """As after a function was frozen: the request must not be lost, and must not be sent twice."""
    with serving([OK], [OK]) as server:
        connections = opened(f"http://127.0.0.1:{server.port}")
        assert ask(connections) == 200
        assert server.closed[0].wait(10)
        assert ask(connections) == 200
    assert len(server.requests) == 2


def test_a_connection_that_was_long_idle_is_not_used_again(opened: Opened) -> None:
    """A function that was frozen meanwhile does not hear of the end of it."""
    now = [0.0]
    with serving([OK, OK], [OK]) as server:
        connections = opened(f"http://127.0.0.1:{server.port}", clock=lambda: now[0])
        ask(connections)
        now[0] += IDLE_SECONDS - 1
        ask(connections)
        assert not server.closed[1].is_set()
        now[0] += IDLE_SECONDS
        ask(connections)
        assert server.closed[1].wait(10), "the third request came over the second connection"


def test_l14_an_answer_without_end_is_given_up(opened: Opened) -> None:
    long, none = b"Content-Length: 11\r\n\r\nhello world", b"\r\nhello world, and more and more"
    for head in (long, none):
        with serving([b"HTTP/1.1 200 OK\r\n" + head], [OK]) as server:
            connections = opened(f"http://127.0.0.1:{server.port}", at_most=10)
            with pytest.raises(NoAnswer, match="expected at most 10 bytes"):
                ask(connections)
            assert ask(connections) == 200


def test_an_answer_of_just_the_size_that_is_allowed_is_read(opened: Opened) -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    with serving([OK, chunked, OK]) as server:
        connections = opened(f"http://127.0.0.1:{server.port}", at_most=2)
        assert [ask(connections) for _ in range(3)] == [200, 200, 200]


def test_l11_an_answer_that_comes_in_drips_has_a_bound_as_a_whole(opened: Opened) -> None:
    """Each piece comes within its own time, and none is the last."""
    now = [0.0]
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        connections = opened(url, timeout=5.0, clock=lambda: now[0])
        thread = threading.Thread(target=_drip, args=(listener, now))
        thread.start()
        with pytest.raises(NoAnswer, match="time is over"):
            ask(connections)
        thread.join(10)


def _drip(listener: socket.socket, now: list[float]) -> None:
    """Send pieces of a head every four seconds of that clock, until the other end hangs up."""
    connection, _ = listener.accept()
    with connection, suppress(OSError):
        _read(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        for _ in range(50):
            now[0] += 4.0
            connection.sendall(b"X: y\r\n")


def test_an_answer_that_says_so_is_the_connections_last(opened: Opened) -> None:
    with serving([LAST], [OK]) as server:
        connections = opened(f"http://127.0.0.1:{server.port}")
        assert [ask(connections), ask(connections)] == [200, 200]


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", b"what?\r\n\r\n"])
def test_half_an_answer_is_none(opened: Opened, answer: bytes) -> None:
    with serving([answer], [OK]) as server:
        connections = opened(f"http://127.0.0.1:{server.port}")
        with pytest.raises(NoAnswer):
            ask(connections)
        assert ask(connections) == 200


def test_l11_an_endpoint_that_says_nothing_is_given_up(opened: Opened) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        connections = opened(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.05)
        with pytest.raises(NoAnswer) as nothing:
            ask(connections)
    assert unavailable("table", nothing.value).detail == "table: expected an answer, got TimeoutError"


def test_tls_holds_for_the_authority_and_the_name_that_are_expected(opened: Opened, tmp_path: Path) -> None:
    certificate, context = self_signed(tmp_path, "localhost")
    with serving([OK], [OK], [OK], tls=context) as server:
        trusted = opened(f"https://localhost:{server.port}", authorities=str(certificate))
        assert ask(trusted) == 200
        other_name = opened(f"https://127.0.0.1:{server.port}", authorities=str(certificate))
        amazon = opened(f"https://localhost:{server.port}")
        for refused in (other_name, amazon):
            with pytest.raises(NoAnswer) as none:
                ask(refused)
            assert "got SSLCertVerificationError" in unavailable("table", none.value).detail
            assert "certificate verify failed" in unavailable("table", none.value).words
