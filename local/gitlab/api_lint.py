"""The routes that judge a CI configuration: https://docs.gitlab.com/api/lint/."""

from typing import Any

import yaml
from werkzeug import Response

from local.gitlab.config import FILE, Config, ListedJob
from local.gitlab.context import Context
from local.gitlab.messages import answer, missing, not_found, params
from local.gitlab.pipelines import Rejected, Wanted, commit_of, default_branch, file_at
from local.gitlab.store import Project
from local.loopback import Request

_KINDS = ("local", "remote", "template", "component", "project")
_TRUE = ("true", "1")


def validate(context: Context, request: Request) -> Response:
    """``POST /projects/:id/ci/lint``: judge the ``content`` that comes, in the context of ``ref``."""
    project, token = context.member(request)
    given = params(request)
    if not given.get("content"):
        raise missing("content")
    ref = str(given.get("ref") or default_branch(project))
    return _judged(context, request, project, Wanted(ref, "api", token.user, {}, {}), str(given["content"]))


def read(context: Context, request: Request) -> Response:
    """``GET /projects/:id/ci/lint``: judge what the project has at ``content_ref``."""
    project, token = context.member(request)
    given = params(request)
    wanted = str(given.get("content_ref") or given.get("sha") or default_branch(project))
    commit = commit_of(project, wanted)
    if not commit:
        raise not_found("Commit")
    ref = str(given.get("dry_run_ref") or given.get("ref") or default_branch(project))
    content = file_at(project, commit, FILE)
    return _judged(context, request, project, Wanted(ref, "api", token.user, {}, {}), content)


def _judged(context: Context, request: Request, project: Project, wanted: Wanted, content: str) -> Response:
    """The engine applies rules in every case, so a static check lists the jobs of a dry run."""
    try:
        config = context.pipelines.lint(project, wanted, content)
    except Rejected as error:
        verdict: dict[str, Any] = {"valid": False, "errors": [str(error)], "merged_yaml": None}
        return answer({**verdict, "warnings": [], "includes": []})
    includes = [_include(one, project, context.url) for one in _includes(content)]
    verdict = {"valid": True, "errors": [], "warnings": [], "includes": includes}
    if str(params(request).get("include_jobs", "")).lower() in _TRUE:
        verdict["jobs"] = [_job(config, job) for job in config.jobs]
    return answer({**verdict, "merged_yaml": yaml.safe_dump(config.document, sort_keys=False)})


def _includes(content: str) -> list[dict[str, Any]]:
    """The files that the configuration itself includes, without those that they include in turn."""
    *_, document = yaml.safe_load_all(content)
    written = document.get("include") or []
    listed = written if isinstance(written, list) else [written]
    return [{"local": one} if isinstance(one, str) else one for one in listed]


def _include(one: dict[str, Any], project: Project, url: str) -> dict[str, Any]:
    kind = next(
        name for name in ("local", "file", "remote", "template", "component", "project") if name in one
    )
    place = str(one.get("file") or one[kind])
    branch = default_branch(project)
    return {
        "type": "file" if kind == "project" else kind,
        "location": place.removeprefix("/") if kind == "local" else place,
        "blob": f"{url}/{project.path}/-/blob/{branch}/{place.removeprefix('/')}",
        "raw": f"{url}/{project.path}/-/raw/{branch}/{place.removeprefix('/')}",
        "extra": {},
        "context_project": project.path,
        "context_sha": commit_of(project, f"refs/heads/{branch}"),
    }


def _job(config: Config, job: ListedJob) -> dict[str, Any]:
    written = config.written(job.name)
    scripts = {name: _lines(written.get(name)) for name in ("before_script", "script", "after_script")}
    return {
        "name": job.name,
        "stage": job.stage,
        **scripts,
        "tag_list": written.get("tags") or [],
        "only": written.get("only"),
        "except": written.get("except"),
        "environment": written.get("environment"),
        "when": job.when,
        "allow_failure": job.allow_failure,
        "needs": written.get("needs"),
    }


def _lines(written: object) -> list[str]:
    return [str(line) for line in written] if isinstance(written, list) else [str(written)] if written else []


ROUTES = [
    ("lint", "POST", "/projects/<project>/ci/lint", validate),
    ("lint", "GET", "/projects/<project>/ci/lint", read),
]
