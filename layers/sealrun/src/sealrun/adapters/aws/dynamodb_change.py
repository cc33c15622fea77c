"""One update of an item, put together part by part: DynamoDB takes one update of an item in a transaction."""

from collections.abc import Iterable, Mapping
from typing import Any


class Change:
    """What an update adds, sets and removes, and the bounds under which it does so."""

    def __init__(self, key: Mapping[str, Any]) -> None:
        self._key = key
        self._names: dict[str, str] = {}
        self._values: dict[str, Any] = {}
        self._parts: dict[str, list[str]] = {"ADD": [], "SET": [], "REMOVE": []}
        self._conditions: list[str] = []

    def add(self, name: str, number: int) -> "Change":
        """Add to an attribute; one that is not there counts from 0."""
        self._parts["ADD"].append(f"{self._name(name)} {self._value(number)}")
        return self

    def put(self, name: str, value: int | str) -> "Change":
        """Set an attribute."""
        self._parts["SET"].append(f"{self._name(name)} = {self._value(value)}")
        return self

    def remove(self, names: Iterable[str]) -> "Change":
        """Remove attributes, whether they are there or not."""
        self._parts["REMOVE"] += map(self._name, names)
        return self

    def below(self, name: str, limit: int) -> "Change":
        """Only while the attribute is below the limit, or not there."""
        attribute = self._name(name)
        bound = f"{attribute} < {self._value(limit)}"
        self._conditions.append(f"(attribute_not_exists({attribute}) OR {bound})")
        return self

    def compared(self, name: str, how: str, number: int) -> "Change":
        """Only while the attribute is there and compares so."""
        self._conditions.append(f"{self._name(name)} {how} {self._value(number)}")
        return self

    def request(self) -> dict[str, Any]:
        """As DynamoDB takes it."""
        parts = (f"{verb} {', '.join(done)}" for verb, done in self._parts.items() if done)
        condition = {"ConditionExpression": " AND ".join(self._conditions)} if self._conditions else {}
        values = {"ExpressionAttributeValues": self._values} if self._values else {}
        return {
            "Key": dict(self._key),
            "UpdateExpression": " ".join(parts),
            "ExpressionAttributeNames": self._names,
            **condition,
            **values,
        }

    def _name(self, name: str) -> str:
        known = {each: short for short, each in self._names.items()}
        short = known.get(name, f"#{len(self._names)}")
        self._names[short] = name
        return short

    def _value(self, value: int | str) -> str:
        name = f":{len(self._values)}"
        self._values[name] = {"S": value} if isinstance(value, str) else {"N": str(value)}
        return name


def number(item: Mapping[str, Any] | None, name: str) -> int:
    """A counter of an item; 0 where either is not there."""
    return int((item or {}).get(name, {"N": "0"})["N"])


def older(item: Mapping[str, Any] | None, prefix: str, than: int) -> list[str]:
    """The attributes of an item that are named by the prefix and a lower number: counters of past times."""
    numbered = (name for name in item or {} if name.startswith(prefix) and name[len(prefix) :].isdecimal())
    return [name for name in numbered if int(name[len(prefix) :]) < than]
