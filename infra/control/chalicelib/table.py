"""The part of the ledger's table that an operator may see.

Every request names the attributes that it reads, and the policy beside ``app.py`` allows no others. So sealed
credentials, whole calls (inputs, signatures) and vouchers are not only left out, but out of reach.
"""

import base64
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sealrun.adapters.aws import dynamodb_keys as keys
from sealrun.adapters.aws import dynamodb_shards as shards
from sealrun.adapters.aws import dynamodb_shown
from sealrun.adapters.aws.dynamodb_table import Table
from sealrun.errors import Conflict, Malformed, NotFound
from sealrun.offers.offer import Offer, kept_offer
from sealrun.runs.record import COLLECT_LEASE, START_WINDOW

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

OFFER = (*keys.KEY, "document", "closed", "suspended", "dropped", "paused", "quotas")
CALL = (*keys.KEY, *dynamodb_shown.ATTRIBUTES)
ACCOUNT = (*keys.KEY, "offer", "buyer", "limit", "committed", "tree")
MAX_PAGE = 100
LISTED = (*keys.KEY, *keys.LIST_KEY)
# A page reads at most so many partitions of the index, of which most may be empty.
MAX_READS = 20
MAX_TOKEN = 1024
# The longest key of a call or an account, in bytes.
MAX_KEY = 200
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
        """A page of calls, and the token for the next page: None on the last one.

        Calls that are not over come first. A page may be empty and have a next one. ``after`` is the token
        from the page before, or empty.

        Raises:
            Malformed: ``after`` is not from a page.
        """
        items, following = self._page((keys.OPEN, keys.OVER), CALL, after)
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
        items, following = self._page((keys.ACCOUNTS,), ACCOUNT, after)
        return {"accounts": [_account(item) for item in items], "next": following}

    def late(self, now: int) -> list[dict[str, Any]]:
        """Calls that should be over, as the time for start, run and collection has passed; the latest first.

        At most 100 of each offer, or of each of its shards.
        """
        late_calls = [each for offer in self.serves for each in self._late(offer, now)]
        return sorted(late_calls, key=lambda call: -int(call["late_seconds"]))

    def _late(self, offer: str, now: int) -> Iterator[dict[str, Any]]:
        sold = self._sold(offer)
        if sold is None:
            return
        before = now - START_WINDOW - sold.limits.longest - COLLECT_LEASE
        for partition in shards.partitions(keys.OPEN, sold):
            condition = "listed_in = :in AND claimed_at < :before"
            listed = self._listed(partition, condition=condition, values={":before": {"N": str(before)}})
            for call in map(_call, self._all(listed["Items"], CALL)):
                yield {**call, "late_seconds": before - int(call["claimed_at"])}

    def _offer(self, offer: str) -> dict[str, Any] | None:
        item = self._get(keys.offer_key(offer), OFFER)
        if item is None:
            return None
        parsed = kept_offer(item["document"]["B"])
        if parsed is None:
            return None
        reasons = {name: item.get(name, {"S": ""})["S"] for name in ("closed", "paused", "suspended")}
        quotas = {buyer: int(each["N"]) for buyer, each in item.get("quotas", {"M": {}})["M"].items()}
        return {
            "offer": offer,
            "title": parsed.title,
            "prices": [price.value() for price in parsed.prices],
            "open": not any(reasons.values()),
            **reasons,
            "dropped": {asset: each["S"] for asset, each in item.get("dropped", {"M": {}})["M"].items()},
            "quotas": quotas,
            "document": json.loads(parsed.document),
        }

    def _sold(self, offer: str) -> Offer | None:
        item = self._get(keys.offer_key(offer), OFFER)
        return kept_offer(item["document"]["B"]) if item else None

    def _page(
        self, kinds: Sequence[str], attributes: Collection[str], after: str
    ) -> tuple[list[dict[str, Any]], str | None]:
        """What the first read that finds some finds, or the last one of a page; and where the next begins."""
        partitions = [
            each for kind in kinds for offer in self.serves for each in self._partitions(kind, offer)
        ]
        (at, start), listed = _opened(after, partitions), list[dict[str, Any]]()
        for _ in range(MAX_READS):
            answer = self._listed(partitions[at], start=start)
            start, listed = answer.get("LastEvaluatedKey"), answer["Items"]
            at += 0 if start else 1
            if listed or at == len(partitions):
                break
        return self._all(listed, attributes), _token(at, start) if at < len(partitions) else None

    def _partitions(self, kind: str, offer: str) -> list[str]:
        sold = self._sold(offer)
        if sold is None or kind == keys.ACCOUNTS:
            return [keys.listed_in(kind, offer)]
        return shards.partitions(kind, sold)

    def _listed(
        self,
        partition: str,
        *,
        start: dict[str, Any] | None = None,
        condition: str = "listed_in = :in",
        values: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        return self._read(
            "query",
            LISTED,
            IndexName=keys.LIST_INDEX,
            KeyConditionExpression=condition,
            ExpressionAttributeValues={":in": {"S": partition}, **(values or {})},
            Limit=MAX_PAGE,
            Select="SPECIFIC_ATTRIBUTES",
            **({"ExclusiveStartKey": start} if start else {}),
        )

    def _all(
        self, listed: Collection[Mapping[str, Any]], attributes: Collection[str]
    ) -> list[dict[str, Any]]:
        """What the index listed, read from the table itself in its order; one request."""
        wanted = [{name: item[name] for name in keys.KEY} for item in listed]
        found = Table(self.client, self.name).get_all(*wanted, **_only(attributes))
        return [item for item in found if item]

    def _get(self, key: dict[str, Any], attributes: Collection[str]) -> dict[str, Any] | None:
        return self._read("get_item", attributes, Key=key, ConsistentRead=True).get("Item")

    def _read(self, operation: str, attributes: Collection[str], **arguments: Any) -> dict[str, Any]:
        """Read these attributes and no others."""
        return Table(self.client, self.name).call(operation, **_only(attributes), **arguments) or {}

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


def _only(attributes: Collection[str]) -> dict[str, Any]:
    """A projection on these attributes. Placeholders stand for names that DynamoDB reserves."""
    names = {f"#a{number}": name for number, name in enumerate(attributes)}
    return {"ProjectionExpression": ", ".join(names), "ExpressionAttributeNames": names}


def _numbers(values: Mapping[str, int]) -> dict[str, Any]:
    return {"M": {name: {"N": str(number)} for name, number in values.items()}}


def _token(partition: int, start: Mapping[str, Any] | None) -> str:
    """Where the next page begins: in which partition of the index, and after which key."""
    key = [start["claimed_at"]["N"], *(start[name]["S"] for name in keys.KEY)] if start else []
    named = json.dumps([partition, *key], separators=(",", ":"))
    return base64.urlsafe_b64encode(named.encode()).decode().rstrip("=")


def _opened(token: str, partitions: Sequence[str]) -> tuple[int, dict[str, Any] | None]:
    """A token's partition and key; the first partition for an empty one.

    Raises:
        Malformed: it is not a token that ``_token`` makes.
    """
    if not token:
        return 0, None
    try:
        padded = token[:MAX_TOKEN] + "=" * (-len(token) % 4)
        at, *key = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        start = {**keys.key(key[1], key[2]), "claimed_at": {"N": str(int(key[0]))}} if key else None
        fits = (
            type(at) is int
            and 0 <= at < len(partitions)
            and all(1 <= len(str.encode(each)) <= MAX_KEY for each in key)
        )
    except (ValueError, TypeError, LookupError, RecursionError) as error:
        raise Malformed(_NOT_A_PAGE) from error
    if not fits:
        raise Malformed(_NOT_A_PAGE)
    return at, {**start, "listed_in": {"S": partitions[at]}} if start else None


def _call(item: Mapping[str, Any]) -> dict[str, Any]:
    return {"call": keys.call_of(item), **dynamodb_shown.unpacked(item)}


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
