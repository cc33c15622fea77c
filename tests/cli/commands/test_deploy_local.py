"""``sealrun deploy --local`` that was killed is run again, and ``--stop`` ends what it left."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sealrun.adapters.sql.database import Database
from sealrun_cli.commands import deploy
from sealrun_cli.lib import background
from sealrun_cli.lib.output import Output
from sealrun_cli.lib.passphrases import PASSPHRASE_FILE
from sealrun_cli.lib.served_target import ServedTarget
from tests.sealrun.world import ORACLE, make_offer


@pytest.fixture
def left(tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A service that is up and wrote what `serve` writes; its starter was killed before it wrote more."""
    state = tmp_path / ".sealrun" / "sealrun-served"
    state.mkdir(parents=True)
    table = f"sqlite:///{state}/ledger.db"
    with closing(Database(table)):
        pass
    (state / "passphrase").write_text("correct horse battery")
    ServedTarget("sealrun", "http://127.0.0.1:1", "", table, "keys.json", "0", {}).save(tmp_path)
    ready = state / "ready.json"
    command = [sys.executable, "-c", "import time; time.sleep(60)", deploy.MODULE]
    process = subprocess.Popen(command, env={**os.environ, background.MARK: str(ready)})
    ready.write_text(json.dumps({"pid": process.pid}))
    yield process
    process.kill()
    process.wait()


def test_a_service_whose_start_was_killed_is_the_one_that_deploy_started(
    left: "subprocess.Popen[bytes]", tmp_path: Path
) -> None:
    running = deploy._running(tmp_path, "sealrun")
    assert running is not None
    passphrase = tmp_path / ".sealrun" / "sealrun-served" / "passphrase"
    assert (running.pid, running.local) == (left.pid, {PASSPHRASE_FILE: str(passphrase)})
    deploy._stop(tmp_path, "sealrun", Output(as_json=True))
    assert left.wait(10) != 0


def test_a_passphrase_that_was_not_written_to_its_end_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "passphrase").touch(mode=0o600)
    made = deploy._passphrase(tmp_path).read_text()
    assert len(made) > 20
    assert deploy._passphrase(tmp_path).read_text() == made


def test_ctrl_c_after_the_start_leaves_no_service(
    left: "subprocess.Popen[bytes]", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service is up, and does not have the oracle's key yet."""

    def started(*_: object) -> ServedTarget | None:
        return deploy._served(tmp_path, "sealrun")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(deploy, "_running", lambda *_: None)
    monkeypatch.setattr(deploy, "_start", started)
    monkeypatch.setattr(deploy, "_kept", interrupted)
    out = Output(as_json=True)
    with pytest.raises(KeyboardInterrupt):
        deploy._deploy_here(tmp_path, "sealrun", make_offer(), ORACLE, "", out, yes=True)
    assert left.wait(10) != 0
