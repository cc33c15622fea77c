"""Errors as problem documents (RFC 9457)."""

import json
from http import HTTPStatus

from sealrun.errors import (
    AccountRefused,
    Conflict,
    PaymentRequired,
    ProviderBusy,
    SealrunError,
    TooMany,
    WrongMethod,
)
from sealrun.money.x402 import REQUIRED_HEADER, encoded

MEDIA_TYPE = "application/problem+json"


def problem(error: SealrunError) -> tuple[int, dict[str, str], str]:
    """Status, headers and body for an error; its ``type`` is stable, its ``detail`` is for people."""
    headers = {"Content-Type": MEDIA_TYPE}
    if isinstance(error, TooMany | ProviderBusy):
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, WrongMethod):
        headers["Allow"] = error.allowed
    if isinstance(error, PaymentRequired | AccountRefused) and error.required:
        headers[REQUIRED_HEADER] = encoded(error.required)
    return error.status, headers, json.dumps(problem_value(error))


def problem_value(error: SealrunError) -> dict[str, object]:
    """The document alone, for answers that carry no status."""
    call = error.call if isinstance(error, Conflict) else ""
    return _value(error.type, error.title, error.status, error.detail, call)


def plain_problem(status: HTTPStatus) -> tuple[int, dict[str, str], str]:
    """For unexpected errors; it reveals nothing about what happened inside."""
    return status, {"Content-Type": MEDIA_TYPE}, json.dumps(_value("about:blank", status.phrase, status, ""))


def _value(kind: str, title: str, status: int, detail: str, call: str = "") -> dict[str, object]:
    uri = kind if ":" in kind else f"urn:sealrun:problem:{kind}"
    document = {"type": uri, "title": title, "status": int(status), "detail": detail, "call": call}
    return {name: value for name, value in document.items() if value != ""}
