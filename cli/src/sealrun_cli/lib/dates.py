"""Dates as they are written on the command line."""

from datetime import datetime

from sealrun.calls.grant import MAX_TICKET_SECONDS
from sealrun_cli.lib.errors import CliError

DATE_LENGTH = len("2026-12-31")


def parsed_until(text: str, *, now: int) -> int:
    """The last second of a day, or a time with its zone, in Unix seconds.

    Raises:
        CliError: it is neither, past, or further ahead than a ticket may last.
    """
    last_second = "T23:59:59Z" if len(text) == DATE_LENGTH else ""
    try:
        moment = datetime.fromisoformat(text + last_second)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        expected = "2026-12-31 or 2026-12-31T18:00:00Z"
        raise CliError("bad-request", f"until: expected {expected}, got {text[:40]!r}")
    seconds = int(moment.timestamp())
    if not now < seconds <= now + MAX_TICKET_SECONDS:
        days = MAX_TICKET_SECONDS // 86_400
        raise CliError("bad-request", f"until: expected a time within {days} days from now, got {text}")
    return seconds
