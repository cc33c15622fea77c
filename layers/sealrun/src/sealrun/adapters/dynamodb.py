"""The ledger on DynamoDB: one table, one item per offer, call, run, identifier and counter.

Keys are ``pk`` and ``sk``; the index ``wake`` (``wake_shard``, ``wake_at``) holds unfinished calls only.
"""

import hashlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from sealrun.errors import StoreUnavailable, TooMany
from sealrun.offers import Offer
from sealrun.ports import StoredOffer
from sealrun.receipts import Outcome
from sealrun.records import Ending, Record, RunKey, State

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

HOUR = 3600
# Counters are of no use an hour after their time; DynamoDB removes them some time later.
COUNTER_TTL = 2 * HOUR
WAKE_SHARD = "unfinished"


class DynamoLedger:
    """``sealrun.ports.Ledger`` over one table. Reads are strongly consistent, except of ``unfinished``."""

    def __init__(self, client: "DynamoDBClient", *, table: str) -> None:
        self._client, self._table = client, table

    def offer(self, offer_hash: int) -> StoredOffer | None:
        item = self._get(_offer_key(offer_hash))
        if item is None:
            return None
        return StoredOffer(
            offer=Offer.parse(item["document"]["B"]),
            closed=item["closed"]["S"],
            sealed=item["sealed"]["B"],
            sealing_key=item["sealing_key"]["B"],
            webhook_secret=item["webhook_secret"]["B"],
        )

    def publish(self, stored: StoredOffer) -> None:
        """Put an offer up for sale; publishing it again leaves the first as it is."""
        item = {
            **_offer_key(stored.offer.hash),
            "document": {"B": stored.offer.document},
            "closed": {"S": stored.closed},
            "sealed": {"B": stored.sealed},
            "sealing_key": {"B": stored.sealing_key},
            "webhook_secret": {"B": stored.webhook_secret},
        }
        self._put_new(item)

    def close_offer(self, offer_hash: int, reason: str) -> None:
        self._call(
            "update_item",
            Key=_offer_key(offer_hash),
            UpdateExpression="SET closed = :reason",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeValues={":reason": {"S": reason[:500]}},
        )

    def count_request(self, source: str, *, minute: int, limit: int) -> bool:
        """The source is kept as a hash only: an address is nobody's business here."""
        digest = hashlib.sha256(source.encode()).hexdigest()[:32]
        counted = self._call("update_item", **_count(f"rate#{digest}#{minute}", limit, until=minute * 60))
        return counted is not None

    def record(self, call_hash: int) -> Record | None:
        item = self._get(_call_key(call_hash))
        return _decoded(item["record"]["S"]) if item else None

    def claim(self, record: Record, offer: Offer, *, identifier: str | None) -> bool:
        hour = record.claimed_at // HOUR
        quota = _count(f"quota#{offer.id}#{hour}", offer.quota_per_hour, until=hour * HOUR)
        items: list[Any] = [{"Put": self._new(_call_item(record))}]
        if identifier is not None:
            key = {"pk": {"S": f"id#{record.account}#{identifier}"}, "sk": {"S": "id"}}
            items.append({"Put": self._new({**key, "call": {"S": record.id}})})
        items.append({"Update": {**quota, "TableName": self._table}})
        reasons = self._transact(items)
        if any(reasons[:-1]):
            return False
        if reasons and reasons[-1]:
            left = (hour + 1) * HOUR - record.claimed_at
            raise TooMany(
                f"calls: expected at most {offer.quota_per_hour} an hour, got more", retry_after=left
            )
        return True

    def save(self, before: Record, after: Record) -> bool:
        """Raises ValueError for two records of different calls."""
        if before.call_hash != after.call_hash:
            raise ValueError(f"record: expected one of call {before.id}, got one of {after.id}")
        replaced = {
            "TableName": self._table,
            "Item": _call_item(after),
            "ConditionExpression": "version = :version",
            "ExpressionAttributeValues": {":version": {"N": str(before.version)}},
        }
        items: list[Any] = [{"Put": replaced}]
        if after.run_id and not before.run_id and (stored := self.offer(after.offer_hash)):
            items.append(
                {"Put": {"TableName": self._table, "Item": _run_item(after.run_key(stored.offer), after)}}
            )
        return not any(self._transact(items))

    def call_of_run(self, run: RunKey) -> int | None:
        item = self._get(_run_key(run))
        return int(item["call"]["S"], 16) if item else None

    def unfinished(self, *, due_before: int, limit: int) -> list[int]:
        answer = self._call(
            "query",
            IndexName="wake",
            KeyConditionExpression="wake_shard = :shard AND wake_at <= :now",
            ExpressionAttributeValues={":shard": {"S": WAKE_SHARD}, ":now": {"N": str(due_before)}},
            Limit=limit,
        )
        return [int(item["pk"]["S"].removeprefix("call#"), 16) for item in (answer or {}).get("Items", [])]

    def _get(self, key: dict[str, Any]) -> dict[str, Any] | None:
        answer = self._call("get_item", Key=key, ConsistentRead=True)
        return (answer or {}).get("Item")

    def _new(self, item: dict[str, Any]) -> dict[str, Any]:
        return {"TableName": self._table, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}

    def _put_new(self, item: dict[str, Any]) -> bool:
        return not any(self._transact([{"Put": self._new(item)}]))

    def _call(self, operation: str, **arguments: Any) -> dict[str, Any] | None:
        """One request; None when its condition did not hold."""
        try:
            answer: dict[str, Any] = getattr(self._client, operation)(TableName=self._table, **arguments)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return None
            raise _unavailable(error) from error
        except BotoCoreError as error:
            raise _unavailable(error) from error
        return answer

    def _transact(self, items: list[Any]) -> list[bool]:
        """All or nothing; which of the items' conditions did not hold, empty when all was written."""
        try:
            self._client.transact_write_items(TransactItems=items)
        except ClientError as error:
            reasons = [r["Code"] for r in error.response.get("CancellationReasons", [])]
            if "ConditionalCheckFailed" not in reasons:
                raise _unavailable(error) from error
            return [reason == "ConditionalCheckFailed" for reason in reasons]
        except BotoCoreError as error:
            raise _unavailable(error) from error
        return []


