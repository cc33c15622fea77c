"""The routes of users, repositories, tags, rulesets and webhooks."""

from werkzeug import Response

from local.github import views
from local.github.access import Context
from local.github.messages import REPOSITORY, ApiError, Route, body_of, not_found, page
from local.github.store import Hook
from local.github.workflows import git
from local.loopback import Request, json_reply


def read_user(context: Context, request: Request) -> Response:
    """``GET /user``; a header tells when the token expires."""
    token = context.token(request)
    expires = {"GitHub-Authentication-Token-Expiration": token.expires_at} if token.expires_at else {}
    return json_reply(200, views.own_user(token.user, url=context.url), expires)


def read(context: Context, request: Request) -> Response:
    """``GET /repos/:owner/:repo``."""
    return json_reply(200, views.full_repository(context.repository(request), url=context.url))


def ref(context: Context, request: Request) -> Response:
    """``GET .../git/ref/tags/:tag``: the tag's own object where it is annotated."""
    repository, name = context.repository(request), f"refs/{request.values_in_path['ref']}"
    sha = git(repository, "rev-parse", "--quiet", "--verify", name).strip()
    kind = git(repository, "cat-file", "-t", sha).strip() if sha else ""
    if not kind:
        raise not_found()
    url = f"{context.url}/repos/{repository.full_name}/git"
    target = {"type": kind, "sha": sha, "url": f"{url}/{kind}s/{sha}"}
    return json_reply(200, {"ref": name, "node_id": f"REF_{sha}", "url": f"{url}/{name}", "object": target})


def tag(context: Context, request: Request) -> Response:
    """``GET .../git/tags/:sha``: an annotated tag."""
    repository, sha = context.repository(request), request.values_in_path["sha"]
    commit = git(repository, "rev-parse", "--quiet", "--verify", f"{sha}^{{commit}}").strip()
    if git(repository, "cat-file", "-t", sha).strip() != "tag" or not commit:
        raise not_found()
    url = f"{context.url}/repos/{repository.full_name}/git"
    return json_reply(
        200,
        {
            "sha": sha,
            "node_id": f"TAG_{sha}",
            "url": f"{url}/tags/{sha}",
            "tag": "",
            "message": "",
            "tagger": {"name": "", "email": "", "date": views.stamp(0)},
            "object": {"type": "commit", "sha": commit, "url": f"{url}/commits/{commit}"},
        },
    )


def rulesets(context: Context, request: Request) -> Response:
    """``GET .../rulesets``: the one of the tags."""
    repository = context.repository(request)
    listed = repository.protected_tags and "tag" in request.args.get("targets", "tag")
    items = [views.ruleset(repository, url=context.url, whole=False)] if listed else []
    return page(request, "", items, url=context.url)


def ruleset(context: Context, request: Request) -> Response:
    """``GET .../rulesets/:ruleset_id``."""
    repository = context.repository(request)
    if request.values_in_path["ruleset"] != repository.id or not repository.protected_tags:
        raise not_found()
    return json_reply(200, views.ruleset(repository, url=context.url, whole=True))


def hooks(context: Context, request: Request) -> Response:
    """``GET .../hooks``."""
    repository = context.repository(request, write=True)
    mine = [one for one in context.store.hooks.values() if one.repository == repository.id]
    return page(request, "", [views.hook(one, repository, url=context.url) for one in mine], url=context.url)


def add_hook(context: Context, request: Request) -> Response:
    """``POST .../hooks``: a ping is sent at once."""
    repository, body = context.repository(request, write=True), body_of(request)
    config = body.get("config") or {}
    if not config.get("url"):
        raise ApiError(422, "Validation Failed")
    number, events = context.store.next_id(), tuple(body.get("events") or ["push"])
    hook = Hook(number, repository.id, config["url"], str(config.get("secret") or ""), events)
    context.store.hooks[number] = hook
    context.hooks.ping(hook, repository)
    return json_reply(201, views.hook(hook, repository, url=context.url))


def remove_hook(context: Context, request: Request) -> Response:
    """``DELETE .../hooks/:hook_id``."""
    repository, number = context.repository(request, write=True), request.values_in_path["hook"]
    hook = context.store.hooks.get(number)
    if hook is None or hook.repository != repository.id:
        raise not_found()
    del context.store.hooks[number]
    return Response(status=204)


ROUTES: list[Route] = [
    ("user", "GET", "/user", read_user),
    ("repository", "GET", REPOSITORY, read),
    ("ref", "GET", f"{REPOSITORY}/git/ref/<path:ref>", ref),
    ("tag", "GET", f"{REPOSITORY}/git/tags/<sha>", tag),
    ("rulesets", "GET", f"{REPOSITORY}/rulesets", rulesets),
    ("ruleset", "GET", f"{REPOSITORY}/rulesets/<int:ruleset>", ruleset),
    ("hooks", "GET", f"{REPOSITORY}/hooks", hooks),
    ("add_hook", "POST", f"{REPOSITORY}/hooks", add_hook),
    ("remove_hook", "DELETE", f"{REPOSITORY}/hooks/<int:hook>", remove_hook),
]
