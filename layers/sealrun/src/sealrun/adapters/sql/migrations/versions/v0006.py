"""How many calls of an account were good or are not over."""

import sqlalchemy as sa
from alembic import op

revision = "6"
down_revision = "5"


def upgrade() -> None:
    """Add the column; no call of an older version waits for a proof."""
    op.add_column("accounts", sa.Column("calls", sa.BigInteger(), nullable=False, server_default="0"))
