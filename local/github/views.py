"""Records in the form that GitHub's own API description gives them."""

from datetime import UTC, datetime
from typing import Any

from local.github.store import Artifact, Hook, Job, Repository, Run, User
from local.github.workflows import workflow_id

_USER_URLS = (
    "events", "followers", "following", "gists", "organizations", "received_events", "repos", "starred",
    "subscriptions",
)  # fmt: skip
_REPOSITORY_URLS = (
    "archive", "assignees", "blobs", "branches", "collaborators", "comments", "commits", "compare",
    "contents", "contributors", "deployments", "downloads", "events", "forks", "git_commits", "git_refs",
    "git_tags",
    "hooks", "issue_comment", "issue_events", "issues", "keys", "labels", "languages", "merges", "milestones",
    "notifications", "pulls", "releases", "stargazers", "statuses", "subscribers", "subscription", "tags",
    "teams", "trees",
)  # fmt: skip
_COUNTS = (
    "forks", "forks_count", "network_count", "open_issues", "open_issues_count", "size", "stargazers_count",
    "subscribers_count", "watchers", "watchers_count",
)  # fmt: skip
_HAS = ("archived", "disabled", "has_discussions", "has_issues", "has_pages", "has_projects", "has_wiki")
RULES = ("update", "deletion")
_KEPT_SECONDS = 90 * 86400


def stamp(seconds: float) -> str:
    """GitHub's form of a time."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def user(one: User, *, url: str) -> dict[str, Any]:
    """A user, in short."""
    own = f"{url}/users/{one.login}"
    urls = {f"{name}_url": f"{own}/{name}" for name in _USER_URLS}
    named = {"id": one.id, "login": one.login, "node_id": f"U_{one.id}", "type": "User", "site_admin": False}
    return {
        **named,
        **urls,
        "url": own,
        "html_url": f"{url}/{one.login}",
        "avatar_url": "",
        "gravatar_id": "",
    }


def own_user(one: User, *, url: str) -> dict[str, Any]:
    """The token's user by itself."""
    zero = dict.fromkeys(("followers", "following", "public_gists", "public_repos"), 0)
    none = dict.fromkeys(("bio", "blog", "company", "email", "hireable", "location", "name"))
    dates = dict.fromkeys(("created_at", "updated_at"), stamp(0))
    return {**user(one, url=url), **zero, **none, **dates, "user_view_type": "public"}


def repository(one: Repository, *, url: str) -> dict[str, Any]:
    """A repository, in short."""
    own = f"{url}/repos/{one.full_name}"
    urls = {f"{name}_url": f"{own}/{name.replace('_', '/')}" for name in _REPOSITORY_URLS}
    named = {"id": one.id, "node_id": f"R_{one.id}", "name": one.full_name.partition("/")[2]}
    more = {"full_name": one.full_name, "private": one.private, "fork": False, "description": None}
    places = {"url": own, "html_url": f"{url}/{one.full_name}", "owner": user(one.owner, url=url)}
    return {**named, **more, **urls, **places}


def full_repository(one: Repository, *, url: str) -> dict[str, Any]:
    """A repository by itself."""
    places = dict.fromkeys(("clone_url", "git_url", "ssh_url", "svn_url"), f"{url}/{one.full_name}.git")
    dates = dict.fromkeys(("created_at", "updated_at", "pushed_at"), stamp(0))
    none = dict.fromkeys(("homepage", "language", "license", "mirror_url"))
    more = {**dict.fromkeys(_COUNTS, 0), **dict.fromkeys(_HAS, False), **places, **dates, **none}
    return {**repository(one, url=url), **more, "default_branch": "main"}


def workflow(one: Repository, file: str, name: str, number: int, *, url: str) -> dict[str, Any]:
    """A workflow; ``number`` is its id."""
    own = f"{url}/repos/{one.full_name}/actions/workflows/{number}"
    return {
        "id": number,
        "node_id": f"W_{number}",
        "name": name,
        "path": f".github/workflows/{file}",
        "state": "disabled_manually" if file in one.disabled else "active",
        "created_at": stamp(0),
        "updated_at": stamp(0),
        "url": own,
        "html_url": f"{url}/{one.full_name}/blob/main/.github/workflows/{file}",
        "badge_url": f"{own}/badge.svg",
    }


