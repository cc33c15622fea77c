"""A ledger in a file of SQLite that may come from anybody: tables with plain rows, and nothing that acts.

A trigger could open what is paused here, a view or a generated column could make rows without end, and a
value of another type passes comparisons, because SQLite keeps any type in any column.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import BigInteger, Column, Connection, LargeBinary, select

from sealrun.adapters.sql.database import Database
from sealrun.adapters.sql.schema import CALLS, METADATA, OFFERS
from sealrun.encoding.json_limits import parse_object
from sealrun.errors import Malformed
from sealrun.offers.offer import kept_offer
from sealrun.runs.stored_record import read_record

# A row holds a call, an offer or a key; none comes near this.
MAX_VALUE_BYTES = 4 << 20
# Of SQLite's own objects, and of what a statement may take.
MAX_OBJECTS = 200
MAX_WORDS = 200
# Rows that are read at a time, and a bound for numbers that count calls.
ROWS, MAX_COUNT = 500, 1 << 53
_NAME, _HIDDEN = 1, 6  # in a row of PRAGMA table_xinfo
_STORED = ("CREATE TABLE ", "CREATE INDEX ", "CREATE UNIQUE INDEX ")


def check_ledger_file(path: Path) -> None:
    """The file holds stored tables whose values are of their columns' types.

    Not checked: what the values say; see ``check_documents``.

    Raises:
        Malformed: it does not, or SQLite cannot read it.
    """
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as database:
            database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES)
            database.execute("PRAGMA trusted_schema=OFF").close()
            _check(database)
    except sqlite3.Error as error:
        raise Malformed(
            f"ledger: expected a database that SQLite reads, got {str(error)[:MAX_WORDS]}"
        ) from error


def check_documents(database: Database) -> None:
    """Each offer and each call is one that a service can read: one that it cannot read stops all of them.

    Not checked: what offers of an older sealrun say, which nobody reads, and all other tables.

    Raises:
        Malformed: one of them is another thing, or is kept under another's hash.
        StoreUnavailable: the database does not answer.
    """
    database.snapshot(_check_documents)


def _check_documents(db: Connection) -> None:
    for hash_, document, quotas in db.execute(select(OFFERS.c.hash, OFFERS.c.document, OFFERS.c.quotas)):
        offer = kept_offer(document)
        if offer and offer.id != hash_:
            raise Malformed(f"ledger: expected the offer {hash_[:64]}, got {offer.id} in its place")
        if not _is_quotas(parse_object(quotas.encode())):
            raise Malformed(f"ledger: expected calls an hour by buyers in {hash_[:64]}, got others")
    for hash_, record in db.execute(select(CALLS.c.hash, CALLS.c.record).execution_options(yield_per=ROWS)):
        try:
            call = read_record(record).id
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            detail = f"ledger: expected a call as {hash_[:64]}, got {type(error).__name__} when it is read"
            raise Malformed(detail) from error
        if call != hash_:
            raise Malformed(f"ledger: expected the call {hash_[:64]}, got {call[:64]} in its place")


def _is_quotas(value: dict[str, Any]) -> bool:
    return all(type(each) is int and 0 <= each < MAX_COUNT for each in value.values())


def _check(database: sqlite3.Connection) -> None:
    objects = database.execute(
        "SELECT type, name, rootpage, sql FROM sqlite_master LIMIT ?", [MAX_OBJECTS + 1]
    ).fetchall()
    if len(objects) > MAX_OBJECTS:
        raise Malformed(f"ledger: expected at most {MAX_OBJECTS} tables and indices, got more")
    for kind, name, rootpage, sql in objects:
        # What SQLite makes of it follows from the words alone. A virtual table has no page of its own.
        stored = sql is None or str(sql).startswith(_STORED)
        if not stored or kind not in ("table", "index") or not rootpage:
            raise Malformed(f"ledger: expected stored tables and indices, got {str(name)[:60]!r}")
    for table in METADATA.sorted_tables:
        # By the name that a query uses: SQLite's list may have it in other letters, or another one.
        columns = database.execute("SELECT * FROM pragma_table_xinfo(?)", [table.name]).fetchall()
        if any(column[_HIDDEN] for column in columns):
            raise Malformed(f"ledger: expected stored columns, got others in {table.name!r}")
        # An older version's tables lack some: SQLite would read the name of a missing one as a text.
        there = {str(column[_NAME]).lower() for column in columns}
        if found := [column for column in table.columns if column.name in there]:
            _check_rows(database, table.name, found)
    # An index may have other rows than its table, and a query reads either.
    [damage] = database.execute("PRAGMA integrity_check(1)").fetchone()
    if damage != "ok":
        raise Malformed(f"ledger: expected indices that fit their tables, got {str(damage)[:MAX_WORDS]!r}")


def _check_rows(database: sqlite3.Connection, table: str, columns: Sequence[Column[object]]) -> None:
    # Names and types are those of ``schema``, which nobody else writes.
    other = " OR ".join(f"typeof({_name(each)}) NOT IN ({_types(each)})" for each in columns)
    if database.execute(f"SELECT 1 FROM {table} WHERE {other} LIMIT 1").fetchone():  # noqa: S608
        kinds = ", ".join(f"{each.name} {_types(each)}" for each in columns)
        raise Malformed(f"ledger: expected {kinds} in {table}, got another type")
    large = " OR ".join(f"length({_name(each)}) > {MAX_VALUE_BYTES}" for each in columns)
    if database.execute(f"SELECT 1 FROM {table} WHERE {large} LIMIT 1").fetchone():  # noqa: S608
        raise Malformed(f"ledger: expected at most {MAX_VALUE_BYTES} bytes as a value of {table}, got more")


def _name(column: Column[object]) -> str:
    return f'"{column.name}"'


def _types(column: Column[object]) -> str:
    kind = "text"
    if isinstance(column.type, BigInteger):
        kind = "integer"
    elif isinstance(column.type, LargeBinary):
        kind = "blob"
    return f"'{kind}', 'null'" if column.nullable else f"'{kind}'"
