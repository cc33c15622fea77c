"""The routes of pipelines: create, trigger, list, read, cancel, retry, variables."""

from typing import Any

from werkzeug import Response

from local.gitlab import views
from local.gitlab.access import trigger_of
from local.gitlab.context import Context
from local.gitlab.messages import ApiError, answer, invalid_base, missing, not_found, page, params
from local.gitlab.pipelines import Rejected, Wanted
from local.gitlab.store import Pipeline, Project
from local.loopback import Request

_FILTERS = ("status", "ref", "sha", "source", "name")
_ORDERS = ("id", "status", "ref", "updated_at", "user_id")


def create(context: Context, request: Request) -> Response:
    """``POST /projects/:id/pipeline`` with an access token."""
    project, token = context.member(request)
    given = params(request)
    variables = given.get("variables") or []
    if not all(isinstance(one, dict) and {"key", "value"} <= set(one) for one in variables):
        raise ApiError(400, {"error": "variables is invalid"})
    named = {str(one["key"]): str(one["value"]) for one in variables}
    return _created(context, project, request, source="api", user=token.user, variables=named)


def trigger(context: Context, request: Request) -> Response:
    """``POST /projects/:id/trigger/pipeline``: the token in the body is all it takes."""
    given = params(request)
    for name in ("ref", "token"):
        if not given.get(name):
            raise missing(name)
    project = context.project_for_trigger(request)
    token = trigger_of(context.store, project, given["token"])
    if token is None:
        raise not_found()
    variables = given.get("variables") or {}
    if not (isinstance(variables, dict) and all(isinstance(value, str) for value in variables.values())):
        raise ApiError(400, {"message": "variables needs to be a map of key-valued strings"})
    return _created(context, project, request, source="trigger", user=token.user, variables=variables)


def index(context: Context, request: Request) -> Response:
    """``GET /projects/:id/pipelines``; filters are exact."""
    project, _ = context.visible(request)
    with context.store.lock:
        pipelines = [one for one in context.store.pipelines.values() if one.project == project.id]
    for name in _FILTERS:
        if name in request.args:
            pipelines = [one for one in pipelines if getattr(one, name) == request.args[name]]
    if "source" not in request.args:
        # As on GitLab, child pipelines are listed only if asked for.
        pipelines = [one for one in pipelines if one.source != "parent_pipeline"]
    if after := request.args.get("updated_after"):
        pipelines = [one for one in pipelines if (views.updated(one) or "") > after]
    order = request.args.get("order_by", "id")
    if order not in _ORDERS:
        raise ApiError(400, {"error": "order_by does not have a valid value"})
    if request.args.get("sort", "desc") not in ("asc", "desc"):
        raise ApiError(400, {"error": "sort does not have a valid value"})
    pipelines.sort(key=lambda one: (_order(one, order), one.id), reverse=request.args.get("sort") != "asc")
    items, headers = page(request, pipelines, url=context.origin)
    return answer(
        [views.listed_pipeline(one, project.path, url=context.url) for one in items], headers=headers
    )


def read(context: Context, request: Request) -> Response:
    """``GET /projects/:id/pipelines/:pipeline_id``."""
    project, _ = context.visible(request)
    return answer(_detail(context, context.pipeline(request, project), project))


def cancel(context: Context, request: Request) -> Response:
    """``POST .../cancel``: 200 also for a pipeline that is over."""
    project, _ = context.member(request)
    pipeline = context.pipeline(request, project)
    context.runner.cancel(pipeline)
    return answer(_without_name(context, pipeline, project))


def retry(context: Context, request: Request) -> Response:
    """``POST .../retry``: a further attempt of each failed or canceled job."""
    project, _ = context.member(request)
    pipeline = context.pipeline(request, project)
    jobs = context.store.jobs_of(pipeline.id, retried=False)[::-1]
    again = [job for job in jobs if job.status in ("failed", "canceled", "skipped")]
    if again and context.runner.can_retry(pipeline):
        context.runner.retry(pipeline, again)
    return answer(_without_name(context, pipeline, project), 201)


def variables(context: Context, request: Request) -> Response:
    """``GET .../variables``: what the pipeline was started with; never without a token."""
    project, _ = context.member(request)
    pipeline = context.pipeline(request, project)
    named = pipeline.variables.items()
    return answer(
        [{"variable_type": "env_var", "key": key, "value": value, "raw": False} for key, value in named]
    )


def _created(
    context: Context, project: Project, request: Request, *, source: str, user: int, variables: dict[str, str]
) -> Response:
    given = params(request)
    if not given.get("ref"):
        raise missing("ref")
    inputs = given.get("inputs") or {}
    if not isinstance(inputs, dict):
        raise ApiError(400, {"error": "inputs is invalid"})
    try:
        pipeline = context.pipelines.create(
            project, Wanted(str(given["ref"]), source, user, inputs, variables)
        )
    except Rejected as error:
        raise invalid_base(str(error)) from error
    return answer(_without_name(context, pipeline, project), 201)


def _without_name(context: Context, pipeline: Pipeline, project: Project) -> dict[str, Any]:
    return views.created_pipeline(pipeline, project.path, context.store.users[pipeline.user], url=context.url)


def _detail(context: Context, pipeline: Pipeline, project: Project) -> dict[str, Any]:
    return views.pipeline(pipeline, project.path, context.store.users[pipeline.user], url=context.url)


def _order(one: Pipeline, name: str) -> Any:
    if name == "updated_at":
        return one.finished_at or one.started_at or one.created_at
    return one.user if name == "user_id" else getattr(one, name)


ROUTES = [
    ("create_pipeline", "POST", "/projects/<project>/pipeline", create),
    ("trigger", "POST", "/projects/<project>/trigger/pipeline", trigger),
    ("list_pipelines", "GET", "/projects/<project>/pipelines", index),
    ("read_pipeline", "GET", "/projects/<project>/pipelines/<int:pipeline>", read),
    ("cancel", "POST", "/projects/<project>/pipelines/<int:pipeline>/cancel", cancel),
    ("retry", "POST", "/projects/<project>/pipelines/<int:pipeline>/retry", retry),
    (
        "pipeline_variables",
        "GET",
        "/projects/<project>/pipelines/<int:pipeline>/variables",
        variables,
    ),
]
