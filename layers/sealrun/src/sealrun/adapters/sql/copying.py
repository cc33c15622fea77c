"""All rows of one ledger into another one that is empty, SQLite or PostgreSQL: backups, and moving."""

from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from sealrun.adapters.sql.database import Database
from sealrun.adapters.sql.schema import METADATA, OFFERS
from sealrun.errors import Conflict

ROWS = 500
UNMOVED = (
    "moving these offers here did not end: if the old database still has them, serve that one and move into "
    "another empty one; if it is empty, resume them here"
)


def copy_ledger(source: Database, target: Database, *, paused: str = "") -> int:
    """Copy what the source holds at one moment, while others go on writing to it; the number of rows.

    Args:
        source: only read, so whatever its tables do with an UPDATE, it is not done.
        target: an empty one.
        paused: why open offers take no calls in the target until their operator resumes them; empty where
            they go on.

    Raises:
        Conflict: the target is not empty.
        StoreUnavailable: one of them does not answer; the target stays empty.
    """
    return source.snapshot(lambda read: target.write(lambda write: _copy(read, write, paused)))


def move_ledger(source: Database, target: Database) -> int:
    """Copy all rows while nobody writes to the source, and then remove them there; the number of rows.

    A process that still serves the source finds nothing in it from then on, so no call is in two ledgers that
    are served. Until the source is empty, the target's open offers are paused: should this process end in
    between, both have all rows, and one of them sells.

    Raises:
        Conflict: the target is not empty.
        StoreUnavailable: one of them does not answer; then the source is as it was, or its rows are in the
            target with its offers paused.
    """

    def copy(read: Connection, write: Connection) -> int:
        rows = _copy(read, write)
        _pause(write, UNMOVED)
        return rows

    def step(held: Connection) -> int:
        source.lock_all(held)
        rows = target.write(lambda write: copy(held, write))
        _empty(held)
        return rows

    rows = source.write(step)
    resumed = OFFERS.update().where(OFFERS.c.paused == UNMOVED).values(paused="")
    target.write(lambda write: write.execute(resumed))
    return rows


def _pause(db: Connection, reason: str) -> int:
    is_open = (OFFERS.c.closed == "") & (OFFERS.c.paused == "")
    return db.execute(OFFERS.update().where(is_open).values(paused=reason)).rowcount


def _empty(db: Connection) -> None:
    for table in METADATA.sorted_tables:
        db.execute(delete(table))


def _copy(read: Connection, write: Connection, paused: str = "") -> int:
    rows = 0
    for table in METADATA.sorted_tables:
        if write.scalar(select(func.count()).select_from(table)):
            raise Conflict(f"database: expected an empty one, got rows in {table.name}")
        for page in read.execute(select(table).execution_options(yield_per=ROWS)).partitions():
            copied = [dict(row._mapping) for row in page]  # noqa: SLF001  public API
            if table is OFFERS and paused:
                copied = [_paused(each, paused) for each in copied]
            write.execute(insert(table), copied)
            rows += len(page)
    return rows


def _paused(offer: dict[str, Any], reason: str) -> dict[str, Any]:
    return offer if offer["closed"] or offer["paused"] else {**offer, "paused": reason}
