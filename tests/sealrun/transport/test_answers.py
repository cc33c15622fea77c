"""What the client makes of a server's bytes, and which connections it uses again."""

import contextlib
import socket
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from sealrun.transport.connections import IDLE_SECONDS, MAX_IDLE, Hop, Idle, Server, Waits, connected
from sealrun.transport.failures import Blocked, NoAnswer
from sealrun.transport.http import GuardedClient

pytestmark = pytest.mark.peers

WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Scripted:
    """A server that answers one request after the other with bytes that are written down."""

    def __init__(self, answers: Sequence[bytes], *, closes: bool) -> None:
        self._answers, self._closes = list(answers), closes
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.requests: list[bytes] = []
        self.connections = 0
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while self._answers:
            connection, _ = self._listener.accept()
            self.connections += 1
            with connection:
                while self._answers and (request := _request(connection)):
                    self.requests.append(request)
                    connection.sendall(self._answers.pop(0))
                    if self._closes:
                        break

    def close(self) -> None:
        self._thread.join()
        self._listener.close()


def _request(connection: socket.socket) -> bytes:
    """The head of one request, and its body where it says how long that is."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        if not (more := connection.recv(1)):
            return b""
        head += more
    length = next(
        (int(line[16:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length: ")), 0
    )
    body = b""
    while len(body) < length:
        body += connection.recv(length - len(body))
    return head + body


@contextmanager
def scripted(*answers: bytes, closes: bool = False) -> Iterator[tuple[GuardedClient, Scripted]]:
    server = Scripted(answers, closes=closes)
    try:
        with GuardedClient([server.url], unsafe_loopback=True) as client:
            yield client, server
    finally:
        server.close()


def read(client: GuardedClient, url: str) -> bytes:
    with client.open("GET", url) as answer:
        return answer.read(100)


def test_a_connection_is_used_again_once_its_answer_was_read() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n"
    empty = b"HTTP/1.1 204 No Content\r\n\r\n"
    with scripted(WHOLE, chunked, empty, WHOLE) as (client, server):
        assert [read(client, server.url) for _ in range(4)] == [b"ok", b"ab", b"", b"ok"]
    assert server.connections == 1


def test_a_connection_is_not_used_again_where_its_answer_was_given_up() -> None:
    with scripted(WHOLE, WHOLE) as (client, server):
        client.open("GET", server.url).close()
        assert read(client, server.url) == b"ok"
    assert server.connections == 2


def test_a_connection_that_was_long_idle_is_not_used_again() -> None:
    """A function that was frozen meanwhile does not hear of the end of it, and a start would stay unclear."""
    now = [0.0]
    server = Scripted([WHOLE, WHOLE, WHOLE], closes=False)
    with GuardedClient([server.url], unsafe_loopback=True, clock=lambda: now[0]) as client:
        read(client, server.url)
        now[0] += IDLE_SECONDS - 1
        read(client, server.url)
        connections = server.connections
        now[0] += IDLE_SECONDS
        read(client, server.url)
    server.close()
    assert (connections, server.connections) == (1, 2)


def test_a_connection_is_kept_once_however_often_its_answer_is_closed() -> None:
    with scripted(WHOLE) as (client, server):
        with client.open("GET", server.url) as answer:
            answer.read(100)
            answer.close()
        assert len(client._idle[server.url]) == 1


def test_a_connection_that_the_server_closed_is_replaced() -> None:
    with scripted(WHOLE, WHOLE, closes=True) as (client, server):
        assert read(client, server.url) == b"ok"
        waits_for_the_end = client._idle[server.url]._connections[0]
        while waits_for_the_end.is_open:
            pass
        assert read(client, server.url) == b"ok"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nsecret\r\nok\r\n",
    ],
    ids=["length", "within a chunk", "before the last chunk", "no chunk"],
)
def test_r9_a_body_that_ends_too_early_is_no_answer(answer: bytes) -> None:
    with scripted(answer, closes=True) as (client, server), pytest.raises(NoAnswer) as refused:
        read(client, server.url)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200", b"secret\r\n\r\n", b"HTTP/1.1 20x OK\r\n\r\n"])
def test_what_is_no_http_is_no_answer_and_is_not_repeated(answer: bytes) -> None:
    with scripted(answer, closes=True) as (client, server), pytest.raises(NoAnswer) as refused:
        read(client, server.url)
    assert "secret" not in str(refused.value)


def test_a_body_without_a_length_ends_with_its_connection() -> None:
    with scripted(b"HTTP/1.1 200 OK\r\n\r\nok", closes=True) as (client, server):
        assert read(client, server.url) == b"ok"


def test_informational_answers_are_passed_over() -> None:
    """RFC 9110, 15.2: a server may send them at any time."""
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n"
    with scripted(early + early + WHOLE, WHOLE) as (client, server):
        assert read(client, server.url) == b"ok"
        assert read(client, server.url) == b"ok"
    assert server.connections == 1


def test_headers_are_found_by_their_names_in_lower_case_and_several_values_are_joined() -> None:
    head = b"HTTP/1.1 200 OK\r\nX-Next-Page: 2\r\nLink: <a>\r\nlink: <b>\r\nContent-Length: 0\r\n\r\n"
    with scripted(head) as (client, server), client.open("GET", server.url) as answer:
        assert (answer.headers["x-next-page"], answer.headers["link"]) == ("2", "<a>, <b>")


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("", b"GET / HTTP/1.1"),
        ("/a%20b?c=%5B%5D#d", b"GET /a%20b?c=%5B%5D HTTP/1.1"),
        ("/a b/\u00e9", b"GET /a%20b/%C3%A9 HTTP/1.1"),
    ],
)
def test_a_path_is_sent_as_it_is_and_what_no_path_may_hold_is_escaped(path: str, sent: bytes) -> None:
    with scripted(WHOLE) as (client, server):
        read(client, server.url + path)
    head = server.requests[0].split(b"\r\n")
    assert head[0] == sent
    assert b"Host: " + server.url.removeprefix("http://").encode() in head
    assert b"Accept-Encoding: identity" in head


def test_a_body_in_pieces_is_sent_with_the_length_that_is_told() -> None:
    with scripted(WHOLE) as (client, server):
        headers = {"Content-Length": "4"}
        with client.open("POST", server.url, headers=headers, body=iter([b"ab", b"cd"])) as answer:
            assert answer.read(2) == b"ok"
    assert server.requests[0].endswith(b"\r\n\r\nabcd")
    assert b"chunked" not in server.requests[0]


@pytest.mark.parametrize("value", ["secret\r\nX: y", "secret\n", "secret\r\n y", "secret\0", "secret\u20ac"])
def test_a_header_that_cannot_be_sent_is_not_sent_and_not_shown(value: str) -> None:
    """A token that was pasted with the end of its line: logs have the whole chain of errors."""
    server = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{server.getsockname()[1]}"
    with server, GuardedClient([url], unsafe_loopback=True) as client, pytest.raises(Blocked) as refused:
        client.open("GET", url, headers={"PRIVATE-TOKEN": value})
    assert "PRIVATE-TOKEN" in str(refused.value)
    assert "secret" not in "".join(traceback.format_exception(refused.value))


@pytest.mark.parametrize("url", ["https://[secret", "https://gitlab.com/secret\ud800"])
def test_a_url_that_is_none_is_not_sent_and_not_shown(url: str) -> None:
    with GuardedClient(["https://gitlab.com"]) as client, pytest.raises(Blocked) as refused:
        client.open("GET", url)
    assert "secret" not in "".join(traceback.format_exception(refused.value))


def test_a_connection_is_not_used_again_where_its_answer_broke_off() -> None:
    """What comes later of the broken answer would be read as the next one."""
    broken = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n"
    with scripted(broken, WHOLE) as (client, server):
        with pytest.raises(NoAnswer):
            read(client, server.url)
        kept = len(client._idle[server.url])
        assert read(client, server.url) == b"ok"
    assert not kept
    assert server.connections == 2


@pytest.mark.parametrize(
    "head",
    [
        b"Transfer-Encoding: gzip, chunked",
        b"Transfer-Encoding: chunked ",
        b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked",
        b"Content-Length: 2\r\nContent-Length: 4",
        b"Content-Length: 2, 4",
        b"Content-Length: -2",
        b"Content-Length: +2",
        b"X: y\r\nno header\r\nContent-Length: 4",
        b" X: y\r\nContent-Length: 4",
        b": y\r\nContent-Length: 4",
        b"X: y\r\nFrom me\r\nContent-Length: 4",
        b"X: y\rLocation: https://other.example\r\nContent-Length: 2",
    ],
)
def test_r9_an_answer_whose_head_two_readers_read_differently_is_no_answer(head: bytes) -> None:
    answer = b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\nok"
    with scripted(answer, closes=True) as (client, server), pytest.raises(NoAnswer):
        read(client, server.url)


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 2\r\nContent-Length: 2",
        b"Content-Type: multipart/mixed; boundary=a\r\nContent-Length: 2",
        b"Link: <a>,\r\n <b>\r\nContent-Length: 2",
    ],
)
def test_an_answer_whose_head_is_unusual_but_clear_is_read(head: bytes) -> None:
    with scripted(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\nok") as (client, server):
        assert read(client, server.url) == b"ok"


@pytest.mark.parametrize(
    "surplus", [b"x", WHOLE, b"HTTP/1.1 2"], ids=["a byte", "an answer", "half an answer"]
)
def test_a_connection_is_not_used_again_where_something_stood_behind_its_answer(surplus: bytes) -> None:
    """What comes later of it would be read as the answer to another request."""
    with scripted(WHOLE + surplus, WHOLE) as (client, server):
        assert [read(client, server.url) for _ in range(2)] == [b"ok", b"ok"]
    assert server.connections == 2


class Early:
    """A server that answers once it has the head of a request, and reads no more of it."""

    def __init__(self, answer: bytes) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, args=(answer,))
        self._thread.start()

    def _serve(self, answer: bytes) -> None:
        connection, _ = self._listener.accept()
        with connection:
            head = b""
            while b"\r\n\r\n" not in head:
                head += connection.recv(1000)
            connection.sendall(answer)

    def close(self) -> None:
        self._thread.join()
        self._listener.close()


def endless() -> Iterator[bytes]:
    """More than any buffer takes, so that sending ends with the server's refusal to read."""
    while True:
        yield bytes(1 << 20)


