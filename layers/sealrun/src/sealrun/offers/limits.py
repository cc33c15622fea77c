"""Bounds of an offer: of one run, of what runs at once, and of each buyer's part of it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sealrun.encoding import read

MAX_SECONDS = 24 * 3600
# From the expiry of a call to the last token that a proof of it takes: contracts/src/fold/call.ts.
MAX_TOKEN_SECONDS = 172_800
MAX_LOG_BYTES = 64 << 20  # of one job
MAX_ARTIFACT_BYTES = 4 << 30  # of one run
# A run that no runner takes within half an hour is no run that was sold.
QUEUE_SECONDS = 1800
# What an open offer allows where it says nothing: enough for a small project, not a month of runners.
AT_ONCE = 20
MINUTES_A_MONTH = 10_000
# Where an offer with an allow list says nothing, its seller knows whom it lets in.
AT_ONCE_OF_LISTED = 1000
MAX_AT_ONCE = 20_000
MAX_MINUTES_A_MONTH = 10**7
# 555 a second; `make bench` measures what a ledger takes.
MAX_CALLS_AN_HOUR = 2_000_000

_NAMES = ("seconds", "log_bytes", "artifact_bytes", "files")
_OPTIONAL = ("queue_seconds", "at_once", "minutes_per_month")


class Limits(NamedTuple):
    """Bounds of one run, in seconds and bytes, and of all runs of the offer together."""

    seconds: int  # from when a runner took the run
    log_bytes: int
    artifact_bytes: int
    files: int
    queue_seconds: int  # until a runner takes it
    at_once: int  # runs of all buyers that are not over
    minutes_per_month: int  # of all runs; a run that is not over counts with its whole time limit

    @property
    def longest(self) -> int:
        """Seconds from a run's start to the end of its time, however long it waits for a runner."""
        return self.queue_seconds + self.seconds

    @property
    def minutes(self) -> int:
        """What a run takes of the month's minutes at most."""
        return -(-self.seconds // 60)


class Share(NamedTuple):
    """What one buyer may have of an offer."""

    per_hour: int  # calls
    at_once: int  # calls that are not over
    minutes_per_month: int  # of runs; one that is not over counts with its whole time limit


def parse_limits(value: Any, *, is_open: bool) -> Limits:
    """Read an offer's ``limits``; ``is_open`` says that anybody may call, who then shares small defaults.

    Raises:
        Malformed: a name is missing or unknown, or a value is not within its bounds.
    """
    members = read.only(value, _NAMES, where="limits", optional=_OPTIONAL)
    defaults = {
        "queue_seconds": QUEUE_SECONDS,
        "at_once": AT_ONCE if is_open else AT_ONCE_OF_LISTED,
        "minutes_per_month": MINUTES_A_MONTH if is_open else MAX_MINUTES_A_MONTH,
    }
    named = {**defaults, **members}
    return Limits(
        seconds=read.whole(named, "seconds", low=10, high=MAX_SECONDS),
        log_bytes=read.whole(named, "log_bytes", low=1, high=MAX_LOG_BYTES),
        artifact_bytes=read.whole(named, "artifact_bytes", low=1, high=MAX_ARTIFACT_BYTES),
        files=read.whole(named, "files", low=1, high=1000),
        queue_seconds=read.whole(named, "queue_seconds", low=10, high=MAX_SECONDS),
        at_once=read.whole(named, "at_once", low=1, high=MAX_AT_ONCE),
        minutes_per_month=read.whole(named, "minutes_per_month", low=1, high=MAX_MINUTES_A_MONTH),
    )


def parse_share(access: Mapping[str, Any], limits: Limits, *, is_open: bool, quota_per_hour: int) -> Share:
    """Read ``access.per_buyer``. One buyer of an open offer has half of it where nothing is said.

    Raises:
        Malformed: a name is missing or unknown, or a value is not within its bounds.
    """
    parts = 2 if is_open else 1
    month = max(limits.minutes, limits.minutes_per_month // parts)
    if "per_buyer" not in access:
        return Share(max(1, quota_per_hour // parts), max(1, limits.at_once // parts), month)
    names = ("per_hour", "at_once")
    members = read.only(access["per_buyer"], names, where="per_buyer", optional=("minutes_per_month",))
    named = {"minutes_per_month": month, **members}
    return Share(
        per_hour=read.whole(named, "per_hour", low=1, high=MAX_CALLS_AN_HOUR),
        at_once=read.whole(named, "at_once", low=1, high=MAX_AT_ONCE),
        minutes_per_month=read.whole(
            named, "minutes_per_month", low=limits.minutes, high=MAX_MINUTES_A_MONTH
        ),
    )
