"""A service is found by its database's URL, and a URL that may hold a password is shown to nobody."""

import json
import stat
import time
from contextlib import closing
from pathlib import Path

import pytest

from sealrun.adapters.keys.key_file import create_key_file
from sealrun.adapters.sql.database import Database
from sealrun.adapters.sql.deployment import Deployment
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.passphrases import PASSPHRASE_FILE
from sealrun_cli.lib.served import database_url
from sealrun_cli.lib.served_target import ServedTarget, target_at
from sealrun_cli.lib.target import find_target


@pytest.fixture
def url(tmp_path: Path) -> str:
    made = f"sqlite:///{tmp_path}/ledger.db"
    with closing(Database(made)) as database:
        Deployment(database).set_url("https://ci.example")
        Deployment(database).take_ledger_id(7)
    return made


def test_url_and_ledger_are_what_the_database_says(url: str, tmp_path: Path) -> None:
    found = find_target(tmp_path, url)
    assert isinstance(found, ServedTarget)
    assert (found.url, found.ledger, found.kms_key) == ("https://ci.example", "7", f"{tmp_path}/keys.json")


def test_a_service_that_was_started_in_this_folder_is_found_by_its_name(url: str, tmp_path: Path) -> None:
    ServedTarget("s", "http://old", "", url, "keys.json", "0", {}).save(tmp_path)
    file = tmp_path / ".sealrun" / "s.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_bytes())["table"] == url
    assert (find_target(tmp_path, "s").url, find_target(tmp_path, "s").ledger) == ("https://ci.example", "7")


def test_a_passphrases_file_that_is_gone_since_can_be_named_anew(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pulled state's target notes the file's place; an error does not say it, for it may be a secret."""
    create_key_file(tmp_path / "keys.json", "correct horse battery")
    named = tmp_path / "named"
    named.touch(mode=0o600)
    named.write_text("correct horse battery")
    monkeypatch.setenv(PASSPHRASE_FILE, str(named))
    local = {PASSPHRASE_FILE: str(tmp_path / "gone")}
    target = ServedTarget("s", "http://old", "", url, str(tmp_path / "keys.json"), "0", {}, local=local)
    assert target.keys.derived("a purpose")


def test_what_only_aws_has_is_told(url: str, tmp_path: Path) -> None:
    with pytest.raises(CliError, match="expected one on AWS for lambda, got a service of `sealrun serve`"):
        find_target(tmp_path, url).client("lambda")


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(CliError, match=r"store: expected a database in .*none.db, got none"):
        find_target(tmp_path, f"sqlite:///{tmp_path}/none.db")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["mysql://secret@host/x", "sqlite:x", "https://ci.example"])
def test_another_url_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(CliError, match="store: expected sqlite:///PATH or postgresql://") as refused:
        database_url(text)
    assert "secret" not in refused.value.detail


def test_the_name_of_a_database_is_what_is_shown_of_its_url() -> None:
    target = target_at("postgresql+psycopg://user:secret@host/shop?host=/run/postgresql")
    assert target.name == "shop"


def test_a_task_that_began_before_it_was_asked_for_does_not_count(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A check of health under way may have looked at the offer before this command changed it."""
    now = [1000.5]
    ended = [1000, 1000, 1001]  # when those tasks began that end one after the other

    def pause(seconds: float) -> None:
        now[0] += seconds
        if now[0] >= 1001 and ended:
            database.end_tick("health", began=ended.pop(0))

    with closing(Database(url)) as opened:
        database = Deployment(opened)
        database.take_tick("health", now=900, every=600)
        monkeypatch.setattr(time, "time", lambda: now[0])
        monkeypatch.setattr(time, "sleep", pause)
        find_target(tmp_path, url).invoke("health")
        assert (ended, database.done_since("health")) == ([], 1001)
