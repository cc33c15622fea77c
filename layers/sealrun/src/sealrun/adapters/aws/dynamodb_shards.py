"""The counters that all buyers of an offer share, in shards.

One item that every claim of an offer writes takes about 60 claims a second, whatever the table can do. So a
limit is divided among at most 16 shards. A claim takes from the shard that its call hash names; where that
one is used up, it takes from any that has room. So every unit of a quota can be sold, and none is sold twice.

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
from typing import Any, NamedTuple

from sealrun.adapters.aws import dynamodb_keys as keys
from sealrun.adapters.aws.dynamodb_table import HOUR, Table, count, numbers
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


class Shards(NamedTuple):
    """The shards from which one claim takes: of the hour's quota, and of what runs."""

    quota: int
    load: int


def number(offer: Offer) -> int:
    """How many shards the offer's counters have."""
    limits = offer.limits
    runs_a_month = limits.minutes_per_month // limits.minutes
    return max(1, min(SHARDS, min(offer.quota_per_hour, limits.at_once, runs_a_month) // LEAST))


def named(record: Record, offer: Offer) -> Shards:
    """The shards that the call's hash names."""
    own = record.call_hash % number(offer)
    return Shards(own, own)


def with_room(record: Record, offer: Offer, table: Table, *, without: Shards) -> Shards:
    """Shards that have room now, for a claim that found none in ``without``; one request.

    Raises:
        TooMany: no shard has room.
    """
    of = number(offer)
    items = [item or {} for item in table.get_all(*_quota_keys(record, offer), *_load_keys(offer))]
    quotas = [at for at in range(of) if _has_calls(items[at], offer, at)]
    loads = [at for at in range(of) if _has_runs(items[of + at], record, offer, at)]
    if not quotas:
        raise over_quota(record, f"at most {offer.quota_per_hour}")
    if not loads:
        raise too_much_runs(offer)
    return Shards(_one_of(quotas, without.quota), _one_of(loads, without.load))


def taken(record: Record, offer: Offer, shards: Shards) -> dict[str, dict[str, Any]]:
    """The updates that count a claim on its shards."""
    hour = record.claimed_at // HOUR
    quota = keys.offer_counter(offer.id, hour, shards.quota)
    minutes, limits = offer.limits.minutes, offer.limits
    left = _part(limits.minutes_per_month, offer, shards.load) - minutes
    values = {":one": 1, ":most": _part(limits.at_once, offer, shards.load), ":took": minutes, ":left": left}
    both = "attribute_not_exists(running) OR running < :most"
    within = "attribute_not_exists(#month) OR #month <= :left"
    load = {
        "Key": keys.load_shard_key(offer.id, shards.load),
        "UpdateExpression": "ADD running :one, #month :took",
        "ConditionExpression": f"({both}) AND ({within})",
        "ExpressionAttributeNames": {"#month": month(record)},
        "ExpressionAttributeValues": numbers(values),
    }
    most = _part(offer.quota_per_hour, offer, shards.quota)
    return {"quota": count(quota, most, until=hour * HOUR), "load": load}


def given_back(after: Record, offer: Offer) -> dict[str, Any]:
    """The update for a call that is over: it does not run, and counts with the minutes that it took."""
    unused = offer.limits.minutes - min(after.minutes, offer.limits.minutes)
    return {
        "Key": keys.load_shard_key(offer.id, named(after, offer).load),
        "UpdateExpression": "ADD running :less, #month :unused, #state :one",
        "ExpressionAttributeNames": {"#month": month(after), "#state": after.state.value},
        "ExpressionAttributeValues": numbers({":less": -1, ":unused": -unused, ":one": 1}),
    }


def totals(offer: Offer, table: Table) -> Totals:
    """How many calls of the offer are not over, and how many ended in which state; one request."""
    items = [item or {} for item in table.get_all(*_load_keys(offer))]
    ended = {state: sum(_count(item, state.value) for item in items) for state in State if state.over}
    return Totals(sum(_count(item, "running") for item in items), ended)


def partitions(kind: str, offer: Offer) -> list[str]:
    """The partitions of an index that have this of the offer."""
    return [keys.listed_in(kind, offer.id, shard) for shard in range(number(offer))]


def over_quota(record: Record, expected: str) -> TooMany:
    """The refusal of a call beyond an hour's quota."""
    left = HOUR - record.claimed_at % HOUR
    return TooMany(f"calls: expected {expected} an hour, got more", retry_after=left)


def too_much_runs(offer: Offer) -> TooMany:
    """The refusal of a call beyond what may run at once, or beyond the month's minutes."""
    most, minutes = offer.limits.at_once, offer.limits.minutes_per_month
    message = f"runs: expected at most {most} of all buyers at once, and {minutes} minutes a month, got more"
    return TooMany(message, retry_after=RUNNING_SECONDS)


def _has_calls(item: Mapping[str, Any], offer: Offer, shard: int) -> bool:
    return _count(item, "count") < _part(offer.quota_per_hour, offer, shard)


def _has_runs(item: Mapping[str, Any], record: Record, offer: Offer, shard: int) -> bool:
    limits = offer.limits
    left = _part(limits.minutes_per_month, offer, shard) - _count(item, month(record))
    return _count(item, "running") < _part(limits.at_once, offer, shard) and limits.minutes <= left


def _part(limit: int, offer: Offer, shard: int) -> int:
    """A shard's part of a limit; the parts of all shards make the limit."""
    of = number(offer)
    return limit // of + (shard < limit % of)


def _one_of(shards: list[int], without: int) -> int:
    """Any of these, so that claims that looked at one moment do not all go to one; rather another one."""
    return random.choice([each for each in shards if each != without] or shards)  # noqa: S311


def _quota_keys(record: Record, offer: Offer) -> list[dict[str, Any]]:
    hour = record.claimed_at // HOUR
    names = (keys.offer_counter(offer.id, hour, shard) for shard in range(number(offer)))
    return [keys.counter_key(name) for name in names]


def _load_keys(offer: Offer) -> list[dict[str, Any]]:
    return [keys.load_shard_key(offer.id, shard) for shard in range(number(offer))]


def _count(item: Mapping[str, Any], name: str) -> int:
    return int(item.get(name, {"N": "0"})["N"])


def month(record: Record) -> str:
    """The attribute of the month in which the call was claimed; the clock is ours, so the year is one."""
    return f"{datetime.fromtimestamp(record.claimed_at, UTC):m%Y-%m}"
