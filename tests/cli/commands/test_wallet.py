"""A development wallet: the key goes into the project's secrets and nowhere else."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from github import Auth, Github
from nacl.public import PrivateKey as BoxKey
from nacl.public import SealedBox
from typer.testing import CliRunner, Result

from mina.keys import PrivateKey
from sealrun_cli.commands import wallet as command
from sealrun_cli.main import app
from tests.cli.web import Asked, Web, web

VARIABLES = "/api/v4/projects/7/variables"
SECRETS = "/repos/seller/job/actions/secrets"
BOX = BoxKey.generate()
PUBLIC = {"key": base64.b64encode(bytes(BOX.public_key)).decode(), "key_id": "33"}


@pytest.fixture
def site() -> Iterator[Web]:
    """A GitLab, a GitHub and a faucet, as far as a wallet needs them."""

    def made(asked: Asked) -> tuple[int, Any]:
        return 201, {**asked.body, "variable_type": "env_var"}

    with web(
        {
            f"GET {VARIABLES}": (200, [{"key": "OTHER", "value": None}]),
            f"POST {VARIABLES}": made,
            f"DELETE {VARIABLES}/OTHER": (204, None),
            f"GET {SECRETS}/public-key": (200, PUBLIC),
            f"GET {SECRETS}/OTHER": (200, {"name": "OTHER"}),
            f"PUT {SECRETS}/SEALRUN_WALLET": (201, {}),
            "POST /faucet": (200, {"status": "success"}),
            "POST /dry": (429, {"status": "rate-limit"}),
        }
    ) as running:
        yield running


def wallet(site: Web, provider: str, *more: str, faucet: str = "/faucet") -> Result:
    project = {"gitlab": "7", "github": "seller/job"}[provider]
    named = ["--provider", provider, "--origin", site.url, "--project", project, "--token-file", "-"]
    paid = ["--faucet", f"{site.url}{faucet}" if faucet else ""]
    return CliRunner().invoke(app, ["wallet", *more, *named, *paid, "--json"], input="the-token\n")


def told(done: Result) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(done.stdout)
    return value


def bodies(site: Web, method: str, path: str) -> list[Any]:
    return [asked.body for asked in site.asked if (asked.method, asked.path) == (method, path)]


def test_gitlab_keeps_it_masked_hidden_and_protected(site: Web) -> None:
    done = wallet(site, "gitlab")
    assert done.exit_code == 0, done.output
    (kept,) = bodies(site, "POST", VARIABLES)
    key = kept.pop("value")
    flags = {"masked": True, "masked_and_hidden": True, "protected": True, "raw": True}
    assert kept == {"key": "SEALRUN_WALLET", **flags}
    address = PrivateKey.from_base58(key).public_key().to_base58()
    assert told(done) == {"address": address, "variable": "SEALRUN_WALLET", "paid": True}
    assert bodies(site, "POST", "/faucet") == [{"address": address, "network": "devnet"}]
    assert key not in done.output
    assert {asked.headers.get("private-token") for asked in site.asked if asked.path == VARIABLES} == {
        "the-token"
    }


def test_github_gets_it_sealed_to_the_repositorys_key(site: Web) -> None:
    done = wallet(site, "github")
    assert done.exit_code == 0, done.output
    (kept,) = bodies(site, "PUT", f"{SECRETS}/SEALRUN_WALLET")
    assert kept["key_id"] == "33"
    key = SealedBox(BOX).decrypt(base64.b64decode(kept["encrypted_value"])).decode()
    assert PrivateKey.from_base58(key).public_key().to_base58() == told(done)["address"]
    assert key not in done.output


def test_the_secret_is_made_by_the_same_requests_as_pygithubs(site: Web) -> None:
    """PyGithub, which nobody here wrote, keeps a secret; ours is that request with another box in it."""
    site.answers[f"GET {SECRETS}/SEALRUN_WALLET"] = (200, {"name": "SEALRUN_WALLET"})
    with Github(auth=Auth.Token("the-token"), base_url=site.url, lazy=True) as client:
        client.get_repo("seller/job").create_secret("SEALRUN_WALLET", "a secret")
    theirs = [(asked.method, asked.path, sorted(asked.body or {})) for asked in site.asked]
    site.asked.clear()
    assert wallet(site, "github", "--force", faucet="").exit_code == 0
    ours = [(asked.method, asked.path, sorted(asked.body or {})) for asked in site.asked]
    put = [each for each in theirs if each[0] == "PUT"]
    assert put
    assert [each for each in ours if each[0] == "PUT"] == put
    assert ("GET", f"{SECRETS}/public-key", []) in theirs
    assert ("GET", f"{SECRETS}/public-key", []) in ours
    assert {asked.headers["authorization"] for asked in site.asked} == {"Bearer the-token"}


@pytest.mark.parametrize("provider", ["gitlab", "github"])
def test_a_secret_that_is_there_is_not_lost(site: Web, provider: str) -> None:
    done = wallet(site, provider, "OTHER")
    assert done.exit_code == 1
    assert told(done)["error"]["type"] == "conflict"
    assert {asked.method for asked in site.asked} == {"GET"}


def test_force_replaces_it(site: Web) -> None:
    assert wallet(site, "gitlab", "OTHER", "--force").exit_code == 0
    assert [asked.method for asked in site.asked if asked.path.startswith(VARIABLES)][-2:] == [
        "DELETE",
        "POST",
    ]


def test_mainnet_has_no_such_wallet(site: Web) -> None:
    done = wallet(site, "gitlab", "--network", "mina:mainnet")
    assert (done.exit_code, site.asked) == (1, [])
    assert "expected mina:devnet" in told(done)["error"]["detail"]


def test_a_faucet_that_does_not_pay_is_told_with_the_address(site: Web) -> None:
    done = wallet(site, "gitlab", faucet="/dry")
    assert done.exit_code == 1
    assert told(done)["paid"] is False
    assert f"ask for {told(done)['address']}" in done.stderr.replace("\n", " ")
    assert "429" in done.stderr


def test_a_token_that_may_not_is_refused_in_githubs_words(site: Web) -> None:
    site.answers[f"GET {SECRETS}/public-key"] = (403, {"message": "Resource not accessible"})
    done = wallet(site, "github")
    assert "403" in told(done)["error"]["detail"]
    assert "the-token" not in done.output


@pytest.mark.parametrize("key", ["", "AAAA", "A" * 43 + "="])
def test_a_key_that_nothing_can_be_sealed_to_is_refused(site: Web, key: str) -> None:
    site.answers[f"GET {SECRETS}/public-key"] = (200, {"key": key, "key_id": "1"})
    assert told(wallet(site, "github"))["error"]["detail"] == "secrets: expected a key to seal to, got none"


@pytest.mark.parametrize("path", ["", "/", "/api/v3", "/api/v3/"])
def test_a_github_enterprise_server_is_asked_below_its_api(
    monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """It knows no newer version of the API (https://docs.github.com/en/enterprise-server/rest)."""
    asked: list[tuple[str, str]] = []

    class Service:
        def __init__(self, _http: object) -> None:
            pass

        def send(self, _method: str, url: str, *, headers: Any, body: Any = None) -> httpx.Response:
            asked.append((url, headers["X-GitHub-Api-Version"]))
            if url.endswith("/public-key"):
                return httpx.Response(200, json=PUBLIC)
            return httpx.Response(204 if body else 404)

    monkeypatch.setattr(command, "Service", Service)
    named = ["--provider", "github", "--origin", f"https://github.corp{path}", "--project", "seller/job"]
    more = ["--token-file", "-", "--faucet", "", "--json"]
    assert CliRunner().invoke(app, ["wallet", *named, *more], input="the-token\n").exit_code == 0
    secret = f"https://github.corp/api/v3{SECRETS}"
    asked_for = [f"{secret}/{name}" for name in ("SEALRUN_WALLET", "public-key", "SEALRUN_WALLET")]
    assert asked == [(url, "2022-11-28") for url in asked_for]


def test_an_unknown_provider_is_named_also_without_an_origin() -> None:
    named = ["--provider", "acme", "--project", "seller/job", "--token-file", "-"]
    done = CliRunner().invoke(app, ["wallet", *named, "--json"], input="token")
    assert json.loads(done.stdout)["error"]["detail"].endswith("got 'acme'")
