"""Figures as people read them, beside the raw ones."""

from datetime import UTC, datetime

from sealrun_cli.lib.waiting import duration

# Mina's slot before Mesa; Mesa halves it. Only for estimates.
SLOT_SECONDS = 180
MINUTE = 60
YEAR_10000 = 253_402_300_800  # Unix seconds; no calendar of Python's goes further
STEP = 1024
PREFIXES = ("KiB", "MiB", "GiB", "TiB")


def size(count: int) -> str:
    """Bytes, with their binary multiple from 1 KiB on."""
    if count < STEP:
        return f"{count} bytes"
    power = min(len(PREFIXES), (count.bit_length() - 1) // 10)
    return f"{count / STEP**power:.1f} {PREFIXES[power - 1]} ({count} bytes)"


def slots(count: int) -> str:
    """Slots, and about how long they last."""
    return f"{count} slots (about {duration(count * SLOT_SECONDS)})"


def lasting(seconds: int) -> str:
    """Seconds, with the time as people say it from a minute on."""
    return f"{seconds} s ({duration(seconds)})" if seconds >= MINUTE else f"{seconds} s"


def slot_date(slot: int, date: int) -> str:
    """A slot with the date, in Unix seconds, on which it is expected; 0 for a date that nobody knows."""
    return f"slot {slot} (about {when(date)})" if date else f"slot {slot}"


def when(seconds: int) -> str:
    """A moment in Unix seconds as a date in UTC; one that no calendar has stays a number."""
    if not 0 <= seconds < YEAR_10000:
        return f"{seconds} (Unix seconds)"
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
