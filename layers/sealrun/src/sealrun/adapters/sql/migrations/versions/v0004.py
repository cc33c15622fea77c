"""An account's calls by their age; calls that are there already are listed too."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "4"
down_revision = "3"

CALLS = sa.table("calls", sa.column("hash"), sa.column("account"), sa.column("record"))
ROWS = 500


def upgrade() -> None:
    """Add the column, fill it from each call's record, and make the index."""
    op.add_column("calls", sa.Column("account", sa.Text(), nullable=False, server_default=""))
    db = op.get_bind()
    after = ""
    while found := db.execute(_page(after)).all():
        for row in found:
            account = json.loads(row.record)["account"]
            db.execute(sa.update(CALLS).where(CALLS.c.hash == row.hash).values(account=account))
        after = found[-1].hash
    op.create_index("calls_called", "calls", ["account", "claimed_at", "hash"])


def _page(after: str) -> sa.Select[Any]:
    page = sa.select(CALLS.c.hash, CALLS.c.record).where(CALLS.c.hash > after)
    return page.order_by(CALLS.c.hash).limit(ROWS)
