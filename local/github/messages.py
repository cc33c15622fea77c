"""Requests and answers of this GitHub, and its errors in GitHub's own words."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlencode

from local.loopback import Reply, Request, json_reply

_DOCUMENTATION = "https://docs.github.com/rest"
_DEFAULT_PER_PAGE, _MOST_PER_PAGE, _MOST_LISTED = 30, 100, 1000
# From this version on a start is always answered with the run's id.
DETAILS_SINCE = "2026-03-10"


REPOSITORY = r"/repos/(?P<repository>[^/]+/[^/]+)"


class ApiError(Exception):
    """An answer that ends the request."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.reply = refusal(status, message)


@dataclass(frozen=True)
class Asked:
    """One request, with what its route's pattern caught."""

    request: Request
    groups: Mapping[str, str]

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.request.query, keep_blank_values=True))

    @property
    def body(self) -> dict[str, Any]:
        """The JSON object that came; empty without one."""
        try:
            value = json.loads(self.request.body or b"{}")
        except ValueError as error:
            raise ApiError(400, "Problems parsing JSON") from error
        if not isinstance(value, dict):
            raise ApiError(400, "Body should be a JSON object")
        return value

    @property
    def told_details(self) -> bool:
        """Does this version of the API answer a start with the run's id?"""
        return self.request.header("x-github-api-version") >= DETAILS_SINCE

    def number(self, name: str) -> int:
        return int(self.groups[name])


# Its name among the faults, its method, its path as a pattern, and what answers.
Route = tuple[str, str, str, Callable[[Any, Asked], Reply]]


def refusal(status: int, message: str, *headers: tuple[str, str]) -> Reply:
    """GitHub's form of an error."""
    words = {"message": message, "documentation_url": _DOCUMENTATION, "status": str(status)}
    return json_reply(status, words, *headers)


def not_found() -> ApiError:
    """What is not there, and what the token may not see."""
    return ApiError(404, "Not Found")


def redirect(url: str) -> Reply:
    """Where a log or an archive lies."""
    return Reply(HTTPStatus.FOUND, b"", [("Location", url), ("Content-Type", "text/html;charset=utf-8")])


def page(asked: Asked, name: str, items: Sequence[Any], *, url: str) -> Reply:
    """One page of a list, and the header that tells of the next; no more than the first 1,000 are listed."""
    query = asked.query
    number = max(int(query.get("page") or 1), 1)
    size = min(int(query.get("per_page") or _DEFAULT_PER_PAGE), _MOST_PER_PAGE)
    shown = items[:_MOST_LISTED]
    more = number * size < len(shown)
    following = f"<{url}{asked.request.path}?{urlencode({**query, 'page': number + 1})}>"
    headers = [("Link", f'{following}; rel="next"')] if more else []
    part = list(shown[(number - 1) * size : number * size])
    return json_reply(200, {"total_count": len(items), name: part} if name else part, *headers)


def within(stamp: str, wanted: str) -> bool:
    """Is a time within a search's ``a..b``, ``>=a``, ``<=b``, ``>a``, ``<b`` or ``a``?"""
    if ".." in wanted:
        low, high = wanted.split("..")
        return (low == "*" or stamp >= low) and (high == "*" or stamp <= high)
    sign, value = re.fullmatch(r"([<>]=?)?(.*)", wanted).groups()  # type: ignore[union-attr]
    results = {">=": stamp >= value, "<=": stamp <= value, ">": stamp > value, "<": stamp < value}
    return results.get(sign or "", stamp.startswith(value))
