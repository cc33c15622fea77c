"""When a delivery last told of the end of an offer's run before a sweep looked for it."""

import sqlalchemy as sa
from alembic import op

revision = "7"
down_revision = "6"


def upgrade() -> None:
    """Add the column; the next delivery fills it."""
    op.add_column("offers", sa.Column("delivered_at", sa.BigInteger(), nullable=True))
