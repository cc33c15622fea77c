"""``sealrun tick`` on the operator's machine: the state is pulled, changed by the commands, and pushed."""

import json
import shutil
import subprocess
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from sealrun.adapters.sql.database import Database
from sealrun.adapters.sql.ledger import SqlLedger
from sealrun.offers.offer import Offer
from sealrun.offers.stored_offer import StoredOffer
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.letters import dropped
from sealrun_cli.lib.offer_file import read_offer, write_values
from sealrun_cli.main import app
from tests.sealrun.world import make_offer, make_paid_offer, offer_value


@dataclass
class Operator:
    """A folder, and a repository for the state."""

    folder: Path

    def run(self, *words: str) -> Result:
        where = ["--remote", str(self.folder / "state.git"), "--bucket", "s3://sealrun"]
        named = [*where, "--public-url", "https://files.example/public", "--json"]
        return CliRunner().invoke(app, ["tick", *words, *named])

    def done(self, *words: str) -> dict[str, Any]:
        done = self.run(*words)
        assert done.exit_code == 0, done.output
        return dict(json.loads(done.stdout))

    def refused(self, *words: str) -> str:
        done = self.run(*words)
        assert done.exit_code == 1, done.output
        return str(json.loads(done.stdout)["error"]["detail"])

    def publish(self, offer: Offer) -> None:
        with closing(Database(f"sqlite:///{self.folder}/.sealrun/sealrun-tick/ledger.db")) as database:
            SqlLedger(database).publish(StoredOffer(offer, "", b"sealed", b"key", b"secret"))


@pytest.fixture
def operator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Operator:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "passphrase").touch(mode=0o600)
    (tmp_path / "passphrase").write_text("correct horse battery")
    monkeypatch.setenv("SEALRUN_PASSPHRASE_FILE", str(tmp_path / "passphrase"))
    subprocess.run(["git", "init", "-q", "--bare", str(tmp_path / "state.git")], check=True)
    return Operator(tmp_path)


def test_a_state_is_made_changed_pushed_and_found_again(operator: Operator) -> None:
    value = {name: each for name, each in offer_value().items() if each is not None}
    write_values(operator.folder / "offer.toml", {**value, "price": "0"})
    offer = read_offer(operator.folder / "offer.toml")
    assert operator.done("--pull")["there"] is False
    operator.publish(offer)
    operator.done("--push")
    paused = CliRunner().invoke(app, ["pause", "--reason", "we move", "--json"])
    assert paused.exit_code == 0, paused.output
    operator.done("--push")
    shutil.rmtree(operator.folder / ".sealrun")
    assert operator.done("--pull")["there"] is True
    with closing(Database(f"sqlite:///{operator.folder}/.sealrun/sealrun-tick/ledger.db")) as database:
        stored = SqlLedger(database).offer(offer.hash)
    assert stored is not None
    assert stored.reason == "we move"


def test_what_was_not_pushed_is_not_overwritten(operator: Operator) -> None:
    operator.done("--pull")
    assert "expected no changes in .sealrun/sealrun-tick, got some" in operator.refused("--pull")
    operator.done("--push")
    operator.done("--pull")
    operator.publish(make_offer())
    assert "expected no changes in .sealrun/sealrun-tick, got some" in operator.refused("--pull")


def test_a_push_after_somebody_elses_is_refused(operator: Operator, tmp_path: Path) -> None:
    operator.done("--pull")
    operator.done("--push")
    operator.publish(make_offer())
    at = tmp_path / ".sealrun" / "sealrun-tick" / "pulled.json"
    noted = at.read_bytes()
    operator.done("--push")
    operator.publish(make_offer(title="Another"))
    at.write_bytes(noted)
    assert "state: expected the branch at" in operator.refused("--push")


def test_a3_an_offer_with_a_price_is_not_pushed(operator: Operator) -> None:
    operator.done("--pull")
    operator.publish(make_paid_offer())
    expected = "offer: expected offers of price 0, the only kind that a tick sells, got 5 MINA"
    assert operator.refused("--push") == expected


def test_a_tick_without_a_state_says_how_to_make_one(operator: Operator) -> None:
    done = operator.run()
    assert "make it: sealrun tick --pull, deploy, seal, publish, tick --push" in done.output


@pytest.mark.parametrize("words", [["--pull", "--push"], ["--remote", ""], ["--public-url", ""]])
def test_what_is_not_said_is_asked_for(words: list[str]) -> None:
    where = ["--remote", "r", "--bucket", "s3://sealrun", "--public-url", "https://files.example"]
    done = CliRunner().invoke(app, ["tick", *where, *words])
    assert (done.exit_code, "tick: expected" in done.output) == (1, True)


def test_an_offer_without_a_box_is_sold_by_tickets_alone() -> None:
    assert dropped({"offer": "..."}) is None
    with pytest.raises(CliError, match="expected one with a box for calls"):
        dropped({"letters": None})
