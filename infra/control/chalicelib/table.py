"""The part of the ledger's table that an operator may see.

Every request names the attributes that it reads, and the policy beside ``app.py`` allows no others. So sealed
credentials, whole calls (inputs, signatures) and vouchers are not only left out, but out of reach.
"""

import base64
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sealrun.adapters.aws import dynamodb_keys as keys
from sealrun.adapters.aws.dynamodb_table import Table
from sealrun.errors import Conflict, Malformed, NotFound
from sealrun.offers.limits import QUEUE_SECONDS
from sealrun.offers.offer import Offer
from sealrun.runs.record import COLLECT_LEASE, START_WINDOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

OFFER = (*keys.KEY, "document", "closed", "suspended", "paused", "quotas")
CALL = (*keys.KEY, "shown")
ACCOUNT = (*keys.KEY, "offer", "buyer", "limit", "committed", "tree")
WAKE = (*keys.KEY, *keys.WAKE_KEY)
MAX_PAGE = 100
# A page reads at most 2,000 items of any kind, of which it may show few: an account has one for every call.
MAX_READS = 20
# The longest keys that DynamoDB takes, in bytes.
MAX_KEY = (2048, 1024)
MAX_TOKEN = 8192
_NOT_A_PAGE = "after: expected what the page before gave as next, got something else"
# An offer's item is read with every call, so it can hold only a few quotas.
MAX_QUOTAS = 50
MAX_REASON = 200


@dataclass(frozen=True)
class ControlTable:
    """A client, the table's name, and the offers (64 hex digits each) that this stack serves.

    Every method raises StoreUnavailable where the table is out of reach.
    """

    client: "DynamoDBClient"
    name: str
    serves: tuple[str, ...]

    def offers(self) -> list[dict[str, Any]]:
        """The offers of this stack, without their documents."""
        offers = map(self._offer, self.serves)
        return [{name: each[name] for name in each if name != "document"} for each in offers if each]

    def offer(self, offer: str) -> dict[str, Any]:
        """One offer with its document.

        Raises:
            NotFound: it is not sold here.
        """
        sold = self._offer(offer) if offer in self.serves else None
        if sold is None:
            raise NotFound(f"offer: expected one that is sold here, got {offer[:64]}")
        return sold

    def pause(self, offer: str, reason: str) -> dict[str, Any]:
        """Take no new call until ``reason`` is empty again; health checks leave this alone.

        Raises:
            NotFound: it is not sold here.
        """
        self.offer(offer)
        self._set(offer, "paused", {"S": reason[:MAX_REASON]})
        return self.offer(offer)

    def limit(self, offer: str, buyer: str, per_hour: int | None) -> dict[str, Any]:
        """Limit the calls of a buyer in an hour; 0 allows none, None returns to the offer's own quota.

        Raises:
            NotFound: the offer is not sold here.
            Malformed: the offer has as many limited buyers as it can have.
            Conflict: somebody else changed the quotas meanwhile.
        """
        before = self.offer(offer)["quotas"]
        after = {each: number for each, number in before.items() if each != buyer}
        if per_hour is not None:
            after[buyer] = per_hour
        if len(after) > MAX_QUOTAS:
            raise Malformed(f"quotas: expected at most {MAX_QUOTAS} buyers with one, got more")
        if not self._set(offer, "quotas", _numbers(after), before=_numbers(before)):
            raise Conflict("quotas: expected them as they were read, got others; ask again")
        return self.offer(offer)

    def call(self, call: str) -> dict[str, Any]:
        """One call.

        Raises:
            NotFound: it was not claimed here.
        """
        item = self._get(keys.call_key(call), CALL)
        if item is None:
            raise NotFound(f"call: expected one that was claimed here, got {call[:64]}")
        return _call(item)

    def calls(self, after: str) -> dict[str, Any]:
        """A page of calls in no order, and the token for the next page: None on the last one.

        A page may be empty and have a next one. ``after`` is the token from the page before, or empty.

        Raises:
            Malformed: ``after`` is not from a page.
        """
        items, following = self._page("call", CALL, after)
        return {"calls": [_call(item) for item in items], "next": following}

    def account(self, address: str) -> dict[str, Any]:
        """One prepaid account; amounts are in the smallest unit of its asset.

        Raises:
            NotFound: no call of it was ever claimed here.
        """
        item = self._get(keys.account_key(address), ACCOUNT)
        if item is None:
            raise NotFound(f"account: expected one with calls here, got {address[:64]}")
        return _account(item)

    def accounts(self, after: str) -> dict[str, Any]:
        """A page of accounts, as of calls; raises what ``calls`` does."""
        items, following = self._page("account", ACCOUNT, after)
        return {"accounts": [_account(item) for item in items], "next": following}

    def late(self, now: int) -> list[dict[str, Any]]:
        """Calls that should be over, as the time for start, run and collection has passed; the latest first.

        At most 100 of each offer are looked at, those that have waited longest for the sweep.
        """
        late_calls = [each for offer in self.serves for each in self._late(offer, now)]
        return sorted(late_calls, key=lambda call: -int(call["late_seconds"]))

    def _late(self, offer: str, now: int) -> Iterator[dict[str, Any]]:
        limits = self.offer(offer)["document"]["limits"]
        seconds = int(limits["seconds"]) + int(limits.get("queue_seconds", QUEUE_SECONDS))
        waiting = self._read(
            "query",
            WAKE,
            IndexName=keys.WAKE_INDEX,
            KeyConditionExpression="wake_shard = :shard",
            ExpressionAttributeValues={":shard": {"S": keys.wake_shard(offer)}},
            Limit=MAX_PAGE,
            Select="SPECIFIC_ATTRIBUTES",
        )
        for item in waiting["Items"]:
            call = self.call(keys.call_of(item))
            late = now - int(call["claimed_at"]) - START_WINDOW - seconds - COLLECT_LEASE
            if late > 0:
                yield {**call, "late_seconds": late}

    def _offer(self, offer: str) -> dict[str, Any] | None:
        item = self._get(keys.offer_key(offer), OFFER)
        if item is None:
            return None
        parsed = Offer.parse(item["document"]["B"])
        reasons = {name: item.get(name, {"S": ""})["S"] for name in ("closed", "paused", "suspended")}
        quotas = {buyer: int(each["N"]) for buyer, each in item.get("quotas", {"M": {}})["M"].items()}
        return {
            "offer": offer,
            "title": parsed.title,
            "price": str(parsed.price),
            "open": not any(reasons.values()),
            **reasons,
            "quotas": quotas,
            "document": json.loads(parsed.document),
        }

    def _page(
        self, sort: str, attributes: Collection[str], after: str
    ) -> tuple[list[dict[str, Any]], str | None]:
        """The items of the first read that finds some, or of the last read that a page may make."""
        start, items = _opened(after), list[dict[str, Any]]()
        for _ in range(MAX_READS):
            answer = self._read(
                "scan",
                attributes,
                FilterExpression="sk = :sort",
                ExpressionAttributeValues={":sort": {"S": sort}},
                Limit=MAX_PAGE,
                Select="SPECIFIC_ATTRIBUTES",
                **({"ExclusiveStartKey": start} if start else {}),
            )
            start, items = answer.get("LastEvaluatedKey"), answer["Items"]
            if items or not start:
                break
        return items, _token(start) if start else None

    def _get(self, key: dict[str, Any], attributes: Collection[str]) -> dict[str, Any] | None:
        return self._read("get_item", attributes, Key=key, ConsistentRead=True).get("Item")

    def _read(self, operation: str, attributes: Collection[str], **arguments: Any) -> dict[str, Any]:
        """Read these attributes and no others. Placeholders stand for names that DynamoDB reserves."""
        names = {f"#a{number}": name for number, name in enumerate(attributes)}
        projection = {"ProjectionExpression": ", ".join(names), "ExpressionAttributeNames": names}
        return Table(self.client, self.name).call(operation, **projection, **arguments) or {}

    def _set(
        self, offer: str, name: str, value: dict[str, Any], *, before: dict[str, Any] | None = None
    ) -> bool:
        """Change one attribute of an existing offer; False if it is no longer as ``before``."""
        condition, values = "attribute_exists(pk)", {":value": value}
        if before is not None:
            condition += " AND (attribute_not_exists(#name) OR #name = :before)"
            values[":before"] = before
        changed = Table(self.client, self.name).call(
            "update_item",
            Key=keys.offer_key(offer),
            UpdateExpression="SET #name = :value",
            ConditionExpression=condition,
            ExpressionAttributeNames={"#name": name},
            ExpressionAttributeValues=values,
        )
        return changed is not None


