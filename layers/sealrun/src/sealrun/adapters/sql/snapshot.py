"""A whole SQLite ledger as bytes, while it is open: what a branch or a bucket can keep."""

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple


class Snapshot(NamedTuple):
    """The database file at one moment, and a digest of what its rows say, whatever its pages look like."""

    content: bytes
    digest: str


def snapshot(path: Path) -> Snapshot:
    """Copy a database that others may have open.

    Raises:
        sqlite3.Error: it cannot be read.
    """
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(":memory:")) as copy:
        source.backup(copy)
        digest = hashlib.sha256()
        for line in copy.iterdump():
            digest.update(line.encode() + b"\n")
        return Snapshot(copy.serialize(), digest.hexdigest())
