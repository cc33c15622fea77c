"""Sizes, times and connections that a stranger may take, and an end that cuts nobody off."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from sealrun.serving import server as serving
from sealrun.serving.server import MAX_BODY_BYTES, MAX_HEADER_BYTES, Server, listening

Application = Callable[[dict[str, Any], Callable[..., Any]], list[bytes]]


def echo(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


def address(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    start_response("200 OK", [])
    return [environ["REMOTE_ADDR"].encode()]


@contextmanager
def running(application: Application, *, at: str = "127.0.0.1:0", **options: Any) -> Iterator[Server]:
    server = Server(application, listening(at), threads=2, **options)
    server.start()
    try:
        yield server
    finally:
        server.stop(seconds=5)


def connected(server: Server) -> socket.socket:
    host, _, port = server.url.removeprefix("http://").rpartition(":")
    return socket.create_connection((host, int(port)), timeout=30)


def test_a_connection_answers_one_request_after_the_other() -> None:
    with running(echo) as server, httpx.Client() as client:
        assert [client.post(server.url, content=text).text for text in ("one", "two")] == ["one", "two"]


# Not a byte more than the server reads before it answers: with some unread, closing resets the connection,
# and the answer may be lost with it.
TOO_LARGE = {
    413: b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (MAX_BODY_BYTES + 1),
    431: b"GET / HTTP/1.1\r\nX-Long: ".ljust(MAX_HEADER_BYTES, b"x"),
}


@pytest.mark.parametrize("status", TOO_LARGE)
def test_l9_what_is_too_large_is_refused(status: int) -> None:
    with running(echo) as server, connected(server) as connection:
        connection.sendall(TOO_LARGE[status])
        assert connection.makefile("rb").readline().split()[1] == str(status).encode()


def test_l9_a_body_that_never_ends_is_refused_without_its_end() -> None:
    with running(echo) as server, connected(server) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        with pytest.raises(OSError, match=r"Connection reset|Broken pipe"):
            connection.sendall((b"10000\r\n" + b"x" * 0x10000 + b"\r\n") * 200)


def test_l9_a_request_that_takes_too_long_to_arrive_is_ended_though_bytes_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(serving, "REQUEST_SECONDS", 0)
    with running(echo) as server, connected(server) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        assert connection.recv(100) == b""


def test_whoever_waits_for_no_request_keeps_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a request that arrives has a time; an idle connection has waitress's own, much longer one."""
    monkeypatch.setattr(serving, "REQUEST_SECONDS", 0.5)
    with running(echo) as server, connected(server) as connection:
        for _ in range(3):
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.recv(1000).startswith(b"HTTP/1.1 200")


def test_a_request_under_way_is_answered_after_the_server_was_told_to_stop() -> None:
    began, go_on = threading.Event(), threading.Event()

    def slow(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        began.set()
        assert go_on.wait(30)
        return echo(environ, start_response)

    server = Server(slow, listening("127.0.0.1:0"), threads=1)
    server.start()
    with connected(server) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi")
        assert began.wait(30)
        stopping = threading.Thread(target=lambda: server.stop(seconds=30))
        stopping.start()
        while _takes_connections(server):
            pass
        go_on.set()
        answer = b""
        while piece := connection.recv(1000):
            answer += piece
        stopping.join()
    assert answer.endswith(b"\r\n\r\nhi")


def _takes_connections(server: Server) -> bool:
    try:
        connected(server).close()
    except ConnectionRefusedError:
        return False
    except ConnectionResetError:  # it was closed while this connection waited to be taken
        return True
    return True


def test_a_server_that_stops_before_it_is_woken_up_ends_without_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = Server(echo, listening("127.0.0.1:0"), threads=1)
    server.start()
    [loop] = [thread for thread in threading.enumerate() if thread.name == "http"]
    wake_up = server._server.pull_trigger

    def too_late() -> None:
        loop.join()  # it looks by itself within LOOK_SECONDS
        wake_up()

    monkeypatch.setattr(server._server, "pull_trigger", too_late)
    server.stop(seconds=5)
    assert not loop.is_alive()


def test_only_a_trusted_proxy_says_whose_request_it_is() -> None:
    told = {"X-Forwarded-For": "192.0.2.7"}
    with running(address) as server:
        assert httpx.get(server.url, headers=told).text == "127.0.0.1"
    with running(address, trusted_proxy="127.0.0.1") as server:
        assert httpx.get(server.url, headers=told).text == "192.0.2.7"
    with running(address, trusted_proxy="192.0.2.1") as server:
        assert httpx.get(server.url, headers=told).text == "127.0.0.1"


def test_l12_callers_over_ipv4_have_their_own_addresses_where_it_listens_on_ipv6() -> None:
    """As ``::ffff:192.0.2.7`` all of them were one network."""
    told = {"X-Forwarded-For": "192.0.2.7"}
    with running(address, at="[::]:0") as server:
        assert httpx.get(_by_ipv4(server), headers=told).text == "127.0.0.1"
    with running(address, at="[::]:0", trusted_proxy="127.0.0.1") as server:
        assert httpx.get(_by_ipv4(server), headers=told).text == "192.0.2.7"


@pytest.mark.parametrize(
    ("told", "counts"),
    [
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("203.0.113.9, ::FFFF:c000:207", "192.0.2.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("192.0.2.7:4711", "192.0.2.7"),
        ("[::ffff:192.0.2.7]:4711", "192.0.2.7"),
    ],
)
@pytest.mark.parametrize("proxy", ["127.0.0.1", "::ffff:127.0.0.1"])
def test_l12_a_proxy_that_listens_on_ipv6_tells_callers_over_ipv4_apart(
    proxy: str, told: str, counts: str
) -> None:
    with running(address, trusted_proxy=proxy) as server:
        assert httpx.get(server.url, headers={"X-Forwarded-For": told}).text == counts


@pytest.mark.parametrize(
    "told", ["[2001:db8::7]:4711", "203.0.113.9, [2001:DB8:0::7]:4712", '"[2001:db8::7]"']
)
def test_l12_a_caller_over_ipv6_is_one_also_where_the_proxy_tells_ports(told: str) -> None:
    """Each connection was a caller of its own."""
    with running(address, trusted_proxy="127.0.0.1") as server:
        assert httpx.get(server.url, headers={"X-Forwarded-For": told}).text == "2001:db8::7"


def _by_ipv4(server: Server) -> str:
    return f"http://127.0.0.1:{server.url.rpartition(':')[2]}"


@pytest.mark.parametrize("text", ["8080", "localhost", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:65536"])
def test_an_address_that_is_none_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="listen: expected HOST:PORT, got"):
        listening(text)
