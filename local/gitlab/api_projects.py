"""The routes of users, projects, their variables, tags and hooks."""

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING
from urllib.parse import unquote

from local.gitlab import views
from local.gitlab.access import is_member
from local.gitlab.hooks import hook_json
from local.gitlab.messages import ApiError, Request, Response, missing, not_found, page
from local.gitlab.pipelines import commit_of, tag_target
from local.gitlab.store import Hook

if TYPE_CHECKING:
    from local.gitlab.api import Api


def user(api: "Api", request: Request) -> Response:
    """``GET /user``: whose token it is."""
    return Response(value=views.user(api.store.users[api.token(request).user], url=api.url))


def read(api: "Api", request: Request) -> Response:
    """``GET /projects/:id``."""
    project, token = api.visible(request)
    member = token is not None and is_member(token, project)
    return Response(value=views.project(project, url=api.url, member=member))


def tag(api: "Api", request: Request) -> Response:
    """``GET /projects/:id/repository/tags/:tag``."""
    project, _ = api.visible(request)
    name = unquote(request.groups["tag"])
    commit = commit_of(project, f"refs/tags/{name}")
    if not commit:
        raise not_found("Tag")
    value = {
        "name": name,
        "message": "",
        "target": tag_target(project, name),
        "commit": {"id": commit, "short_id": commit[:8]},
        "release": None,
        "protected": any(fnmatchcase(name, pattern) for pattern in project.protected_tags),
    }
    return Response(value=value)


def protected_tags(api: "Api", request: Request) -> Response:
    """``GET /projects/:id/protected_tags``."""
    project, _ = api.member(request)
    items, headers = page(request, project.protected_tags, url=api.url)
    levels = [{"id": 1, "access_level": 40, "access_level_description": "Maintainers"}]
    return Response(value=[{"name": name, "create_access_levels": levels} for name in items], headers=headers)


def variables(api: "Api", request: Request) -> Response:
    """``GET /projects/:id/variables``."""
    project, _ = api.member(request)
    items, headers = page(request, list(project.variables.items()), url=api.url)
    return Response(value=[_variable(key, value) for key, value in items], headers=headers)


def add_variable(api: "Api", request: Request) -> Response:
    """``POST /projects/:id/variables``."""
    project, _ = api.member(request)
    for name in ("key", "value"):
        if name not in request.params:
            raise missing(name)
    key, value = str(request.params["key"]), str(request.params["value"])
    if key in project.variables:
        raise ApiError(400, {"message": {"key": [f"({key}) has already been taken"]}})
    with api.store.lock:
        project.variables[key] = value
        api.store.save()
    return Response(201, _variable(key, value))


def hooks(api: "Api", request: Request) -> Response:
    """``GET /projects/:id/hooks``; the secrets are not shown."""
    project, _ = api.member(request)
    mine = [hook for hook in api.store.hooks.values() if hook.project == project.id]
    items, headers = page(request, mine, url=api.url)
    return Response(value=[hook_json(hook) for hook in items], headers=headers)


def add_hook(api: "Api", request: Request) -> Response:
    """``POST /projects/:id/hooks``."""
    project, _ = api.member(request)
    given = request.params
    if not given.get("url"):
        raise missing("url")
    hook = Hook(
        id=api.store.next_id(),
        project=project.id,
        url=str(given["url"]),
        token=str(given.get("token") or ""),
        signing_token=str(given.get("signing_token") or ""),
        pipeline_events=_true(given.get("pipeline_events")),
        job_events=_true(given.get("job_events")),
    )
    with api.store.lock:
        api.store.hooks[hook.id] = hook
        api.store.save()
    return Response(201, hook_json(hook))


def delete_hook(api: "Api", request: Request) -> Response:
    """``DELETE /projects/:id/hooks/:hook_id``."""
    project, _ = api.member(request)
    hook = api.store.hooks.get(request.number("hook"))
    if hook is None or hook.project != project.id:
        raise not_found("Project Hook")
    with api.store.lock:
        del api.store.hooks[hook.id]
        api.store.save()
    return Response(204)


def _variable(key: str, value: str) -> dict[str, object]:
    return {
        "variable_type": "env_var",
        "key": key,
        "value": value,
        "hidden": False,
        "protected": False,
        "masked": False,
        "raw": False,
        "environment_scope": "*",
        "description": None,
    }


def _true(value: object) -> bool:
    return value is True or str(value).lower() in ("true", "1")


ROUTES = [
    ("user", "GET", r"/user", user),
    ("project", "GET", r"/projects/(?P<project>[^/]+)", read),
    ("tag", "GET", r"/projects/(?P<project>[^/]+)/repository/tags/(?P<tag>[^/]+)", tag),
    ("protected_tags", "GET", r"/projects/(?P<project>[^/]+)/protected_tags", protected_tags),
    ("variables", "GET", r"/projects/(?P<project>[^/]+)/variables", variables),
    ("add_variable", "POST", r"/projects/(?P<project>[^/]+)/variables", add_variable),
    ("hooks", "GET", r"/projects/(?P<project>[^/]+)/hooks", hooks),
    ("add_hook", "POST", r"/projects/(?P<project>[^/]+)/hooks", add_hook),
    ("delete_hook", "DELETE", r"/projects/(?P<project>[^/]+)/hooks/(?P<hook>\d+)", delete_hook),
]
