"""What a sale asks of AWS, in the units that AWS charges for.

Sizes are those of the items in moto's table, as DynamoDB counts them but for a few bytes. A write takes a
unit for each kilobyte of the larger of the old and the new item, and twice as much in a transaction; an index
takes one for each of its entries that comes or goes. A read takes a unit for each 4 KB.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from sealrun.adapters.aws import dynamodb_keys as keys

WRITTEN, READ = 1 << 10, 4 << 10
INDICES = (keys.WAKE_KEY, keys.LIST_KEY, keys.CALLED_KEY)
# Each of these puts one object, or a part of one.
PUTS = {"PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"}


class Meter:
    """Counts what boto3's default session asks, while it is on."""

    def __init__(self, session: Any, table: Any) -> None:
        """``table`` is a client of another session, to look at items unseen."""
        self.requests, self.units = Counter[str](), Counter[str]()
        self.on = False
        self._table, self._params = table, dict[str, Any]()
        self._before: dict[str, dict[str, Any] | None] = {}
        session.events.register("provide-client-params.*.*", self._ask)
        session.events.register("after-call.dynamodb.*", self._answered)

    def _ask(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        if not self.on:
            return
        service = model.service_model.service_name
        self.requests[f"{service}:{model.name}"] += 1
        self._before = {str(key): self._item(key) for key in _written(model.name, params)}
        self._params = params

    def _answered(self, parsed: dict[str, Any], model: Any, **_: Any) -> None:
        if not self.on:
            return
        twice = 2 if model.name == "TransactWriteItems" else 1
        for key in _written(model.name, self._params):
            old, new = self._before[str(key)], self._item(key)
            self.units["write"] += twice * _units(max(_size(old), _size(new)), WRITTEN)
            self.units["index"] += sum(_entries(old, new, index) for index in INDICES)
        self.units["read"] += sum(_units(_size(each), READ) for each in _read(parsed))
        if model.name == "Query":
            self.units["read"] += 1

    def _item(self, key: dict[str, Any]) -> dict[str, Any] | None:
        on, self.on = self.on, False
        item = self._table.get_item(TableName="calls", Key=key, ConsistentRead=True).get("Item")
        self.on = on
        return dict(item) if item else None


def _written(name: str, params: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The keys of what a request writes."""
    if name == "TransactWriteItems":
        for item in params["TransactItems"]:
            [(part, request)] = item.items()
            yield from _written(f"{part}Item", request)
    elif name in ("PutItem", "UpdateItem"):
        given: dict[str, Any] = params.get("Key") or params["Item"]
        yield {each: given[each] for each in keys.KEY}


def _read(parsed: dict[str, Any]) -> Iterator[dict[str, Any] | None]:
    yield from (parsed[name] for name in ("Item",) if name in parsed)
    for items in parsed.get("Responses", {}).values() if isinstance(parsed.get("Responses"), dict) else ():
        yield from items


def _units(size: int, unit: int) -> int:
    return max(1, -(-size // unit))


def _size(item: dict[str, Any] | None) -> int:
    """Names and values in bytes; a number takes about half its digits."""
    if not item:
        return 0
    return sum(len(name.encode()) + _length(value) for name, value in item.items())


def _length(value: dict[str, Any]) -> int:
    [(kind, inner)] = value.items()
    if kind == "M":
        return 3 + _size(inner)
    if kind == "N":
        return len(inner) // 2 + 1
    return len(inner.encode() if isinstance(inner, str) else inner)


def _entries(old: dict[str, Any] | None, new: dict[str, Any] | None, index: tuple[str, ...]) -> int:
    """Entries of an index that a write removes or adds."""
    before, after = (item and [item.get(name) for name in index] for item in (old, new))
    before, after = (each if each and all(each) else None for each in (before, after))
    return 0 if before == after else bool(before) + bool(after)
