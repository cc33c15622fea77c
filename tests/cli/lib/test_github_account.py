"""A seller's GitHub, asked by the command, against the local one."""

import json
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from local.github import GitHubServer
from local.github.store import Repository, Token
from local.repositories import git
from sealrun.offers.offer import Offer
from sealrun_cli.lib.check_github import github_findings
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.github_account import GitHubAccount, Holder, github_token_troubles
from sealrun_cli.lib.source_lookup import wanted_source
from sealrun_cli.main import app
from tests.sealrun.providers.github.samples import FILE, HEADER, WAITING, make_repository
from tests.sealrun.world import make_offer, offer_value

TODAY = date(2026, 11, 26)


@pytest.fixture(scope="module")
def seller(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_repository(tmp_path_factory.mktemp("github") / "seller", HEADER + WAITING)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitHubServer]:
    with GitHubServer(tmp_path / "state") as server:
        yield server


@pytest.fixture
def repository(server: GitHubServer, seller: Path) -> Repository:
    return server.create_repository("seller/job", seller)


def offer_of(server: GitHubServer, token: Token, seller: Path, **changes: Any) -> Offer:
    file = {"path": FILE, "sha256": "4b" * 32, "includes": []}
    commit = git(seller, "rev-parse", "v1")
    source = {"provider": "github", "origin": server.url, "project": "seller/job", "ref": "refs/tags/v1"}
    more = {"commit": commit, "configuration": file, "user": token.user.id, **changes}
    return make_offer(source={**offer_value()["source"], **source, **more})


def wrong(offer: Offer, token: Token) -> list[str]:
    """What must be put right."""
    found = list(github_findings(offer, token.value, today=TODAY))
    return [each.line for each in found if each.holds is False]


@pytest.mark.peers
def test_a_repository_that_is_fit_has_nothing_to_put_right(
    server: GitHubServer, repository: Repository, seller: Path
) -> None:
    token = server.create_token(repository)
    assert wrong(offer_of(server, token, seller), token) == []


@pytest.mark.peers
def test_r4_what_is_not_as_the_offer_says_is_found(
    server: GitHubServer, repository: Repository, seller: Path
) -> None:
    token = server.create_token(repository)
    assert (
        "expected Seller/Job, GitHub calls it seller/job"
        in wrong(offer_of(server, token, seller, project="Seller/Job"), token)[0]
    )
    assert "GitHub has no such tag" in wrong(offer_of(server, token, seller, ref="refs/tags/v9"), token)[0]
    assert (
        f"expected refs/tags/v1 at {'1f' * 20}"
        in wrong(offer_of(server, token, seller, commit="1f" * 20), token)[0]
    )
    repository.protected_tags.clear()
    assert "rules keep in its place" in wrong(offer_of(server, token, seller), token)[0]


@pytest.mark.peers
def test_r7_a_public_repository_is_not_for_private_inputs(server: GitHubServer, seller: Path) -> None:
    token = server.create_token(server.create_repository("seller/job", seller, private=False))
    assert "expected a private one" in wrong(offer_of(server, token, seller), token)[0]


@pytest.mark.peers
def test_a_workflow_that_is_disabled_and_a_wrong_token_are_told_in_githubs_words(
    server: GitHubServer, repository: Repository, seller: Path
) -> None:
    token = server.create_token(repository)
    offer = offer_of(server, token, seller)
    repository.disabled.add("job.yml")
    with pytest.raises(CliError, match="expected an active one, got disabled_manually"):
        wrong(offer, token)
    with pytest.raises(CliError, match="github answered 401: Bad credentials"):
        GitHubAccount(server.url, "github_pat_another").holder()


