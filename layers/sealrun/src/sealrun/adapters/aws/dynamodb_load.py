"""What one buyer and one account have: counters that a claim takes and the end of its call gives back.

    load#OFFER#B62..  running
    quota#..          calls of one buyer, or of one network address by its hash, in an hour
    failed#..         of one account and day: what failed or is not over
    places#OFFER      c0 u0 c1 u1 ...: which call collects, and until when (L11)

``dynamodb_shards`` has what all buyers share. What is running has no TTL; whatever counts a time has.
"""

import hashlib
from typing import Any

from sealrun.adapters.aws import dynamodb_keys as keys
from sealrun.adapters.aws.dynamodb_table import COUNTER_TTL, HOUR, count, numbers
from sealrun.offers.offer import Offer
from sealrun.ports.calls import PLACES, Quota
from sealrun.runs.record import Record

DAY = 24 * HOUR


def taken(record: Record, offer: Offer) -> dict[str, Any]:
    """The update that makes a claimed call one of those of its buyer that run."""
    return {
        "Key": keys.load_key(offer.id, record.holder),
        "UpdateExpression": "ADD running :one",
        "ConditionExpression": "attribute_not_exists(running) OR running < :most",
        "ExpressionAttributeValues": numbers({":one": 1, ":most": offer.access.share.at_once}),
    }


def given_back(after: Record, offer: Offer) -> dict[str, dict[str, Any]]:
    """The updates of a buyer's and an account's counters for a call that is over."""
    updates = {
        "own load": {
            "Key": keys.load_key(offer.id, after.holder),
            "UpdateExpression": "ADD running :less",
            "ExpressionAttributeValues": numbers({":less": -1}),
        },
    }
    if after.price and not after.counts_as_failed:
        updates["failed"] = _less(failed_counter(after), until=after.claimed_at + DAY)
    if after.ending and after.ending.blameless:
        hour = after.claimed_at // HOUR
        updates["own quota"] = _less(_quota_name(after, after.holder), until=hour * HOUR)
    return updates


def own_counter(record: Record, quota: Quota) -> dict[str, Any]:
    """Count the call in its buyer's hour."""
    hour = record.claimed_at // HOUR
    return count(_quota_name(record, quota.buyer), quota.per_hour, until=hour * HOUR)


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


def places_from(call_hash: int) -> list[int]:
    """The order in which a call tries an offer's places."""
    return [(call_hash + step) % PLACES for step in range(PLACES)]


def _quota_name(record: Record, who: str) -> str:
    """A network address is kept as a hash only: it is nobody's business here."""
    if who != record.holder:
        who = hashlib.sha256(who.encode()).hexdigest()[:32]
    return keys.buyer_counter(f"{record.offer_hash:064x}", who, record.claimed_at // HOUR)


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
