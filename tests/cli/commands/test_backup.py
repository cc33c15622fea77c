"""``sealrun backup`` and ``move`` take the ledger that is served, never one that was left behind."""

import json
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from sealrun.adapters.sql.database import Database
from sealrun_cli.lib.served_target import ServedTarget
from sealrun_cli.main import app


@pytest.fixture
def left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose service is now served from ``now.db``; its default place has the ledger from before."""
    monkeypatch.chdir(tmp_path)
    default = tmp_path / ".sealrun" / "sealrun-served" / "ledger.db"
    default.parent.mkdir(parents=True)
    for path in (default, tmp_path / "now.db"):
        Database(f"sqlite:///{path}").close()
    ServedTarget("sealrun", "", "", f"sqlite:///{tmp_path}/now.db", f"{tmp_path}/now.json", "0", {}).save(
        tmp_path
    )
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--json"])


@pytest.mark.parametrize("words", [("backup", "kept"), ("move", "sqlite:///new.db", "--yes")])
def test_a_ledger_that_was_left_behind_is_not_taken_for_the_one_that_is_served(
    left: Path, words: tuple[str, ...]
) -> None:
    done = run(*words)
    error = json.loads(done.stdout)["error"]
    assert error["detail"].startswith(
        "store: expected the ledger that .sealrun/sealrun.json names, got that in"
    )
    assert error["next"].startswith("name what `sealrun serve` was started with: --folder, --store")
    assert not (left / "kept").exists()
    assert not (left / "new.db").exists()


def test_a_ledger_is_not_backed_up_with_the_evidence_and_keys_that_were_left_behind(left: Path) -> None:
    error = json.loads(run("backup", "kept", "--store", f"sqlite:///{left}/now.db").stdout)["error"]
    assert error["detail"].startswith(
        f"keys: expected {left}/now.json, the key file of this ledger's service, got"
    )
    assert "--keys" in error["next"]
    assert not (left / "kept").exists()


def test_a_ledger_in_a_database_of_its_own_is_moved_without_a_word_about_keys(left: Path) -> None:
    done = run("move", f"sqlite:///{left}/new.db", "--store", f"sqlite:///{left}/now.db", "--yes")
    assert done.exit_code == 0, done.output


def test_a_note_of_the_ledger_that_was_spoiled_is_told(left: Path) -> None:
    (left / ".sealrun" / "sealrun.json").write_text("[]")
    error = json.loads(run("backup", "kept").stdout)["error"]
    assert error["detail"].startswith(".sealrun/sealrun.json: expected what `sealrun serve` wrote, got")
    assert error["next"] == "name the ledger with --folder"


def test_a_ledger_that_is_named_is_copied(left: Path) -> None:
    done = run("backup", "kept", "--store", f"sqlite:///{left}/now.db", "--keys", "now.json")
    assert done.exit_code == 0, done.output
    with closing(Database(f"sqlite:///{left}/kept/ledger.db")):
        assert (left / "kept" / "backup.json").exists()


def test_what_was_restored_elsewhere_is_served_from_there(left: Path) -> None:
    assert run("backup", "kept", "--store", f"sqlite:///{left}/now.db", "--keys", "now.json").exit_code == 0
    done = CliRunner().invoke(app, ["restore", "kept", "--folder", "else where", "--yes"])
    assert f"next     sealrun serve --folder '{left}/else where', and" in done.stdout
