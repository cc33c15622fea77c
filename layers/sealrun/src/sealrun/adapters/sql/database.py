"""Opens a database, brings its schema up to date, and runs transactions that are all or nothing."""

import os
import random
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from sealrun.adapters.sql.schema import METADATA
from sealrun.errors import Malformed, StoreUnavailable

Result = TypeVar("Result")

# How long a transaction waits for another one's, in seconds. None takes longer than a few requests.
WAIT_SECONDS = 30
# PostgreSQL ends one of two transactions that wait for each other; it is tried again after a random time, in
# seconds, up to twice as long with every attempt.
ATTEMPTS = 8
FIRST_PAUSE = 0.01
SERIALIZATION_FAILURE, DEADLOCK = "40001", "40P01"
# Whoever migrates holds this advisory lock of PostgreSQL, a number that nobody else uses in the database.
MIGRATION_LOCK = 0x5EA1
MAX_WORDS = 400
READS = {"sealrun_reads": True}


class Database:
    """One database. Every method raises StoreUnavailable where it does not answer."""

    def __init__(self, url: str) -> None:
        """Open it and bring its schema up to date.

        Args:
            url: ``sqlite:///PATH`` or ``postgresql+psycopg://...``. A new SQLite file is its owner's alone.

        Raises:
            Malformed: it is no such URL, perhaps for what stands in its password, which is not repeated.
            StoreUnavailable: there is no answer, or a newer version of sealrun made its schema.
        """
        try:
            made = make_url(url)
        except (ValueError, ArgumentError):
            detail = "store: expected postgresql://USER:PASSWORD@HOST/NAME, got what cannot be read so"
            raise Malformed(f"{detail}; in a password write %40 for @ and %3A for :") from None
        is_file = url.startswith("sqlite:")
        self.engine = _sqlite(made) if is_file else create_engine(made, hide_parameters=True)
        try:
            self.write(self._migrate)
        except BaseException:
            self.close()
            raise

    def read(self, step: Callable[[Connection], Result]) -> Result:
        """Run the step on what was committed so far."""
        try:
            with self.engine.connect().execution_options(**READS) as connection:
                return step(connection)
        except SQLAlchemyError as error:
            raise _unavailable(error) from error

    def snapshot(self, step: Callable[[Connection], Result]) -> Result:
        """Run the step on what is committed now, whatever is committed while it runs."""
        whole = {} if self.engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
        try:
            with self.engine.connect().execution_options(**READS, **whole) as connection:
                return step(connection)
        except SQLAlchemyError as error:
            raise _unavailable(error) from error

    def lock_all(self, connection: Connection) -> None:
        """Let nobody else write until the connection's transaction ends; in SQLite nobody can anyway."""
        if self.engine.dialect.name == "postgresql":
            names = ", ".join(table.name for table in METADATA.sorted_tables)
            connection.execute(text(f"LOCK TABLE {names} IN EXCLUSIVE MODE"))

    def write(self, step: Callable[[Connection], Result]) -> Result:
        """Run the step as one transaction; what it raises undoes it. The step may run more than once."""
        for attempt in range(ATTEMPTS):
            try:
                with self.engine.begin() as connection:
                    return step(connection)
            except SQLAlchemyError as error:
                if not _met_another(error):
                    raise _unavailable(error) from error
            time.sleep(random.uniform(0, FIRST_PAUSE * 2**attempt))  # noqa: S311  no secret hangs on it
        raise StoreUnavailable("database: expected a transaction, got in the way of others")

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()

    def _migrate(self, connection: Connection) -> None:
        """Migrate in the connection's transaction; a process that comes meanwhile waits and finds it done."""
        if self.engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
        config = Config()
        config.set_main_option(
            "script_location", str(Path(__file__).parent / "migrations").replace("%", "%%")
        )
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            message = (
                "database: expected the schema of this version of sealrun or of an older one, got another"
            )
            raise StoreUnavailable(message, words=str(error)) from error


def _sqlite(url: URL) -> Engine:
    """An engine whose transactions are durable when they end (WAL, synchronous=FULL), and one at a time."""
    _make_private(url.database or "")
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": WAIT_SECONDS})
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
    return engine


def _make_private(path: str) -> None:
    """Make the file, if there is none, for its owner alone; SQLite gives its other files the same mode."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
    except OSError as error:
        message = f"{path}: expected a file that can be opened and is no link, got {error.strerror}"
        raise StoreUnavailable(message) from error


def _set_up(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # sqlite3 begins transactions late; ``_begin`` does it instead
    _switch_to_wal(connection)
    for pragma in ("synchronous=FULL", "foreign_keys=ON", "trusted_schema=OFF"):
        connection.execute(f"PRAGMA {pragma}").close()


def _switch_to_wal(connection: Any) -> None:
    """Wait for another service that switches the same new file: SQLite itself would say "locked" at once."""
    deadline = time.monotonic() + WAIT_SECONDS
    while connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(random.uniform(0, FIRST_PAUSE))  # noqa: S311  no secret hangs on it


def _begin(connection: Connection) -> None:
    """A writer takes its lock at once: one that read before could not go on after another one wrote."""
    reads = connection.get_execution_options().get("sealrun_reads")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _met_another(error: SQLAlchemyError) -> bool:
    code = getattr(error.orig, "sqlstate", None) if isinstance(error, DBAPIError) else None
    return code in {SERIALIZATION_FAILURE, DEADLOCK}


def _unavailable(error: SQLAlchemyError) -> StoreUnavailable:
    """Without the statement and its parameters, which hold a buyer's inputs."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    words = str(cause)[:MAX_WORDS]
    return StoreUnavailable(f"database: expected an answer, got {type(cause).__name__}", words=words)
