"""What a clone's remote says of the provider's address."""

from pathlib import Path

import pytest

from local.repositories import git
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.repository import Remote, Repository


@pytest.mark.parametrize(
    ("url", "origin", "path"),
    [
        ("git@gitlab.example:group/p.git", "https://gitlab.example", "group/p"),
        ("git@GitLab.example:group/p.git", "https://gitlab.example", "group/p"),
        ("ssh://git@gitlab.example/group/p.git", "https://gitlab.example", "group/p"),
        ("ssh://git@gitlab.example:2222/group/p.git", "https://gitlab.example", "group/p"),
        ("ssh://git@altssh.gitlab.com:443/group/p.git", "https://gitlab.com", "group/p"),
        ("org-1234@github.com:a/b.git", "https://github.com", "a/b"),
        ("https://gitlab.example:8443/group/p.git", "https://gitlab.example:8443", "group/p"),
        ("https://oauth2:tok@gitlab.example/group/p", "https://gitlab.example", "group/p"),
    ],
)
def test_a_remote_tells_the_address_of_the_web_and_never_a_port_of_ssh(
    tmp_path: Path, url: str, origin: str, path: str
) -> None:
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "remote", "add", "origin", url)
    assert Repository(tmp_path).remote() == Remote(origin, path)


def test_a_git_that_does_not_answer_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stuck = tmp_path / "git"
    stuck.write_text("#!/bin/sh\nexec sleep 60\n")
    stuck.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(CliError, match=r"git: expected an answer within 0\.1 s, got none"):
        Repository(tmp_path, seconds=0.1).remote()