def _unavailable(error: Exception) -> StoreUnavailable:
    return StoreUnavailable(f"table: expected an answer, got {type(error).__name__}")


def _offer_key(offer_hash: int) -> dict[str, Any]:
    return {"pk": {"S": f"offer#{offer_hash:064x}"}, "sk": {"S": "offer"}}


def _call_key(call_hash: int) -> dict[str, Any]:
    return {"pk": {"S": f"call#{call_hash:064x}"}, "sk": {"S": "call"}}


def _run_key(run: RunKey) -> dict[str, Any]:
    return {"pk": {"S": f"run#{run.provider}#{run.origin}#{run.project}#{run.id}"}, "sk": {"S": "run"}}


def _run_item(run: RunKey, record: Record) -> dict[str, Any]:
    return {**_run_key(run), "call": {"S": record.id}}


def _count(name: str, limit: int, *, until: int) -> dict[str, Any]:
    """Add one to a counter that must stay at or below the limit."""
    return {
        "Key": {"pk": {"S": name}, "sk": {"S": "count"}},
        "UpdateExpression": "ADD #count :one SET #ttl = :ttl",
        "ConditionExpression": "attribute_not_exists(#count) OR #count < :limit",
        "ExpressionAttributeNames": {"#count": "count", "#ttl": "ttl"},
        "ExpressionAttributeValues": {
            ":one": {"N": "1"},
            ":limit": {"N": str(limit)},
            ":ttl": {"N": str(until + COUNTER_TTL)},
        },
    }


def _call_item(record: Record) -> dict[str, Any]:
    item = {
        **_call_key(record.call_hash),
        "version": {"N": str(record.version)},
        "record": {"S": json.dumps(asdict(record), separators=(",", ":"))},
    }
    if not record.state.over:
        item |= {"wake_shard": {"S": WAKE_SHARD}, "wake_at": {"N": str(record.wake_at)}}
    return item


def _decoded(text: str) -> Record:
    value = json.loads(text)
    end = value.pop("ending")
    state = State(value.pop("state"))
    ending = Ending(**{**end, "outcome": Outcome(end["outcome"])}) if end else None
    return Record(**value, state=state, ending=ending)
