"""What all processes that serve one ledger share: its id, oracle keys, and who does what is due."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sealrun.adapters.sql.database import Database
from sealrun.adapters.sql.deployment import Deployment
from sealrun.adapters.sql.ledger import SqlLedger
from sealrun.errors import Malformed
from tests.ports.at_once import at_once
from tests.ports.test_ledger import NOW, OFFER, record
from tests.sealrun.adapters.test_sql import OPEN


@pytest.fixture(params=OPEN)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with closing(Database(OPEN[request.param](tmp_path))) as opened:
        yield opened


def test_a3_a_ledger_gets_its_id_once(database: Database) -> None:
    first, second = Deployment(database), Deployment(database)
    assert second.ledger_id() == 0
    first.take_ledger_id(2**200 + 1)
    first.take_ledger_id(2**200 + 1)
    assert second.ledger_id() == 2**200 + 1
    with pytest.raises(Malformed, match="ledger: expected offers of"):
        second.take_ledger_id(7)
    assert Deployment(database).ledger_id() == 2**200 + 1


def test_a9_a_new_oracle_key_stands_beside_the_old_one(database: Database) -> None:
    deployment = Deployment(database)
    deployment.add_oracle_key("B62a", b"first")
    deployment.add_oracle_key("B62b", b"second")
    deployment.add_oracle_key("B62b", b"third")
    assert Deployment(database).oracle_keys() == {"B62a": b"first", "B62b": b"third"}


def test_the_public_url_is_that_of_the_last_start(database: Database) -> None:
    deployment = Deployment(database)
    assert deployment.url() == ""
    deployment.set_url("https://a.example")
    deployment.set_url("https://b.example")
    assert deployment.url() == "https://b.example"


def test_of_processes_that_ask_at_once_one_does_what_is_due(database: Database) -> None:
    processes = [Deployment(database) for _ in range(6)]
    assert at_once(lambda each: each.take_tick("sweep", now=NOW, every=60), processes).count(True) == 1
    assert not processes[0].take_tick("sweep", now=NOW + 59, every=60)
    assert at_once(lambda each: each.take_tick("sweep", now=NOW + 60, every=60), processes).count(True) == 1
    assert processes[1].take_tick("health", now=NOW, every=60), "each task has a time of its own"


def test_l13_a_clock_that_was_a_year_ahead_puts_no_task_off_for_a_year(database: Database) -> None:
    deployment = Deployment(database)
    assert deployment.take_tick("sweep", now=NOW + 365 * 24 * 3600, every=60)
    processes = [Deployment(database) for _ in range(4)]
    assert at_once(lambda each: each.take_tick("sweep", now=NOW, every=60), processes).count(True) == 1
    assert not deployment.take_tick("sweep", now=NOW + 59, every=60)


def test_a_task_that_is_hastened_is_due_at_once(database: Database) -> None:
    deployment = Deployment(database)
    assert deployment.done_since("health") == 0
    deployment.take_tick("health", now=NOW, every=300)
    deployment.end_tick("health", began=NOW + 2)
    deployment.hasten("health")
    assert deployment.take_tick("health", now=NOW + 3, every=300)
    assert deployment.done_since("health") == NOW + 2


def test_calls_that_are_not_over_are_counted(database: Database) -> None:
    ledger = SqlLedger(database)
    for number in (1, 2):
        assert ledger.claim(record(number, NOW), OFFER, identifier=None)
    assert ledger.count_unfinished() == 2
