"""The guarded client talks to public addresses of allowed origins only (rule L9)."""

import http.server
import ipaddress
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sealrun.encoding.origins import canonical_origin
from sealrun.errors import ProviderBusy
from sealrun.transport.addresses import is_public
from sealrun.transport.authorities import trusting
from sealrun.transport.connections import Server
from sealrun.transport.failures import Blocked, ConnectError, ConnectTimeout, NoAnswer, ReadTimeout, TooLong
from sealrun.transport.http import Answer, GuardedClient, _server, follow
from sealrun.transport.rest import Reader
from tests.outgoing import HttpxClient

ORIGIN = "https://gitlab.example"
TOKEN = {"PRIVATE-TOKEN": "glpat-secret"}

PRIVATE = [
    "0.0.0.0",  # noqa: S104  an address to refuse
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "127.8.8.8",
    "169.254.100.1",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "ff02::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_l9_private_addresses_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "172.65.251.78", "2606:4700:90:0:f22e:fbec:5bed:a9b9"])
def test_l9_public_addresses_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", PRIVATE)
def test_l9_a_name_with_a_private_address_is_refused_before_anything_is_sent(address: str) -> None:
    asked: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(f"{host}:{port}")
        return ["8.8.8.8", address]

    with (
        GuardedClient([ORIGIN], resolve=resolve) as client,
        pytest.raises(Blocked, match="expected a public address"),
    ):
        client.open("GET", ORIGIN)
    assert asked == ["gitlab.example:443"]


def test_l9_the_refusal_does_not_name_the_private_address() -> None:
    with (
        GuardedClient([ORIGIN], resolve=lambda _host, _port: ["10.1.2.3"]) as client,
        pytest.raises(Blocked) as refused,
    ):
        client.open("GET", ORIGIN)
    assert "10.1.2.3" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "https://other.example/",
        "https://gitlab.example:8443/",
        "https://gitlab.example.evil.example/",
        "http://gitlab.example/",
        "https://127.0.0.1/",
    ],
)
def test_l9_other_origins_are_refused_without_asking_for_their_address(url: str) -> None:
    def resolve(host: str, port: int) -> list[str]:
        raise AssertionError(f"asked for {host}:{port}")

    with (
        GuardedClient([ORIGIN], resolve=resolve) as client,
        pytest.raises(Blocked, match="expected an allowed origin"),
    ):
        client.open("GET", url)


def test_l9_user_information_in_a_url_is_refused() -> None:
    with GuardedClient([ORIGIN]) as client, pytest.raises(Blocked, match="user information"):
        client.open("GET", "https://user:word@gitlab.example/")


@pytest.mark.parametrize("origin", ["http://gitlab.example", "http://127.0.0.1:8080", "ftp://gitlab.example"])
def test_l9_only_https_origins_can_be_allowed(origin: str) -> None:
    with pytest.raises(ValueError, match="expected https://"):
        GuardedClient([origin])


def test_l9_loopback_needs_the_unsafe_switch_and_gets_no_more_than_loopback() -> None:
    GuardedClient(["http://127.0.0.1:8080"], unsafe_loopback=True).close()
    with pytest.raises(ValueError, match="expected https://"):
        GuardedClient(["http://10.0.0.1"], unsafe_loopback=True)


@pytest.mark.parametrize("origin", ["https://gitlab.example/", "https://gitlab.example/path", "https://a@b"])
def test_an_origin_is_nothing_but_an_origin(origin: str) -> None:
    with pytest.raises(ValueError, match="origin: expected"):
        GuardedClient([origin])


def test_l9_a_name_without_an_address_is_a_connect_error() -> None:
    with (
        GuardedClient([ORIGIN], resolve=lambda _host, _port: []) as client,
        pytest.raises(ConnectError, match="no address"),
    ):
        client.open("GET", ORIGIN)


def test_l11_a_look_up_that_does_not_end_is_not_waited_for() -> None:
    over = threading.Event()

    def resolve(_host: str, _port: int) -> list[str]:
        over.wait(30)
        return ["203.0.113.7"]

    began = time.monotonic()
    with (
        GuardedClient([ORIGIN], resolve=resolve, request_seconds=0.2) as client,
        pytest.raises(ConnectTimeout, match=r"expected an address of .* in time, got none"),
    ):
        client.open("GET", ORIGIN)
    over.set()
    assert time.monotonic() - began < 5


