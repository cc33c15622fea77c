"""``sealrun serve`` says what to do when it was told something that it does not take."""

import json
from pathlib import Path

import pytest
from nacl.pwhash import argon2id
from typer.testing import CliRunner

from sealrun.adapters.keys.key_file import Cost, create_key_file
from sealrun_cli.main import app

PASSPHRASE = "correct horse battery"


def test_a_node_that_is_not_asked_over_https_is_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "served").mkdir(mode=0o700)
    cost = Cost(argon2id.OPSLIMIT_MIN, argon2id.MEMLIMIT_MIN)
    create_key_file(tmp_path / "served" / "keys.json", PASSPHRASE, cost=cost)
    (tmp_path / "passphrase").touch(mode=0o600)
    (tmp_path / "passphrase").write_text(PASSPHRASE)
    given = ["--folder", "served", "--passphrase-file", "passphrase", "--listen", "127.0.0.1:0"]
    words = ["serve", *given, "--metrics", "-", "--node", "http://127.0.0.1:1/graphql", "--json"]
    done = CliRunner().invoke(app, words)
    error = json.loads(done.stdout)["error"]
    assert error["detail"] == "origin: expected https://, got http://127.0.0.1:1"
    assert error["next"].endswith("for a sandbox on this machine: export SEALRUN_UNSAFE_LOOPBACK=1")


@pytest.mark.parametrize(
    "named",
    ["localhost", "10.0.0.0/8", "127.0.0.1:8080", "caddy", "127.0.0.1, ::1", "0.0.0.0", "::"],  # noqa: S104
)
def test_l12_a_proxy_that_is_no_address_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    """It matched no proxy, so that all callers shared one sender's requests of a minute."""
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["serve", "--trusted-proxy", named, "--json"])
    error = json.loads(done.stdout)["error"]
    assert error["detail"] == f"trusted proxy: expected an address as 127.0.0.1 or ::1, got {named!r}"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["sealrun-served", "sealrun-served/evidence", "sealrun-served/ledger.db"])
def test_e7_a_service_keeps_nothing_behind_a_link_that_a_cloned_repository_brings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Behind a link to evidence, old files of another folder's `parts` would be removed, too."""
    monkeypatch.chdir(tmp_path)
    outside, link = tmp_path / "outside", tmp_path / ".sealrun" / name
    outside.mkdir()
    link.parent.mkdir(parents=True)
    link.symlink_to(outside)
    done = CliRunner().invoke(app, ["serve", "--listen", "127.0.0.1:0", "--json"])
    error = json.loads(done.stdout)["error"]
    assert error["detail"] == f".sealrun/{name}: expected a plain file or folder, got a link"
    assert list(outside.iterdir()) == []
