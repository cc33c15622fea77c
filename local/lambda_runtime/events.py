"""Function-URL events, payload format 2.0, and back: pure functions.

https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html. The URL asks for no authentication, so
``accountId`` is ``anonymous`` and there is no authorizer. ``rawPath`` keeps its percent-encoding.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from local.loopback import Reply, Request

# Other content types arrive base64-encoded, as do bodies that are not UTF-8.
TEXT_TYPES = ("application/json", "application/javascript", "application/xml")
BAD_GATEWAY = Reply(502, b"Internal Server Error", [("Content-Type", "text/plain")])


def http_event(request: Request, *, domain: str, request_id: str, now: float) -> dict[str, Any]:
    """The event that a function URL makes of this request; ``now`` is in Unix seconds."""
    prefix = domain.partition(".")[0]
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": request.path,
        "rawQueryString": request.query,
        "headers": _headers(request),
        "requestContext": {
            "accountId": "anonymous",
            "apiId": prefix,
            "domainName": domain,
            "domainPrefix": prefix,
            "http": {
                "method": request.method,
                "path": request.path,
                "protocol": request.protocol,
                "sourceIp": request.source_ip,
                "userAgent": request.header("User-Agent"),
            },
            "requestId": request_id,
            "routeKey": "$default",
            "stage": "$default",
            "time": datetime.fromtimestamp(now, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(now * 1000),
        },
        "isBase64Encoded": False,
    }
    if cookies := _cookies(request):
        event["cookies"] = cookies
    if request.query:
        event["queryStringParameters"] = _joined(parse_qsl(request.query, keep_blank_values=True))
    if request.body:
        event["body"], event["isBase64Encoded"] = _body(request)
    return event


def http_reply(payload: bytes) -> Reply:
    """The HTTP answer for what a function returned; 502 where its shape is not one of the two allowed."""
    try:
        result = json.loads(payload)
        if isinstance(result, dict) and "statusCode" in result:
            return _full_reply(result)
    except (ValueError, TypeError, AttributeError):
        return BAD_GATEWAY
    body = result if isinstance(result, str) else json.dumps(result)
    return Reply(200, body.encode(), [("Content-Type", "application/json")])


def _full_reply(result: Mapping[str, Any]) -> Reply:
    status = int(result["statusCode"])
    if not 200 <= status <= 599:  # noqa: PLR2004
        raise ValueError(f"statusCode: expected 200 to 599, got {status}")
    given = result.get("headers") or {}
    headers = [(str(name), str(value)) for name, value in given.items()]
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "application/json"))
    headers += [("Set-Cookie", str(cookie)) for cookie in result.get("cookies") or []]
    if any(not character.isprintable() for pair in headers for text in pair for character in text):
        raise ValueError("headers: expected printable characters")
    body = result.get("body") or ""
    if not isinstance(body, str):
        raise TypeError(f"body: expected a string, got {type(body).__name__}")
    raw = _unbase64(body) if result.get("isBase64Encoded") else body.encode()
    return Reply(status, raw, [pair for pair in headers if pair[0].lower() != "content-length"])


def _headers(request: Request) -> dict[str, str]:
    pairs = [(name.lower(), value) for name, value in request.headers.items()]
    return {
        **_joined([pair for pair in pairs if pair[0] not in ("cookie", "connection")]),
        "x-forwarded-for": request.source_ip,
        "x-forwarded-port": "443",
        "x-forwarded-proto": "https",
    }


def _cookies(request: Request) -> list[str]:
    values = request.headers.get_all("Cookie", [])
    return [part.strip() for value in values for part in value.split(";") if part.strip()]


def _joined(pairs: list[tuple[str, str]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _body(request: Request) -> tuple[str, bool]:
    media_type = request.header("Content-Type").partition(";")[0].strip().lower()
    if media_type in TEXT_TYPES or media_type.startswith("text/"):
        try:
            return request.body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(request.body).decode(), True


def _unbase64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("body: expected base64") from error
