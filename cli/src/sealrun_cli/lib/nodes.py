"""One question to a Mina node that the caller names."""

from collections.abc import Mapping
from typing import Any

from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.service import MAX_ANSWER_BYTES, Service


def data_of(service: Service, url: str, query: str, *, at_most: int = MAX_ANSWER_BYTES) -> Mapping[str, Any]:
    """``data`` of the node's answer.

    Raises:
        CliError: there is none.
    """
    response = service.send("POST", url, body={"query": query}, at_most=at_most)
    try:
        data = response.json()["data"]
    except (ValueError, KeyError, TypeError):
        data = None
    if not isinstance(data, dict):
        raise CliError("node-unavailable", f"{url}: expected data, got {response.text[:200]}")
    return data
