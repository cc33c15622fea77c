"""Prices of an offer that take no call for a while, with their reasons."""

import sqlalchemy as sa
from alembic import op

revision = "8"
down_revision = "7"


def upgrade() -> None:
    """Add the column; the next health check fills it."""
    op.add_column("offers", sa.Column("dropped", sa.Text(), nullable=False, server_default="{}"))
