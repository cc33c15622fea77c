"""Function-URL events, payload format 2.0, out of WSGI, and back: pure functions.

https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html. The functions read nothing else, so they
run here as they run on Lambda. Every body travels in base64.
"""

import base64
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

# Headers that WSGI keeps under names of their own.
PLAIN = ("CONTENT_TYPE", "CONTENT_LENGTH")
# They concern one connection, or none of ours; the server writes its own.
NOT_PASSED_ON = ("connection", "content-length", "date", "keep-alive", "server", "transfer-encoding")


@dataclass(frozen=True)
class Reply:
    """An HTTP answer with a body of a few kilobytes."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def line(self) -> str:
        """As in ``200 OK``."""
        known = self.status in HTTPStatus._value2member_map_
        return f"{self.status} {HTTPStatus(self.status).phrase if known else 'Unknown'}"


def path_of(environ: Mapping[str, Any]) -> str:
    """The path as it was sent, with its percent-encoding."""
    return str(environ["REQUEST_URI"]).partition("?")[0]


def http_event(environ: Mapping[str, Any], *, now: float) -> dict[str, Any]:
    """The event that a function URL makes of this request; ``now`` is in Unix seconds."""
    path, query = path_of(environ), environ.get("QUERY_STRING", "")
    body = environ["wsgi.input"].read()
    pairs: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True, max_num_fields=100):
        pairs[name] = f"{pairs[name]},{value}" if name in pairs else value
    event = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "queryStringParameters": pairs,
        "headers": _headers(environ),
        "requestContext": {
            "accountId": "anonymous",
            "domainName": environ.get("HTTP_HOST", ""),
            "http": {
                "method": environ["REQUEST_METHOD"],
                "path": path,
                "protocol": environ["SERVER_PROTOCOL"],
                "sourceIp": environ["REMOTE_ADDR"],
                "userAgent": environ.get("HTTP_USER_AGENT", ""),
            },
            "requestId": str(uuid.uuid4()),
            "routeKey": "$default",
            "stage": "$default",
            "timeEpoch": int(now * 1000),
        },
        "isBase64Encoded": bool(body),
    }
    return {**event, "body": base64.b64encode(body).decode()} if body else event


def reply_of(answer: Mapping[str, Any]) -> Reply:
    """The HTTP answer that a function's result describes."""
    text = answer.get("body") or ""
    body = base64.b64decode(text) if answer.get("isBase64Encoded") else text.encode()
    headers = {str(name): _one(value) for name, value in (answer.get("headers") or {}).items()}
    passed = {name: value for name, value in headers.items() if name.lower() not in NOT_PASSED_ON}
    return Reply(int(answer["statusCode"]), passed, body)


def _one(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _headers(environ: Mapping[str, Any]) -> dict[str, str]:
    named = {name.removeprefix("HTTP_"): value for name, value in environ.items() if name.startswith("HTTP_")}
    named |= {name: environ[name] for name in PLAIN if environ.get(name)}
    return {name.lower().replace("_", "-"): str(value) for name, value in named.items()}
