"""Reading what a Mina node answers: numbers, expectations, and what an answer that lacks something is."""

from collections.abc import Iterable, Mapping
from typing import Any

from mina.field import P
from sealrun.errors import AccountRefused, NodeUnavailable

# What tells whether a node follows its network, for ``check_synced`` and, with the newest block's date,
# ``sealrun.chain.account.check_tip``.
NODE = "syncStatus networkID daemonStatus{consensusConfiguration{slotDuration}}"


def permissions_query(names: Iterable[str]) -> str:
    """The part of a question that asks for these permissions of an account, and for its code's."""
    return f"permissions{{{' '.join(names)} setVerificationKey{{auth txnVersion}}}}"


def check_synced(answer: Mapping[str, Any], network: str) -> None:
    """The node is synced, and of this network.

    Raises:
        NodeUnavailable: it is not.
    """
    for name, expected in (("syncStatus", "SYNCED"), ("networkID", network)):
        if answer.get(name) != expected:
            raise NodeUnavailable(f"node: expected {name} {expected}, got {shown(answer.get(name))}")


def expect(name: str, expected: object, got: object) -> None:
    """Refuse an account by the name of the property that differs.

    Raises:
        AccountRefused: it differs.
    """
    if got != expected:
        raise AccountRefused(f"{name}: expected {shown(expected)}, got {shown(got)}")


def number(value: Any) -> int:
    """A node writes numbers as text, some of them as numbers.

    Raises:
        TypeError: it is neither.
        ValueError: it is no field.
    """
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise TypeError("expected a number")
    whole = int(value) if isinstance(value, int) or (value.isascii() and value.isdigit()) else -1
    if not 0 <= whole < P:
        raise ValueError("expected a number that is a field")
    return whole


def shown(value: object) -> str:
    """A short text of a property, whatever a node put there."""
    return "null" if value is None else str(value)[:100] if isinstance(value, str | int) else "another value"


# What reading an answer raises where a member is missing or of another type.
OF_ANOTHER_FORM = (KeyError, TypeError, ValueError, IndexError, AttributeError)


def unreadable(error: Exception) -> NodeUnavailable:
    """A node left out what it was asked for, or gave it in another form."""
    what = error.args[0] if isinstance(error, KeyError) else type(error).__name__
    return NodeUnavailable(f"node: expected an answer as it was asked for, got one without it ({what})")
