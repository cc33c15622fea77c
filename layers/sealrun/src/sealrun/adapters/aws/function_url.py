"""Powertools' function-URL resolver with sealrun's errors and limits."""

import base64
import binascii
import hashlib
import hmac
import ipaddress
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import LambdaFunctionUrlResolver, Response

from sealrun.encoding.json_limits import MAX_BODY_BYTES
from sealrun.errors import Malformed, SealrunError, StoreUnavailable, WrongMethod
from sealrun.ports.meter import Meter
from sealrun.runs.record import Record
from sealrun.service.problems import plain_problem, problem
from sealrun.service.views import public_view

# The header with CloudFront's secret, for functions whose URLs anyone could reach.
ORIGIN_HEADER = "x-sealrun-origin"
# A sender with one IPv6 address usually controls a whole network of this size.
IPV6_PREFIX = 64


class _Resolver(LambdaFunctionUrlResolver):
    """Powertools' keeps the current event for the whole process; here each thread has its own."""

    def __init__(self) -> None:
        super().__init__()
        self._here = threading.local()

    def _to_proxy_event(self, event: dict[str, Any]) -> Any:
        self._here.event = super()._to_proxy_event(event)
        return self._here.event

    @property
    def current_event(self) -> Any:  # type: ignore[override]
        """The request that this thread answers."""
        return self._here.event


def resolver(logger: Logger, meter: Meter | None = None) -> LambdaFunctionUrlResolver:
    """A resolver that answers every error with a problem document, and logs and counts its kind."""
    app = _Resolver()

    def known(error: SealrunError) -> Response[str]:
        logger.info("refused", type=error.type, detail=error.detail, aws=words(error))
        if meter:
            meter.count("Refused", type=error.type)
        return _response(problem(error))

    def unknown(error: Exception) -> Response[str]:
        logger.error("failed", exc_info=error)
        return _response(plain_problem(HTTPStatus.INTERNAL_SERVER_ERROR))

    def missing(_error: Exception) -> Response[str]:
        if allowed := _methods(app):
            return _response(problem(WrongMethod(*allowed)))
        return _response(plain_problem(HTTPStatus.NOT_FOUND))

    app.exception_handler(SealrunError)(known)
    app.exception_handler(Exception)(unknown)
    app.not_found(missing)
    return app


def serve(
    app: LambdaFunctionUrlResolver, event: dict[str, Any], context: Any, *, digests: Sequence[str]
) -> dict[str, Any]:
    """Answer requests that carry CloudFront's secret, and refuse all others.

    ``digests`` are the SHA-256 digests of the accepted secrets: two while one replaces the other. Without
    any, every request is answered.
    """
    shown = hashlib.sha256(event.get("headers", {}).get(ORIGIN_HEADER, "").encode()).hexdigest()
    if digests and not any(hmac.compare_digest(shown, digest) for digest in digests):
        status, headers, body = plain_problem(HTTPStatus.FORBIDDEN)
        return {"statusCode": int(status), "headers": headers, "body": body}
    return app.resolve(event, context)


def put_off(logger: Logger) -> Callable[[int, SealrunError], None]:
    """Logs why a call's step waits for a later look."""

    def log(call_hash: int, error: SealrunError) -> None:
        call = f"{call_hash:064x}"
        logger.warning("put off", call=call, type=error.type, detail=error.detail, aws=words(error))

    return log


def words(error: SealrunError) -> str | None:
    """AWS's own words, if there are any: for the log beside an error's detail, and for no stranger."""
    return error.words or None if isinstance(error, StoreUnavailable) else None


def sender(app: LambdaFunctionUrlResolver, *, header: str) -> str:
    """The sender that the rate limit counts: CloudFront's viewer, or the other end of the connection.

    ``header`` holds ``ADDRESS:PORT``, like CloudFront-Viewer-Address. Name one only where ``serve`` refuses
    requests that did not come through CloudFront, which writes it. An IPv6 address counts as its network.
    """
    event = app.current_event
    connection = event.request_context.http.source_ip
    address = event.headers.get(header, "").rpartition(":")[0].strip("[]") if header else connection
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return connection
    if ip.version == 4:  # noqa: PLR2004
        return str(ip)
    return str(ipaddress.ip_network((ip, IPV6_PREFIX), strict=False))


def body_bytes(app: LambdaFunctionUrlResolver, *, at_most: int = MAX_BODY_BYTES) -> bytes:
    """The request's body as it came.

    Raises:
        Malformed: it is larger than ``at_most`` bytes once decoded, or cannot be decoded.
    """
    event = app.current_event
    text = event.body or ""
    try:
        body = base64.b64decode(text, validate=True) if event.is_base64_encoded else text.encode()
    except (binascii.Error, UnicodeEncodeError) as error:
        raise Malformed("body: expected UTF-8, got something else") from error
    if len(body) > at_most:
        raise Malformed(f"body: expected at most {at_most} bytes, got {len(body)}")
    return body


def answer(
    value: Mapping[str, Any],
    *,
    status: HTTPStatus = HTTPStatus.OK,
    location: str = "",
    headers: Mapping[str, str] | None = None,
) -> Response[str]:
    """A JSON answer."""
    all_headers = {**(headers or {}), **({"Location": location} if location else {})}
    return Response(status, content_type="application/json", body=json.dumps(value), headers=all_headers)


def taken(record: Record, *, public_url: str, headers: Mapping[str, str]) -> Response[str]:
    """202 with the state of a call that was taken, and where to look for it."""
    location = f"{public_url}/calls/{record.id}"
    value = {**public_view(record), "url": location}
    return answer(value, status=HTTPStatus.ACCEPTED, location=location, headers=headers)


def _methods(app: LambdaFunctionUrlResolver) -> list[str]:
    """The methods that the request's path is known for; none where it is not known at all."""
    routes = [*app._static_routes, *app._dynamic_routes]  # noqa: SLF001  powertools tells them nowhere else
    path = app.current_event.path
    return sorted({route.method for route in routes if route.rule.match(path)})


def _response(parts: tuple[int, dict[str, str], str]) -> Response[str]:
    status, headers, body = parts
    return Response(status, body=body, headers=headers)
