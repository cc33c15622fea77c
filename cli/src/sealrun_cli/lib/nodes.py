"""One question to a Mina node that the caller names."""

import json
import math
from collections.abc import Mapping
from typing import Any

from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.service import MAX_ANSWER_BYTES, Service, shown


def data_of(
    service: Service, url: str, query: str, *, at_most: int = MAX_ANSWER_BYTES, **variables: str
) -> Mapping[str, Any]:
    """``data`` of the node's answer.

    Strangers choose what stands in their accounts, and a node repeats it: bytes that are no UTF-8 are
    replaced, or one account would spoil the answer about all others.

    Raises:
        CliError: there is none, or errors beside it: what a node could not tell is null there.
    """
    body = {"query": query, **({"variables": variables} if variables else {})}
    response = service.send("POST", url, body=body, at_most=at_most)
    try:
        text = response.content.decode("utf-8", "replace")
        answer = json.loads(text, parse_float=_finite, parse_constant=_finite)
        data = None if answer.get("errors") else answer["data"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise CliError("node-unavailable", f"{shown(url)}: expected data, got {response.text[:200]}")
    return data


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value
