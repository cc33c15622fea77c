"""A provider whose certificate an own authority signed is reached where the seller names that authority."""

import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
from typer.testing import CliRunner
from werkzeug import Response

from local.loopback import LoopbackServer, Request, json_reply
from sealrun.errors import PinnerAway, SealrunError
from sealrun.providers.github.kind import RESULT_ORIGINS
from sealrun.transport import http
from sealrun.transport.connections import Hop, Server
from sealrun.transport.failures import Blocked, ConnectError
from sealrun_cli.commands import check, deploy, pin
from sealrun_cli.lib import background, check_run
from sealrun_cli.lib.contracts import environment
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.github_account import GitHubAccount
from sealrun_cli.lib.gitlab_account import GitLabAccount
from sealrun_cli.lib.outgoing import (
    ARTIFACT_ORIGINS,
    PRIVATE_HOSTS,
    PROXY,
    VARIABLE,
    authorities,
    for_node,
    for_service,
    open_client,
    open_guarded,
    session,
)
from sealrun_cli.lib.output import Output
from sealrun_cli.lib.tools import _node
from sealrun_cli.main import app
from tests.sealrun.market import Market
from tests.sealrun.transport.test_http import _Tls as Tls
from tests.sealrun.transport.test_proxy import Proxy
from tests.sealrun.world import make_offer, offer_value


@pytest.fixture
def tls(tmp_path: Path) -> Iterator[Tls]:
    server = Tls(tmp_path, "localhost")
    yield server
    server.close()


@pytest.mark.peers
def test_an_own_authority_is_trusted_where_it_is_named(tls: Tls, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"https://localhost:{tls.port}/"
    with pytest.raises(requests.exceptions.SSLError):
        session().get(url, timeout=5)
    with pytest.raises(CliError, match=r"got SSLError: .*certificate verify failed"):
        GitLabAccount(url.rstrip("/")).project("7")
    monkeypatch.setenv(VARIABLE, str(tls.certificate))
    assert session().get(url, timeout=5).is_redirect is False
    assert authorities() is not None
    with pytest.raises(CliError) as told:  # it answers, though not as GitLab does
        GitLabAccount(url.rstrip("/")).project("7")
    assert "SSL" not in told.value.detail


def test_a_file_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "/nowhere.pem")
    for ask in (lambda: GitLabAccount("https://gitlab.example").project("7"), authorities):
        with pytest.raises(CliError, match="expected a PEM file of certificates, got FileNotFoundError at"):
            ask()
    with pytest.raises(CliError, match="expected a PEM file"):
        GitHubAccount("https://github.example", "token").holder()