@pytest.mark.parametrize(
    ("holder", "words"),
    [
        (Holder(8, "2027-02-01"), "expected one of user 7"),
        (Holder(7, ""), r"within 90 days, got none"),
        (Holder(7, "2027-06-01"), r"within 90 days, got 2027-06-01"),
    ],
)
def test_r1_a_token_of_another_user_or_without_a_near_end_is_trouble(holder: Holder, words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        raise AssertionError("; ".join(github_token_troubles(holder, 7, today=TODAY)))


def test_r1_a_token_that_ends_within_90_days_is_none() -> None:
    assert list(github_token_troubles(Holder(7, "2027-02-01"), 7, today=TODAY)) == []


def test_a_token_does_not_travel_in_clear() -> None:
    with pytest.raises(CliError, match="expected https://host"):
        GitHubAccount("http://github.example", "x").holder()
    assert "very-secret" not in repr(GitHubAccount("https://api.github.com", "very-secret"))


@pytest.mark.peers
def test_a_webhook_is_added_once(server: GitHubServer, repository: Repository) -> None:
    account = GitHubAccount(server.url, server.create_token(repository).value)
    for secret in ("first", "second"):
        account.add_hook("seller/job", "http://127.0.0.1:9/hook", secret)
    (hook,) = server.store.hooks.values()
    assert (hook.secret, hook.events) == ("second", ("workflow_run",))


@pytest.mark.peers
def test_init_and_check_of_a_workflow(
    server: GitHubServer, repository: Repository, seller: Path, tmp_path: Path
) -> None:
    token = server.create_token(repository)
    clone, secret = tmp_path / "clone", tmp_path / "token"
    subprocess.run(["git", "clone", "-q", str(seller), str(clone)], check=True)
    secret.touch(mode=0o600)
    secret.write_text(token.value)
    file, oracle = clone / "offer.toml", make_offer().oracle
    flags = ["--provider", "github", "--origin", server.url, "--project", "Seller/Job", "--tag", "v1"]
    more = ["--config", FILE, "--title", "Build", "--price", "0", "--oracle", oracle, "--private-inputs"]
    hints = ["--range", "level=0..9", "--token-file", str(secret), "--provider-terms", "--json"]
    made = CliRunner().invoke(app, ["init", "--file", str(file), *flags, *more, *hints])
    assert made.exit_code == 0, made.output
    assert json.loads(made.stdout)["inputs"]["properties"] == {
        "level": {"type": "integer", "minimum": 0, "maximum": 9, "default": 3},
        "flavour": {"type": "string", "enum": ["plain", "salted"], "default": "plain"},
    }
    text = file.read_text()
    assert 'project = "seller/job"' in text
    assert f"user = {token.user.id}" in text
    checked = CliRunner().invoke(app, ["check", "--file", str(file), "--token-file", str(secret), "--json"])
    assert checked.exit_code == 0, checked.output
    assert json.loads(checked.stdout)["ready"] is True


@pytest.mark.parametrize(
    ("remote", "origin"),
    [
        ("", "https://api.github.com"),
        ("git@github.com:a/b.git", "https://api.github.com"),
        ("https://github.com:443/a/b.git", "https://api.github.com"),
        ("ssh://git@ssh.github.com:443/a/b.git", "https://api.github.com"),
        ("https://github.corp/a/b.git", ""),
        ("ssh://git@github.corp:2222/a/b.git", ""),
        ("git@octocorp.ghe.com:a/b.git", ""),
        ("https://gitlab.example/a/b.git", ""),
        ("corp:a/b.git", ""),  # a name of ~/.ssh/config
        ("HTTPS://github.corp/a/b.git", ""),
        ("ssh://git@[fd00::1]/a/b.git", ""),
        ("/srv/git/b.git", ""),
    ],
)
def test_r1_a_token_for_a_clone_of_another_host_goes_to_no_public_github(
    tmp_path: Path, remote: str, origin: str
) -> None:
    """Without a terminal ``init`` sent the token of an own server to GitHub, which it never asked about."""
    git(tmp_path, "init", "-q")
    if remote:
        git(tmp_path, "remote", "add", "origin", remote)
    token = tmp_path / "token"
    token.touch(mode=0o600)
    wanted = (tmp_path, "github", "", "a/b", "v1", "", str(token), 0)
    if origin:
        assert wanted_source(*wanted).url == origin
        return
    with pytest.raises(CliError, match="origin: expected a value, got none"):
        wanted_source(*wanted)


@pytest.mark.parametrize(
    "remote",
    [
        "git@github.com:a/b.git",
        "https://www.github.com/a/b",
        "https://api.github.com/a/b",
        "git@octocorp.ghe.com:a/b.git",
        "https://octocorp.GHE.com:443/a/b.git",
    ],
)
@pytest.mark.parametrize("provider", ["gitlab", "forgejo"])
def test_r1_a_gitlab_token_for_a_clone_of_github_goes_to_no_github(
    tmp_path: Path, provider: str, remote: str
) -> None:
    """Of a project at GitHub whose CI is a GitLab's; that GitLab is to be named."""
    git(tmp_path, "init", "-q")
    git(tmp_path, "remote", "add", "origin", remote)
    token = tmp_path / "token"
    token.touch(mode=0o600)
    with pytest.raises(CliError, match="origin: expected a value, got none"):
        wanted_source(tmp_path, provider, "", "a/b", "v1", "", str(token), 0)
