"""What one buyer and one account have: counters that a claim takes and the end of its call gives back.

    load#OFFER#HOLDER   of one buyer, or of one network address or ticket by its hash: running, the minutes of
                        each month, m2026-11, and the calls of the last hours, h500000 (L12)
    places#OFFER        c0 u0 m0 c1 u1 m1 ...: which call collects, until when, and by whose mark (L11)

``dynamodb_shards`` has what all buyers share, ``dynamodb_accounts`` an account's failures of a day. What runs
of a holder has a TTL that no run can outlive.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sealrun.adapters.aws import dynamodb_keys as keys
from sealrun.adapters.aws.dynamodb_change import Change, number, older
from sealrun.adapters.aws.dynamodb_shards import (
    HOURS,
    KEPT_HOURS,
    RUNNING_SECONDS,
    hour_of,
    month,
    over_quota,
)
from sealrun.adapters.aws.dynamodb_table import HOUR, numbers
from sealrun.errors import TooMany
from sealrun.offers.offer import Offer
from sealrun.ports.calls import Quota
from sealrun.runs.record import Fault, Record

DAY = 24 * HOUR
# Longer than any call takes (``GIVE_UP_AFTER``) and than the month that it counts in.
HOLDERS_TTL = 62 * DAY


def taken(
    record: Record, offer: Offer, quotas: Sequence[Quota], items: Sequence[Mapping[str, Any] | None]
) -> dict[str, dict[str, Any]]:
    """The updates that count a claimed call in each holder's hour, and among those of it that run.

    ``items`` are the holders' as they are now.

    Raises:
        TooMany: a holder has no room.
        ValueError: a quota has fewer minutes a month than one run may take.
    """
    for own, item in zip(quotas, items, strict=True):
        _check(record, offer, own, item)
    pairs = zip(quotas, items, strict=True)
    return {f"own {at}": _more(record, offer, own, item) for at, (own, item) in enumerate(pairs)}


def given_back(before: Record, after: Record, offer: Offer, *, hour: bool) -> dict[str, dict[str, Any]]:
    """The updates of the holders' counters for a call that is over; with ``hour`` of its hour as well."""
    return {f"own {at}": _fewer(after, offer, each, hour) for at, each in enumerate(before.counted)}


def seller_at_fault(after: Record) -> bool:
    """True where it is for certain: then the hour is given back, of the offer as of the holders."""
    return after.ending is not None and after.ending.fault is Fault.CERTAIN


def _check(record: Record, offer: Offer, own: Quota, item: Mapping[str, Any] | None) -> None:
    took, hour = offer.limits.minutes, hour_of(record.claimed_at // HOUR)
    if took > own.minutes_per_month:
        raise ValueError(f"minutes: expected at least {took} a month, got {own.minutes_per_month}")
    if number(item, hour) >= own.per_hour:
        raise over_quota(record, "fewer of this buyer" if own.per_hour else "none of this buyer")
    if number(item, "running") >= own.at_once or number(item, month(record)) > own.minutes_per_month - took:
        most = f"{own.at_once} of this buyer at once, and {own.minutes_per_month} minutes a month"
        message = f"runs: expected at most {most} of this buyer, got more"
        raise TooMany(message, retry_after=RUNNING_SECONDS)


def _more(record: Record, offer: Offer, own: Quota, item: Mapping[str, Any] | None) -> dict[str, Any]:
    took, hour = offer.limits.minutes, record.claimed_at // HOUR
    return (
        Change(keys.load_key(offer.id, own.holder))
        .add(hour_of(hour), 1)
        .add("running", 1)
        .add(month(record), took)
        .put("ttl", record.claimed_at + HOLDERS_TTL)
        .remove(older(item, HOURS, hour - KEPT_HOURS))
        .below(hour_of(hour), own.per_hour)
        .below("running", own.at_once)
        .below(month(record), own.minutes_per_month - took + 1)
        .request()
    )


def _fewer(after: Record, offer: Offer, holder: str, hour: bool) -> dict[str, Any]:  # noqa: FBT001
    unused = offer.limits.minutes - min(after.minutes, offer.limits.minutes)
    change = Change(keys.load_key(offer.id, holder)).add("running", -1).add(month(after), -unused)
    return (change.add(hour_of(after.claimed_at // HOUR), -1) if hour else change).request()


def place(
    offer_hash: int,
    call_hash: int,
    number: int,
    mark: str,
    *,
    among: Sequence[int],
    now: int,
    until: int,
) -> dict[str, Any]:
    """Take this place, if nobody has it now and the call has no other one among these.

    A request that is sent again finds its own ``mark``.
    """
    names = {"#call": f"c{number}", "#until": f"u{number}", "#mark": f"m{number}"}
    free = "(attribute_not_exists(#until) OR #until <= :now OR #mark = :mark)"
    for other in among:
        if other != number:
            names |= {f"#c{other}": f"c{other}", f"#u{other}": f"u{other}"}
            free += f" AND (attribute_not_exists(#u{other}) OR #u{other} <= :now OR #c{other} <> :call)"
    return {
        "Key": _places(offer_hash),
        "UpdateExpression": "SET #call = :call, #until = :until, #mark = :mark",
        "ConditionExpression": free,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": {
            ":call": {"S": f"{call_hash:064x}"},
            ":mark": {"S": mark},
            **numbers({":now": now, ":until": until}),
        },
    }


def free_place(offer_hash: int, number: int, mark: str) -> dict[str, Any]:
    """Leave this place, if it still is whose mark this is."""
    return {
        "Key": _places(offer_hash),
        "UpdateExpression": "REMOVE #call, #until, #mark",
        "ConditionExpression": "#mark = :mark",
        "ExpressionAttributeNames": {"#call": f"c{number}", "#until": f"u{number}", "#mark": f"m{number}"},
        "ExpressionAttributeValues": {":mark": {"S": mark}},
    }


def places_from(call_hash: int, places: Sequence[int]) -> list[int]:
    """The order in which a call tries these places of its offer."""
    return [places[(call_hash + step) % len(places)] for step in range(len(places))]


def _places(offer_hash: int) -> dict[str, Any]:
    return keys.places_key(f"{offer_hash:064x}")
