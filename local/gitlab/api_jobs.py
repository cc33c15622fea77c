"""The routes of jobs: list, read, log, artifacts, retry."""

import zipfile
from typing import Any
from urllib.parse import unquote

from local.gitlab import archives, views
from local.gitlab.context import Context
from local.gitlab.messages import Request, Response, forbidden, not_found, page
from local.gitlab.store import Job, Project

_RETRYABLE = frozenset({"success", "failed", "canceled"})


def index(context: Context, request: Request) -> Response:
    """``GET /projects/:id/pipelines/:pipeline_id/jobs``."""
    project, _ = context.visible(request)
    pipeline = context.pipeline(request, project)
    retried = request.query.get("include_retried", "").lower() in ("true", "1")
    jobs = context.store.jobs_of(pipeline.id, retried=retried)
    items, headers = page(request, jobs, url=context.url)
    return Response(value=[_shown(context, job, project) for job in items], headers=headers)


def read(context: Context, request: Request) -> Response:
    """``GET /projects/:id/jobs/:job_id``: like all under ``jobs/``, not without a token."""
    project, _ = context.known(request)
    return Response(value=_shown(context, context.job(request, project), project))


def trace(context: Context, request: Request) -> Response:
    """``GET .../trace``: plain text, empty where there is none."""
    project, _ = context.known(request)
    return _log(context, context.job(request, project))


def raw(context: Context, request: Request) -> Response:
    """``GET /:path/-/jobs/:job_id/raw``: the page that shows a public project's logs to anyone."""
    project, _ = context.visible(request)
    return _log(context, context.job(request, project))


def artifacts(context: Context, request: Request) -> Response:
    """``GET .../artifacts``: the archive, from here or by a redirect to the object storage."""
    project, _ = context.visible(request)
    job = context.job(request, project)
    archive = archives.archive_path(context.store, job)
    if not archive.exists():
        raise not_found()
    if context.storage is not None:
        return Response(302, text="", headers={"location": context.storage.url_of(archive)})
    disposition = 'attachment; filename="artifacts.zip"'
    return Response(
        file=archive, headers={"content-type": "application/zip", "content-disposition": disposition}
    )


def artifact_file(context: Context, request: Request) -> Response:
    """``GET .../artifacts/*path``: one file of the archive."""
    project, _ = context.visible(request)
    job = context.job(request, project)
    try:
        with zipfile.ZipFile(archives.archive_path(context.store, job)) as archive:
            content = archive.read(unquote(request.groups["path"]))
    except (FileNotFoundError, KeyError) as error:
        raise not_found() from error
    kept = context.store.files_of(job.id) / "served"
    kept.write_bytes(content)
    return Response(file=kept, headers={"content-type": "application/octet-stream"})


def retry(context: Context, request: Request) -> Response:
    """``POST .../retry``: a further attempt of this job."""
    project, _ = context.member(request)
    job = context.job(request, project)
    pipeline = context.store.pipelines[job.pipeline]
    if job.status not in _RETRYABLE or job.retried or not context.runner.can_retry(pipeline):
        raise forbidden("Job is not retryable")
    again = context.runner.retry(pipeline, [job])
    return Response(201, _shown(context, again[0], project))


def _log(context: Context, job: Job) -> Response:
    log = archives.log_path(context.store, job)
    return Response(file=log, headers={"content-type": "text/plain"}) if log.exists() else Response(text="")


def _shown(context: Context, job: Job, project: Project) -> dict[str, Any]:
    pipeline = context.store.pipelines[job.pipeline]
    archive = archives.archive_path(context.store, job)
    size = archive.stat().st_size if archive.exists() else None
    user = context.store.users[pipeline.user]
    return views.job(job, pipeline, project.path, user, url=context.url, size=size)


ROUTES = [
    ("jobs", "GET", r"/projects/(?P<project>[^/]+)/pipelines/(?P<pipeline>\d+)/jobs", index),
    ("read_job", "GET", r"/projects/(?P<project>[^/]+)/jobs/(?P<job>\d+)", read),
    ("trace", "GET", r"/projects/(?P<project>[^/]+)/jobs/(?P<job>\d+)/trace", trace),
    ("artifacts", "GET", r"/projects/(?P<project>[^/]+)/jobs/(?P<job>\d+)/artifacts", artifacts),
    (
        "artifact_file",
        "GET",
        r"/projects/(?P<project>[^/]+)/jobs/(?P<job>\d+)/artifacts/(?P<path>.+)",
        artifact_file,
    ),
    ("retry_job", "POST", r"/projects/(?P<project>[^/]+)/jobs/(?P<job>\d+)/retry", retry),
]
# Pages stand outside /api/v4.
PAGES = [("raw_log", "GET", r"/(?P<project>.+)/-/jobs/(?P<job>\d+)/raw", raw)]
