"""Lists of an offer's calls by their age."""

from alembic import op

revision = "3"
down_revision = "2"


def upgrade() -> None:
    """Make the index."""
    op.create_index("calls_listed", "calls", ["offer", "claimed_at"])
