"""From a request to its route: find it, commit the fault that is due on it, and answer."""

import time
import traceback
from collections.abc import Callable, Iterable
from http import HTTPStatus

from werkzeug import Response

from local.answers import links_only, maintenance, unpaged, until
from local.faults import Fault, Faults, committed
from local.gitlab import api_issuer, api_jobs, api_lint, api_pipelines, api_projects, api_tokens
from local.gitlab.context import Context
from local.gitlab.decorations import decorated, timestamped
from local.gitlab.messages import ApiError
from local.gitlab.messages import answer as answered
from local.loopback import Request
from local.routing import Line, Routes

Handler = Callable[[Context, Request], Response]
Route = tuple[str, str, str, Handler]

_PREFIX = "/api/v4"
# https://docs.gitlab.com/administration/maintenance_mode/
_READ_ONLY = "You cannot perform write operations on a read-only instance"
_THROTTLED = "Too many pipelines created in the last minute. Try again later."


def _lines(routes: Iterable[Route], prefix: str = "") -> list[Line]:
    return [(method, prefix + path, (name, handler)) for name, method, path, handler in routes]


_API: list[Route] = [
    *api_pipelines.ROUTES,
    *api_jobs.ROUTES,
    *api_projects.ROUTES,
    *api_tokens.ROUTES,
    *api_lint.ROUTES,
]
_PAGES: list[Route] = [*api_issuer.PAGES, *api_jobs.PAGES]


def routes(base_path: str) -> Routes:
    """Every path that this GitLab answers, where it is served under one."""
    return Routes([*_lines(_API, base_path + _PREFIX), *_lines(_PAGES, base_path)])


def answer(context: Context, known: Routes, faults: Faults, request: Request) -> Response:
    """What this GitLab answers.

    Raises:
        NoAnswer: a fault is to give none.
    """
    route = known.route(request)
    if route is None:
        return answered({"error": "404 Not Found"}, 404)
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
    except Exception:  # noqa: BLE001  as GitLab: whatever went wrong inside is a 500
        traceback.print_exc()
        return answered({"message": "500 Internal Server Error"}, 500)


def _log(change: Callable[[str, float], str]) -> Callable[[Response], Response]:
    """Apply the change to a log; other answers stay as they are."""

    def changed(response: Response) -> Response:
        if response.mimetype == "text/plain" and response.status_code == HTTPStatus.OK:
            response.set_data(change(response.get_data(as_text=True), time.time()))
        return response

    return changed


_CHANGES = {
    "unpaged": unpaged,
    "links_only": links_only,
    "decorated": _log(decorated),
    "timestamped": _log(timestamped),
}


def _faulty(fault: Fault) -> dict[str, Response]:
    bad_gateway = Response("Bad Gateway", 502)
    return {
        "busy": Response("Retry later\n", 429, {"Retry-After": str(fault.retry_after)}),
        "busy_until": Response("Retry later\n", 429, {"Retry-After": until(fault)}),
        "maintenance": maintenance(),
        "read_only": answered({"message": _READ_ONLY}, 403),
        "missing": answered({"message": "404 Not found"}, 404),
        "gone": answered({"message": "410 Gone"}, 410),
        "throttled": answered({"message": {"base": [_THROTTLED]}}, 400),
        "error": bad_gateway,
        "error_after": bad_gateway,
        "late": Response("Gateway Timeout", 504),
        "garbage": Response("<html>", 201),
    }