def _numbers(values: Mapping[str, int]) -> dict[str, Any]:
    return {"M": {name: {"N": str(number)} for name, number in values.items()}}


def _token(start: Mapping[str, Any]) -> str:
    """The key after which the next page begins, with ``sk``: an account's items share their ``pk``."""
    named = json.dumps([start[name]["S"] for name in keys.KEY], separators=(",", ":"))
    return base64.urlsafe_b64encode(named.encode()).decode().rstrip("=")


def _opened(token: str) -> dict[str, Any] | None:
    """The key in a token; None for an empty one.

    Raises:
        Malformed: it is not a token that ``_token`` makes.
    """
    if not token:
        return None
    try:
        padded = token[:MAX_TOKEN] + "=" * (-len(token) % 4)
        partition, sort = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        lengths = [len(str.encode(each)) for each in (partition, sort)]
    except (ValueError, TypeError, RecursionError) as error:
        raise Malformed(_NOT_A_PAGE) from error
    if not all(1 <= length <= most for length, most in zip(lengths, MAX_KEY, strict=True)):
        raise Malformed(_NOT_A_PAGE)
    return keys.key(partition, sort)


def _call(item: Mapping[str, Any]) -> dict[str, Any]:
    return {"call": keys.call_of(item), **json.loads(item["shown"]["S"])}


def _account(item: Mapping[str, Any]) -> dict[str, Any]:
    due, committed = int(json.loads(item["tree"]["S"])["due"]), int(item["committed"]["N"])
    return {
        "account": keys.account_of(item),
        "offer": item["offer"]["S"],
        "buyer": item["buyer"]["S"],
        "limit": item["limit"]["N"],
        "due": str(due),
        "pending": str(committed - due),
    }
