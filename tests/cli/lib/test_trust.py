"""A provider whose certificate an own authority signed is reached where the seller names that authority."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.github_account import GitHubAccount
from sealrun_cli.lib.gitlab_account import GitLabAccount
from sealrun_cli.lib.trust import VARIABLE, authorities, session
from tests.sealrun.transport.test_http import _Tls as Tls


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
    with pytest.raises(CliError, match="expected GitLab to answer, got SSLError"):
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
