"""What one buyer and one account have: counters that a claim takes and the end of its call gives back.

    load#OFFER#HOLDER   of one buyer, or of one network address or ticket by its hash: running, and the
                        minutes of each month: m2026-11 (L12)
    quota#..            calls of one holder in an hour
    failed#..           of one account and day: what failed or is not over
    places#OFFER        c0 u0 c1 u1 ...: which call collects, and until when (L11)

``dynamodb_shards`` has what all buyers share. What runs of a holder has a TTL that no run can outlive.
"""

from collections.abc import Sequence
from typing import Any

from sealrun.adapters.aws import dynamodb_keys as keys
from sealrun.adapters.aws.dynamodb_shards import month, named
from sealrun.adapters.aws.dynamodb_table import COUNTER_TTL, HOUR, count, numbers
from sealrun.offers.offer import Offer
from sealrun.ports.calls import Quota
from sealrun.runs.record import Fault, Record

DAY = 24 * HOUR
# Longer than any call takes (``GIVE_UP_AFTER``) and than the month that it counts in.
HOLDERS_TTL = 62 * DAY


def taken(record: Record, offer: Offer, quotas: Sequence[Quota]) -> dict[str, dict[str, Any]]:
    """The updates that count a claimed call in each holder's hour, and among those of it that run.

    Raises:
        ValueError: a quota has fewer minutes a month than one run may take.
    """
    hour, updates = record.claimed_at // HOUR, {}
    for at, own in enumerate(quotas):
        name = keys.buyer_counter(offer.id, own.holder, hour)
        updates[f"own quota {at}"] = count(name, own.per_hour, until=hour * HOUR)
        updates[f"own load {at}"] = _more(record, offer, own)
    return updates


def given_back(before: Record, after: Record, offer: Offer) -> dict[str, dict[str, Any]]:
    """The updates of holders' and an account's counters for a call that is over.

    Where the seller is at fault for certain, the hour is given back too, of the offer as of the holders.
    """
    updates = {f"own load {at}": _fewer(after, offer, holder) for at, holder in enumerate(before.counted)}
    if after.price and not after.counts_as_failed:
        updates["failed"] = _less(failed_counter(after), until=after.claimed_at + DAY)
    if after.ending and after.ending.fault is Fault.CERTAIN:
        hour = after.claimed_at // HOUR
        names = [keys.buyer_counter(offer.id, holder, hour) for holder in before.counted]
        for at, name in enumerate([keys.offer_counter(offer.id, hour, named(after, offer).quota), *names]):
            updates[f"hour {at}"] = _less(name, until=hour * HOUR)
    return updates


def _more(record: Record, offer: Offer, own: Quota) -> dict[str, Any]:
    took = offer.limits.minutes
    if took > own.minutes_per_month:
        raise ValueError(f"minutes: expected at least {took} a month, got {own.minutes_per_month}")
    room = {":most": own.at_once, ":left": own.minutes_per_month - took}
    running = "attribute_not_exists(running) OR running < :most"
    within = "attribute_not_exists(#month) OR #month <= :left"
    return {
        "Key": keys.load_key(offer.id, own.holder),
        "UpdateExpression": "ADD running :one, #month :took SET #ttl = :ttl",
        "ConditionExpression": f"({running}) AND ({within})",
        "ExpressionAttributeNames": {"#month": month(record), "#ttl": "ttl"},
        "ExpressionAttributeValues": numbers(
            {":one": 1, ":took": took, ":ttl": record.claimed_at + HOLDERS_TTL, **room}
        ),
    }


def _fewer(after: Record, offer: Offer, holder: str) -> dict[str, Any]:
    unused = offer.limits.minutes - min(after.minutes, offer.limits.minutes)
    return {
        "Key": keys.load_key(offer.id, holder),
        "UpdateExpression": "ADD running :less, #month :unused",
        "ExpressionAttributeNames": {"#month": month(after)},
        "ExpressionAttributeValues": numbers({":less": -1, ":unused": -unused}),
    }


def failed_counter(record: Record) -> str:
    """The name of the counter of the account's runs of the day that failed or are not over (L7)."""
    return keys.failed_counter(record.account, record.claimed_at // DAY)


def place(offer_hash: int, call_hash: int, number: int, *, now: int, until: int) -> dict[str, Any]:
    """Take this place, if nobody has it now."""
    return {
        "Key": _places(offer_hash),
        "UpdateExpression": "SET #call = :call, #until = :until",
        "ConditionExpression": "attribute_not_exists(#until) OR #until <= :now OR #call = :call",
        "ExpressionAttributeNames": {"#call": f"c{number}", "#until": f"u{number}"},
        "ExpressionAttributeValues": {
            ":call": {"S": f"{call_hash:064x}"},
            **numbers({":now": now, ":until": until}),
        },
    }


def free_place(offer_hash: int, call_hash: int, number: int) -> dict[str, Any]:
    """Leave this place, if it still is this call's."""
    return {
        "Key": _places(offer_hash),
        "UpdateExpression": "REMOVE #call, #until",
        "ConditionExpression": "#call = :call",
        "ExpressionAttributeNames": {"#call": f"c{number}", "#until": f"u{number}"},
        "ExpressionAttributeValues": {":call": {"S": f"{call_hash:064x}"}},
    }


def places_from(call_hash: int, places: Sequence[int]) -> list[int]:
    """The order in which a call tries these places of its offer."""
    return [places[(call_hash + step) % len(places)] for step in range(len(places))]


def _less(name: str, *, until: int) -> dict[str, Any]:
    """One less. A counter that DynamoDB has removed since is made anew, and is of no use to anybody."""
    return {
        "Key": keys.counter_key(name),
        "UpdateExpression": "ADD #count :less SET #ttl = :ttl",
        "ExpressionAttributeNames": {"#count": "count", "#ttl": "ttl"},
        "ExpressionAttributeValues": numbers({":less": -1, ":ttl": until + COUNTER_TTL}),
    }


def _places(offer_hash: int) -> dict[str, Any]:
    return keys.places_key(f"{offer_hash:064x}")
