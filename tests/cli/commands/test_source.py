"""``sealrun source``: a clone's commit as one field, and files proved under it."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from local.repositories import commit_all, git
from mina.keys import PrivateKey
from sealrun_cli.lib import git_objects
from sealrun_cli.lib.mirrors import KEPT
from sealrun_cli.main import app
from tests.sealrun.ci_tokens import jwk
from tests.sealrun.verification.test_tree_token import document as tree_document

RUN = CliRunner()


def source(*arguments: str | Path) -> Result:
    return RUN.invoke(app, ["source", *map(str, arguments), "--json"], env={"COLUMNS": "300"})


def said(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout))


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    folder = tmp_path / "clone"
    (folder / "docs").mkdir(parents=True)
    (folder / "docs" / "größe.md").write_text("hello\n")
    (folder / "run.sh").write_text("true\n")
    (folder / "run.sh").chmod(0o755)
    (folder / "link").symlink_to("run.sh")
    commit_all(folder, "v1")
    return folder


def test_a_file_of_a_tag_is_proved_and_checked_without_the_clone(clone: Path, tmp_path: Path) -> None:
    root = said(source("root", "v1", "--repository", clone))
    assert root["tree"] == git(clone, "rev-parse", "v1^{tree}")
    proof = tmp_path / "path.json"
    made = said(source("path", "docs/größe.md", "--revision", "v1", "--repository", clone, "--to", proof))
    assert made["root"] == root["root"]
    file = tmp_path / "file"
    file.write_text("hello\n")
    assert said(source("verify", proof, "--root", root["root"], "--file", file))["holds"] is True
    file.write_text("hallo\n")
    for arguments in (["--root", root["root"], "--file", file], ["--root", "7"], ["--root", "x"]):
        broken = source("verify", proof, *arguments)
        assert broken.exit_code == 1
        assert json.loads(broken.stdout)["holds"] is False


def test_a_path_in_the_proof_that_was_changed_does_not_hold(clone: Path, tmp_path: Path) -> None:
    proof = tmp_path / "path.json"
    made = said(source("path", "run.sh", "--repository", clone, "--to", proof))
    proof.write_text(json.dumps({**made, "path": "docs/run.sh"}))
    assert source("verify", proof, "--root", made["root"]).exit_code == 1


def test_the_root_is_the_same_with_and_without_what_was_kept(clone: Path) -> None:
    first = said(source("root", "--repository", clone))["root"]
    kept = clone / ".git" / KEPT
    assert kept.exists()
    assert said(source("root", "--repository", clone))["root"] == first
    for rubbish in ("", "[]", '{"a": 5.5}', '{"a": "x"}', '{"a": "-1"}', "[" * 10_000):
        kept.write_text(rubbish)
        assert said(source("root", "--repository", clone))["root"] == first
    (clone / "docs" / "größe.md").write_text("hallo\n")
    commit_all(clone)
    assert said(source("root", "--repository", clone))["root"] != first


def test_an_object_whose_bytes_changed_is_refused(clone: Path) -> None:
    """As another tool, or a disk, might leave it: git serves a loose object that it does not check."""
    blob = git(clone, "rev-parse", "HEAD:run.sh")
    other = git(clone, "hash-object", "-w", "docs/größe.md")
    objects = clone / ".git" / "objects"
    target = objects / blob[:2] / blob[2:]
    target.chmod(0o644)
    target.write_bytes((objects / other[:2] / other[2:]).read_bytes())
    refused = source("root", "--repository", clone)
    assert refused.exit_code == 1
    assert "expected" in json.loads(refused.stdout)["error"]["detail"]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["root", "none"], "commit: expected none in"),
        (["path", "none"], "none: expected it in its directory, got no such entry"),
        (["path", "docs/none"], "none: expected it in its directory, got no such entry"),
        (["path", "run.sh/a"], "expected run.sh to be a directory"),
    ],
)
def test_what_is_not_there_is_said(clone: Path, arguments: list[str], why: str) -> None:
    refused = source(*arguments, "--repository", clone)
    assert refused.exit_code == 1
    assert why in json.loads(refused.stdout)["error"]["detail"]


def test_a_folder_in_no_clone_and_a_proof_that_is_none_are_refused(tmp_path: Path) -> None:
    assert "expected it in a clone" in source("root", "--repository", tmp_path).stdout
    proof = tmp_path / "path.json"
    for text in ("", "[]", "{}", '{"path": 5, "sha256": "", "steps": []}', "[" * 10_000, " " * (2 << 20)):
        proof.write_text(text)
        refused = source("verify", proof, "--root", "1")
        assert refused.exit_code == 1
        assert "error" in json.loads(refused.stdout)


def test_e6_what_is_no_plain_file_is_not_read(clone: Path, tmp_path: Path) -> None:
    """What somebody sent may hold a pipe, which never ends, or a link to a device of endless zeros."""
    proof, device = tmp_path / "path.json", tmp_path / "sent.json"
    source("path", "run.sh", "--repository", clone, "--to", proof)
    device.symlink_to("/dev/null")
    oracle = PrivateKey.from_scalar(7).public_key().to_base58()
    for arguments in (
        (device, "--root", "1"),
        (proof, "--root", "1", "--file", device),
        (proof, "--signed", device, "--oracle", oracle),
    ):
        refused = source("verify", *arguments)
        assert refused.exit_code == 1
        assert "expected a plain file" in json.loads(refused.stdout)["error"]["detail"], arguments


def test_a_root_of_thousands_of_digits_does_not_hold(clone: Path, tmp_path: Path) -> None:
    proof = tmp_path / "path.json"
    source("path", "run.sh", "--repository", clone, "--to", proof)
    assert json.loads(source("verify", proof, "--root", "1" * 5000).stdout)["holds"] is False


def test_a_proof_is_never_written_over(clone: Path, tmp_path: Path) -> None:
    there = tmp_path / "path.json"
    there.write_text("mine")
    refused = source("path", "run.sh", "--repository", clone, "--to", there)
    assert "expected no such file yet" in refused.stdout
    assert there.read_text() == "mine"


def test_directories_of_unbounded_size_are_not_read(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git_objects, "MAX_BYTES", 10)
    assert "expected at most 10 bytes" in source("root", "--repository", clone).stdout


def test_an_oracle_s_statement_stands_for_a_root(clone: Path, tmp_path: Path) -> None:
    key, proof, statement = tmp_path / "oracle.key", tmp_path / "path.json", tmp_path / "source.json"
    key.write_text(PrivateKey(7).to_base58())
    key.chmod(0o600)
    source("path", "run.sh", "--repository", clone, "--to", proof)
    of = ("--of", "https://gitlab.com/group/job.git", "--key", key, "--to", statement)
    made = said(source("sign", "v1", "--repository", clone, *of))
    assert made["data"]["repository"] == "https://gitlab.com/group/job"
    oracle = made["publicKey"]
    found = said(source("verify", proof, "--signed", statement, "--oracle", oracle))
    assert (found["holds"], found["commit"]) == (True, git(clone, "rev-parse", "v1"))
    stranger = source(
        "verify", proof, "--signed", statement, "--oracle", PrivateKey(8).public_key().to_base58()
    )
    assert stranger.exit_code == 1
    assert "expected the oracle's signature" in stranger.output
    again = source("sign", "v1", "--repository", clone, *of)
    assert again.exit_code == 1
    assert "expected no such file yet" in again.output


def test_a_token_s_proof_stands_for_a_root(
    clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proof, token, keys = (tmp_path / name for name in ("path.json", "token.proof.json", "keys.json"))
    made = said(source("path", "run.sh", "--repository", clone, "--to", proof))
    commit = made["commit"].zfill(64)
    token.write_bytes(tree_document(f"urn:sealrun:tree:{commit}:{int(made['root']):064x}"))
    keys.write_text(json.dumps({"keys": [jwk()]}))
    monkeypatch.setattr("sealrun_cli.commands.source.program", lambda _: lambda _: True)
    found = said(source("verify", proof, "--token", token, "--issuer-keys", keys))
    assert (found["holds"], found["commit"], found["facts"]["project_id"]) == (True, made["commit"], "42")
    token.write_bytes(tree_document(f"urn:sealrun:tree:{commit}:{'0' * 64}"))
    assert source("verify", proof, "--token", token, "--issuer-keys", keys).exit_code == 1


@pytest.mark.parametrize(
    "arguments", [(), ("--root", "1", "--signed", "x", "--oracle", "B62"), ("--token", "x")]
)
def test_a_root_comes_from_one_place(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    refused = source("verify", tmp_path / "path.json", *arguments)
    assert refused.exit_code == 1
    assert "root: expected one of" in refused.output
