"""From a request to its answer: find the route, commit the fault that is due on it, and answer."""

import traceback
from collections.abc import Callable

from werkzeug import Response

from local.answers import links_only, maintenance, unpaged, until
from local.faults import Fault, Faults, committed
from local.github import id_tokens, routes_repositories, routes_runs
from local.github.access import Context
from local.github.messages import ApiError, refusal
from local.loopback import Request
from local.routing import Routes

Handler = Callable[[Context, Request], Response]

_SECONDARY = (
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. If you reach "
    "out to GitHub Support for help, please include the request ID."
)
_ROUTES = Routes(
    (method, path, (name, handler))
    for name, method, path, handler in (*routes_runs.ROUTES, *routes_repositories.ROUTES, *id_tokens.ROUTES)
)


def answer(context: Context, faults: Faults, request: Request) -> Response:
    """What this GitHub answers.

    Raises:
        NoAnswer: a fault is to give none.
    """
    route = _ROUTES.route(request)
    if route is None:
        return refusal(404, "Not Found")
    name, handler = route
    fault = faults.take(name)
    if fault is None:
        return _handled(context, handler, request)
    return committed(fault, lambda: _handled(context, handler, request), _faulty(fault), _CHANGES)


def _handled(context: Context, handler: Handler, request: Request) -> Response:
    try:
        return handler(context, request)
    except ApiError as error:
        return error.response
    except Exception:  # noqa: BLE001  as GitHub: whatever went wrong inside is a 500
        traceback.print_exc()
        return refusal(500, "Server Error")


# GitHub's logs are decorated in any case: see the runner.
_CHANGES: dict[str, Callable[[Response], Response]] = {"unpaged": unpaged, "links_only": links_only}


def _faulty(fault: Fault) -> dict[str, Response]:
    wait = {"Retry-After": str(fault.retry_after)}
    bad_gateway = Response("Bad Gateway", 502)
    return {
        "busy": refusal(429, _SECONDARY, wait),
        "busy_until": refusal(429, _SECONDARY, {"Retry-After": until(fault)}),
        "maintenance": maintenance(),
        "read_only": refusal(403, "Repository was archived so is read-only."),
        "missing": refusal(404, "Not Found"),
        "gone": refusal(410, "Server Error"),
        "throttled": refusal(403, _SECONDARY, wait),
        "error": bad_gateway,
        "error_after": bad_gateway,
        "late": Response("Gateway Timeout", 504),
        "garbage": Response("<html>", 200, content_type="text/html"),
    }
