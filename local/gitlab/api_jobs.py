"""The routes of jobs: list, read, log, artifacts, retry."""

import zipfile
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from local.gitlab import archives, views
from local.gitlab.messages import Request, Response, forbidden, not_found, page
from local.gitlab.store import Job, Project

if TYPE_CHECKING:
    from local.gitlab.api import Api

_RETRYABLE = frozenset({"success", "failed", "canceled"})


def index(api: "Api", request: Request) -> Response:
    """``GET /projects/:id/pipelines/:pipeline_id/jobs``."""
    project, _ = api.visible(request)
    pipeline = api.pipeline(request, project)
    retried = request.query.get("include_retried", "").lower() in ("true", "1")
    jobs = api.store.jobs_of(pipeline.id, retried=retried)
    items, headers = page(request, jobs, url=api.url)
    return Response(value=[_shown(api, job, project) for job in items], headers=headers)


def read(api: "Api", request: Request) -> Response:
    """``GET /projects/:id/jobs/:job_id``: like all under ``jobs/``, not without a token."""
    project, _ = api.known(request)
    return Response(value=_shown(api, api.job(request, project), project))


def trace(api: "Api", request: Request) -> Response:
    """``GET .../trace``: plain text, empty where there is none."""
    project, _ = api.known(request)
    return _log(api, api.job(request, project))


def raw(api: "Api", request: Request) -> Response:
    """``GET /:path/-/jobs/:job_id/raw``: the page that shows a public project's logs to anyone."""
    project, _ = api.visible(request)
    return _log(api, api.job(request, project))


def artifacts(api: "Api", request: Request) -> Response:
    """``GET .../artifacts``: the archive, from here or by a redirect to the object storage."""
    project, _ = api.visible(request)
    job = api.job(request, project)
    archive = archives.archive_path(api.store, job)
    if not archive.exists():
        raise not_found()
    if api.storage is not None:
        return Response(302, text="", headers={"location": api.storage.url_of(archive)})
    disposition = 'attachment; filename="artifacts.zip"'
    return Response(
        file=archive, headers={"content-type": "application/zip", "content-disposition": disposition}
    )


def artifact_file(api: "Api", request: Request) -> Response:
    """``GET .../artifacts/*path``: one file of the archive."""
    project, _ = api.visible(request)
    job = api.job(request, project)
    try:
        with zipfile.ZipFile(archives.archive_path(api.store, job)) as archive:
            content = archive.read(unquote(request.groups["path"]))
    except (FileNotFoundError, KeyError) as error:
        raise not_found() from error
    kept = api.store.files_of(job.id) / "served"
    kept.write_bytes(content)
    return Response(file=kept, headers={"content-type": "application/octet-stream"})


def retry(api: "Api", request: Request) -> Response:
    """``POST .../retry``: a further attempt of this job."""
    project, _ = api.member(request)
    job = api.job(request, project)
    pipeline = api.store.pipelines[job.pipeline]
    if job.status not in _RETRYABLE or job.retried or not api.runner.can_retry(pipeline):
        raise forbidden("Job is not retryable")
    again = api.runner.retry(pipeline, [job])
    return Response(201, _shown(api, again[0], project))


def _log(api: "Api", job: Job) -> Response:
    log = archives.log_path(api.store, job)
    return Response(file=log, headers={"content-type": "text/plain"}) if log.exists() else Response(text="")


def _shown(api: "Api", job: Job, project: Project) -> dict[str, Any]:
    pipeline = api.store.pipelines[job.pipeline]
    archive = archives.archive_path(api.store, job)
    size = archive.stat().st_size if archive.exists() else None
    user = api.store.users[pipeline.user]
    return views.job(job, pipeline, project.path, user, url=api.url, size=size)


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
