"""What GitHub answers, read into our words: runs, jobs, archives, and each refusal as its kind of error."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from sealrun.errors import ProviderBusy, ProviderRefused, ProviderUnclear
from sealrun.providers.github.rules import NOT_STARTED
from sealrun.providers.pipeline import listed
from sealrun.runs.run import Job, JobResult, Run, RunStatus
from sealrun.transport.http import Answer
from sealrun.transport.rest import MAX_WORDS, Reader, pause, whatever_inputs, words
from sealrun.values import replace

READER = Reader("github")
whole, text, objects, one_object = READER.whole, READER.text, READER.objects, READER.one_object

# https://docs.github.com/en/rest/actions/workflow-runs, workflow-run: status, and conclusion once completed
STATUSES = {
    "requested": RunStatus.WAITING,
    "waiting": RunStatus.WAITING,
    "pending": RunStatus.WAITING,
    "queued": RunStatus.WAITING,
    "in_progress": RunStatus.RUNNING,
}
CONCLUSIONS = {
    "success": RunStatus.SUCCEEDED,
    "failure": RunStatus.FAILED,
    "timed_out": RunStatus.FAILED,
    "startup_failure": RunStatus.FAILED,
    "neutral": RunStatus.FAILED,
    "stale": RunStatus.FAILED,
    "cancelled": RunStatus.CANCELED,
    "skipped": RunStatus.SKIPPED,
    "action_required": RunStatus.WAITING,  # until a person approves it
}
# https://docs.github.com/en/rest/actions/workflow-jobs, conclusion; a job without one is not finished
RESULTS = {
    "success": JobResult.SUCCEEDED,
    "skipped": JobResult.SKIPPED,
    "cancelled": JobResult.CANCELED,
    "failure": JobResult.FAILED,
    "timed_out": JobResult.FAILED,
    "startup_failure": JobResult.FAILED,
    "neutral": JobResult.FAILED,
    "stale": JobResult.FAILED,
    "action_required": JobResult.MANUAL,
}
# How jobs end that were not started: of a matrix, GitHub cancels the others.
_UNSTARTED = ("failure", "cancelled")
# An archive stands among the jobs, with this in place of a stage and a status.
ARCHIVE = "artifact"
# https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
_SECONDARY = "secondary rate limit"


def inputs(values: Mapping[str, object]) -> dict[str, str]:
    """Inputs as a workflow gets them, which is as strings: others as JSON."""
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}


def run(value: Mapping[str, Any], ref: str) -> Run:
    """A workflow run. GitHub gives its tag or branch by the short name only.

    A run with the short name of ``ref`` counts as one at ``ref``, and so does a run at a branch of that
    name. Only the commit differs between the two, and it is compared with the offer's (R4).
    """
    status, short = _status(value), value.get("head_branch")
    return Run(
        id=whole(value, "id"),
        project=text(one_object(value.get("repository")), "full_name"),
        name=text(value, "display_title"),
        ref=ref if ref == f"refs/tags/{short}" else f"refs/heads/{short}",
        sha=text(value, "head_sha"),
        source=text(value, "event"),
        user=whole(value.get("actor"), "id"),
        status=status,
        url=READER.link(value, "html_url"),
        created_at=READER.seconds(value, "created_at"),
        started_at=READER.seconds(value, "run_started_at"),
        # GitHub gives no end of a run, so the time of its last change stands in for it.
        finished_at=READER.seconds(value, "updated_at") if status.over else 0,
    )


def first_attempts(items: Sequence[Mapping[str, Any]]) -> list[Job]:
    """The jobs of the first attempt, by id; ``retried`` says that there is another of the same name.

    Where no runner took any of them, those that failed were not started, nor were those that GitHub cancelled
    because of them.
    """
    again = {text(item, "name") for item in items if whole(item, "run_attempt") > 1}
    firsts = sorted((item for item in items if item["run_attempt"] == 1), key=lambda item: whole(item, "id"))
    named = Counter(text(item, "name") for item in firsts)
    jobs = [_job(item, alone=named[item["name"]] == 1, retried=item["name"] in again) for item in firsts]
    # https://github.com/fontanierh/boxology/issues/734
    if any(map(_begun, firsts)) or not any(job.status == "failure" for job in jobs):
        return jobs
    return [
        replace(job, failure_reason=NOT_STARTED, has_log=False) if job.failure_reason in _UNSTARTED else job
        for job in jobs
    ]


def archives(items: Sequence[Mapping[str, Any]]) -> list[Job]:
    """One more job for each archive, which at GitHub belongs to the run and to no job.

    Of one name and one digest it is one archive: upload-artifact repeats its last request where the answer is
    late, and GitHub lists both. https://github.com/actions/upload-artifact/issues/531
    """
    by_id = sorted(items, key=lambda item: whole(item, "id"), reverse=True)
    apart = {(text(item, "name"), str(item.get("digest") or item["id"])): item for item in by_id}
    return [
        Job(
            id=whole(item, "id"),
            name=text(item, "name"),
            stage=ARCHIVE,
            status=ARCHIVE,
            failure_reason="",
            retried=False,
            has_artifacts=True,
            runner="",
            has_log=False,
            result=JobResult.ARCHIVE,
        )
        for item in sorted(apart.values(), key=lambda item: whole(item, "id"))
    ]


def check(answer: Answer, body: bytes, now: float, *, secret: str) -> None:
    """Raise what the status of an answer without success says.

    Raises:
        ProviderRefused: 3xx and 4xx, in GitHub's own words as far as it gave any.
        ProviderBusy: 429, and the 403 that GitHub's rate limits may come with.
        ProviderUnclear: 5xx and 408.
    """
    status, headers = answer.status, answer.headers
    message = f"github answered {status}: {words(body, _flat, secret=secret)}"
    limited = "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0" or _SECONDARY in message
    if status == HTTPStatus.TOO_MANY_REQUESTS or (status == HTTPStatus.FORBIDDEN and limited):
        raise ProviderBusy(message, retry_after=pause(headers, now, reset="x-ratelimit-reset"))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT:
        raise ProviderUnclear(message)
    raise ProviderRefused(message, whatever_inputs=whatever_inputs(answer), answered=status)


def _status(value: Mapping[str, Any]) -> RunStatus:
    status = text(value, "status")
    known, word = (CONCLUSIONS, _conclusion(value)) if status == "completed" else (STATUSES, status)
    if word not in known:
        raise READER.unclear(f"expected a known status, got {word[:40]!r}")
    return known[word]


def _conclusion(value: Mapping[str, Any]) -> str:
    """How a run or a job ended; empty where it has not."""
    return "" if value.get("conclusion") is None else text(value, "conclusion")


def _job(value: Mapping[str, Any], *, alone: bool, retried: bool) -> Job:
    """One job. GitHub allows several jobs of one name; each of them gets its id added to the name."""
    name, status = text(value, "name"), _conclusion(value) or text(value, "status")
    result = RESULTS.get(status, JobResult.UNFINISHED)
    failed = result in (JobResult.FAILED, JobResult.CANCELED)
    return Job(
        id=whole(value, "id"),
        name=name if alone else f"{name} #{value['id']}",
        stage="",
        status=status,
        failure_reason=status if failed else "",
        retried=retried,
        has_artifacts=False,
        runner=str(value.get("runner_name") or "")[:MAX_WORDS],
        has_log=result not in (JobResult.SKIPPED, JobResult.MANUAL),
        result=result,
        runs=status == "in_progress",
        begun=_begun(value),
        # Before a runner has it, this is when it was made.
        started_at=READER.seconds(value, "started_at") if _begun(value) else 0,
    )


def _begun(job: Mapping[str, Any]) -> bool:
    """True for a job that a runner took."""
    return bool(job.get("runner_id") or job.get("steps"))


def _flat(value: dict[str, Any]) -> str:
    """``{"message": "x", "errors": [{"message": "y"}, "z"]}`` as ``x: y, z``."""
    reasons = [
        str(one.get("message") or one.get("code")) if isinstance(one, dict) else str(one)
        for one in listed(value.get("errors"))
    ]
    return ": ".join(filter(None, [str(value.get("message") or ""), ", ".join(reasons)]))
