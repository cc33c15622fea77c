"""Requests and answers of this GitHub, and its errors in GitHub's own words."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from werkzeug import Response

from local.loopback import Request, json_reply

_DOCUMENTATION = "https://docs.github.com/rest"
_DEFAULT_PER_PAGE, _MOST_PER_PAGE, _MOST_LISTED = 30, 100, 1000
# From this version on a start is always answered with the run's id.
DETAILS_SINCE = "2026-03-10"


REPOSITORY = "/repos/<owner>/<name>"


class ApiError(Exception):
    """An answer that ends the request."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.response = refusal(status, message)


# Its name among the faults, its method, its path as werkzeug writes it, and what answers.
Route = tuple[str, str, str, Callable[[Any, Request], Response]]


def body_of(request: Request) -> dict[str, Any]:
    """The JSON object in the request's body; an empty one if there is no body.

    Raises:
        ApiError: the body is not a JSON object.
    """
    try:
        value = json.loads(request.get_data() or b"{}")
    except ValueError as error:
        raise ApiError(400, "Problems parsing JSON") from error
    if not isinstance(value, dict):
        raise ApiError(400, "Body should be a JSON object")
    return value


def wants_details(request: Request) -> bool:
    """Whether this version of the API answers a start with the run's id."""
    return request.headers.get("X-GitHub-Api-Version", "") >= DETAILS_SINCE


def refusal(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """GitHub's form of an error."""
    words = {"message": message, "documentation_url": _DOCUMENTATION, "status": str(status)}
    return json_reply(status, words, headers)


def not_found() -> ApiError:
    """The error for anything that does not exist, or that the token may not see."""
    return ApiError(404, "Not Found")


def redirect(url: str) -> Response:
    """The redirect to the storage that holds a log or an archive."""
    return Response(
        status=HTTPStatus.FOUND, headers={"Location": url}, content_type="text/html;charset=utf-8"
    )


def page(request: Request, name: str, items: Sequence[Any], *, url: str) -> Response:
    """One page of a list, and the header that tells of the next; no more than the first 1,000 are listed."""
    query = request.args
    number = max(int(query.get("page") or 1), 1)
    size = min(int(query.get("per_page") or _DEFAULT_PER_PAGE), _MOST_PER_PAGE)
    shown = items[:_MOST_LISTED]
    more = number * size < len(shown)
    following = f"<{url}{request.raw_path}?{urlencode({**query, 'page': number + 1})}>"
    part = list(shown[(number - 1) * size : number * size])
    listed = {"total_count": len(items), name: part} if name else part
    return json_reply(200, listed, {"Link": f'{following}; rel="next"'} if more else {})


def within(stamp: str, wanted: str) -> bool:
    """Is a time within a search's ``a..b``, ``>=a``, ``<=b``, ``>a``, ``<b`` or ``a``?"""
    if ".." in wanted:
        low, high = wanted.split("..")
        return (low == "*" or stamp >= low) and (high == "*" or stamp <= high)
    sign, value = re.fullmatch(r"([<>]=?)?(.*)", wanted).groups()  # type: ignore[union-attr]
    results = {">=": stamp >= value, "<=": stamp <= value, ">": stamp > value, "<": stamp < value}
    return results.get(sign or "", stamp.startswith(value))
