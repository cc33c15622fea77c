"""A ledger copied and moved between SQLite and PostgreSQL: every row, once, and of one moment."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import column, select, table, update

from sealrun.adapters.sql import copying
from sealrun.adapters.sql.copying import copy_ledger, move_ledger
from sealrun.adapters.sql.database import Database
from sealrun.adapters.sql.deployment import Deployment
from sealrun.adapters.sql.ledger import SqlLedger
from sealrun.adapters.sql.schema import METADATA
from sealrun.errors import Conflict
from sealrun.offers.stored_offer import StoredOffer
from tests.ports.postgres import new_database
from tests.ports.test_ledger import NOW, OFFER, record
from tests.sealrun.adapters.test_sql import OPEN
from tests.sealrun.world import make_offer

WAYS = [("sqlite", "postgresql"), ("postgresql", "sqlite"), ("sqlite", "sqlite")]
OTHER = make_offer(title="Another title")


@pytest.fixture(params=WAYS, ids="-to-".join)
def way(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Database, Database]]:
    with ExitStack() as opened:
        made = []
        for number, name in enumerate(request.param):
            (tmp_path / str(number)).mkdir()
            made.append(opened.enter_context(closing(Database(OPEN[name](tmp_path / str(number))))))
        yield made[0], made[1]


def filled(database: Database) -> SqlLedger:
    """A ledger with something in most tables."""
    ledger, deployment = SqlLedger(database), Deployment(database)
    ledger.publish(StoredOffer(OFFER, "", b"\x00\xff", b"key", b"secret", quotas={"B62a": 5}))
    ledger.publish(StoredOffer(OTHER, "", b"", b"key", b"secret"))
    assert ledger.claim(record(), OFFER, identifier="one")
    assert ledger.take_place(OFFER.hash, record().call_hash, now=NOW, until=NOW + 9)
    assert ledger.take_token("https://issuer.example", "jti", call_hash=5)
    deployment.take_ledger_id(2**200)
    deployment.add_oracle_key("B62a", b"\x01\x02")
    deployment.take_tick("health", now=NOW, every=300)
    return ledger


def contents(database: Database) -> dict[str, list[Any]]:
    def read(db: Any) -> dict[str, list[Any]]:
        return {
            table.name: sorted(tuple(row) for row in db.execute(select(table)))
            for table in METADATA.sorted_tables
        }

    return database.read(read)


def test_every_row_of_every_table_is_copied(
    way: tuple[Database, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "ROWS", 1)
    source, target = way
    filled(source)
    before = contents(source)
    assert copy_ledger(source, target) == sum(map(len, before.values())) > 10
    assert contents(target) == before == contents(source)
    assert SqlLedger(target).record(record().call_hash) == record()


@pytest.mark.parametrize("copied", [copy_ledger, move_ledger])
@pytest.mark.parametrize("name", ["closed", "suspended", "paused", "resting"])
def test_l14_a_reason_with_a_nul_stops_no_copy(copied: Any, name: str, tmp_path: Path) -> None:
    """SQLite kept one as a provider sent it; PostgreSQL has none in a text."""
    with closing(Database(OPEN["sqlite"](tmp_path))) as source, closing(Database(new_database())) as target:
        filled(source)
        before = update(table("offers", column(name))).values({name: "got a\0b"})
        source.write(lambda db: db.execute(before))
        assert copied(source, target) > 10
        offer = SqlLedger(target).offer(OFFER.hash)
        assert offer
        assert getattr(offer, name) == "got a\ufffdb"


def test_a_copy_is_of_one_moment(way: tuple[Database, Database], monkeypatch: pytest.MonkeyPatch) -> None:
    """While the copy goes on, a service writes to the source."""
    source, target = way
    ledger = filled(source)
    before = contents(source)
    copy = copying._copy

    def write_meanwhile(read: Any, write: Any, paused: str) -> int:
        read.execute(select(METADATA.sorted_tables[0])).all()
        ledger.close_offer(OFFER.hash, "meanwhile")
        assert ledger.claim(record(2), OFFER, identifier="two")
        return copy(read, write, paused)

    monkeypatch.setattr(copying, "_copy", write_meanwhile)
    copy_ledger(source, target)
    assert contents(target) == before != contents(source)


def test_a3_after_a_move_the_old_database_sells_nothing(way: tuple[Database, Database]) -> None:
    source, target = way
    old = filled(source)
    before = contents(source)
    move_ledger(source, target)
    assert contents(target) == before
    assert (old.published(), old.record(record().call_hash)) == ([], None)
    assert not any(contents(source).values())


def test_a3_a_move_that_dies_between_its_databases_leaves_one_that_sells(
    way: tuple[Database, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = way
    old = filled(source)
    old.pause_offer(OTHER.hash, "holidays")
    before = contents(source)

    def dies(_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(copying, "_empty", dies)
    with pytest.raises(KeyboardInterrupt):
        move_ledger(source, target)
    assert contents(source) == before
    offers = [SqlLedger(target).offer(each) for each in (OFFER.hash, OTHER.hash)]
    assert [each.paused for each in offers if each] == [copying.UNMOVED, "holidays"]


def test_a3_a_move_that_dies_once_the_old_database_is_empty_says_to_resume_in_the_new_one(
    way: tuple[Database, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = way
    filled(source)
    write, steps = target.write, []

    def dies(step: Any) -> Any:
        steps.append(step)
        if len(steps) > 1:
            raise KeyboardInterrupt
        return write(step)

    monkeypatch.setattr(target, "write", dies)
    with pytest.raises(KeyboardInterrupt):
        move_ledger(source, target)
    assert not any(contents(source).values())
    offer = SqlLedger(target).offer(OFFER.hash)
    assert offer is not None
    assert offer.paused.endswith("if it is empty, resume them here")


def test_a_database_that_holds_something_is_not_copied_into(way: tuple[Database, Database]) -> None:
    source, target = way
    filled(source)
    before = contents(source)
    Deployment(target).set_url("https://other.example")
    for copied in (copy_ledger, move_ledger):
        with pytest.raises(Conflict, match="database: expected an empty one, got rows in deployment"):
            copied(source, target)
    assert contents(source) == before
    assert SqlLedger(target).published() == []


def test_only_open_offers_are_paused(way: tuple[Database, Database]) -> None:
    source, target = way
    filled(source).pause_offer(OTHER.hash, "holidays")
    copy_ledger(source, target, paused="restored")
    offers = [SqlLedger(target).offer(each) for each in (OFFER.hash, OTHER.hash)]
    assert [each.paused for each in offers if each] == ["restored", "holidays"]
