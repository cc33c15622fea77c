"""JSON from strangers: bounded before it is parsed, strict while it is."""

import json
import re
from typing import Any

from sealrun.errors import Malformed

# A call is a few hundred bytes; inputs are at most 25 short values.
MAX_BODY_BYTES = 64 * 1024
MAX_DEPTH = 16
# 2**53 - 1 has 16 digits.
MAX_NUMBER_LENGTH = 32
# RFC 8785 holds no integer past it: beyond, two readers see two numbers.
MAX_INTEGER = 2**53 - 1
# From here on canonical JSON writes a number with an exponent (RFC 8785, 3.2.2.3), as no integer is.
EXPONENT_FROM = 1e21

_OPEN, _CLOSE = b"[{", b"]}"
# A bracket, or a string to its end, that of the body where it has none: every byte is looked at once.
_TOKEN = re.compile(rb'[\[\]{}]|"(?:[^"\\]++|\\.)*+"?', re.DOTALL)


def parse_object(body: bytes, *, at_most: int = MAX_BODY_BYTES) -> dict[str, Any]:
    """Parse a JSON object.

    Raises:
        Malformed: more bytes than ``at_most``, deeper than 16, a number of more than 32 characters, an
            integer past 2**53 - 1, NaN or an infinity, a name that stands twice, not UTF-8, not JSON, or not
            an object.
    """
    if len(body) > at_most:
        raise Malformed(f"body: expected at most {at_most} bytes, got {len(body)}")
    _check_depth(body)
    try:
        value = json.loads(
            body.decode("utf-8"),
            parse_int=_bounded_int,
            parse_float=_bounded_float,
            parse_constant=_no_constant,
            object_pairs_hook=_unique_names,
        )
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise Malformed(f"body: expected JSON in UTF-8, {_where(error)}") from error
    if not isinstance(value, dict):
        raise Malformed(f"body: expected a JSON object, got {type(value).__name__}")
    return value


def reads_back(number: float) -> bool:
    """Whether ``parse_object`` takes the number as canonical JSON writes it: 1e17 becomes 18 digits."""
    return not MAX_INTEGER < abs(number) < EXPONENT_FROM


def _where(error: UnicodeDecodeError | json.JSONDecodeError) -> str:
    """Where it went wrong, without the text that stands there: it may be a secret."""
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at line {error.lineno}, column {error.colno}"
    return f"got a byte that is not UTF-8 at offset {error.start}"


def _check_depth(body: bytes) -> None:
    """Count brackets outside strings; the parser itself would recurse."""
    depth = 0
    for token in _TOKEN.finditer(body):
        start = token[0][:1]
        if start in _OPEN:
            depth += 1
            if depth > MAX_DEPTH:
                raise Malformed(f"body: expected JSON at most {MAX_DEPTH} levels deep, got more")
        elif start in _CLOSE:
            depth -= 1


def _bounded_int(text: str) -> int:
    _check_length(text)
    value = int(text)
    if abs(value) > MAX_INTEGER:
        raise Malformed(f"body: expected numbers that RFC 8785 can hold, got {text}")
    return value


def _bounded_float(text: str) -> float:
    """A whole number is an integer however it is written: 1.0 is 1, as in JSON Schema and JavaScript."""
    _check_length(text)
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise Malformed(f"body: expected numbers that RFC 8785 can hold, got {text}")
    return int(value) if value.is_integer() and abs(value) <= MAX_INTEGER else value


def _check_length(text: str) -> None:
    if len(text) > MAX_NUMBER_LENGTH:
        raise Malformed(f"body: expected numbers of at most {MAX_NUMBER_LENGTH} characters, got {len(text)}")


def _no_constant(text: str) -> None:
    raise Malformed(f"body: expected numbers, got {text}")


def _unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise Malformed("body: expected every name once in an object, got one twice")
    return value
