"""What GitLab answers, read into our words: runs, jobs, values, and each refusal as its kind of error."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from http import HTTPStatus
from typing import Any

import httpx

from sealrun.adapters.http import Blocked, TooLong
from sealrun.errors import ProviderBusy, ProviderError, ProviderRefused, ProviderUnclear
from sealrun.ports import Job, Run, RunStatus

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
# A refused connection or a 429 without a time: long enough not to press, short enough for the start window.
PAUSE_SECONDS = 30
MAX_PAUSE_SECONDS = 600
MAX_WORDS = 300
# GitLab's own words, with status 400: too many pipelines of one project, user and commit in a minute.
_TOO_MANY_PIPELINES = "Too many pipelines created in the last minute"
_TOO_MANY_SECONDS = 60
_NO_VARIABLES = "Insufficient permissions to set pipeline variables"


def run_name(name: str) -> str:
    """The whole name of the run that carries this call hash."""
    return f"sealrun {name}"


def run(value: Mapping[str, Any]) -> Run:
    """A pipeline of ``GET /projects/:id/pipelines/:pipeline_id``."""
    user = value.get("user")
    return Run(
        id=whole(value, "id"),
        project=str(whole(value, "project_id")),
        name=str(value.get("name") or ""),
        ref=full_ref(text(value, "ref"), tag=value.get("tag") is True),
        sha=text(value, "sha"),
        source=text(value, "source"),
        user=whole(user, "id") if isinstance(user, dict) else 0,
        status=_status(text(value, "status")),
        url=text(value, "web_url"),
        created_at=_seconds(value, "created_at"),
        started_at=_seconds(value, "started_at"),
        finished_at=_seconds(value, "finished_at"),
    )


def full_ref(ref: str, *, tag: bool) -> str:
    """GitLab tells refs by their short names, but those of merge requests."""
    if ref.startswith("refs/"):
        return ref
    return f"refs/tags/{ref}" if tag else f"refs/heads/{ref}"


def first_attempts(items: Sequence[Mapping[str, Any]]) -> list[Job]:
    """Of each job name the attempt with the lowest id: GitLab's list does not say which came first."""
    attempts: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for item in items:
        attempts[text(item, "name")].append(item)
    firsts = [(min(same, key=lambda item: whole(item, "id")), len(same)) for same in attempts.values()]
    return sorted((_job(item, retried=count > 1) for item, count in firsts), key=lambda job: job.id)


def variables(values: Mapping[str, object]) -> dict[str, str]:
    """Inputs as variables, which are strings: others as JSON."""
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}


def check(response: httpx.Response, body: bytes, *, secret: str, now: float) -> None:
    """Raise what the status says, if it is no success.

    Raises:
        ProviderRefused: 3xx and 4xx, in GitLab's own words as far as it gave any.
        ProviderBusy: 429, and GitLab's own limit of pipelines per minute, which comes with 400.
        ProviderUnclear: 5xx and 408.
    """
    status = response.status_code
    if response.is_success:
        return
    words = _words(body, secret=secret)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        raise ProviderBusy(f"gitlab answered 429: {words}", retry_after=_pause(response.headers, now))
    if status == HTTPStatus.BAD_REQUEST and _TOO_MANY_PIPELINES in words:
        raise ProviderBusy(f"gitlab answered 400: {words}", retry_after=_TOO_MANY_SECONDS)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT:
        raise ProviderUnclear(f"gitlab answered {status}: {words}")
    if _NO_VARIABLES in words:
        words += " (raise the project's ci_pipeline_variables_minimum_override_role, or use inputs)"
    raise ProviderRefused(f"gitlab answered {status}: {words}")


@contextmanager
def translated(*, too_long: type[ProviderError] = ProviderUnclear) -> Iterator[None]:
    """Raise the errors of httpx as ours; no text of theirs that is passed on holds a header."""
    try:
        yield
    except Blocked as error:
        raise ProviderRefused(f"gitlab: {error}") from error
    except TooLong as error:
        raise too_long(f"gitlab: {error}") from error
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise ProviderBusy("gitlab: no connection, nothing was sent", retry_after=PAUSE_SECONDS) from error
    except httpx.HTTPError as error:
        raise ProviderUnclear(f"gitlab: no whole answer ({type(error).__name__})") from error


def json_value(body: bytes) -> Any:
    """The body as JSON.

    Raises:
        ProviderUnclear: it is none.
    """
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ProviderUnclear("gitlab: expected JSON, got something else") from error


def one_object(value: Any) -> dict[str, Any]:
    """The value, which must be a JSON object."""
    if not isinstance(value, dict):
        raise ProviderUnclear(f"gitlab: expected an object, got {type(value).__name__}")
    return value


def objects(value: Any) -> list[dict[str, Any]]:
    """The value, which must be a list of JSON objects."""
    if not isinstance(value, list):
        raise ProviderUnclear(f"gitlab: expected a list, got {type(value).__name__}")
    return [one_object(item) for item in value]


def whole(value: Any, name: str) -> int:
    """A member that must be a whole number."""
    member = one_object(value).get(name)
    if not isinstance(member, int) or isinstance(member, bool):
        raise ProviderUnclear(f"gitlab: expected a whole number as {name}, got {type(member).__name__}")
    return member


def text(value: Mapping[str, Any], name: str) -> str:
    """A member that must be a string."""
    member = value.get(name)
    if not isinstance(member, str):
        raise ProviderUnclear(f"gitlab: expected text as {name}, got {type(member).__name__}")
    return member


def _job(value: Mapping[str, Any], *, retried: bool) -> Job:
    runner = value.get("runner")
    return Job(
        id=whole(value, "id"),
        name=text(value, "name"),
        stage=text(value, "stage"),
        status=text(value, "status"),
        failure_reason=str(value.get("failure_reason") or ""),
        retried=retried,
        has_artifacts=isinstance(value.get("artifacts_file"), dict),
        runner=str(runner.get("description") or "")[:MAX_WORDS] if isinstance(runner, dict) else "",
    )


def _status(word: str) -> RunStatus:
    if word not in STATUSES:
        raise ProviderUnclear(f"gitlab: expected a known status, got {word[:40]!r}")
    return STATUSES[word]


def _seconds(value: Mapping[str, Any], name: str) -> int:
    stamp = value.get(name)
    if stamp is None:
        return 0
    try:
        return int(datetime.fromisoformat(stamp).timestamp())
    except (TypeError, ValueError, OverflowError) as error:
        raise ProviderUnclear(f"gitlab: expected a time as {name}, got something else") from error


def _pause(headers: httpx.Headers, now: float) -> int:
    """Seconds to wait, by https://docs.gitlab.com/security/rate_limits/; never more than 10 minutes."""
    after, reset = headers.get("retry-after", ""), headers.get("ratelimit-reset", "")
    seconds = float(PAUSE_SECONDS)
    if re.fullmatch(r"\d{1,9}", after, re.ASCII):
        seconds = int(after)
    elif re.fullmatch(r"\d{1,12}", reset, re.ASCII):
        seconds = int(reset) - now
    return int(min(max(seconds, 1), MAX_PAUSE_SECONDS))


def _words(body: bytes, *, secret: str) -> str:
    """GitLab's words from its several forms of error, on one line, short, without the token."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    said = _flat(value) if isinstance(value, dict) else ""
    said = re.sub(r"[\x00-\x1f\x7f]+", " ", said.replace(secret, "[token]") if secret else said)
    return said[:MAX_WORDS].strip() or "no reason given"


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