@pytest.mark.peers
def test_every_client_of_the_command_trusts_the_same_authorities(
    tls: Tls, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mina nodes, the service and GitHub's secrets are reached by the first, GitHub by the second."""
    url = f"https://localhost:{tls.port}"
    with open_client() as client, pytest.raises(httpx.ConnectError, match="certificate verify failed"):
        client.get(url)
    with open_guarded([url]) as guarded, pytest.raises(ConnectError) as refused:
        guarded.open("GET", url)
    assert "certificate verify failed" in str(refused.value.__cause__)
    with pytest.raises(PinnerAway, match="certificate verify failed"):
        _pinned(f"kubo:{url}")
    monkeypatch.setenv(VARIABLE, str(tls.certificate))
    with open_client() as client:
        assert client.get(url).is_success
    with open_guarded([url]) as guarded:
        assert guarded.open("GET", url).is_success
    assert for_node() == {"NODE_EXTRA_CA_CERTS": str(tls.certificate), "NODE_USE_ENV_PROXY": "0"}


@pytest.mark.peers
def test_the_command_goes_through_the_proxy_that_is_named_and_through_no_other(
    tls: Tls, monkeypatch: pytest.MonkeyPatch
) -> None:
    through = Proxy(tls.port)
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv(VARIABLE, str(tls.certificate))
    monkeypatch.setenv(PROXY, through.url)
    try:
        with open_client() as client, pytest.raises(httpx.ConnectError, match="certificate verify failed"):
            client.get("https://named.example")  # the server's certificate is one of localhost
        with session() as asked, pytest.raises(requests.exceptions.SSLError):
            asked.get("https://other.example", timeout=5)
        with open_client() as client:
            assert client.get(f"https://localhost:{tls.port}").is_success
    finally:
        through.close()
    asked_for = [line.split()[1] for line in through.asked]
    assert asked_for == ["named.example:443", "other.example:443"]


def test_r1_a_sellers_token_leaves_for_no_other_origin_by_a_redirect() -> None:
    """python-gitlab follows redirects, and its header with the token is none that requests takes off."""
    asked: list[str] = []

    def elsewhere(request: Request) -> Response:
        asked.append(request.headers.get("PRIVATE-TOKEN", ""))
        return json_reply(200, {"id": 1, "user_id": 7, "scopes": ["api"], "expires_at": None})

    def home(request: Request) -> Response:
        if request.path.endswith("/self"):
            return Response(status=302, headers={"location": f"{other.url}{request.path}"})
        if request.path.endswith("/7"):
            return Response(status=301, headers={"location": "/api/v4/projects/8"})
        return json_reply(200, {"id": 8, "path_with_namespace": "g/new"})

    with LoopbackServer(elsewhere, max_body=1) as other, LoopbackServer(home, max_body=1) as server:
        account = GitLabAccount(server.url, "glpat-of-the-seller")
        with pytest.raises(CliError, match="expected GitLab to answer, got RedirectElsewhere"):
            account.holder()
        assert account.project("7").id == 8
    assert asked == []


@pytest.mark.peers
def test_the_contracts_tools_go_through_the_proxy_that_is_named_and_through_no_other(
    tls: Tls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Node reads both spellings of each variable, the lower case first."""
    through, other = Proxy(tls.port), Proxy(tls.port)
    program = tmp_path / "ask.mjs"
    program.write_text("await fetch(process.argv[2]).catch(() => {})")

    def ask(host: str) -> None:
        url = f"https://{host}:{tls.port}/"
        subprocess.run([_node(), program, url], env=environment(), check=True, timeout=30)

    monkeypatch.setenv(VARIABLE, str(tls.certificate))
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, other.url)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "named.example")
    monkeypatch.setenv("NODE_USE_ENV_PROXY", "1")
    try:
        monkeypatch.setenv(PROXY, through.url)
        ask("named.example")
        ask("localhost")
        monkeypatch.setenv(PROXY, "")
        ask("other.example")
    finally:
        through.close()
        other.close()
    asked_for = [line.split()[1] for line in through.asked]
    assert (asked_for, other.asked) == ([f"named.example:{tls.port}"], [])


def test_a_service_of_another_folder_has_the_whole_path_and_the_proxy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    for name in (PROXY, PRIVATE_HOSTS, ARTIFACT_ORIGINS):
        monkeypatch.delenv(name, raising=False)
    assert for_service() == {}
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(VARIABLE, "own.pem")
    monkeypatch.setenv(PROXY, "http://proxy.example:3128/")
    assert for_service() == {VARIABLE: str(tmp_path / "own.pem"), PROXY: "http://proxy.example:3128"}


def test_deploy_local_hands_on_how_others_are_reached_and_no_other_setting(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv(PROXY, "http://proxy.example:3128")
    monkeypatch.setenv("SEALRUN_STORE", "sqlite:////elsewhere.db")
    monkeypatch.setenv(PRIVATE_HOSTS, "ci.corp")
    monkeypatch.setenv(ARTIFACT_ORIGINS, "https://files.corp")
    monkeypatch.setattr(deploy, "found_sandbox", lambda _: {"storage": "http://127.0.0.1:9000"})
    heard: dict[str, str] = {}

    def start(*_given: object, environment: dict[str, str], **_named: object) -> None:
        heard.update(environment)
        raise CliError("local", "it was asked to start")

    monkeypatch.setattr(background, "start", start)
    with pytest.raises(CliError, match="it was asked to start"):
        deploy._start(tmp_path, "here", make_offer(), "", Output(as_json=False))
    named = {name: each for name, each in heard.items() if name.startswith("SEALRUN_")}
    assert named == {
        "SEALRUN_UNSAFE_LOOPBACK": "1",
        PRIVATE_HOSTS: "ci.corp",
        ARTIFACT_ORIGINS: "http://127.0.0.1:9000 https://files.corp",
        PROXY: "http://proxy.example:3128",
    }


def test_options_reach_every_part_of_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "")
    monkeypatch.setenv(PROXY, "")
    flags = ["--tls-authorities", "/nowhere.pem", "--proxy", "http://user:pass@proxy.example:1"]
    done = CliRunner().invoke(app, [*flags, "evidence", f"https://ci.example/calls/{5:064x}", "--to", "x"])
    assert (done.exit_code, "expected a PEM file" in done.output) == (1, True), done.output
    monkeypatch.setenv(VARIABLE, "")
    with pytest.raises(CliError, match="expected http://host:port without user") as refused:
        open_client()
    assert "pass" not in refused.value.detail


@pytest.fixture
def private(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hosts that are connected to, in a network where every name has an address of its own."""
    asked: list[str] = []

    def connected(server: Server, _hops: list[Hop], **_named: object) -> Any:
        asked.append(server.host)
        raise ConnectError("nobody is there")

    found = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.1.2.3", 443))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_asked, **_named: [found])
    monkeypatch.setattr(http, "connected", connected)
    monkeypatch.delenv(PROXY, raising=False)
    return asked


def _a_run(source: dict[str, Any], origin: str) -> None:
    """What ``check --run`` asks ``origin`` for, of an offer of this source."""
    source = {**offer_value()["source"], **source}
    with check_run.opened(make_offer(source=source), "token", Output(as_json=False)) as run:
        run.trial.provider._rest._client.open("GET", f"{origin}/x")  # type: ignore[attr-defined]


def _pinned(to: str) -> None:
    (pinner,) = pin.open_pinners(to, "", "unused")
    pinner.holds("bafy", seconds=5)


def _looked_at() -> None:
    offer = Market().offer
    assert offer.payment is not None
    check._price_found(offer.payment.prices[0], offer, "https://mina.corp/graphql")


GHES = {
    "provider": "github",
    "origin": "https://github.corp:8443",
    "project": "a/b",
    "configuration": {"path": ".github/workflows/j.yml", "sha256": "4b" * 32, "includes": []},
}


@pytest.mark.parametrize(
    ("host", "ask"),
    [
        ("github.corp", lambda: GitHubAccount("https://github.corp:8443", "token").holder()),
        ("github.corp", lambda: GitHubAccount("https://GitHub.corp.", "token").holder()),
        ("github.corp", lambda: _a_run(GHES, "https://github.corp:8443")),
        ("files.corp", lambda: _a_run(GHES, "https://files.corp")),
        ("files.corp", lambda: _a_run({"origin": "https://gitlab.corp"}, "https://files.corp")),
        ("ipfs.corp", lambda: _pinned("kubo:https://ipfs.corp")),
        ("mina.corp", _looked_at),
    ],
)
def test_a_server_that_its_user_named_may_be_in_a_private_network(
    private: list[str], monkeypatch: pytest.MonkeyPatch, host: str, ask: Callable[[], None]
) -> None:
    """A GitHub Enterprise Server, as a GitLab; a CI's storage, IPFS and Mina nodes, as in a stack."""
    monkeypatch.setenv(ARTIFACT_ORIGINS, "https://files.corp")
    with pytest.raises((CliError, SealrunError, ConnectError)) as told:
        ask()
    assert "public address" not in str(told.value)
    assert private == [host]


def test_l9_a_server_that_nobody_named_may_not(private: list[str]) -> None:
    with pytest.raises(Blocked, match="expected a public address"):
        _a_run({**GHES, "origin": "https://api.github.com"}, RESULT_ORIGINS[0])
    assert private == []
