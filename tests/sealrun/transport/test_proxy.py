"""Through an operator's proxy: what is still checked, and that nothing else leads there (rule L9)."""

import socket
import ssl
import threading
from collections.abc import Iterator

import pytest

from sealrun.errors import Malformed, ProviderBusy
from sealrun.transport.failures import Blocked, ConnectError
from sealrun.transport.http import GuardedClient
from sealrun.transport.proxy import proxy_url
from sealrun.transport.rest import Reader
from tests.sealrun.transport.test_http import _Tls as Tls
from tests.sealrun.transport.test_http import tls  # noqa: F401  a fixture

ORIGIN = "https://gitlab.example"


class Proxy:
    """A proxy on loopback that resolves one name itself, and notes which tunnels it was asked for."""

    def __init__(self, target: int, *, answer: bytes = b"200 Connection established") -> None:
        self._target, self._answer = target, answer
        self.asked: list[str] = []
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        """Stop listening; tunnels end with their connections."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for open_socket in self._sockets:
            open_socket.close()
        for thread in self._threads:
            thread.join(timeout=5)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._sockets.append(client)
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += client.recv(1)
            self.asked.append(head.split(b"\r\n")[0].decode())
            client.sendall(b"HTTP/1.1 " + self._answer + b"\r\n\r\n")
            if not self._answer.startswith(b"200"):
                client.close()
                continue
            server = socket.create_connection(("127.0.0.1", self._target))
            self._sockets.append(server)
            for one, other in ((client, server), (server, client)):
                self._threads.append(threading.Thread(target=_copy, args=(one, other), daemon=True))
                self._threads[-1].start()


def _copy(one: socket.socket, other: socket.socket) -> None:
    try:
        while piece := one.recv(65536):
            other.sendall(piece)
        other.shutdown(socket.SHUT_WR)
    except OSError:
        pass


@pytest.fixture
def proxy(tls: Tls) -> Iterator[Proxy]:  # noqa: F811
    made = Proxy(tls.port)
    yield made
    made.close()


def trusting(tls: Tls) -> ssl.SSLContext:  # noqa: F811
    return ssl.create_default_context(cafile=str(tls.certificate))


def unresolved(host: str, _port: int) -> list[str]:
    if host == "127.0.0.1":  # the proxy's own address
        return [host]
    raise AssertionError(f"{host} was to be resolved by the proxy")


@pytest.mark.peers
def test_a_name_is_resolved_by_the_proxy_and_its_certificate_is_checked_here(tls: Tls, proxy: Proxy) -> None:  # noqa: F811
    named = {"resolve": unresolved, "verify": trusting(tls), "proxy": proxy.url, "unsafe_loopback": True}
    other = "https://other.example"
    with GuardedClient([ORIGIN, other], **named) as client:  # type: ignore[arg-type]
        assert client.open("GET", f"{ORIGIN}/x").status == 204
        with pytest.raises(ConnectError) as refused:
            client.open("GET", other)
    assert "certificate verify failed" in str(refused.value.__cause__)
    assert proxy.asked == ["CONNECT gitlab.example:443 HTTP/1.1", "CONNECT other.example:443 HTTP/1.1"]
    assert tls.asked_names[0] == "gitlab.example"


@pytest.mark.peers
def test_hosts_of_a_private_network_are_reached_without_the_proxy(tls: Tls, proxy: Proxy) -> None:  # noqa: F811
    origin = f"https://gitlab.example:{tls.port}"
    with GuardedClient(
        [origin],
        resolve=lambda _host, _port: ["127.0.0.1"],
        verify=trusting(tls),
        private_hosts=["gitlab.example"],
        proxy=proxy.url,
        unsafe_loopback=True,
    ) as client:
        assert client.open("GET", origin).is_success
    assert proxy.asked == []


@pytest.mark.peers
def test_r11_a_proxy_that_refuses_is_told_in_its_words_and_nothing_was_sent(tls: Tls) -> None:  # noqa: F811
    refusing = Proxy(tls.port, answer=b"403 Forbidden by policy")
    with (
        GuardedClient([ORIGIN], resolve=unresolved, proxy=refusing.url, unsafe_loopback=True) as client,
        pytest.raises(ProviderBusy, match=r"nothing was sent \(ProxyError: 403 Forbidden by policy\)"),
        Reader("gitlab").translated(),
    ):
        client.open("POST", ORIGIN)
    refusing.close()


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "::1", "fd00:ec2::254"])
def test_l9_the_proxys_own_address_is_checked(address: str) -> None:
    with (
        GuardedClient([ORIGIN], resolve=lambda *_: [address], proxy="http://proxy.example:3128") as client,
        pytest.raises(Blocked, match=r"expected a public address, got another for proxy\.example"),
    ):
        client.open("GET", ORIGIN)


@pytest.mark.parametrize("host", ["10.0.0.1", "169.254.169.254", "127.0.0.1", "[::1]"])
def test_l9_an_address_in_a_url_is_checked_here_and_not_left_to_the_proxy(host: str) -> None:
    origin = f"https://{host}"
    with (
        GuardedClient([origin], proxy="http://proxy.example:3128") as client,
        pytest.raises(Blocked, match="expected a public address"),
    ):
        client.open("GET", origin)


def test_l9_other_origins_are_refused_before_the_proxy_is_asked() -> None:
    with (
        GuardedClient([ORIGIN], resolve=unresolved, proxy="http://proxy.example:3128") as client,
        pytest.raises(Blocked, match="expected an allowed origin"),
    ):
        client.open("GET", "https://other.example")


@pytest.mark.parametrize(
    "text",
    [
        "https://proxy:3128",
        "http://proxy",
        "http://me:secret@proxy:3128",
        "proxy:3128",
        "http://proxy:3128/x",
    ],
)
def test_a_proxy_is_a_host_and_a_port_and_no_password_is_repeated(text: str) -> None:
    with pytest.raises((ValueError, Malformed)) as refused:
        proxy_url(text)
    assert "secret" not in str(refused.value)
