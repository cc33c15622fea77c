"""The counters that all buyers of an offer share, in shards.

One item that every claim of an offer writes takes about 60 claims a second, whatever the table can do. So a
limit is divided among at most 16 shards. A claim takes from the shard that its call hash names; where that
one is used up, it takes from any that has room. So every unit of a quota can be sold, and none is sold twice.
One item has a shard's counts of hours, of months and of what runs now, because a transaction costs by the
number of its items. A claim reads it first, and removes the counts of hours that are past.

A call that is over gives back to the shard that its hash names, whichever it took from. A shard may fall
below zero then, but the sum over all shards is what runs, and no claim brings its shard above its part.

Of a month's minutes a run takes its whole time limit at once. So each shard may keep less than one time limit
of a month that nobody can use.

The number of shards follows from the offer alone. Whoever changes ``SHARDS`` or ``LEAST`` divides anew what
was counted before.
"""

import random
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sealrun.adapters.aws import dynamodb_keys as keys
from sealrun.adapters.aws.dynamodb_change import Change, older
from sealrun.adapters.aws.dynamodb_change import number as count
from sealrun.adapters.aws.dynamodb_table import HOUR, Table
from sealrun.errors import TooMany
from sealrun.offers.offer import Offer
from sealrun.ports.calls import Totals
from sealrun.runs.record import Record, State

# 16 items that each claim holds for 10 ms take about 1,000 claims a second.
SHARDS = 16
# A shard of fewer units would be used up early, and claims would ask for others all the time.
LEAST = 64
# What counts calls that are not over may have room soon.
RUNNING_SECONDS = 60
# The attributes of hours begin so. A call that an edge took may come hours later; its hour begins anew then.
HOURS, KEPT_HOURS = "h", 2


def number(offer: Offer) -> int:
    """How many shards the offer's counters have."""
    limits = offer.limits
    runs_a_month = limits.minutes_per_month // limits.minutes
    return max(1, min(SHARDS, min(offer.quota_per_hour, limits.at_once, runs_a_month) // LEAST))


def named(record: Record, offer: Offer) -> int:
    """The shard that the call's hash names."""
    return record.call_hash % number(offer)


def taken(record: Record, offer: Offer, item: Mapping[str, Any] | None, table: Table) -> dict[str, Any]:
    """The update that counts a claim, on the shard that its hash names or on one that has room.

    ``item`` is the named shard as it is now; all others are read, in one request, only where it is full.

    Raises:
        TooMany: no shard has room.
    """
    shard = named(record, offer)
    if not (_has_calls(item, record, offer, shard) and _has_runs(item, record, offer, shard)):
        shard, item = _with_room(record, offer, table)
    hour, limits = record.claimed_at // HOUR, offer.limits
    left = _part(limits.minutes_per_month, offer, shard) - limits.minutes
    return (
        Change(keys.load_shard_key(offer.id, shard))
        .add(hour_of(hour), 1)
        .add("running", 1)
        .add(month(record), limits.minutes)
        .remove(older(item, HOURS, hour - KEPT_HOURS))
        .below(hour_of(hour), _part(offer.quota_per_hour, offer, shard))
        .below("running", _part(limits.at_once, offer, shard))
        .below(month(record), left + 1)
        .request()
    )


def given_back(after: Record, offer: Offer, *, hour: bool) -> dict[str, Any]:
    """The update for a call that is over: it does not run, and counts with the minutes that it took.

    With ``hour`` it does not count in its hour either.
    """
    unused = offer.limits.minutes - min(after.minutes, offer.limits.minutes)
    change = Change(keys.load_shard_key(offer.id, named(after, offer)))
    change.add("running", -1).add(month(after), -unused).add(after.state.value, 1)
    return (change.add(hour_of(after.claimed_at // HOUR), -1) if hour else change).request()


def totals(offer: Offer, table: Table) -> Totals:
    """How many calls of the offer are not over, and how many ended in which state; one request."""
    items = [item or {} for item in table.get_all(*_load_keys(offer))]
    ended = {state: sum(count(item, state.value) for item in items) for state in State if state.over}
    return Totals(sum(count(item, "running") for item in items), ended)


def partitions(kind: str, offer: Offer) -> list[str]:
    """The partitions of an index that have this of the offer."""
    return [keys.listed_in(kind, offer.id, shard) for shard in range(number(offer))]


def any_partitions(kind: str, offer_hash: int) -> list[str]:
    """The same of an offer of which nothing but its hash is known."""
    return [keys.listed_in(kind, f"{offer_hash:064x}", shard) for shard in range(SHARDS)]


def over_quota(record: Record, expected: str) -> TooMany:
    """The refusal of a call beyond an hour's quota."""
    left = HOUR - record.claimed_at % HOUR
    return TooMany(f"calls: expected {expected} an hour, got more", retry_after=left)


def too_much_runs(offer: Offer) -> TooMany:
    """The refusal of a call beyond what may run at once, or beyond the month's minutes."""
    most, minutes = offer.limits.at_once, offer.limits.minutes_per_month
    message = f"runs: expected at most {most} of all buyers at once, and {minutes} minutes a month, got more"
    return TooMany(message, retry_after=RUNNING_SECONDS)


def _with_room(record: Record, offer: Offer, table: Table) -> tuple[int, Mapping[str, Any] | None]:
    """Any shard that has room now, so that claims that looked at one moment do not all go to one."""
    items = table.get_all(*_load_keys(offer))
    calls = [shard for shard, item in enumerate(items) if _has_calls(item, record, offer, shard)]
    free = [shard for shard in calls if _has_runs(items[shard], record, offer, shard)]
    if free:
        shard = random.choice(free)  # noqa: S311
        return shard, items[shard]
    raise too_much_runs(offer) if calls else over_quota(record, f"at most {offer.quota_per_hour}")


def _has_calls(item: Mapping[str, Any] | None, record: Record, offer: Offer, shard: int) -> bool:
    return count(item, hour_of(record.claimed_at // HOUR)) < _part(offer.quota_per_hour, offer, shard)


def _has_runs(item: Mapping[str, Any] | None, record: Record, offer: Offer, shard: int) -> bool:
    limits = offer.limits
    left = _part(limits.minutes_per_month, offer, shard) - count(item, month(record))
    return count(item, "running") < _part(limits.at_once, offer, shard) and limits.minutes <= left


def _part(limit: int, offer: Offer, shard: int) -> int:
    """A shard's part of a limit; the parts of all shards make the limit."""
    of = number(offer)
    return limit // of + (shard < limit % of)


def _load_keys(offer: Offer) -> list[dict[str, Any]]:
    return [keys.load_shard_key(offer.id, shard) for shard in range(number(offer))]


def hour_of(hour: int) -> str:
    """The attribute of the calls of an hour, in hours of Unix time."""
    return f"{HOURS}{hour}"


def month(record: Record) -> str:
    """The attribute of the month in which the call was claimed; the clock is ours, so the year is one."""
    return f"{datetime.fromtimestamp(record.claimed_at, UTC):m%Y-%m}"
