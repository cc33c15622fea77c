"""Lists of an offer's calls by their age, and of all calls that are not over."""

import sqlalchemy as sa
from alembic import op

revision = "3"
down_revision = "2"

OPEN = sa.text("wake_at IS NOT NULL")


def upgrade() -> None:
    """Make the indices."""
    op.create_index("calls_listed", "calls", ["offer", "claimed_at"])
    op.create_index("calls_open", "calls", ["offer", "claimed_at"], sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_index("calls_waking", "calls", ["wake_at"], sqlite_where=OPEN, postgresql_where=OPEN)
