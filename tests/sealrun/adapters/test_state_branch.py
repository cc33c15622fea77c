"""A state in a branch, against a real bare repository: one of those who push at once wins."""

import subprocess
from pathlib import Path

import pytest

from sealrun.adapters.git import state_branch
from sealrun.adapters.git.state_branch import NotPushed, StateBranch
from sealrun.errors import Malformed, StoreUnavailable

NAMES = ("a", "b")


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    path = tmp_path / "remote.git"
    subprocess.run(["git", "init", "-q", "--bare", str(path)], check=True)
    return path


def branch(remote: Path | str, scratch: Path) -> StateBranch:
    return StateBranch(str(remote), "state", scratch=scratch)


def test_what_was_pushed_is_pulled_byte_by_byte(remote: Path, tmp_path: Path) -> None:
    first, second = branch(remote, tmp_path / "1"), branch(remote, tmp_path / "2")
    assert first.pull(NAMES) == {}
    first.push({"a": bytes(range(256)), "b": b""})
    assert second.pull(NAMES) == {"a": bytes(range(256)), "b": b""}
    second.push({"a": b"2", "b": b"3"})
    assert (first.pull(NAMES), first.commit) == ({"a": b"2", "b": b"3"}, second.commit)


def test_r3_of_two_who_push_at_once_one_wins(remote: Path, tmp_path: Path) -> None:
    first, second = branch(remote, tmp_path / "1"), branch(remote, tmp_path / "2")
    for each in (first, second):
        each.pull(NAMES)
    first.push({"a": b"1"})
    with pytest.raises(NotPushed, match="expected the branch at nothing") as refused:
        second.push({"a": b"2"})
    assert refused.value.moved
    assert second.pull(NAMES) == {"a": b"1"}
    second.push({"a": b"2"})


def test_r3_two_who_push_the_same_bytes_in_the_same_second_are_told_apart(
    remote: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"):
        monkeypatch.setenv(name, "1800000000 +0000")
    first, second = branch(remote, tmp_path / "1"), branch(remote, tmp_path / "2")
    first.push({"a": b"1"})
    with pytest.raises(NotPushed) as refused:
        second.push({"a": b"1"})
    assert refused.value.moved


def test_a_push_is_also_allowed_where_the_branch_takes_no_forced_one(remote: Path, tmp_path: Path) -> None:
    for name in ("receive.denyNonFastForwards", "receive.denyDeletes"):
        subprocess.run(["git", "-C", str(remote), "config", name, "true"], check=True)
    for number in range(3):
        each = branch(remote, tmp_path / str(number))
        each.pull(NAMES)
        each.push({"a": str(number).encode()})
    assert branch(remote, tmp_path / "last").pull(NAMES) == {"a": b"2"}


def test_a_push_that_was_taken_though_nobody_said_so_counts_as_taken(remote: Path, tmp_path: Path) -> None:
    hook = remote / "hooks" / "post-update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nkill -9 $PPID\n")
    hook.chmod(0o755)
    pushed = branch(remote, tmp_path / "1")
    pushed.push({"a": b"1"})
    assert branch(remote, tmp_path / "2").pull(NAMES) == {"a": b"1"}


def test_a_push_that_the_remote_refuses_is_no_other_ticks(remote: Path, tmp_path: Path) -> None:
    hook = remote / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho protected >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(NotPushed, match="protected") as refused:
        branch(remote, tmp_path / "1").push({"a": b"1"})
    assert not refused.value.moved


def test_a_remote_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="git ls-remote: expected it to be done"):
        branch(tmp_path / "none.git", tmp_path / "1").pull(NAMES)


def test_a_state_that_no_host_takes_is_refused_before_it_is_pushed(
    remote: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state_branch, "MAX_BYTES", 10)
    with pytest.raises(StoreUnavailable, match=r"at most 10 bytes of a, got 11; move it to `sealrun serve`"):
        branch(remote, tmp_path / "1").push({"a": b"x" * 11})


@pytest.mark.parametrize("token", ["\nglpat-secret", "glpat-secret\nof mine\n"])
def test_r1_a_token_of_more_than_one_line_is_refused_and_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    """Of a line that it does not know git warns with all that it says."""
    monkeypatch.setenv(state_branch.TOKEN, token)
    with pytest.raises(Malformed, match=f"{state_branch.TOKEN}: expected one line, got more") as caught:
        branch("https://gitlab.example/state.git", tmp_path / "1")
    assert "secret" not in caught.value.detail


@pytest.mark.parametrize("password", ["a-secret", "a[secret", "a\uff03secret"])
def test_r1_a_remote_with_a_password_is_refused_and_not_repeated(tmp_path: Path, password: str) -> None:
    with pytest.raises(Malformed, match="without a password, got one; put it into SEALRUN_TICK") as caught:
        branch(f"https://seller:{password}@gitlab.example/state.git", tmp_path / "1")
    assert "secret" not in caught.value.detail
    assert caught.value.__cause__ is None


def test_the_token_is_in_no_argument_and_goes_to_git_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Malformed, match="expected a URL without a password"):
        branch("https://oauth2:glpat-secret@gitlab.example/state.git", tmp_path / "1")
    monkeypatch.setenv(state_branch.TOKEN, "glpat-secret")
    asked = [
        "git",
        *(part for each in state_branch.WITH_TOKEN for part in ("-c", each)),
        "credential",
        "fill",
    ]
    assert "glpat-secret" not in " ".join(asked)
    given = "protocol=https\nhost=gitlab.example\n\n"
    said = subprocess.run(asked, input=given, check=True, capture_output=True, text=True).stdout
    assert "username=oauth2\npassword=glpat-secret\n" in said


@pytest.mark.parametrize("remote", ["", "--upload-pack=touch x", "ext::sh -c id"])
def test_a_remote_that_is_an_option_or_a_program_is_refused(remote: str, tmp_path: Path) -> None:
    with pytest.raises(Malformed, match="remote: expected the URL or path of a Git repository"):
        branch(remote, tmp_path / "1")


@pytest.mark.parametrize("name", ["", "-f", "a:b", "a b", "a..b", "a*"])
def test_a_branch_that_is_no_name_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(Malformed, match="branch: expected a name"):
        StateBranch("remote", name, scratch=tmp_path)
