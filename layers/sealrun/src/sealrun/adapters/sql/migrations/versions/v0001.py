"""The first schema. What a step did stays as it is: a later change is a later step."""

import sqlalchemy as sa
from alembic import op

revision = "1"
down_revision = None


def upgrade() -> None:
    """Make all tables."""
    op.create_table(
        "accounts",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("offer", sa.Text(), nullable=False),
        sa.Column("terms", sa.Text(), nullable=False),
        sa.Column("buyer", sa.Text(), nullable=False),
        sa.Column("voucher", sa.Text(), nullable=False),
        sa.Column("committed", sa.Text(), nullable=False),
        sa.Column("tree", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account"),
    )
    op.create_table(
        "calls",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("offer", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("claimed_at", sa.BigInteger(), nullable=False),
        sa.Column("wake_at", sa.BigInteger(), nullable=True),
        sa.Column("record", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("hash"),
    )
    op.create_index("calls_due", "calls", ["offer", "wake_at"])
    op.create_table(
        "counters",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_index("counters_until", "counters", ["until"])
    op.create_table(
        "deposits",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("depth", sa.BigInteger(), nullable=False),
        sa.Column("deposits", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account", "depth"),
    )
    op.create_table(
        "dues",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("leaves", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.Text(), nullable=False),
        sa.Column("root", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account", "leaves"),
    )
    op.create_table(
        "identifiers",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("call", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account", "name"),
    )
    op.create_table(
        "leaves",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("leaf", sa.Text(), nullable=False),
        sa.Column("call", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account", "place"),
    )
    op.create_index("leaves_call", "leaves", ["account", "call"], unique=True)
    op.create_table(
        "offers",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("sealing_key", sa.LargeBinary(), nullable=False),
        sa.Column("webhook_secret", sa.LargeBinary(), nullable=False),
        sa.Column("closed", sa.Text(), nullable=False),
        sa.Column("suspended", sa.Text(), nullable=False),
        sa.Column("paused", sa.Text(), nullable=False),
        sa.Column("resting", sa.Text(), nullable=False),
        sa.Column("rests_until", sa.BigInteger(), nullable=False),
        sa.Column("faults", sa.BigInteger(), nullable=False),
        sa.Column("quotas", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("hash"),
    )
    op.create_table(
        "places",
        sa.Column("offer", sa.Text(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("call", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("offer", "place"),
    )
    op.create_table(
        "runs",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("call", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "origin", "project", "id"),
    )
    op.create_table(
        "tokens",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("call", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