def test_l9_the_environment_sets_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    with (
        GuardedClient([ORIGIN], resolve=lambda _host, _port: ["10.0.0.1"]) as client,
        pytest.raises(Blocked),
    ):
        client.open("GET", ORIGIN)


class Hop:
    """A fake network: each URL redirects to the next, the last answers; headers are kept."""

    def __init__(self, *urls: str) -> None:
        self.urls, self.seen = list(urls), list[httpx.Request]()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        place = self.urls.index(str(request.url))
        if place + 1 < len(self.urls):
            return httpx.Response(302, headers={"location": self.urls[place + 1]})
        return httpx.Response(200, content=b"bytes")


def _follow(hop: Hop, *, origins: tuple[str, ...]) -> bytes:
    with (
        HttpxClient(transport=httpx.MockTransport(hop)) as client,
        follow(client, hop.urls[0], credential=TOKEN, origins=origins) as answer,
    ):
        return answer.read(100)


def test_l9_the_token_does_not_leave_its_origin() -> None:
    hop = Hop(f"{ORIGIN}/a", "https://storage.example/b")
    assert _follow(hop, origins=("https://storage.example",)) == b"bytes"
    assert "private-token" in hop.seen[0].headers
    assert "private-token" not in hop.seen[1].headers


def test_l9_the_token_does_not_come_back_after_it_was_taken_off() -> None:
    hop = Hop(f"{ORIGIN}/a", "https://storage.example/b", f"{ORIGIN}/c")
    _follow(hop, origins=("https://storage.example",))
    assert ["private-token" in request.headers for request in hop.seen] == [True, False, False]


def test_l9_the_token_stays_within_its_origin() -> None:
    hop = Hop(f"{ORIGIN}/a", f"{ORIGIN}/b")
    _follow(hop, origins=())
    assert "private-token" in hop.seen[1].headers


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "http://gitlab.example/b", "//evil.example/", "http://127.0.0.1/"]
)
def test_l9_a_redirect_out_of_the_allowed_origins_is_refused(target: str) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.host == "gitlab.example"
        return httpx.Response(302, headers={"location": target})

    with (
        HttpxClient(transport=httpx.MockTransport(answer)) as client,
        pytest.raises(Blocked, match="redirect: expected an allowed origin"),
        follow(client, f"{ORIGIN}/a", credential=TOKEN, origins=()),
    ):
        pass


def test_l9_three_redirects_are_followed_and_no_fourth() -> None:
    paths = [f"{ORIGIN}/{name}" for name in "abcde"]
    assert _follow(Hop(*paths[:4]), origins=()) == b"bytes"
    with pytest.raises(TooLong, match="at most 3"):
        _follow(Hop(*paths), origins=())


def test_a_redirect_without_a_place_is_refused() -> None:
    with (
        HttpxClient(transport=httpx.MockTransport(lambda _: httpx.Response(302))) as client,
        pytest.raises(Blocked, match="expected a location"),
        follow(client, ORIGIN, credential={}, origins=()),
    ):
        pass


def test_a_body_over_the_limit_is_given_up_before_it_is_read() -> None:
    read: list[int] = []

    def pieces() -> Iterator[bytes]:
        for number in range(1000):
            read.append(number)
            yield b"x" * 10

    with pytest.raises(TooLong, match="at most 25 bytes"):
        Answer(200, {}, pieces()).read(25)
    assert read == [0, 1, 2]


def test_a_body_of_exactly_the_limit_is_read() -> None:
    assert Answer(200, {}, [b"12", b"345"]).read(5) == b"12345"


def test_a_compressed_body_is_refused() -> None:
    with pytest.raises(TooLong, match="compressed"):
        Answer(200, {"content-encoding": "gzip"}, [b"x"]).read(100)


def test_a_body_that_takes_too_long_as_a_whole_is_given_up() -> None:
    with pytest.raises(ReadTimeout, match="within -1 s"):
        Answer(200, {}, [b"x", b"y"]).read(100, seconds=-1)


