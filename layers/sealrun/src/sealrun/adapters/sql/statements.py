"""INSERT with a word on what to do on a conflict, which SQLite and PostgreSQL spell alike."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table, literal
from sqlalchemy.dialects import postgresql, sqlite


def insert(db: Connection, table: Table) -> Any:
    """An INSERT in the words of this database."""
    return postgresql.insert(table) if db.dialect.name == "postgresql" else sqlite.insert(table)


def happened(db: Connection, written: Any) -> bool:
    """Run an INSERT; True if it wrote its row.

    RETURNING shows that, because the number of rows is not reported for an INSERT.
    """
    return db.scalar(written.returning(literal(1))) is not None


def add_new(db: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Add a row; False when its key is there already."""
    return happened(db, insert(db, table).values(**row).on_conflict_do_nothing())


def put(db: Connection, table: Table, row: Mapping[str, Any]) -> None:
    """Add a row, or replace the one of its key."""
    keys = [column.name for column in table.primary_key]
    others = {name: value for name, value in row.items() if name not in keys}
    db.execute(insert(db, table).values(**row).on_conflict_do_update(index_elements=keys, set_=others))
