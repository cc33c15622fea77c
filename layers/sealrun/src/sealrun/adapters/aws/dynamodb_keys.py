"""The keys of the ledger's one table: for the functions, the operator's control plane and the command alike.

    pk                          sk             item
    offer#OFFER                 offer          an offer and what was decided about it
    offers                      OFFER          one for each offer that was ever published
    call#CALL                   call           a call's record
    run#KIND#ORIGIN#PROJECT#ID  run            the call of a run
    id#B62..#IDENTIFIER         id             the call that holds an account's payment identifier
    jti#SHA256                  jti            the call of a CI token
    account#B62..               account        a prepaid account's standing
                                leaf#0000000   one for each of its calls that is over
                                due#0000001    a due that was signed, by its number of leaves
                                deposits#10    its deposits as offers of one depth saw them
    rate#..                     count          counters, which carry a time after which they are of no use
    load#OFFER load#OFFER#HOLDER load          what runs now, and how many calls there were in an hour
    load#OFFER#01               load           shards of these, where an offer sells much (dynamodb_shards)
    places#OFFER                places         which calls are collected now

OFFER and CALL are hashes as 64 hex digits. The index ``wake`` lists the calls that are not over: its keys are
``wake_shard`` (``unfinished#OFFER``) and ``wake_at`` (Unix seconds). The index ``listed`` lists calls and
accounts by their age: its keys are ``listed_in`` (``open#OFFER``, ``over#OFFER``, ``accounts#OFFER``) and
``claimed_at``. Calls are sharded there as the counters are. The index ``called`` lists an account's calls by
their age: its keys are ``called_by`` (``calls#B62..``) and ``claimed_at``.

The roles in ``infra/access.yaml`` and ``infra/control/.chalice/policy.json`` name the beginnings of ``pk``.
"""

from collections.abc import Mapping
from typing import Any

from sealrun.runs.record import RunKey

KEY = ("pk", "sk")
WAKE_INDEX = "wake"
WAKE_KEY = ("wake_shard", "wake_at")
LIST_INDEX = "listed"
LIST_KEY = ("listed_in", "claimed_at")
CALLED_INDEX = "called"
CALLED_KEY = ("called_by", "claimed_at")
# What the partition keys begin with, up to their first ``#``, and those of the index.
KINDS = frozenset(("offer", "offers", "call", "run", "id", "jti", "account", "rate", "load", "places"))
SHARD = "unfinished"
# What the index ``listed`` has of an offer.
OPEN, OVER, ACCOUNTS = "open", "over", "accounts"
CALLS = "calls"
INDEXED = frozenset((SHARD, OPEN, OVER, ACCOUNTS, CALLS))


def key(partition: str, sort: str) -> dict[str, Any]:
    """A key as DynamoDB takes it."""
    return {"pk": {"S": partition}, "sk": {"S": sort}}


def offer_key(offer: str) -> dict[str, Any]:
    """The key of an offer."""
    return key(f"offer#{offer}", "offer")


def listed_key(offer: str) -> dict[str, Any]:
    """The key of an offer among those that were published."""
    return key("offers", offer)


def call_key(call: str) -> dict[str, Any]:
    """The key of a call."""
    return key(f"call#{call}", "call")


def call_of(item: Mapping[str, Any]) -> str:
    """The hash of the call whose item or key this is, 64 hex digits."""
    return str(item["pk"]["S"].removeprefix("call#"))


def offer_of(item: Mapping[str, Any]) -> str:
    """The hash of the offer whose call or account this is, by its partition of ``listed``."""
    return str(item["listed_in"]["S"].split("#")[1])


def run_key(run: RunKey) -> dict[str, Any]:
    """The key under which a run's call is found."""
    return key(f"run#{run.provider}#{run.origin}#{run.project}#{run.id}", "run")


def identifier_key(account: str, identifier: str) -> dict[str, Any]:
    """The key of an account's payment identifier, or of a ticket."""
    return key(f"id#{account}#{identifier}", "id")


def token_key(digest: str) -> dict[str, Any]:
    """The key of a CI token, by a digest of its issuer and its ``jti``."""
    return key(f"jti#{digest}", "jti")


def account_key(account: str, sort: str = "account") -> dict[str, Any]:
    """The key of one of an account's items."""
    return key(f"account#{account}", sort)


def account_of(item: Mapping[str, Any]) -> str:
    """The address of the account whose item or key this is."""
    return str(item["pk"]["S"].removeprefix("account#"))


def leaf_key(account: str, index: int) -> dict[str, Any]:
    """The key of an account's leaf; leaves sort by their index."""
    return account_key(account, f"leaf#{index:07d}")


def due_key(account: str, count: int) -> dict[str, Any]:
    """The key of the due that was signed over so many leaves."""
    return account_key(account, f"due#{count:07d}")


def deposits_key(account: str, depth: int) -> dict[str, Any]:
    """The key of what offers of one depth saw."""
    return account_key(account, f"deposits#{depth}")


def counter_key(name: str) -> dict[str, Any]:
    """The key of a counter, whose name is one of those below."""
    return key(name, "count")


def rate_counter(source: str, minute: int) -> str:
    """The name of the counter of one source's requests in a minute."""
    return f"rate#{source}#{minute}"


def load_key(offer: str, holder: str) -> dict[str, Any]:
    """The key of what runs of an offer now, of one holder of a quota."""
    return key(f"load#{offer}#{holder}", "load")


def load_shard_key(offer: str, shard: int) -> dict[str, Any]:
    """The key of a shard of what runs of an offer now, of all buyers."""
    return key(_sharded(f"load#{offer}", shard), "load")


def places_key(offer: str) -> dict[str, Any]:
    """The key of an offer's places to collect."""
    return key(f"places#{offer}", "places")


def wake_shard(offer: str, shard: int = 0) -> str:
    """Those of each offer: a stack looks after its own calls only, in a table that it shares (A3)."""
    return _sharded(f"{SHARD}#{offer}", shard)


def listed_in(kind: str, offer: str, shard: int = 0) -> str:
    """The partition of ``listed`` that has an offer's calls or accounts."""
    return _sharded(f"{kind}#{offer}", shard)


def caller_of(item: Mapping[str, Any]) -> str:
    """The account whose call this is, by its partition of ``called``."""
    return str(item["called_by"]["S"].removeprefix(f"{CALLS}#"))


def called_by(account: str) -> str:
    """The partition of ``called`` that has an account's calls."""
    return f"{CALLS}#{account}"


def _sharded(name: str, shard: int) -> str:
    """A partition of its own for each shard, because a partition takes 1,000 writes a second."""
    return f"{name}#{shard:02d}" if shard else name
