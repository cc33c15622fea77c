"""From a request to its route: find it, commit the fault that is due on it, and answer."""

import dataclasses
import re
import traceback
from collections.abc import Callable

from local.gitlab import api_issuer, api_jobs, api_pipelines, api_projects, api_tokens
from local.gitlab.context import Context
from local.gitlab.faults import Fault, Faults, committed
from local.gitlab.messages import ApiError, Request, Response

Handler = Callable[[Context, Request], Response]
Route = tuple[str, str, str, Handler]

_ROUTES: list[Route] = [*api_pipelines.ROUTES, *api_jobs.ROUTES, *api_projects.ROUTES, *api_tokens.ROUTES]
_PAGES: list[Route] = [*api_issuer.PAGES, *api_jobs.PAGES]
_PREFIX = "/api/v4"
_BAD_GATEWAY, _GATEWAY_TIMEOUT = 502, 504
_THROTTLED = "Too many pipelines created in the last minute. Try again later."


def answer(context: Context, faults: Faults, request: Request) -> Response:
    """What this GitLab answers.

    Raises:
        NoAnswer: a fault is to give none.
    """
    name, handler, found = _route(request)
    if handler is None or found is None:
        return Response(404, {"error": "404 Not Found"})
    request = dataclasses.replace(request, groups=found.groupdict())
    fault = faults.take(name)
    if fault is None:
        return _handled(context, handler, request)
    return committed(fault, lambda: _handled(context, handler, request), _faulty(fault))


def _handled(context: Context, handler: Handler, request: Request) -> Response:
    try:
        return handler(context, request)
    except ApiError as error:
        return error.response
    except Exception:  # noqa: BLE001  as GitLab: whatever went wrong inside is a 500
        traceback.print_exc()
        return Response(500, {"message": "500 Internal Server Error"})


def _faulty(fault: Fault) -> dict[str, Response]:
    bad_gateway = Response(_BAD_GATEWAY, text="Bad Gateway")
    return {
        "busy": Response(429, text="Retry later\n", headers={"retry-after": str(fault.retry_after)}),
        "throttled": Response(400, {"message": {"base": [_THROTTLED]}}),
        "error": bad_gateway,
        "error_after": bad_gateway,
        "late": Response(_GATEWAY_TIMEOUT, text="Gateway Timeout"),
        "garbage": Response(201, text="<html>"),
    }


def _route(request: Request) -> tuple[str, Handler | None, re.Match[str] | None]:
    inside = request.path.startswith(_PREFIX + "/")
    path = request.path.removeprefix(_PREFIX) if inside else request.path
    for name, method, pattern, handler in _ROUTES if inside else _PAGES:
        if method == request.method and (found := re.fullmatch(pattern, path)):
            return name, handler, found
    return "", None, None