class _Tls:
    """A TLS server on loopback under a name of its own; it notes what it was asked for."""

    def __init__(self, folder: Path, name: str) -> None:
        self.asked_names: list[str | None] = []
        self.hosts: list[str | None] = []
        self.certificate = folder / "certificate.pem"
        self._write_certificate(folder / "key.pem", name)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, folder / "key.pem")
        context.sni_callback = lambda _socket, asked, _context: self.asked_names.append(asked)
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            timeout = 5.0  # also of a handshake, which whoever else connects to this port never begins

            def do_GET(self) -> None:
                outer.hosts.append(self.headers["host"])
                has_body = self.path in ("/whole", "/cut")
                self.send_response(200 if has_body else 204)
                self.end_headers()
                if has_body:
                    self.wfile.write(b"ok")
                if self.path == "/whole":
                    self.connection.unwrap()  # says that this is all

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
                pass

        class Server(http.server.HTTPServer):
            def handle_error(self, request: object, client_address: object) -> None:
                """A client that does not trust the certificate hangs up: expected here."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.socket = context.wrap_socket(
            self.server.socket, server_side=True, do_handshake_on_connect=False
        )
        self.port = self.server.server_port
        self._thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()

    def _write_certificate(self, key_file: Path, name: str) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        now = datetime.now(UTC)
        names = [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.2"))]
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(key, hashes.SHA256())
        )
        self.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        key_file.write_bytes(key.private_bytes(pem, form, serialization.NoEncryption()))


@pytest.fixture
def tls(tmp_path: Path) -> Iterator[_Tls]:
    server = _Tls(tmp_path, "gitlab.example")
    yield server
    server.close()


@pytest.mark.peers
def test_l9_the_connection_goes_to_the_checked_address_under_the_asked_name(tls: _Tls) -> None:
    """The second answer of a rebinding DNS server is never asked for."""
    answers = iter([["127.0.0.1"]])
    origin = f"https://gitlab.example:{tls.port}"
    trust = ssl.create_default_context(cafile=str(tls.certificate))
    with GuardedClient(
        [origin], resolve=lambda _host, _port: next(answers), verify=trust, unsafe_loopback=True
    ) as client:
        assert client.open("GET", origin).status == 204
    assert tls.asked_names == ["gitlab.example"]
    assert tls.hosts == [f"gitlab.example:{tls.port}"]


@pytest.mark.peers
def test_l9_tls_verifies_the_name_and_not_the_address(tls: _Tls) -> None:
    origin = f"https://other.example:{tls.port}"
    trust = ssl.create_default_context(cafile=str(tls.certificate))
    with (
        GuardedClient(
            [origin], resolve=lambda _host, _port: ["127.0.0.1"], verify=trust, unsafe_loopback=True
        ) as client,
        pytest.raises(ConnectError) as refused,
    ):
        client.open("GET", origin)
    assert "certificate verify failed" in str(refused.value.__cause__)
    assert tls.hosts == []


@pytest.mark.peers
def test_the_next_address_is_tried_when_one_does_not_connect(tls: _Tls) -> None:
    origin = f"https://gitlab.example:{tls.port}"
    trust = ssl.create_default_context(cafile=str(tls.certificate))
    with GuardedClient(
        [origin], resolve=lambda _host, _port: ["::1", "127.0.0.1"], verify=trust, unsafe_loopback=True
    ) as client:
        assert client.open("GET", origin).status == 204


@pytest.mark.peers
def test_r9_a_body_without_a_length_that_tls_does_not_end_is_no_answer(tls: _Tls) -> None:
    """Whoever stands on the way can end a connection, but not TLS."""
    origin = f"https://gitlab.example:{tls.port}"
    trust = ssl.create_default_context(cafile=str(tls.certificate))
    trust.options |= ssl.OP_IGNORE_UNEXPECTED_EOF  # as Python 3.11.2 has it by itself
    with GuardedClient(
        [origin], resolve=lambda _host, _port: ["127.0.0.1"], verify=trust, unsafe_loopback=True
    ) as client:
        with client.open("GET", f"{origin}/whole") as answer:
            assert answer.read(10) == b"ok"
        with client.open("GET", f"{origin}/cut") as answer, pytest.raises(NoAnswer):
            answer.read(10)


@pytest.mark.peers
def test_an_authority_of_ones_own_is_trusted_beside_the_public_ones(tls: _Tls) -> None:
    origin = f"https://gitlab.example:{tls.port}"
    trust = trusting(str(tls.certificate))
    assert trust.cert_store_stats()["x509_ca"] > 1
    with GuardedClient(
        [origin], verify=trust, resolve=lambda _host, _port: ["127.0.0.1"], unsafe_loopback=True
    ) as client:
        assert client.open("GET", origin).is_success


@pytest.mark.peers
def test_r11_an_untrusted_authority_is_named_with_tlss_own_reason(tls: _Tls) -> None:
    origin = f"https://gitlab.example:{tls.port}"
    with (
        GuardedClient([origin], resolve=lambda _host, _port: ["127.0.0.1"], unsafe_loopback=True) as client,
        pytest.raises(ProviderBusy, match=r"nothing was sent \(ConnectError: .*certificate verify failed"),
        Reader("gitlab").translated(),
    ):
        client.open("GET", origin)


@pytest.mark.parametrize(
    ("address", "reached"),
    [("10.1.2.3", True), ("192.168.7.1", True), ("fd00::1", True)]
    + [
        (address, False)
        for address in ("127.0.0.1", "169.254.169.254", "::1", "fe80::1", "::ffff:10.0.0.1", "fd00:ec2::254")
    ],
)
def test_l9_a_private_network_is_reached_by_named_hosts_alone(address: str, *, reached: bool) -> None:
    """Loopback and link-local addresses stay closed: Lambda's own runtime API and metadata lie there."""
    for host, allowed in (("https://gitlab.internal", reached), ("https://other.internal", False)):
        client = GuardedClient(
            [host], resolve=lambda _host, _port: [address], private_hosts=["gitlab.internal"]
        )
        server = Server(host, host.removeprefix("https://"), 443)
        if allowed:
            assert [hop.address for hop in client._hops(server)] == [address]
            continue
        with pytest.raises(Blocked, match="expected a public address"):
            client._hops(server)


