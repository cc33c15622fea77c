"""One DynamoDB table: reads that are strongly consistent, writes that are all or nothing, and counters."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sealrun.adapters.aws.dynamodb_keys import counter_key
from sealrun.adapters.aws.errors import cancelled_by, client_errors, error_code, unavailable
from sealrun.errors import StoreUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

HOUR = 3600
# Counters are of no use an hour after their time; DynamoDB removes them some time later.
COUNTER_TTL = 2 * HOUR


class Table:
    """A client and the name of its table. Every method raises StoreUnavailable where there is no answer."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client, self.name = client, name

    def get(self, key: dict[str, Any], **projection: Any) -> dict[str, Any] | None:
        """The item, if there is one."""
        answer = self.call("get_item", Key=key, ConsistentRead=True, **projection)
        return (answer or {}).get("Item")

    def get_all(self, *keys: dict[str, Any], **projection: Any) -> list[dict[str, Any] | None]:
        """Several items, at most 100, in the order of their keys.

        That is one request, and another one for what DynamoDB leaves out.

        ``projection`` names what is read of each, as DynamoDB takes it.
        """
        by_name: dict[tuple[str, str], dict[str, Any]] = {}
        left = list(keys)
        while left:
            wanted = {self.name: {"Keys": left, "ConsistentRead": True, **projection}}
            answer = self._asked("batch_get_item", RequestItems=wanted) or {}
            by_name |= {_name(item): item for item in answer["Responses"].get(self.name, [])}
            before = len(left)
            # Asked for in a batch again: most roles may read some of them in no other way.
            left = answer.get("UnprocessedKeys", {}).get(self.name, {}).get("Keys", [])
            if len(left) >= before:
                raise StoreUnavailable(f"table: expected some of {before} items, got none of them")
        return [by_name.get(_name(key)) for key in keys]

    def call(self, operation: str, **arguments: Any) -> dict[str, Any] | None:
        """One request; None when its condition did not hold."""
        return self._asked(operation, TableName=self.name, **arguments)

    def _asked(self, operation: str, **arguments: Any) -> dict[str, Any] | None:
        try:
            answer: dict[str, Any] = getattr(self._client, operation)(**arguments)
        except client_errors() as error:
            if error_code(error) == "ConditionalCheckFailedException":
                return None
            raise unavailable("table", error) from error
        return answer

    def items(self, **query: Any) -> list[dict[str, Any]]:
        """Every item that a query finds, page after page."""
        items: list[dict[str, Any]] = []
        while answer := self.call("query", ConsistentRead=True, **query):
            items += answer["Items"]
            if "LastEvaluatedKey" not in answer:
                break
            query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
        return items

    def failed(self, items: dict[str, Any]) -> set[str]:
        """Write all or nothing; the names of the items that stood in the way, none when all was written.

        A conflict with another transaction names the item ``conflict``, and is worth another attempt. One
        item alone needs no transaction, which would take and cost twice as much.
        """
        first, *more = items.values()
        try:
            if more or "Put" not in first:
                self._client.transact_write_items(TransactItems=[first, *more])
            else:
                self._client.put_item(**first["Put"])
        except client_errors() as error:
            # A single item's code says the same as a transaction's reason.
            reasons = cancelled_by(error) or [error_code(error).removesuffix("Exception")]
            failed = {
                name
                for name, reason in zip(items, reasons, strict=False)
                if reason == "ConditionalCheckFailed"
            }
            if not failed and "TransactionConflict" not in reasons:
                raise unavailable("table", error) from error
            return failed or {"conflict"}
        return set()

    def new(self, item: dict[str, Any]) -> dict[str, Any]:
        """A transaction's item that must not be there yet."""
        condition = "attribute_not_exists(pk)"
        return {"Put": {"TableName": self.name, "Item": item, "ConditionExpression": condition}}

    def new_or_freed(self, item: dict[str, Any], *, by: str) -> dict[str, Any]:
        """A transaction's item that must not be there yet, or whose attribute ``by`` is empty."""
        new = self.new(item)
        new["Put"] |= {
            "ConditionExpression": "attribute_not_exists(pk) OR #by = :none",
            "ExpressionAttributeNames": {"#by": by},
            "ExpressionAttributeValues": {":none": {"S": ""}},
        }
        return new

    def put(self, item: dict[str, Any]) -> dict[str, Any]:
        """A transaction's item, whether it is there or not."""
        return {"Put": {"TableName": self.name, "Item": item}}

    def update(self, update: dict[str, Any]) -> dict[str, Any]:
        """A transaction's update."""
        return {"Update": {"TableName": self.name, **update}}


def count(name: str, limit: int, *, until: int) -> dict[str, Any]:
    """Add one to a counter that must stay at or below the limit."""
    return {
        "Key": counter_key(name),
        "UpdateExpression": "ADD #count :one SET #ttl = :ttl",
        "ConditionExpression": "attribute_not_exists(#count) OR #count < :limit",
        "ExpressionAttributeNames": {"#count": "count", "#ttl": "ttl"},
        "ExpressionAttributeValues": {
            ":one": {"N": "1"},
            ":limit": {"N": str(limit)},
            ":ttl": {"N": str(until + COUNTER_TTL)},
        },
    }


def numbers(values: Mapping[str, int]) -> dict[str, Any]:
    """Values of an expression, as DynamoDB takes numbers."""
    return {name: {"N": str(value)} for name, value in values.items()}


def _name(item: dict[str, Any]) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]
