"""The file, durability, steps of the schema, sweeping, errors: all that the suite of ledgers does not ask."""

import stat
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, func, select, text

from sealrun.adapters.sql.counters import KEPT
from sealrun.adapters.sql.database import Database
from sealrun.adapters.sql.ledger import SqlLedger
from sealrun.adapters.sql.schema import COUNTERS, METADATA
from sealrun.errors import Malformed, StoreUnavailable
from sealrun.offers.stored_offer import StoredOffer
from sealrun.ports.calls import Rate
from tests.ports.at_once import at_once
from tests.ports.postgres import new_database
from tests.ports.test_ledger import NOW, OFFER, record

ROOT = Path(__file__).parents[3]
OPEN: dict[str, Callable[[Path], str]] = {
    "sqlite": lambda folder: f"sqlite:///{folder}/ledger.db",
    "postgresql": lambda _: new_database(),
}


@pytest.fixture(params=OPEN)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return OPEN[request.param](tmp_path)


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Database]:
    with closing(Database(OPEN["sqlite"](tmp_path))) as database:
        yield database


def test_the_steps_make_the_schema_as_it_is_written(url: str) -> None:
    with closing(Database(url)) as database:
        found = database.read(lambda db: compare_metadata(MigrationContext.configure(db), METADATA))
    assert found == []


@pytest.mark.parametrize("password", ["a@b:half-of-it", "a@b:half-of-it:c"])
def test_r11_a_password_that_makes_its_url_unreadable_is_not_repeated(password: str) -> None:
    """Of a password with @ and : the half behind them stands where a port is."""
    with pytest.raises(Malformed, match="write %40 for @") as caught:
        Database(f"postgresql+psycopg://seller:{password}@db.example/sealrun")
    assert "half-of-it" not in f"{caught.value.detail} {caught.value.__cause__}"
    assert caught.value.__suppress_context__


def test_services_that_start_at_once_make_one_schema(url: str) -> None:
    for database in at_once(Database, [url] * 4):
        database.close()


def test_a_database_of_a_newer_version_is_refused_and_left_as_it_is(url: str) -> None:
    def newer(db: Connection) -> None:
        db.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with closing(Database(url)) as database:
        database.write(newer)
    with pytest.raises(
        StoreUnavailable, match="expected the schema of this version of sealrun or of an older"
    ):
        Database(url)


def test_what_was_written_is_there_when_it_is_opened_again(url: str) -> None:
    with closing(Database(url)) as database:
        ledger = SqlLedger(database)
        ledger.publish(StoredOffer(OFFER, "", b"sealed", b"key", b"secret"))
        assert ledger.claim(record(), OFFER, identifier="one")
    with closing(Database(url)) as database:
        assert SqlLedger(database).record(record().call_hash) == record()


def test_calls_of_an_older_schema_are_listed_by_their_accounts_too(url: str) -> None:
    def older(db: Connection) -> None:
        db.execute(text("DROP INDEX calls_called"))
        db.execute(text("ALTER TABLE calls DROP COLUMN account"))
        for newer in ("shows_runs", "delivered_at"):
            db.execute(text(f"ALTER TABLE offers DROP COLUMN {newer}"))
        db.execute(text("ALTER TABLE accounts DROP COLUMN calls"))
        db.execute(text("ALTER TABLE offers DROP COLUMN dropped"))
        db.execute(text("UPDATE alembic_version SET version_num = '3'"))

    with closing(Database(url)) as database:
        ledger = SqlLedger(database)
        ledger.publish(StoredOffer(OFFER, "", b"sealed", b"key", b"secret"))
        assert ledger.claim(record(), OFFER, identifier=None)
        database.write(older)
    with closing(Database(url)) as database:
        assert SqlLedger(database).calls_of(record().account, most=5) == [record()]


