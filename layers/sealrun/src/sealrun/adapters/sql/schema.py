"""The tables of the ledger, all of them. A change here comes with a step in ``migrations/versions``.

Hashes are 64 hex digits. Amounts and roots are decimal text, because they pass the 63 bits of a database's
integers, and are compared in Python, in the transaction that holds the account's row. Times are Unix seconds.
"""

from typing import Any

from sqlalchemy import BigInteger, Column, Index, LargeBinary, MetaData, Table, Text, TypeDecorator, text

METADATA = MetaData()


class _Words(TypeDecorator[str]):
    """What may repeat a stranger's words, as every database keeps it: PostgreSQL has no NUL in a text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:  # noqa: ARG002
        return value.replace("\0", "\ufffd") if value else value


def _text(name: str, *, key: bool = False, nullable: bool = False) -> Column[str]:
    return Column(name, Text, primary_key=key, nullable=nullable)


def _words(name: str) -> Column[str]:
    return Column(name, _Words, nullable=False)


def _number(name: str, *, key: bool = False, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, primary_key=key, nullable=nullable, autoincrement=False)


OFFERS = Table(
    "offers",
    METADATA,
    _text("hash", key=True),
    Column("document", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("sealing_key", LargeBinary, nullable=False),
    Column("webhook_secret", LargeBinary, nullable=False),
    _words("closed"),
    _words("suspended"),
    _words("paused"),
    _words("resting"),
    _number("rests_until"),
    _number("faults"),
    _number("shows_runs", nullable=True),  # 0 or 1; null before the first health check
    _text("quotas"),  # JSON: calls an hour by buyer
    _number("delivered_at", nullable=True),  # null before a delivery woke the collector in time
    Column("dropped", Text, nullable=False, server_default="{}"),  # JSON: reasons by asset
)

_OPEN = text("wake_at IS NOT NULL")

CALLS = Table(
    "calls",
    METADATA,
    _text("hash", key=True),
    _text("offer"),
    Column("account", Text, nullable=False, server_default=""),
    _number("version"),
    _number("claimed_at"),
    _number("wake_at", nullable=True),  # null once the call is over
    _text("record"),  # JSON
    Index("calls_due", "offer", "wake_at"),
    Index("calls_waking", "wake_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index("calls_listed", "offer", "claimed_at"),
    Index("calls_called", "account", "claimed_at", "hash"),
    Index("calls_open", "offer", "claimed_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
)

IDENTIFIERS = Table(
    "identifiers", METADATA, _text("account", key=True), _text("name", key=True), _text("call")
)

RUNS = Table(
    "runs",
    METADATA,
    _text("provider", key=True),
    _text("origin", key=True),
    _text("project", key=True),
    _text("id", key=True),
    _text("call"),
)

# CI tokens by the SHA-256 of issuer and jti.
TOKENS = Table("tokens", METADATA, _text("digest", key=True), _text("call"))

# ``until`` is when a counter is of no use to anybody; null for what has no end.
COUNTERS = Table(
    "counters",
    METADATA,
    _text("name", key=True),
    _number("count"),
    _number("until", nullable=True),
    Index("counters_until", "until"),
)

PLACES = Table(
    "places", METADATA, _text("offer", key=True), _number("place", key=True), _text("call"), _number("until")
)

ACCOUNTS = Table(
    "accounts",
    METADATA,
    _text("account", key=True),
    _text("offer"),
    _text("terms"),
    _text("buyer"),
    _text("voucher"),  # JSON, of the highest limit
    _text("committed"),
    _text("tree"),  # JSON
    # Of an account of an older version too low: none of its calls waits for a proof.
    Column("calls", BigInteger, nullable=False, server_default="0"),
)

LEAVES = Table(
    "leaves",
    METADATA,
    _text("account", key=True),
    _number("place", key=True),
    _text("leaf"),  # JSON
    _text("call"),
    Index("leaves_call", "account", "call", unique=True),
)

DUES = Table(
    "dues", METADATA, _text("account", key=True), _number("leaves", key=True), _text("amount"), _text("root")
)

DEPOSITS = Table(
    "deposits", METADATA, _text("account", key=True), _number("depth", key=True), _text("deposits")
)

# What concerns all processes that serve this ledger: the id of the ledger, and the public URL.
DEPLOYMENT = Table("deployment", METADATA, _text("name", key=True), _text("value"))

# Oracle keys by their addresses, encrypted with the key file's key.
ORACLE_KEYS = Table(
    "oracle_keys", METADATA, _text("address", key=True), Column("ciphertext", LargeBinary, nullable=False)
)

# When each recurring task is due: the process that moves the time on does the task.
TICKS = Table("ticks", METADATA, _text("name", key=True), _number("due_at"), _number("done_at"))
