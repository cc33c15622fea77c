"""From a request to its route, with what the routes share: who asks, and what they ask about."""

import dataclasses
import re
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

from local.gitlab import api_jobs, api_pipelines, api_projects, api_tokens, id_tokens
from local.gitlab.access import current_token, is_member, visible_project
from local.gitlab.faults import Fault, Faults, committed
from local.gitlab.id_tokens import IdTokens
from local.gitlab.messages import ApiError, Request, Response, forbidden, not_found, unauthorized
from local.gitlab.pipelines import Pipelines
from local.gitlab.runner import Runner
from local.gitlab.storage import ObjectStorage
from local.gitlab.store import Job, Pipeline, Project, Store, Token

Handler = Callable[["Api", Request], Response]
Route = tuple[str, str, str, Handler]

_ROUTES: list[Route] = [*api_pipelines.ROUTES, *api_jobs.ROUTES, *api_projects.ROUTES, *api_tokens.ROUTES]
_PAGES: list[Route] = [*id_tokens.PAGES, *api_jobs.PAGES]
_PREFIX = "/api/v4"
_BAD_GATEWAY, _GATEWAY_TIMEOUT = 502, 504


@dataclass(frozen=True)
class Api:
    """The parts that routes work with."""

    store: Store
    pipelines: Pipelines
    runner: Runner
    faults: Faults
    url: str
    storage: ObjectStorage | None
    id_tokens: IdTokens

    def answer(self, request: Request) -> Response:
        """Find the route, commit the fault that is due on it, and answer.

        Raises:
            NoAnswer: the fault is to give none.
        """
        name, handler, found = _route(request)
        if handler is None or found is None:
            return Response(404, {"error": "404 Not Found"})
        request = dataclasses.replace(request, groups=found.groupdict())
        fault = self.faults.take(name)
        return self._handle(handler, request) if fault is None else self._faulty(fault, handler, request)

    def token(self, request: Request) -> Token:
        """The access token; 401 without one."""
        token = current_token(self.store, request)
        if token is None:
            raise unauthorized()
        return token

    def visible(self, request: Request) -> tuple[Project, Token | None]:
        """The project, if it is public or the token is its member's."""
        token = current_token(self.store, request)
        return visible_project(self.store, request, token), token

    def known(self, request: Request) -> tuple[Project, Token]:
        """The same, but not without a token."""
        token = self.token(request)
        return visible_project(self.store, request, token), token

    def member(self, request: Request) -> tuple[Project, Token]:
        """The project, for its members."""
        project, token = self.known(request)
        if not is_member(token, project):
            raise forbidden()
        return project, token

    def project_for_trigger(self, request: Request) -> Project:
        """The project, whoever asks: the trigger token is judged next, with the same 404."""
        wanted = unquote(request.groups["project"])
        for project in self.store.projects.values():
            if wanted in (str(project.id), project.path):
                return project
        raise not_found()

    def pipeline(self, request: Request, project: Project) -> Pipeline:
        """The project's pipeline that the path names."""
        pipeline = self.store.pipelines.get(request.number("pipeline"))
        if pipeline is None or pipeline.project != project.id:
            raise not_found()
        return pipeline

    def job(self, request: Request, project: Project) -> Job:
        """The project's job that the path names."""
        job = self.store.jobs.get(request.number("job"))
        if job is None or job.project != project.id:
            raise not_found()
        return job

    def _handle(self, handler: Handler, request: Request) -> Response:
        try:
            return handler(self, request)
        except ApiError as error:
            return error.response
        except Exception:  # noqa: BLE001  as GitLab: whatever went wrong inside is a 500
            traceback.print_exc()
            return Response(500, {"message": "500 Internal Server Error"})

    def _faulty(self, fault: Fault, handler: Handler, request: Request) -> Response:
        bad_gateway = Response(_BAD_GATEWAY, text="Bad Gateway")
        answers = {
            "busy": Response(429, text="Retry later\n", headers={"retry-after": str(fault.retry_after)}),
            "throttled": Response(400, {"message": {"base": [_THROTTLED]}}),
            "error": bad_gateway,
            "error_after": bad_gateway,
            "late": Response(_GATEWAY_TIMEOUT, text="Gateway Timeout"),
            "garbage": Response(201, text="<html>"),
        }
        return committed(fault, lambda: self._handle(handler, request), answers)


_THROTTLED = "Too many pipelines created in the last minute. Try again later."


def _route(request: Request) -> tuple[str, Handler | None, re.Match[str] | None]:
    inside = request.path.startswith(_PREFIX + "/")
    path = request.path.removeprefix(_PREFIX) if inside else request.path
    for name, method, pattern, handler in _ROUTES if inside else _PAGES:
        if method == request.method and (found := re.fullmatch(pattern, path)):
            return name, handler, found
    return "", None, None
