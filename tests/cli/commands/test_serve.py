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