@pytest.mark.parametrize(
    ("named", "origin"),
    [
        ("CI.Corp.", "https://ci.corp:8443"),
        ("bücher.corp", "https://xn--bcher-kva.corp"),
        ("10.1.2.3", "https://10.1.2.3"),
        ("fd00::1", "https://[fd00::1]:8443"),
        ("[fd00:0::1]", "https://[fd00::1]"),
    ],
)
def test_a_private_host_is_one_in_any_spelling(named: str, origin: str) -> None:
    client = GuardedClient([origin], resolve=lambda _host, _port: ["10.1.2.3"], private_hosts=[named])
    assert client._hops(_server(canonical_origin(origin)))


@pytest.mark.parametrize(
    "named", ["ci.corp:8443", "https://ci.corp", "ci.corp/gitlab", "a,b", "user@ci.corp"]
)
def test_a_private_host_that_would_never_match_is_refused(named: str) -> None:
    with pytest.raises(ValueError, match="private host: expected a name such as"):
        GuardedClient([], private_hosts=[named])


def test_l11_files_that_one_offer_streams_leave_connections_for_others_of_the_same_origin() -> None:
    """In one process all offers of a GitLab share its connections; a stream holds one for minutes."""
    released = threading.Event()

    class Streams(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "1")
            self.end_headers()
            if self.path == "/file":
                released.wait()
            self.wfile.write(b"x")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Streams)
    server.daemon_threads = True
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    origin = f"http://127.0.0.1:{server.server_port}"
    try:
        with GuardedClient([origin], unsafe_loopback=True) as client:
            streams = [client.open("GET", f"{origin}/file") for _ in range(20)]
            assert client.open("GET", f"{origin}/small").read(1) == b"x"
            released.set()
            assert [stream.read(1) for stream in streams] == [b"x"] * 20
            for stream in streams:
                stream.close()
    finally:
        released.set()
        server.shutdown()
        serving.join()
        server.server_close()