def test_counters_are_swept_once_they_are_of_no_use_and_what_runs_stays(url: str) -> None:
    with closing(Database(url)) as database:
        ledger = SqlLedger(database)
        ledger.claim(record(), OFFER, identifier=None, rate=Rate("192.0.2.1", NOW // 60, 5))
        assert _names(database) == ["load", "minutes", "quota", "rate"]
        ledger.count_request(Rate("192.0.2.1", NOW // 60 + KEPT // 60, 5))
        assert _names(database) == ["load", "minutes", "quota", "rate", "rate"]
        ledger.count_request(Rate("192.0.2.1", NOW // 60 + KEPT // 60 + 61, 5))
        assert _names(database) == ["load", "minutes", "rate", "rate"]


def _names(database: Database) -> list[str]:
    names = database.read(lambda db: list(db.scalars(select(COUNTERS.c.name))))
    return sorted(name.split("#")[0] for name in names)


def test_every_connection_to_sqlite_is_durable(sqlite: Database) -> None:
    def pragmas(db: Connection) -> tuple[object, object]:
        return db.scalar(text("PRAGMA journal_mode")), db.scalar(text("PRAGMA synchronous"))

    full = 2
    assert sqlite.read(pragmas) == ("wal", full)
    assert sqlite.write(pragmas) == ("wal", full)


def test_a_new_file_is_its_owners_alone(sqlite: Database, tmp_path: Path) -> None:
    sqlite.write(lambda db: db.execute(text("UPDATE offers SET faults = 0")))
    found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert found["ledger.db"] == 0o600
    assert set(found.values()) == {0o600}


def test_e7_a_link_in_place_of_the_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").symlink_to(tmp_path / "elsewhere.db")
    with pytest.raises(StoreUnavailable, match="expected a file that can be opened"):
        Database(OPEN["sqlite"](tmp_path))
    assert not (tmp_path / "elsewhere.db").exists()


def test_a_file_that_is_no_database_is_unavailable_and_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(b"something else, and long enough" * 100)
    with pytest.raises(StoreUnavailable, match="expected an answer, got DatabaseError"):
        Database(OPEN["sqlite"](tmp_path))
    assert (tmp_path / "ledger.db").read_bytes().startswith(b"something else")


def test_no_error_shows_what_was_to_be_stored(url: str) -> None:
    with closing(Database(url)) as database:
        database.write(lambda db: db.execute(text("DROP TABLE calls")))
        with pytest.raises(StoreUnavailable) as refused:
            SqlLedger(database).claim(record(), OFFER, identifier=None)
        assert record().account not in f"{refused.value} {refused.value.words} {refused.value.__cause__}"


CLAIMS = """
    import sys
    from sealrun.adapters.sql.database import Database
    from sealrun.adapters.sql.ledger import SqlLedger
    from sealrun.ports.calls import Rate

    ledger = SqlLedger(Database(sys.argv[1]))
    while True:
        ledger.count_request(Rate("192.0.2.1", 1, 10**9))
        sys.stdout.write(".")
        sys.stdout.flush()
"""


def test_what_was_answered_survives_a_kill_at_any_moment(tmp_path: Path) -> None:
    url, answered, kills = OPEN["sqlite"](tmp_path), 0, 4
    for _ in range(kills):
        program = [sys.executable, "-c", textwrap.dedent(CLAIMS), url]
        path = ":".join(str(ROOT / "layers" / layer / "src") for layer in ("mina", "sealrun"))
        with subprocess.Popen(program, stdout=subprocess.PIPE, env={"PYTHONPATH": path}) as process:
            assert process.stdout is not None
            first = process.stdout.read(40)
            process.kill()
            answered += len(first) + len(process.stdout.read())
    with closing(Database(url)) as database:
        counted = database.read(lambda db: db.scalar(select(func.sum(COUNTERS.c.count)))) or 0
        assert database.read(lambda db: db.scalar(text("PRAGMA integrity_check"))) == "ok"
    assert answered <= counted <= answered + kills
