"""The routes of jobs: list, read, log, artifacts, retry."""

import zipfile
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from werkzeug import Response

from local.gitlab import archives, views
from local.gitlab.context import Context
from local.gitlab.messages import answer, forbidden, not_found, page
from local.gitlab.store import Job, Project
from local.loopback import Request, file_reply

_RETRYABLE = frozenset({"success", "failed", "canceled"})


def index(context: Context, request: Request) -> Response:
    """``GET /projects/:id/pipelines/:pipeline_id/jobs``."""
    return _listed(context, request, _shown, bridge=False)


def bridges(context: Context, request: Request) -> Response:
    """``GET .../bridges`` or ``.../trigger_jobs``, its newer name: the jobs that start other pipelines."""
    return _listed(context, request, _shown_bridge, bridge=True)


def _listed(
    context: Context, request: Request, shown: Callable[[Context, Job, Project], Any], *, bridge: bool
) -> Response:
    """``include_retried`` is documented for jobs; GitLab's ``JobsFinder`` takes it of bridges as well."""
    project, _ = context.visible(request)
    pipeline = context.pipeline(request, project)
    retried = request.args.get("include_retried", "").lower() in ("true", "1")
    jobs = [job for job in context.store.jobs_of(pipeline.id, retried=retried) if job.bridge == bridge]
    items, headers = page(request, jobs, url=context.origin)
    return answer([shown(context, job, project) for job in items], headers=headers)


def read(context: Context, request: Request) -> Response:
    """``GET /projects/:id/jobs/:job_id``: like everything under ``jobs/``, it takes a token."""
    project, _ = context.known(request)
    return answer(_shown(context, context.job(request, project), project))


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
        return Response(status=302, headers={"Location": context.storage.url_of(archive)})
    disposition = 'attachment; filename="artifacts.zip"'
    return file_reply(archive, "application/zip", {"Content-Disposition": disposition})


def artifact_file(context: Context, request: Request) -> Response:
    """``GET .../artifacts/*path``: one file of the archive."""
    project, _ = context.visible(request)
    job = context.job(request, project)
    try:
        with zipfile.ZipFile(archives.archive_path(context.store, job)) as archive:
            content = archive.read(unquote(request.values_in_path["path"]))
    except (FileNotFoundError, KeyError) as error:
        raise not_found() from error
    return Response(content, content_type="application/octet-stream")


def retry(context: Context, request: Request) -> Response:
    """``POST .../retry``: a further attempt of this job."""
    project, _ = context.member(request)
    job = context.job(request, project)
    pipeline = context.store.pipelines[job.pipeline]
    if job.status not in _RETRYABLE or job.retried or not context.runner.can_retry(pipeline):
        raise forbidden("Job is not retryable")
    again = context.runner.retry(pipeline, [job])
    return answer(_shown(context, again[0], project), 201)


def _log(context: Context, job: Job) -> Response:
    log = archives.log_path(context.store, job)
    return file_reply(log, "text/plain") if log.exists() else Response(content_type="text/plain")


def _shown(context: Context, job: Job, project: Project) -> dict[str, Any]:
    pipeline = context.store.pipelines[job.pipeline]
    archive = archives.archive_path(context.store, job)
    size = archive.stat().st_size if archive.exists() else None
    user = context.store.users[pipeline.user]
    return views.job(job, pipeline, project.path, user, url=context.url, size=size)


def _shown_bridge(context: Context, job: Job, project: Project) -> dict[str, Any]:
    pipeline, started = context.store.pipelines[job.pipeline], context.store.pipelines.get(job.downstream)
    user = context.store.users[pipeline.user]
    downstream = views.pipeline_basic(started, project.path, url=context.url) if started else None
    return views.bridge(job, pipeline, project.path, user, url=context.url, downstream=downstream)


ROUTES = [
    ("bridges", "GET", "/projects/<project>/pipelines/<int:pipeline>/bridges", bridges),
    ("bridges", "GET", "/projects/<project>/pipelines/<int:pipeline>/trigger_jobs", bridges),
    ("jobs", "GET", "/projects/<project>/pipelines/<int:pipeline>/jobs", index),
    ("read_job", "GET", "/projects/<project>/jobs/<int:job>", read),
    ("trace", "GET", "/projects/<project>/jobs/<int:job>/trace", trace),
    ("artifacts", "GET", "/projects/<project>/jobs/<int:job>/artifacts", artifacts),
    (
        "artifact_file",
        "GET",
        "/projects/<project>/jobs/<int:job>/artifacts/<path:path>",
        artifact_file,
    ),
    ("retry_job", "POST", "/projects/<project>/jobs/<int:job>/retry", retry),
]
# Pages stand outside /api/v4.
PAGES = [("raw_log", "GET", "/<path:project>/-/jobs/<int:job>/raw", raw)]
