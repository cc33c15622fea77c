"""The routes of workflows, runs, jobs and artifacts."""

import secrets
import time
from pathlib import Path

from werkzeug import Response

from local.github import id_tokens, views
from local.github.access import Context
from local.github.messages import (
    REPOSITORY,
    ApiError,
    Route,
    body_of,
    not_found,
    page,
    redirect,
    wants_details,
    within,
)
from local.github.store import Run
from local.github.workflows import file_of, read_workflow, resolve, workflow_id
from local.loopback import Request, json_reply

_ACTIONS = f"{REPOSITORY}/actions"
_WORKFLOW = f"{_ACTIONS}/workflows/<workflow>"
_RUN = f"{_ACTIONS}/runs/<int:run>"
# How far GitHub's search index is behind here: it is minutes at times.
INDEX_SECONDS = 60


def read_one_workflow(context: Context, request: Request) -> Response:
    """``GET .../workflows/:file``: as the default branch has it."""
    repository = context.repository(request)
    file = file_of(repository, request.values_in_path["workflow"])
    name = read_workflow(repository, file, "HEAD").name
    number = workflow_id(repository, file)
    return json_reply(200, views.workflow(repository, file, name, number, url=context.url))


def dispatch(context: Context, request: Request) -> Response:
    """``POST .../workflows/:file/dispatches``: start a run of the workflow as the ref has it."""
    repository, body = context.repository(request, write=True), body_of(request)
    file = file_of(repository, request.values_in_path["workflow"])  # of those that the default branch has
    if not isinstance(body.get("ref"), str):
        raise ApiError(422, 'Invalid request.\n\n"ref" wasn\'t supplied.')
    if file in repository.disabled:
        raise ApiError(422, "Cannot trigger a 'workflow_dispatch' on a disabled workflow")
    ref, sha = resolve(repository, body["ref"])
    workflow = read_workflow(repository, file, sha)
    values = workflow.values(body.get("inputs") or {})
    with context.store.lock:
        number = 1 + sum(run.repository.id == repository.id for run in context.store.runs.values())
        run = Run(
            id=context.store.next_id(),
            number=number,
            repository=repository,
            workflow=file,
            workflow_name=workflow.name,
            ref=ref,
            sha=sha,
            title=workflow.title(values),
            actor=context.token(request).user,
            inputs=values,
            created_at=time.time(),
            request_token=secrets.token_hex(20) if id_tokens.wanted(workflow.document) else "",
        )
        context.store.runs[run.id] = run
    context.runner.add(run, workflow)
    if not wants_details(request) and not body.get("return_run_details"):
        return Response(status=204)
    described = views.run(run, url=context.url)
    named = {"workflow_run_id": run.id, "run_url": described["url"], "html_url": described["html_url"]}
    return json_reply(200, named)


def index(context: Context, request: Request) -> Response:
    """``GET .../workflows/:file/runs``, the newest first; there is no search by name.

    Filters are answered from a search index, which lacks what is new.
    """
    repository, query = context.repository(request), request.args
    file = file_of(repository, request.values_in_path["workflow"])
    runs = [
        run
        for run in context.store.runs.values()
        if run.repository.id == repository.id and run.workflow == file
    ]
    items = [views.run(run, url=context.url) for run in sorted(runs, key=lambda run: -run.id)]
    if {"actor", "created", "event"} & query.keys():
        indexed = {run.id for run in runs if run.created_at < time.time() - INDEX_SECONDS}
        items = [one for one in items if one["id"] in indexed]
    items = [one for one in items if query.get("event", one["event"]) == one["event"]]
    items = [one for one in items if query.get("actor", one["actor"]["login"]) == one["actor"]["login"]]
    items = [one for one in items if within(one["created_at"], query.get("created", "*..*"))]
    return page(request, "workflow_runs", items, url=context.url)


def read(context: Context, request: Request) -> Response:
    """``GET .../runs/:run_id``, and the first attempt of it, which is the only one here."""
    return json_reply(200, views.run(context.run(request), url=context.url))


def cancel(context: Context, request: Request) -> Response:
    """``POST .../runs/:run_id/cancel``."""
    run = context.run(request, write=True)
    if run.status == "completed":
        raise ApiError(409, "Cannot cancel a workflow run that is completed.")
    context.runner.cancel(run)
    return json_reply(202, {})


def jobs(context: Context, request: Request) -> Response:
    """``GET .../runs/:run_id/jobs``."""
    run = context.run(request)
    items = [views.job(job, run, url=context.url) for job in context.store.jobs_of(run.id)]
    return page(request, "jobs", items, url=context.url)


def log(context: Context, request: Request) -> Response:
    """``GET .../jobs/:job_id/logs``: by a redirect, once the job is over."""
    repository = context.repository(request)
    job = context.store.jobs.get(request.values_in_path["job"])
    if job is None or job.status != "completed" or not job.started_at:
        raise not_found()
    run = context.run_of(repository, job.run)
    file = context.store.folder / "runs" / str(run.id) / f"{job.id}.log"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{line}\n" for line in job.lines))
    return redirect(context.storage.url_of(file))


def artifacts(context: Context, request: Request) -> Response:
    """``GET .../runs/:run_id/artifacts``."""
    run = context.run(request)
    items = [views.artifact(one, run, url=context.url) for one in context.store.artifacts_of(run.id)]
    return page(request, "artifacts", items, url=context.url)


def read_artifact(context: Context, request: Request) -> Response:
    """``GET .../artifacts/:artifact_id``."""
    run, number = _run_of_artifact(context, request)
    return json_reply(200, views.artifact(context.store.artifacts[number], run, url=context.url))


def archive(context: Context, request: Request) -> Response:
    """``GET .../artifacts/:artifact_id/zip``: by a redirect."""
    _, number = _run_of_artifact(context, request)
    return redirect(context.storage.url_of(Path(context.store.artifacts[number].file)))


def _run_of_artifact(context: Context, request: Request) -> tuple[Run, int]:
    repository, number = context.repository(request), request.values_in_path["artifact"]
    if number not in context.store.artifacts:
        raise not_found()
    return context.run_of(repository, context.store.artifacts[number].run), number


ROUTES: list[Route] = [
    ("dispatch", "POST", f"{_WORKFLOW}/dispatches", dispatch),
    ("read_workflow", "GET", _WORKFLOW, read_one_workflow),
    ("list_runs", "GET", f"{_WORKFLOW}/runs", index),
    ("read_run", "GET", _RUN, read),
    ("read_attempt", "GET", f"{_RUN}/attempts/1", read),
    ("cancel", "POST", f"{_RUN}/cancel", cancel),
    ("jobs", "GET", f"{_RUN}/jobs", jobs),
    ("log", "GET", f"{_ACTIONS}/jobs/<int:job>/logs", log),
    ("artifacts", "GET", f"{_RUN}/artifacts", artifacts),
    ("read_artifact", "GET", f"{_ACTIONS}/artifacts/<int:artifact>", read_artifact),
    ("archive", "GET", f"{_ACTIONS}/artifacts/<int:artifact>/zip", archive),
]
