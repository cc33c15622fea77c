"""The routes of users, projects, their variables, tags and hooks."""

from fnmatch import fnmatchcase
from urllib.parse import unquote

from werkzeug import Response

from local.gitlab import views
from local.gitlab.access import is_member
from local.gitlab.context import Context
from local.gitlab.hooks import hook_json
from local.gitlab.messages import ApiError, answer, missing, not_found, page, params
from local.gitlab.pipelines import commit_of, default_branch, tag_target
from local.gitlab.store import Hook
from local.loopback import Request


def user(context: Context, request: Request) -> Response:
    """``GET /user``: whose token it is."""
    return answer(views.user(context.store.users[context.token(request).user], url=context.url))


def read(context: Context, request: Request) -> Response:
    """``GET /projects/:id``."""
    project, token = context.visible(request)
    member = token is not None and is_member(token, project)
    return answer(views.project(project, default_branch(project), url=context.url, member=member))


def tag(context: Context, request: Request) -> Response:
    """``GET /projects/:id/repository/tags/:tag``."""
    project, _ = context.visible(request)
    name = unquote(request.values_in_path["tag"])
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
    return answer(value)


def commit(context: Context, request: Request) -> Response:
    """``GET /projects/:id/repository/commits/:sha``, which may be a name, as HEAD."""
    project, _ = context.visible(request)
    found = commit_of(project, unquote(request.values_in_path["sha"]))
    if not found:
        raise not_found("Commit")
    return answer({"id": found, "short_id": found[:8]})


def protected_tags(context: Context, request: Request) -> Response:
    """``GET /projects/:id/protected_tags``."""
    project, _ = context.member(request)
    items, headers = page(request, project.protected_tags, url=context.origin)
    levels = [{"id": 1, "access_level": 40, "access_level_description": "Maintainers"}]
    return answer([{"name": name, "create_access_levels": levels} for name in items], headers=headers)


def variables(context: Context, request: Request) -> Response:
    """``GET /projects/:id/variables``."""
    project, _ = context.member(request)
    items, headers = page(request, list(project.variables.items()), url=context.origin)
    return answer([_variable(key, value) for key, value in items], headers=headers)


def add_variable(context: Context, request: Request) -> Response:
    """``POST /projects/:id/variables``."""
    project, _ = context.member(request)
    for name in ("key", "value"):
        if name not in params(request):
            raise missing(name)
    key, value = str(params(request)["key"]), str(params(request)["value"])
    if key in project.variables:
        raise ApiError(400, {"message": {"key": [f"({key}) has already been taken"]}})
    with context.store.lock:
        project.variables[key] = value
        context.store.save()
    return answer(_variable(key, value), 201)


def hooks(context: Context, request: Request) -> Response:
    """``GET /projects/:id/hooks``; the secrets are not shown."""
    project, _ = context.member(request)
    mine = [hook for hook in context.store.hooks.values() if hook.project == project.id]
    items, headers = page(request, mine, url=context.origin)
    return answer([hook_json(hook) for hook in items], headers=headers)


def add_hook(context: Context, request: Request) -> Response:
    """``POST /projects/:id/hooks``."""
    project, _ = context.member(request)
    given = params(request)
    if not given.get("url"):
        raise missing("url")
    hook = Hook(
        id=context.store.next_id(),
        project=project.id,
        url=str(given["url"]),
        token=str(given.get("token") or ""),
        signing_token=str(given.get("signing_token") or ""),
        pipeline_events=_true(given.get("pipeline_events")),
        job_events=_true(given.get("job_events")),
    )
    with context.store.lock:
        context.store.hooks[hook.id] = hook
        context.store.save()
    return answer(hook_json(hook), 201)


def delete_hook(context: Context, request: Request) -> Response:
    """``DELETE /projects/:id/hooks/:hook_id``."""
    project, _ = context.member(request)
    hook = context.store.hooks.get(request.values_in_path["hook"])
    if hook is None or hook.project != project.id:
        raise not_found("Project Hook")
    with context.store.lock:
        del context.store.hooks[hook.id]
        context.store.save()
    return Response(status=204)


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
    ("user", "GET", "/user", user),
    ("project", "GET", "/projects/<project>", read),
    ("tag", "GET", "/projects/<project>/repository/tags/<tag>", tag),
    ("commit", "GET", "/projects/<project>/repository/commits/<sha>", commit),
    ("protected_tags", "GET", "/projects/<project>/protected_tags", protected_tags),
    ("variables", "GET", "/projects/<project>/variables", variables),
    ("add_variable", "POST", "/projects/<project>/variables", add_variable),
    ("hooks", "GET", "/projects/<project>/hooks", hooks),
    ("add_hook", "POST", "/projects/<project>/hooks", add_hook),
    ("delete_hook", "DELETE", "/projects/<project>/hooks/<int:hook>", delete_hook),
]
