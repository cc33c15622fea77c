"""Powertools' function-URL resolver with sealrun's errors and limits."""

import base64
import binascii
import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import LambdaFunctionUrlResolver, Response

from sealrun.errors import Malformed, SealrunError
from sealrun.json_limits import MAX_BODY_BYTES
from sealrun.problems import plain_problem, problem


def resolver(logger: Logger) -> LambdaFunctionUrlResolver:
    """A resolver that answers every error with a problem document and logs what kind it was."""
    app = LambdaFunctionUrlResolver()

    def known(error: SealrunError) -> Response[str]:
        logger.info("refused", type=error.type, detail=error.detail)
        return _response(problem(error))

    def unknown(error: Exception) -> Response[str]:
        logger.error("failed", exc_info=error)
        return _response(plain_problem(HTTPStatus.INTERNAL_SERVER_ERROR))

    def missing(_error: Exception) -> Response[str]:
        return _response(plain_problem(HTTPStatus.NOT_FOUND))

    app.exception_handler(SealrunError)(known)
    app.exception_handler(Exception)(unknown)
    app.not_found(missing)
    return app


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
    found = {**(headers or {}), **({"Location": location} if location else {})}
    return Response(status, content_type="application/json", body=json.dumps(value), headers=found)


def _response(parts: tuple[int, dict[str, str], str]) -> Response[str]:
    status, headers, body = parts
    return Response(status, body=body, headers=headers)
