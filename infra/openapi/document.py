"""Puts the OpenAPI document together."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, TypeGuard

from infra.openapi.documents import DOCUMENTS
from infra.openapi.handlers import Handled
from infra.openapi.routes import JSON, PATH, Operation, Parameter
from infra.openapi.shapes import Schema, closed, constant, embedded, one_of, ref, whole
from sealrun import errors
from sealrun.errors import SealrunError
from sealrun.money.x402 import REQUIRED_HEADER
from sealrun.service.problems import MEDIA_TYPE

VERSION = "3.1.1"
PREFIX = "urn:sealrun:problem:"
# Answers that any request may get: the path takes another method, or sealrun itself failed.
SHARED = (HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.INTERNAL_SERVER_ERROR)
# Answers without an error type of sealrun: there is no such path, or an unexpected error.
PLAIN = (HTTPStatus.NOT_FOUND, HTTPStatus.INTERNAL_SERVER_ERROR)
ABOUT = """\
Buy one CI job with a Mina wallet. The buyer signs each call and pays over x402 v2. The evidence of the run
comes with a receipt that the oracle signed.

Every error is a problem document (RFC 9457) with a stable `type`. Amounts count their asset's smallest unit,
times are Unix seconds. The platform before the functions may answer 413, 429, 502 or 504 in its own words."""
_RETRY: Schema = whole(0, 86_400, "Seconds.")
_HEADERS: dict[int, dict[str, Any]] = {
    HTTPStatus.PAYMENT_REQUIRED: {
        REQUIRED_HEADER: {
            "required": True,
            "schema": embedded(ref("PaymentRequired"), "What to pay, and how."),
        }
    },
    HTTPStatus.TOO_MANY_REQUESTS: {"Retry-After": {"required": True, "schema": _RETRY}},
    HTTPStatus.METHOD_NOT_ALLOWED: {"Allow": {"required": True, "schema": {"type": "string"}}},
}


def make_document(handled: Iterable[Handled], table: Mapping[str, Operation]) -> dict[str, Any]:
    """The OpenAPI document of these routes.

    Raises:
        ValueError: the table has not exactly the handlers' routes.
    """
    found = {each.route: each for each in handled}
    if missing := sorted(found.keys() ^ table.keys()):
        raise ValueError(f"infra/openapi/routes.py: expected an entry for each route, got no {missing[0]}")
    paths: dict[str, Any] = {}
    for route in sorted(found):
        each = found[route]
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each, table[route])
    return {
        "openapi": VERSION,
        "info": {
            "title": "sealrun",
            "version": "0.1.0",
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "The operator's own URL."}],
        "paths": paths,
        "components": {
            "schemas": DOCUMENTS | {"Problem": _problem(None)},
            "responses": {_name(status): _refusal(status, (errors.WrongMethod,)) for status in SHARED},
        },
    }


def _operation(handled: Handled, operation: Operation) -> dict[str, Any]:
    summary, _, more = handled.words.partition("\n")
    value: dict[str, Any] = {
        "operationId": handled.name,
        "summary": summary.replace("``", "`"),
        "tags": [handled.function],
        "responses": _responses(operation),
    }
    if more.strip():
        value["description"] = more.strip().replace("``", "`")
    in_path = [Parameter(name, "path", PATH[name], required=True) for name in handled.parameters]
    if parameters := [*in_path, *operation.parameters]:
        value["parameters"] = [_parameter(each) for each in parameters]
    if operation.body is not None:
        content = {JSON: {"schema": operation.body}}
        value["requestBody"] = {"required": operation.body_required, "content": content}
    return value


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.required,
        "schema": parameter.schema,
    }


def _responses(operation: Operation) -> dict[str, Any]:
    status = HTTPStatus(operation.status)
    good: dict[str, Any] = {
        "description": status.phrase,
        "content": {operation.media_type: {"schema": operation.answer}},
    }
    if operation.headers:
        good["headers"] = {name: {"schema": schema} for name, schema in operation.headers.items()}
    refused = {HTTPStatus(error.status) for error in operation.refuses} | {HTTPStatus.NOT_FOUND}
    bad = {str(int(each)): _refusal(each, operation.refuses) for each in sorted(refused)}
    shared = {str(int(each)): {"$ref": f"#/components/responses/{_name(each)}"} for each in SHARED}
    return {str(int(status)): good, **bad, **shared}


def _name(status: HTTPStatus) -> str:
    return status.phrase.replace(" ", "")


def _refusal(status: HTTPStatus, refuses: tuple[type[SealrunError], ...]) -> dict[str, Any]:
    """The problem documents of one status; ``about:blank`` stands for errors without a type of their own."""
    types = sorted({f"{PREFIX}{error.type}" for error in refuses if error.status == status})
    types += ["about:blank"] if status in PLAIN else []
    titles = sorted({error.title for error in refuses if error.status == status})
    value: dict[str, Any] = {
        "description": "; ".join(titles) or status.phrase,
        "content": {MEDIA_TYPE: {"schema": _problem(status, types)}},
    }
    if status in _HEADERS:
        value["headers"] = _HEADERS[status]
    return value


def _problem(status: HTTPStatus | None, types: list[str] | None = None) -> Schema:
    """A problem document (RFC 9457), for one status and its types or for any."""
    every = sorted({f"{PREFIX}{error.type}" for error in vars(errors).values() if _is_ours(error)})
    code = constant(int(status)) if status else whole(400, 599)
    words: Schema = {"type": "string"}
    named = {"type": one_of(types or [*every, "about:blank"]), "title": words, "status": code}
    call = {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "The call that was taken instead."}
    detail = {"type": "string", "description": "For people; holds no secret."}
    return closed(named, {"detail": detail, "call": call})


def _is_ours(value: object) -> TypeGuard[type[SealrunError]]:
    return isinstance(value, type) and issubclass(value, SealrunError)
