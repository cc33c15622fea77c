"""Forgejo as a provider: one workflow of one repository, one ref, one token, over Forgejo's own API.

    forgejo = Forgejo(client, origin="https://codeberg.org", project="owner/name", workflow="job.yml",
                      ref="refs/tags/v1", token=token)

Experimental: written from Forgejo's description (templates/swagger/v1_json.tmpl) and never run against a
Forgejo. It needs a Forgejo that can cancel runs and hand out jobs, logs and artifacts, which 15.0 cannot.
The token has the scope ``write:repository``. Runs are found by the call's input in the event that started
them, which Forgejo keeps with each run, so they need no name. There is no webhook: the schedule looks.
"""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from functools import partial
from http import HTTPStatus
from itertools import count
from typing import Any
from urllib.parse import quote

from sealrun.errors import ProviderBusy, ProviderRefused, ProviderUnclear
from sealrun.offers.limits import MAX_ARTIFACT_BYTES, MAX_LOG_BYTES
from sealrun.providers.github.answers import inputs as as_strings
from sealrun.providers.github.tags import fits
from sealrun.runs.judge import CALL_INPUT, run_name
from sealrun.runs.run import Job, JobResult, Project, Run, RunStatus, unread
from sealrun.transport.http import Answer, Client
from sealrun.transport.rest import (
    MAX_TEXT,
    Reader,
    Rest,
    pause,
    read_started,
    whatever_inputs,
    with_call,
    words,
)

READER = Reader("forgejo")
EVENT = "workflow_dispatch"
STATUSES = {
    "waiting": RunStatus.WAITING,
    "blocked": RunStatus.WAITING,
    "running": RunStatus.RUNNING,
    "success": RunStatus.SUCCEEDED,
    "failure": RunStatus.FAILED,
    "cancelled": RunStatus.CANCELED,
    "skipped": RunStatus.SKIPPED,
}
RESULTS = {
    "success": JobResult.SUCCEEDED,
    "failure": JobResult.FAILED,
    "cancelled": JobResult.CANCELED,
    "skipped": JobResult.SKIPPED,
}
PAGE_SIZE = 50  # the most that Forgejo gives unless it is set otherwise
MAX_LISTED = 1000
MAX_FOUND = 20
MAX_JOBS = 1000
MAX_ARCHIVES = 100
BEFORE_SECONDS = 120
MAX_STREAM_SECONDS = 600.0
# models/user/user_system.go: an account that is gone, and Forgejo's own.
_OF_NOBODY = (-1, -2)


