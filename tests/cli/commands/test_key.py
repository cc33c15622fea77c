"""Keys come from private files or stdin, and no error repeats them."""

import json
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from local.repositories import git
from mina.keys import PrivateKey
from sealrun_cli.main import app

KEY = PrivateKey.from_scalar(1001)
ADDRESS = KEY.public_key().to_base58()
RUN = CliRunner()


def saved(folder: Path, *, mode: int = 0o600, text: str = KEY.to_base58()) -> str:
    path = folder / "seller.key"
    path.write_text(text)
    path.chmod(mode)
    return str(path)


def test_a_private_file_is_read(tmp_path: Path) -> None:
    done = RUN.invoke(app, ["key", saved(tmp_path), "--json"])
    assert (done.exit_code, json.loads(done.stdout)) == (0, {"address": ADDRESS})


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o620])
def test_a_file_that_others_may_read_or_write_is_refused_with_the_chmod_line(
    tmp_path: Path, mode: int
) -> None:
    path = saved(tmp_path, mode=mode)
    done = RUN.invoke(app, ["key", path, "--json"])
    assert done.exit_code == 1
    assert json.loads(done.stdout)["error"]["next"] == f"run: chmod 600 {path}"
    assert f"got {mode:04o}" in done.stderr


def test_stdin_is_a_source_too() -> None:
    done = RUN.invoke(app, ["key", "-"], input=KEY.to_base58() + "\n")
    assert (done.exit_code, done.stdout) == (0, ADDRESS + "\n")


def test_a_broken_key_is_not_repeated(tmp_path: Path) -> None:
    broken = KEY.to_base58()[:-1] + "1"
    for source, text in ((saved(tmp_path, text=broken), ""), ("-", broken)):
        done = RUN.invoke(app, ["key", source], input=text)
        assert done.exit_code == 1
        assert broken[:20] not in done.output
        assert "expected a Mina private key" in done.stderr


def test_a_new_key_is_private_and_replaces_none(tmp_path: Path) -> None:
    path = tmp_path / "new.key"
    assert RUN.invoke(app, ["key", str(path), "--new"]).exit_code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_text()
    again = RUN.invoke(app, ["key", str(path), "--new"])
    assert (again.exit_code, path.read_text()) == (1, before)
    assert "expected no such file yet" in again.stderr


def test_no_command_takes_a_key_as_an_argument() -> None:
    for command in ("open", "call", "account", "settle", "exit", "withdraw", "pay-operator"):
        said = RUN.invoke(app, [command, "--help"], terminal_width=200).stdout
        assert "--key FILE" in said


def test_a_key_without_a_folder_lives_in_a_private_one_that_git_ignores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    git(tmp_path, "init", "--quiet")
    made = RUN.invoke(app, ["key", "buyer.key", "--new"])
    work = tmp_path / ".sealrun"
    assert (made.exit_code, made.stderr) == (0, "wrote .sealrun/buyer.key\n")
    assert (stat.S_IMODE(work.stat().st_mode), (work / ".gitignore").read_text()) == (0o700, "*\n")
    assert stat.S_IMODE((work / "buyer.key").stat().st_mode) == 0o600
    assert RUN.invoke(app, ["key", "buyer.key"]).stdout == made.stdout
    saved(tmp_path)
    assert RUN.invoke(app, ["key", "seller.key"]).stdout == ADDRESS + "\n", "one that is here is still used"
    error = json.loads(RUN.invoke(app, ["key", "none.key", "--json"]).stdout)["error"]
    assert error["detail"] == "key: expected none.key or .sealrun/none.key, got no such file"


@pytest.mark.parametrize("text", ["# Read me\n", "EK\n", "\udcff"])
def test_what_is_no_key_file_is_not_to_be_made_private(tmp_path: Path, text: str) -> None:
    path = tmp_path / "README.md"
    path.write_bytes(text.encode(errors="surrogateescape"))
    path.chmod(0o644)
    error = json.loads(RUN.invoke(app, ["key", str(path), "--json"]).stdout)["error"]
    assert "expected a Mina private key (EK and 50 more characters)" in error["detail"]
    assert "chmod" not in error["next"]
