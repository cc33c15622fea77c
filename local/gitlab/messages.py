"""Requests and answers of this GitLab, and its errors in GitLab's own words."""

import json
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from werkzeug import Response

from local.loopback import Request, json_reply

_DEFAULT_PER_PAGE, _MOST_PER_PAGE = 20, 100


def params(request: Request) -> dict[str, Any]:
    """Query and body as one, as Grape has them; ``inputs[a]=1`` becomes a nested member.

    Raises:
        ApiError: the body is declared as JSON and is not JSON.
    """
    given: dict[str, Any] = request.args.to_dict()
    if request.mimetype == "application/json" and request.get_data():
        return given | _json_object(request.get_data())
    return given | _nested(request.form)


def answer(value: Any, status: int = HTTPStatus.OK, headers: Mapping[str, str] | None = None) -> Response:
    """A response as GitLab gives it: JSON, with the id that it gave the request."""
    return json_reply(status, value, {"X-Request-Id": "local", **(headers or {})})


class ApiError(Exception):
    """An answer that ends the request."""

    def __init__(self, status: int, value: Any, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(str(value))
        self.response = answer(value, status, headers=headers)


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
    number = max(int(request.args.get("page") or 1), 1)
    size = min(int(request.args.get("per_page") or _DEFAULT_PER_PAGE), _MOST_PER_PAGE)
    last = max(-(-len(items) // size), 1)
    following = str(number + 1) if number < last else ""
    headers = {
        "X-Page": str(number),
        "X-Per-Page": str(size),
        "X-Next-Page": following,
        "X-Prev-Page": str(number - 1) if number > 1 else "",
        "X-Total": str(len(items)),
        "X-Total-Pages": str(last),
    }
    others = {"prev": number - 1, "next": number + 1, "first": 1, "last": last}
    links = {
        name: f"{url}{request.raw_path}?{urlencode({**request.args, 'page': other, 'per_page': size})}"
        for name, other in others.items()
        if 1 <= other <= last
    }
    headers["Link"] = ", ".join(f'<{link}>; rel="{name}"' for name, link in links.items())
    return items[(number - 1) * size : number * size], headers


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError as error:
        words = "The provided JSON is invalid"
        raise ApiError(400, {"error": words}) from error
    return value if isinstance(value, dict) else {}


def _nested(form: Mapping[str, str]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for name, value in form.items():
        if match := re.fullmatch(r"(\w+)\[([^\]]+)\]", name):
            nested.setdefault(match[1], {})[match[2]] = value
        else:
            nested[name] = value
    return nested
