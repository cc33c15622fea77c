"""The routes of users, repositories, tags, rulesets and webhooks."""

from local.github import views
from local.github.access import Context
from local.github.messages import REPOSITORY, ApiError, Asked, Route, not_found, page
from local.github.store import Hook
from local.github.workflows import git
from local.loopback import Reply, json_reply


def read_user(context: Context, asked: Asked) -> Reply:
    """``GET /user``; a header tells when the token expires."""
    token = context.token(asked)
    expires = [("GitHub-Authentication-Token-Expiration", token.expires_at)] if token.expires_at else []
    return json_reply(200, views.own_user(token.user, url=context.url), *expires)


def read(context: Context, asked: Asked) -> Reply:
    """``GET /repos/:owner/:repo``."""
    return json_reply(200, views.full_repository(context.repository(asked), url=context.url))


def ref(context: Context, asked: Asked) -> Reply:
    """``GET .../git/ref/tags/:tag``: the tag's own object where it is annotated."""
    repository, name = context.repository(asked), f"refs/{asked.groups['ref']}"
    sha = git(repository, "rev-parse", "--quiet", "--verify", name).strip()
    kind = git(repository, "cat-file", "-t", sha).strip() if sha else ""
    if not kind:
        raise not_found()
    url = f"{context.url}/repos/{repository.full_name}/git"
    target = {"type": kind, "sha": sha, "url": f"{url}/{kind}s/{sha}"}
    return json_reply(200, {"ref": name, "node_id": f"REF_{sha}", "url": f"{url}/{name}", "object": target})


def tag(context: Context, asked: Asked) -> Reply:
    """``GET .../git/tags/:sha``: an annotated tag."""
    repository, sha = context.repository(asked), asked.groups["sha"]
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


def rulesets(context: Context, asked: Asked) -> Reply:
    """``GET .../rulesets``: the one of the tags."""
    repository = context.repository(asked)
    found = [repository] if repository.protected_tags and "tag" in asked.query.get("targets", "tag") else []
    return page(
        asked, "", [views.ruleset(one, url=context.url, whole=False) for one in found], url=context.url
    )


def ruleset(context: Context, asked: Asked) -> Reply:
    """``GET .../rulesets/:ruleset_id``."""
    repository = context.repository(asked)
    if asked.number("ruleset") != repository.id or not repository.protected_tags:
        raise not_found()
    return json_reply(200, views.ruleset(repository, url=context.url, whole=True))


def hooks(context: Context, asked: Asked) -> Reply:
    """``GET .../hooks``."""
    repository = context.repository(asked, write=True)
    mine = [one for one in context.store.hooks.values() if one.repository == repository.id]
    return page(asked, "", [views.hook(one, repository, url=context.url) for one in mine], url=context.url)


def add_hook(context: Context, asked: Asked) -> Reply:
    """``POST .../hooks``: a ping is sent at once."""
    repository, body = context.repository(asked, write=True), asked.body
    config = body.get("config") or {}
    if not config.get("url"):
        raise ApiError(422, "Validation Failed")
    number, events = context.store.next_id(), tuple(body.get("events") or ["push"])
    hook = Hook(number, repository.id, config["url"], str(config.get("secret") or ""), events)
    context.store.hooks[number] = hook
    context.hooks.ping(hook, repository)
    return json_reply(201, views.hook(hook, repository, url=context.url))


def remove_hook(context: Context, asked: Asked) -> Reply:
    """``DELETE .../hooks/:hook_id``."""
    repository, number = context.repository(asked, write=True), asked.number("hook")
    hook = context.store.hooks.get(number)
    if hook is None or hook.repository != repository.id:
        raise not_found()
    del context.store.hooks[number]
    return Reply(204)


ROUTES: list[Route] = [
    ("user", "GET", r"/user", read_user),
    ("repository", "GET", REPOSITORY, read),
    ("ref", "GET", rf"{REPOSITORY}/git/ref/(?P<ref>(?:tags|heads)/.+)", ref),
    ("tag", "GET", rf"{REPOSITORY}/git/tags/(?P<sha>[0-9a-f]{{40}})", tag),
    ("rulesets", "GET", rf"{REPOSITORY}/rulesets", rulesets),
    ("ruleset", "GET", rf"{REPOSITORY}/rulesets/(?P<ruleset>\d+)", ruleset),
    ("hooks", "GET", rf"{REPOSITORY}/hooks", hooks),
    ("add_hook", "POST", rf"{REPOSITORY}/hooks", add_hook),
    ("remove_hook", "DELETE", rf"{REPOSITORY}/hooks/(?P<hook>\d+)", remove_hook),
]
