"""Reading named values out of parsed JSON: each wanted, of one kind, within bounds, and nothing beside."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from mina import tokens
from mina.field import P
from mina.keys import PublicKey
from sealrun.errors import Malformed

MAX_SHOWN = 40


def only(
    value: object, names: Collection[str], *, where: str, optional: Collection[str] = ()
) -> dict[str, Any]:
    """The object itself, if it has exactly these names (the optional ones may be missing)."""
    if not isinstance(value, dict):
        raise Malformed(f"{where}: expected an object, got {type(value).__name__}")
    if missing := sorted(set(names) - value.keys()):
        raise Malformed(f"{where}: expected {', '.join(missing)}, got nothing by that name")
    if unknown := sorted(str(name)[:40] for name in value.keys() - set(names) - set(optional)):
        raise Malformed(
            f"{where}: expected {', '.join(sorted({*names, *optional}))}, got also {', '.join(unknown[:5])}"
        )
    return value


def with_others(value: object, names: Collection[str], *, where: str) -> dict[str, Any]:
    """The object itself, if it has these names; others may stand beside them."""
    if not isinstance(value, dict):
        raise Malformed(f"{where}: expected an object, got {type(value).__name__}")
    return only(value, names, where=where, optional=value.keys())


def text(value: Mapping[str, Any], name: str, *, pattern: str, says: str) -> str:
    """A string that matches the whole pattern; ``says`` tells the pattern in words."""
    member = value[name]
    if not isinstance(member, str) or not re.fullmatch(pattern, member, re.ASCII):
        raise Malformed(f"{name}: expected {says}, got {_shown(member)}")
    return member


def one_of(value: Mapping[str, Any], name: str, choices: Collection[str]) -> str:
    """A string out of these."""
    member = value[name]
    if not isinstance(member, str) or member not in choices:
        raise Malformed(f"{name}: expected one of {', '.join(choices)}, got {_shown(member)}")
    return member


def whole(value: Mapping[str, Any], name: str, *, low: int, high: int) -> int:
    """A JSON integer within low..high, both included."""
    member = value[name]
    if isinstance(member, bool) or not isinstance(member, int) or not low <= member <= high:
        raise Malformed(f"{name}: expected a whole number from {low} to {high}, got {_shown(member)}")
    return member


def decimal(value: Mapping[str, Any], name: str, *, high: int) -> int:
    """A non-negative number written as a decimal string without leading zeros, at most ``high``."""
    number = int(text(value, name, pattern=r"0|[1-9][0-9]{0,77}", says="a decimal number in a string"))
    if number > high:
        raise Malformed(f"{name}: expected at most {high}, got {number}")
    return number


def truth(value: Mapping[str, Any], name: str) -> bool:
    """A JSON boolean."""
    member = value[name]
    if not isinstance(member, bool):
        raise Malformed(f"{name}: expected true or false, got {_shown(member)}")
    return member


def public_key(value: Mapping[str, Any], name: str) -> PublicKey:
    """A public key in base58; the empty key is none."""
    member = value[name]
    if not isinstance(member, str):
        raise Malformed(f"{name}: expected a base58 public key, got {type(member).__name__}")
    try:
        return PublicKey.from_base58(member)
    except ValueError as error:
        raise Malformed(f"{name}: {error}") from error


def token_id(value: Mapping[str, Any], name: str) -> int:
    """A token id in base58; 0 is none."""
    member = value[name]
    if not isinstance(member, str):
        raise Malformed(f"{name}: expected a token id in base58, got {type(member).__name__}")
    try:
        number = tokens.from_base58(member)
    except ValueError as error:
        raise Malformed(f"{name}: {error}") from error
    if number == 0:
        raise Malformed(f"{name}: expected a token id, got 0")
    return number


def hex_field(value: str, *, where: str) -> int:
    """A field from its 64 lower-case hex digits, the form that hashes have in URLs and run names."""
    if not re.fullmatch(r"[0-9a-f]{64}", value, re.ASCII) or (number := int(value, 16)) >= P:
        raise Malformed(f"{where}: expected 64 lower-case hex digits of a field, got {_shown(value)}")
    return number


def _shown(value: object) -> str:
    """Short enough for a message; only plain text and numbers are shown at all."""
    if isinstance(value, str):
        return repr(value if len(value) <= MAX_SHOWN else value[:MAX_SHOWN] + "…")
    return str(value) if isinstance(value, bool | int) else type(value).__name__
