"""Function-URL events, payload format 2.0, and back: pure functions.

https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html. The URL asks for no authentication, so
``accountId`` is ``anonymous`` and there is no authorizer. ``rawPath`` keeps its percent-encoding.
"""

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from werkzeug import Response

from local.loopback import Request

# Other content types arrive base64-encoded, as do bodies that are not UTF-8.
TEXT_TYPES = ("application/json", "application/javascript", "application/xml")


def http_event(request: Request, *, domain: str, request_id: str, now: float) -> dict[str, Any]:
    """The event that a function URL makes of this request; ``now`` is in Unix seconds."""
    prefix = domain.partition(".")[0]
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": request.raw_path,
        "rawQueryString": request.raw_query,
        "headers": _headers(request),
        "requestContext": {
            "accountId": "anonymous",
            "apiId": prefix,
            "domainName": domain,
            "domainPrefix": prefix,
            "http": {
                "method": request.method,
                "path": request.raw_path,
                "protocol": request.environ["SERVER_PROTOCOL"],
                "sourceIp": str(request.remote_addr),
                "userAgent": request.headers.get("User-Agent", ""),
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
    if request.query_string:
        event["queryStringParameters"] = _joined(request.args.items(multi=True))
    if request.get_data():
        event["body"], event["isBase64Encoded"] = _body(request)
    return event


def http_reply(payload: bytes) -> Response:
    """The HTTP answer for what a function returned; 502 where its shape is not one of the two allowed."""
    try:
        result = json.loads(payload)
        if isinstance(result, dict) and "statusCode" in result:
            return _full_reply(result)
    except (ValueError, TypeError, AttributeError):
        return bad_gateway()
    body = result if isinstance(result, str) else json.dumps(result)
    return Response(body, content_type="application/json")


def bad_gateway() -> Response:
    """The answer where a function failed, or returned what is no answer."""
    return Response("Internal Server Error", 502, content_type="text/plain")


def _full_reply(result: Mapping[str, Any]) -> Response:
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
    return Response(raw, status, [pair for pair in headers if pair[0].lower() != "content-length"])


def _headers(request: Request) -> dict[str, str]:
    pairs = [(name.lower(), value) for name, value in request.headers.items()]
    return {
        **_joined([pair for pair in pairs if pair[0] not in ("cookie", "connection")]),
        "x-forwarded-for": str(request.remote_addr),
        "x-forwarded-port": "443",
        "x-forwarded-proto": "https",
    }


def _cookies(request: Request) -> list[str]:
    return [part.strip() for part in request.headers.get("Cookie", "").split(";") if part.strip()]


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _body(request: Request) -> tuple[str, bool]:
    body = request.get_data()
    if request.mimetype in TEXT_TYPES or request.mimetype.startswith("text/"):
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(body).decode(), True


def _unbase64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("body: expected base64") from error
