"""Requests and answers of this GitLab, and its errors in GitLab's own words."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from local.loopback import Reply

_DEFAULT_PER_PAGE, _MOST_PER_PAGE = 20, 100


@dataclass(frozen=True)
class Request:
    """One request; ``groups`` are what the route's pattern caught."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    groups: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def params(self) -> dict[str, Any]:
        """Query and body as one, as Grape has them; ``inputs[a]=1`` becomes a nested member."""
        params: dict[str, Any] = dict(self.query)
        kind = self.headers.get("content-type", "").partition(";")[0]
        if kind == "application/json" and self.body:
            params |= _json_object(self.body)
        elif kind == "application/x-www-form-urlencoded":
            params |= _nested(parse_qsl(self.body.decode(), keep_blank_values=True))
        return params

    def number(self, name: str) -> int:
        """A number that the route's pattern caught."""
        return int(self.groups[name])


@dataclass(frozen=True)
class Response:
    """One answer: JSON, or text, or a file that is streamed."""

    status: int = HTTPStatus.OK
    value: Any = None
    text: str | None = None
    file: Path | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        """What is sent where there is no file."""
        if self.text is not None:
            return self.text.encode()
        return b"" if self.status == HTTPStatus.NO_CONTENT else json.dumps(self.value).encode()

    @property
    def reply(self) -> Reply:
        """As it is sent: its type by what the body is, where no header says it."""
        kind = "application/json" if self.text is None else "text/plain"
        headers = {"content-type": kind, "x-request-id": "local", **self.headers}
        return Reply(self.status, self.body, list(headers.items()), self.file)


class ApiError(Exception):
    """An answer that ends the request."""

    def __init__(self, status: int, value: Any, **headers: str) -> None:
        super().__init__(str(value))
        self.response = Response(status, value, headers=headers)


def not_found(what: str = "") -> ApiError:
    """``404 Project Not Found``, or without a name ``404 Not found``."""
    return ApiError(404, {"message": f"404 {what} Not Found" if what else "404 Not found"})


def unauthorized() -> ApiError:
    """No token where one is needed, or an unknown one."""
    return ApiError(401, {"message": "401 Unauthorized"})


def expired() -> ApiError:
    """A token that was good once."""
    words = "Token is expired. You can either do re-authorization or token refresh."
    return ApiError(401, {"error": "invalid_token", "error_description": words})


def revoked() -> ApiError:
    """A token that its owner took back."""
    words = "Token was revoked. You have to re-authorize from the user."
    return ApiError(401, {"error": "invalid_token", "error_description": words})


def insufficient_scope() -> ApiError:
    """A token that may only read."""
    words = "The request requires higher privileges than provided by the access token."
    return ApiError(403, {"error": "insufficient_scope", "error_description": words, "scope": "api"})


def forbidden(reason: str = "") -> ApiError:
    """A known user who may not do this."""
    return ApiError(403, {"message": f"403 Forbidden - {reason}" if reason else "403 Forbidden"})


def missing(name: str) -> ApiError:
    """A parameter that must be there."""
    return ApiError(400, {"error": f"{name} is missing"})


def invalid_base(words: str) -> ApiError:
    """A record that GitLab's own checks refuse."""
    return ApiError(400, {"message": {"base": [words]}})


def page(request: Request, items: Sequence[Any], *, url: str) -> tuple[Sequence[Any], dict[str, str]]:
    """One page of a list and the headers that tell of the others (offset pagination)."""
    number = max(int(request.query.get("page") or 1), 1)
    size = min(int(request.query.get("per_page") or _DEFAULT_PER_PAGE), _MOST_PER_PAGE)
    last = max(-(-len(items) // size), 1)
    following = str(number + 1) if number < last else ""
    headers = {
        "x-page": str(number),
        "x-per-page": str(size),
        "x-next-page": following,
        "x-prev-page": str(number - 1) if number > 1 else "",
        "x-total": str(len(items)),
        "x-total-pages": str(last),
    }
    if following:
        query = urlencode({**request.query, "page": following})
        headers["link"] = f'<{url}{request.path}?{query}>; rel="next"'
    return items[(number - 1) * size : number * size], headers


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError as error:
        words = "The provided JSON is invalid"
        raise ApiError(400, {"error": words}) from error
    return value if isinstance(value, dict) else {}


def _nested(pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    params: dict[str, Any] = {}
    for name, value in pairs:
        if found := re.fullmatch(r"(\w+)\[([^\]]+)\]", name):
            params.setdefault(found[1], {})[found[2]] = value
        else:
            params[name] = value
    return params