def test_r11_a_refusal_that_comes_while_a_request_is_sent_is_the_answer() -> None:
    """Of a token that is no longer good, or a file that is too large: the cause stays."""
    refusal = b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig"
    headers = {"Content-Length": str(1 << 40)}
    with (
        contextlib.closing(Early(refusal)) as server,
        GuardedClient([server.url], unsafe_loopback=True) as client,
    ):
        with client.open("POST", server.url, headers=headers, body=endless()) as answer:
            assert (answer.status, answer.read(100)) == (413, b"big")
        assert not len(client._idle[server.url]), "the request was not sent to its end"


@pytest.mark.parametrize("answer", [WHOLE, b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", b"", b"what?"])
def test_r3_no_success_is_believed_of_a_request_that_was_sent_in_part(answer: bytes) -> None:
    with (
        contextlib.closing(Early(answer)) as server,
        GuardedClient([server.url], unsafe_loopback=True) as client,
    ):
        headers = {"Content-Length": str(1 << 40)}
        with pytest.raises(NoAnswer):
            client.open("POST", server.url, headers=headers, body=endless())


def test_no_more_connections_wait_than_are_allowed() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=MAX_IDLE + 1) as listener:
        port = listener.getsockname()[1]
        server, hop = (
            Server(f"http://127.0.0.1:{port}", "127.0.0.1", port),
            Hop("127.0.0.1", port, is_proxy=False),
        )
        idle = Idle()
        opened = [connected(server, [hop], tls=None, waits=Waits(5, 5)) for _ in range(MAX_IDLE + 1)]
        for connection in opened:
            idle.keep(connection)
        assert len(idle) == MAX_IDLE
        assert opened[-1].sock is None
        idle.close()
        assert not len(idle)
