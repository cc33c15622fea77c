"""Parts of requests: a query, and a body in JSON."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode


def with_query(url: str, params: Mapping[str, str]) -> str:
    """The URL with these parameters behind it."""
    return f"{url}?{urlencode(params, quote_via=quote)}" if params else url


def json_body(value: Any) -> tuple[dict[str, str], bytes]:
    """The headers and the body of a request that sends JSON."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return {"Content-Type": "application/json"}, text.encode()
