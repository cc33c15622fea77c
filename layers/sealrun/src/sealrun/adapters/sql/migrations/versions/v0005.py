"""Whether anyone may open the page of an offer's run at its provider."""

import sqlalchemy as sa
from alembic import op

revision = "5"
down_revision = "4"


def upgrade() -> None:
    """Add the column; the next health check fills it."""
    op.add_column("offers", sa.Column("shows_runs", sa.BigInteger(), nullable=True))