class Forgejo:
    """One workflow at one Forgejo, with its token, which goes to ``origin`` only.

    Every method raises ProviderRefused, ProviderBusy or ProviderUnclear. Nothing is sent twice but a GET.
    """

    def __init__(
        self,
        client: Client,
        *,
        origin: str,
        project: str,
        workflow: str,
        ref: str,
        token: str,
        extra_origins: Collection[str] = (),
        max_log_bytes: int = MAX_LOG_BYTES,
        max_artifact_bytes: int = MAX_ARTIFACT_BYTES,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Nothing is asked yet; the arguments are those of ``sealrun.providers.github.client.GitHub``."""
        self._ref, self._file, self._api = ref, workflow, f"{origin}/api/v1/repos/{project}"
        self._max_log, self._max_artifact = max_log_bytes, max_artifact_bytes
        self._rest = Rest(
            client,
            READER,
            credential={"Authorization": f"token {token}"},
            check=partial(_check, secret=token),
            clock=clock,
            origins=extra_origins,
            max_stream_seconds=MAX_STREAM_SECONDS,
        )

    def __repr__(self) -> str:
        """Without the token."""
        return f"Forgejo({self._api!r}, workflow={self._file!r}, ref={self._ref!r})"

    def head(self) -> str:
        """The commit of the tag; empty where it is gone, or no rule protects it."""
        tag = self._ref.removeprefix("refs/tags/")
        try:
            answer = self._rest.get(f"{self._api}/tags/{quote(tag, safe='')}")
        except ProviderRefused as error:
            if error.answered != HTTPStatus.NOT_FOUND:
                raise
            self._rest.get(self._api)  # Forgejo also answers 404 for a repository that the token may not see
            return ""
        rules = READER.objects(self._rest.send("GET", f"{self._api}/tag_protections")[0])
        patterns = [READER.text(rule, "name_pattern") for rule in rules]
        # One in slashes is a regular expression and fits no tag here: a name does not begin with a slash.
        kept = any(fits(each, tag, doubtful=False) for each in patterns)
        return READER.text(READER.one_object(answer.get("commit")), "sha") if kept else ""

    def project(self) -> Project:
        """Forgejo's API names a workflow by its file, and does not say which folder the file is in."""
        settings = self._rest.get(self._api)
        public = settings.get("private") is False and settings.get("internal") is not True
        return Project(private=settings.get("private") is True, configuration="", shows_runs=public)

    def start(self, *, name: str, inputs: Mapping[str, object]) -> Run:
        """Start one run at the ref; it is read once more, and unclear where that fails."""
        values = as_strings(with_call(inputs, name))
        body = {"ref": self._ref, "inputs": values, "return_run_info": True}
        url = f"{self._api}/actions/workflows/{self._file}/dispatches"
        run_id = READER.whole(self._rest.send("POST", url, json=body)[0], "id")
        return read_started(run_id, self.read)

    def find(self, name: str, *, since: int, known: int = 0) -> list[Run]:
        """All runs with this call as their input, the lowest id first; of a flood only the first 20.

        Refused where Forgejo does not list the newest first: then an older page might hold ours.
        """
        wanted, matches, last = run_name(name), [], None
        for item in self._listed(since - BEFORE_SECONDS):
            run_id = READER.whole(item, "id")
            if last is not None and run_id >= last:
                raise ProviderRefused("find: expected the newest runs first, got another order")
            last = run_id
            matches += [_run(item)] if run_id != known and _has_name(item, wanted) else []
        return sorted(matches, key=lambda run: run.id)[:MAX_FOUND]

    def read(self, run_id: int) -> Run:
        """The run as it stands now."""
        return _run(self._rest.get(f"{self._api}/actions/runs/{run_id:d}"))

    def changed(self, *, since: int, started: int) -> frozenset[int] | None:  # noqa: ARG002
        """Forgejo lists no run by its change; each is read."""
        return None

    def cancel(self, run_id: int, *, force: bool = False) -> None:  # noqa: ARG002  Forgejo has one way to stop
        """Ask for the run to be stopped; a run that is over stays as it is."""
        self._rest.send("POST", f"{self._api}/actions/runs/{run_id:d}/cancel")

    def jobs(self, run_id: int) -> list[Job]:
        """The jobs by id, ``retried`` where an attempt is not the first; then one more for each archive.

        Of more than 1,000 jobs or 100 archives the rest is named, not read.
        """
        url = f"{self._api}/actions/runs/{run_id:d}"
        jobs, archives = _by_id(READER.objects(self._rest.send("GET", f"{url}/jobs")[0])), self._archives(url)
        rest = [unread(MAX_JOBS)] if len(jobs) > MAX_JOBS or len(archives) > MAX_ARCHIVES else []
        return [*jobs[:MAX_JOBS], *map(_archive, archives[:MAX_ARCHIVES]), *rest]

    def jobs_now(self, run_id: int) -> list[Job]:
        """The jobs by id; Forgejo lists them on one page."""
        return _by_id(READER.objects(self._rest.send("GET", f"{self._api}/actions/runs/{run_id:d}/jobs")[0]))

    def log(self, job_id: int) -> AbstractContextManager[Iterator[bytes]]:
        """The log of the job's first attempt in pieces as they arrive (R5)."""
        url = f"{self._api}/actions/jobs/{job_id:d}/logs?attempt=1"
        return self._rest.stream(lambda: url, self._max_log)

    def artifacts(self, job_id: int) -> AbstractContextManager[Iterator[bytes]]:
        """An archive (zip) in pieces as they arrive; Forgejo gives no digest for it."""
        return self._rest.stream(lambda: f"{self._api}/actions/artifacts/{job_id:d}/zip", self._max_artifact)

    def _archives(self, url: str) -> list[dict[str, Any]]:
        """The run's archives, until a page has no other, however short it is; some more than the bound."""
        archives: dict[int, dict[str, Any]] = {}
        for page in count(1):
            query = {"limit": str(PAGE_SIZE), "page": str(page)}
            listed = READER.objects(self._rest.send("GET", f"{url}/artifacts", params=query)[0])
            known = len(archives)
            archives |= {READER.whole(each, "id"): each for each in listed}
            if not known < len(archives) <= MAX_ARCHIVES:
                break
        return list(archives.values())

    def _listed(self, oldest: int) -> Iterator[dict[str, Any]]:
        """The workflow's runs that were started by API, until a page is older."""
        query = {"event": EVENT, "workflow_id": self._file, "ref": self._ref, "limit": str(PAGE_SIZE)}
        for page in count(1):
            if page > MAX_LISTED // PAGE_SIZE:
                raise ProviderRefused(f"find: expected at most {MAX_LISTED} runs in that time, got more")
            value = self._rest.get(f"{self._api}/actions/runs", params={**query, "page": str(page)})
            runs = READER.objects(value.get("workflow_runs"))
            yield from runs
            if not runs or _seconds(runs[-1], "created") < oldest:
                return


def _has_name(value: Mapping[str, Any], wanted: str) -> bool:
    """Whether a run is so named; those of others may be of a form that is not read here."""
    with suppress(ProviderUnclear):
        return _name(_event(value)) == wanted
    return False


def _run(value: Mapping[str, Any]) -> Run:
    """An action run; what started it stands in ``event_payload``, which is JSON once more."""
    event, status = _event(value), STATUSES.get(READER.text(value, "status"))
    if status is None:
        raise READER.unclear(f"expected a known status, got {value['status'][:40]!r}")
    return Run(
        id=READER.whole(value, "id"),
        project=READER.text(READER.one_object(value.get("repository")), "full_name"),
        name=_name(event),
        ref=str(event.get("ref") or "")[:MAX_TEXT],
        sha=READER.text(value, "commit_sha"),
        source=READER.text(value, "trigger_event"),
        user=_user(value.get("trigger_user")),
        status=status,
        url=READER.link(value, "html_url"),
        created_at=_seconds(value, "created"),
        started_at=_seconds(value, "started"),
        finished_at=_seconds(value, "stopped") if status.over else 0,
    )


def _event(value: Mapping[str, Any]) -> dict[str, Any]:
    payload = value.get("event_payload") or "{}"
    if not isinstance(payload, str):
        raise READER.unclear(f"expected text as event_payload, got {type(payload).__name__}")
    return READER.one_object(READER.json_value(payload.encode()))


def _name(event: Mapping[str, Any]) -> str:
    """The name of a run by the call in its inputs; empty where there is none."""
    given = event.get("inputs")
    call = given.get(CALL_INPUT) if isinstance(given, dict) else None
    return run_name(call)[:MAX_TEXT] if isinstance(call, str) else ""


def _user(value: Any) -> int:
    """Who started a run; 0 for an account that is gone and for Forgejo's own, see ``_OF_NOBODY``."""
    of_nobody = isinstance(value, dict) and value.get("id") in _OF_NOBODY
    return 0 if of_nobody else READER.whole(value, "id")


def _seconds(value: Mapping[str, Any], name: str) -> int:
    """Forgejo writes a time that is not there yet as the year 1 or as 1970."""
    return max(READER.seconds(value, name), 0)


def _by_id(jobs: Sequence[Mapping[str, Any]]) -> list[Job]:
    named = Counter(READER.text(item, "name") for item in jobs)
    return sorted((_job(item, alone=named[item["name"]] == 1) for item in jobs), key=lambda job: job.id)


def _job(value: Mapping[str, Any], *, alone: bool) -> Job:
    name, status = READER.text(value, "name"), READER.text(value, "status")
    return Job(
        id=READER.whole(value, "id"),
        name=name if alone else f"{name} #{value['id']}",
        stage="",
        status=status,
        failure_reason=status if status in ("failure", "cancelled") else "",
        retried=READER.whole(value, "attempt") > 1,
        has_artifacts=False,
        runner="",
        has_log=status != "skipped",
        result=RESULTS.get(status, JobResult.UNFINISHED),
        runs=status == "running",
    )


def _archive(value: Mapping[str, Any]) -> Job:
    named = READER.whole(value, "id"), READER.text(value, "name")
    return Job(*named, "artifact", "artifact", "", False, True, "", has_log=False, result=JobResult.ARCHIVE)  # noqa: FBT003


def _check(answer: Answer, body: bytes, now: float, *, secret: str) -> None:
    """Raise what the status of an answer without success says."""
    status = answer.status
    flat = words(body, lambda value: str(value.get("message") or ""), secret=secret)
    message = f"forgejo answered {status}: {flat}"
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        raise ProviderBusy(message, retry_after=pause(answer.headers, now, reset=""))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT:
        raise ProviderUnclear(message)
    raise ProviderRefused(message, whatever_inputs=whatever_inputs(answer), answered=status)