def run(one: Run, *, url: str) -> dict[str, Any]:
    """A workflow run. GitHub tells its ref by the short name only."""
    own = f"{url}/repos/{one.repository.full_name}/actions/runs/{one.id}"
    names = ("jobs", "logs", "check_suite", "artifacts", "cancel", "rerun")
    actor, where = user(one.actor, url=url), repository(one.repository, url=url)
    return {
        "id": one.id,
        "node_id": f"WFR_{one.id}",
        "name": one.workflow_name,
        "display_title": one.title,
        "run_number": one.number,
        "run_attempt": one.attempt,
        "event": "workflow_dispatch",
        "head_branch": one.ref.split("/", 2)[2],
        "head_sha": one.sha,
        "path": f".github/workflows/{one.workflow}",
        "status": one.status,
        "conclusion": one.conclusion,
        "workflow_id": workflow_id(one.repository, one.workflow),
        "created_at": stamp(one.created_at),
        "run_started_at": stamp(one.started_at or one.created_at),
        "updated_at": stamp(one.updated_at),
        "actor": actor,
        "triggering_actor": actor,
        "repository": where,
        "head_repository": where,
        "head_commit": None,
        "pull_requests": [],
        "previous_attempt_url": None,
        "url": own,
        "html_url": html_url(one, url=url),
        "workflow_url": f"{url}/repos/{one.repository.full_name}/actions/workflows/{one.workflow}",
        **{f"{name}_url": f"{own}/{name}" for name in names},
    }


def html_url(one: Run, *, url: str) -> str:
    """The run's page."""
    return f"{url}/{one.repository.full_name}/actions/runs/{one.id}"


def job(one: Job, of: Run, *, url: str) -> dict[str, Any]:
    """A job."""
    api = f"{url}/repos/{of.repository.full_name}"
    return {
        "id": one.id,
        "node_id": f"CR_{one.id}",
        "run_id": of.id,
        "run_url": f"{api}/actions/runs/{of.id}",
        "run_attempt": one.attempt,
        "workflow_name": of.workflow_name,
        "head_branch": of.ref.split("/", 2)[2],
        "head_sha": of.sha,
        "name": one.name,
        "status": one.status,
        "conclusion": one.conclusion,
        "created_at": stamp(one.created_at),
        "started_at": stamp(one.started_at or one.created_at),
        "completed_at": stamp(one.completed_at) if one.completed_at else None,
        "url": f"{api}/actions/jobs/{one.id}",
        "html_url": f"{html_url(of, url=url)}/job/{one.id}",
        "check_run_url": f"{api}/check-runs/{one.id}",
        "labels": ["ubuntu-latest"],
        "runner_id": 1 if one.started_at else None,
        "runner_name": "act on this machine" if one.started_at else None,
        "runner_group_id": 0 if one.started_at else None,
        "runner_group_name": "GitHub Actions" if one.started_at else None,
        "steps": [],
    }


def artifact(one: Artifact, of: Run, *, url: str) -> dict[str, Any]:
    """An artifact with its digest."""
    own = f"{url}/repos/{of.repository.full_name}/actions/artifacts/{one.id}"
    repository_ids = dict.fromkeys(("repository_id", "head_repository_id"), of.repository.id)
    head = {"head_branch": of.ref.split("/", 2)[2], "head_sha": of.sha}
    return {
        "id": one.id,
        "node_id": f"A_{one.id}",
        "name": one.name,
        "size_in_bytes": one.size,
        "digest": f"sha256:{one.sha256}",
        "expired": False,
        "created_at": stamp(one.created_at),
        "updated_at": stamp(one.created_at),
        "expires_at": stamp(one.created_at + _KEPT_SECONDS),
        "url": own,
        "archive_download_url": f"{own}/zip",
        "workflow_run": {"id": of.id, **repository_ids, **head},
    }


def ruleset(one: Repository, *, url: str, whole: bool) -> dict[str, Any]:
    """The ruleset of the repository's tags; in a list it has neither rules nor conditions."""
    named = {"id": one.id, "name": "tags", "target": "tag", "source_type": "Repository"}
    fields = {**named, "source": one.full_name, "enforcement": "active", "node_id": f"RRS_{one.id}"}
    names = {"ref_name": {"include": one.protected_tags, "exclude": []}}
    rules = [{"type": kind} for kind in RULES]
    links = {"self": {"href": f"{url}/repos/{one.full_name}/rulesets/{one.id}"}}
    return {**fields, "conditions": names, "rules": rules, "_links": links} if whole else fields


def hook(one: Hook, of: Repository, *, url: str) -> dict[str, Any]:
    """A webhook; its secret is never shown."""
    own = f"{url}/repos/{of.full_name}/hooks/{one.id}"
    config = {"url": one.url, "content_type": "json", "insecure_ssl": "0", "secret": "********"}
    return {
        "id": one.id,
        "type": "Repository",
        "name": "web",
        "active": True,
        "events": list(one.events),
        "config": config,
        "created_at": stamp(0),
        "updated_at": stamp(0),
        "url": own,
        **{f"{name}_url": f"{own}/{name}" for name in ("test", "ping", "deliveries")},
        "last_response": {"code": None, "status": "unused", "message": None},
    }
