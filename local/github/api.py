"""From a request to its answer: find the route, commit the fault that is due on it, and answer."""

import re
import traceback
from collections.abc import Callable

from local.github import id_tokens, routes_repositories, routes_runs
from local.github.access import Context
from local.github.messages import ApiError, Asked, Route, refusal
from local.gitlab.faults import Fault, Faults, committed
from local.loopback import Reply, Request

_SECONDARY = (
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. If you reach "
    "out to GitHub Support for help, please include the request ID."
)
_ROUTES: list[Route] = [*routes_runs.ROUTES, *routes_repositories.ROUTES, *id_tokens.ROUTES]


def answer(context: Context, faults: Faults, request: Request) -> Reply:
    """What this GitHub answers.

    Raises:
        NoAnswer: a fault is to give none.
    """
    for name, method, pattern, handler in _ROUTES:
        found = re.fullmatch(pattern, request.path) if method == request.method else None
        if found is None:
            continue
        asked, fault = Asked(request, found.groupdict()), faults.take(name)
        if fault is None:
            return _handled(context, handler, asked)
        return committed(fault, lambda: _handled(context, handler, asked), _faulty(fault))  # noqa: B023  returns
    return refusal(404, "Not Found")


def _handled(context: Context, handler: Callable[[Context, Asked], Reply], asked: Asked) -> Reply:
    try:
        return handler(context, asked)
    except ApiError as error:
        return error.reply
    except Exception:  # noqa: BLE001  as GitHub: whatever went wrong inside is a 500
        traceback.print_exc()
        return refusal(500, "Server Error")


def _faulty(fault: Fault) -> dict[str, Reply]:
    wait = ("Retry-After", str(fault.retry_after))
    bad_gateway = Reply(502, b"Bad Gateway")
    return {
        "busy": refusal(429, _SECONDARY, wait),
        "throttled": refusal(403, _SECONDARY, wait),
        "error": bad_gateway,
        "error_after": bad_gateway,
        "late": Reply(504, b"Gateway Timeout"),
        "garbage": Reply(200, b"<html>", [("Content-Type", "text/html")]),
    }
