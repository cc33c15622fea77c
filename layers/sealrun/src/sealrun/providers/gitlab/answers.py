"""What GitLab answers, read into our words: runs, jobs, values, and each refusal as its kind of error."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from sealrun.errors import ProviderBusy, ProviderRefused, ProviderUnclear
from sealrun.runs.run import Job, JobResult, Run, RunStatus
from sealrun.transport.http import Answer
from sealrun.transport.rest import MAX_WORDS, Reader, pause, whatever_inputs, words
from sealrun.values import replace

READER = Reader("gitlab")
whole, text, objects, one_object = READER.whole, READER.text, READER.objects, READER.one_object

# https://docs.gitlab.com/api/pipelines/#list-project-pipelines, attribute status
STATUSES = {
    "created": RunStatus.WAITING,
    "waiting_for_resource": RunStatus.WAITING,
    "waiting_for_callback": RunStatus.WAITING,
    "preparing": RunStatus.WAITING,
    "pending": RunStatus.WAITING,
    "manual": RunStatus.WAITING,
    "scheduled": RunStatus.WAITING,
    "running": RunStatus.RUNNING,
    "canceling": RunStatus.RUNNING,
    "success": RunStatus.SUCCEEDED,
    "failed": RunStatus.FAILED,
    "canceled": RunStatus.CANCELED,
    "skipped": RunStatus.SKIPPED,
}
# https://docs.gitlab.com/ci/jobs/#available-job-statuses; any other job is not finished
RESULTS = {
    "success": JobResult.SUCCEEDED,
    "failed": JobResult.FAILED,
    "canceled": JobResult.CANCELED,
    "skipped": JobResult.SKIPPED,
    "manual": JobResult.MANUAL,
}
# GitLab's own words, with status 400: too many pipelines of one project, user and commit in a minute.
_TOO_MANY_PIPELINES = "Too many pipelines created in the last minute"
_TOO_MANY_SECONDS = 60
# Maintenance mode and Geo's read-only sites answer a write with 403 and these words.
_READ_ONLY = "read-only"
_READ_ONLY_SECONDS = 300
_NO_REASON = "unknown_failure"
_NO_VARIABLES = "Insufficient permissions to set pipeline variables"


def run(value: Mapping[str, Any]) -> Run:
    """A pipeline of ``GET /projects/:id/pipelines/:pipeline_id``."""
    user = value.get("user")
    return Run(
        id=whole(value, "id"),
        project=str(whole(value, "project_id")),
        name=str(value.get("name") or "")[:MAX_WORDS],
        ref=full_ref(text(value, "ref"), tag=value.get("tag") is True),
        sha=text(value, "sha"),
        source=text(value, "source"),
        user=whole(user, "id") if isinstance(user, dict) else 0,
        status=_status(text(value, "status")),
        url=READER.link(value, "web_url"),
        created_at=READER.seconds(value, "created_at"),
        started_at=READER.seconds(value, "started_at"),
        finished_at=READER.seconds(value, "finished_at"),
    )


def shows_runs(settings: Mapping[str, Any]) -> bool:
    """True if the project's pipelines have pages that anyone may open.

    ``public_jobs`` was ``public_builds``; https://docs.gitlab.com/ci/pipelines/settings/#change-which-users-can-view-your-pipelines.
    """
    public_jobs = settings.get("public_jobs", settings.get("public_builds"))
    open_to_all = settings.get("builds_access_level", "enabled") in ("enabled", "public")
    return settings.get("visibility") == "public" and public_jobs is not False and open_to_all


def full_ref(ref: str, *, tag: bool) -> str:
    """The full name of a ref; GitLab gives short names for all refs but those of merge requests."""
    if ref.startswith("refs/"):
        return ref
    return f"refs/tags/{ref}" if tag else f"refs/heads/{ref}"


def first_attempts(items: Sequence[Mapping[str, Any]]) -> list[Job]:
    """The first attempt of each job, by id."""
    return [_job(item, retried=retried) for item, retried in firsts(items)]


def firsts(items: Sequence[Mapping[str, Any]]) -> list[tuple[Mapping[str, Any], bool]]:
    """Of each name the item with the lowest id, and whether there are others; by id.

    GitLab's list does not say which attempt came first.
    """
    attempts: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for item in items:
        attempts[text(item, "name")].append(item)
    found = [(min(same, key=lambda item: whole(item, "id")), len(same) > 1) for same in attempts.values()]
    return sorted(found, key=lambda first: whole(first[0], "id"))


def bridge(value: Mapping[str, Any], project: str, *, retried: bool) -> Job:
    """A trigger job: it stands as the pipeline that it started, whatever it says of itself (R8)."""
    child = value.get("downstream_pipeline")
    job = replace(_job(value, retried=retried), begun=False)  # it needs no runner
    if not isinstance(child, dict):
        job = replace(job, has_artifacts=False, has_log=False)
        if job.result is not JobResult.SUCCEEDED:
            return job
        # It started one, which was deleted since: nobody can read how its jobs ended (R9).
        return replace(job, status="success, pipeline that it started is gone", result=JobResult.UNREAD)
    status = text(child, "status")
    # GitLab fails a trigger without a reason where the pipeline failed; a child's jobs have theirs (L12).
    reason = "" if child_of(value, project) and job.failure_reason == _NO_REASON else job.failure_reason
    named = f"{status}, pipeline {whole(child, 'id')} that it started"
    result = RESULTS.get(status, JobResult.UNFINISHED)
    return replace(
        job, status=named, failure_reason=reason, result=result, has_artifacts=False, has_log=False
    )


def child_of(value: Mapping[str, Any], project: str) -> int:
    """The pipeline that a trigger job started in the same project; 0 where there is none."""
    child = value.get("downstream_pipeline")
    if not isinstance(child, dict) or str(child.get("project_id")) != project:
        return 0
    return whole(child, "id")


def variables(values: Mapping[str, object]) -> dict[str, str]:
    """Inputs as variables, which are strings: others as JSON."""
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}


def check(answer: Answer, body: bytes, now: float, *, secret: str) -> None:
    """Raise what the status of an answer without success says.

    Raises:
        ProviderRefused: 3xx and 4xx, in GitLab's own words as far as it gave any.
        ProviderBusy: 429, GitLab's own limit of pipelines per minute, which comes with 400, and maintenance.
        ProviderUnclear: 5xx and 408.
    """
    status = answer.status
    reason = words(body, _flat, secret=secret)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        after = pause(answer.headers, now, reset="ratelimit-reset")
        raise ProviderBusy(f"gitlab answered 429: {reason}", retry_after=after)
    if status == HTTPStatus.BAD_REQUEST and _TOO_MANY_PIPELINES in reason:
        raise ProviderBusy(f"gitlab answered 400: {reason}", retry_after=_TOO_MANY_SECONDS)
    if status == HTTPStatus.FORBIDDEN and _READ_ONLY in reason:
        raise ProviderBusy(f"gitlab answered 403: {reason}", retry_after=_READ_ONLY_SECONDS)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT:
        raise ProviderUnclear(f"gitlab answered {status}: {reason}")
    if _NO_VARIABLES in reason:
        reason += " (raise the project's ci_pipeline_variables_minimum_override_role, or use inputs)"
    message = f"gitlab answered {status}: {reason}"
    raise ProviderRefused(message, whatever_inputs=whatever_inputs(answer), answered=status)


def _job(value: Mapping[str, Any], *, retried: bool) -> Job:
    runner, status = value.get("runner"), text(value, "status")
    result = RESULTS.get(status, JobResult.UNFINISHED)
    return Job(
        id=whole(value, "id"),
        name=text(value, "name"),
        stage=text(value, "stage"),
        status=status,
        failure_reason=str(value.get("failure_reason") or "")[:MAX_WORDS],
        retried=retried,
        has_artifacts=isinstance(value.get("artifacts_file"), dict) or _lost_files(value),
        runner=str(runner.get("description") or "")[:MAX_WORDS] if isinstance(runner, dict) else "",
        has_log=result not in (JobResult.SKIPPED, JobResult.MANUAL),
        result=result,
        may_fail=value.get("allow_failure") is True,
        runs=status in ("running", "canceling"),
        begun=value.get("started_at") is not None,
    )


def _lost_files(value: Mapping[str, Any]) -> bool:
    """True where what the job left has expired, was deleted or erased: it is asked for, and refused (R9).

    GitLab goes on to tell when they expired, also of an archive that it still lists and no longer gives.
    A job that left reports alone has others than an archive.
    """
    if value.get("erased_at") is not None:  # then GitLab tells no more when they would have expired
        return True
    if value.get("artifacts_expire_at") is None:
        return False
    listed = value.get("artifacts")
    kinds = [one_object(each).get("file_type") for each in listed] if isinstance(listed, list) else []
    return "archive" in kinds or not any(kind != "trace" for kind in kinds)


def _status(word: str) -> RunStatus:
    if word not in STATUSES:
        raise READER.unclear(f"expected a known status, got {word[:40]!r}")
    return STATUSES[word]


def _flat(value: Any) -> str:
    """``{"message": {"base": ["x"]}}`` and ``{"error": "y", "error_description": "x"}`` as x."""
    if isinstance(value, dict):
        for name in ("message", "error_description", "error", "base"):
            if name in value:
                return _flat(value[name])
        return "; ".join(f"{name}: {_flat(member)}" for name, member in value.items())
    if isinstance(value, list):
        return ", ".join(_flat(member) for member in value)
    return str(value)
