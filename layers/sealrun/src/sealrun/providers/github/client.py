"""GitHub as a provider: one workflow of one repository, one ref, one token, over GitHub's REST API.

    github = GitHub(client, origin="https://api.github.com", project="owner/name", workflow="job.yml",
                    ref="refs/tags/v1", token=token)
    run = github.start(name=call_id, inputs={"level": 3})

The token is a fine-grained personal access token for the one repository: Actions read and write, Contents
and Metadata read. The workflow has ``on: workflow_dispatch`` with the input ``sealrun_call`` and is named
after it: ``run-name: sealrun ${{ inputs.sealrun_call }}``. Without that name no run is found again.
"""

import hashlib
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from itertools import count
from typing import Any

from sealrun.errors import ProviderRefused, ProviderUnclear
from sealrun.offers.limits import MAX_ARTIFACT_BYTES, MAX_LOG_BYTES
from sealrun.providers.github import answers
from sealrun.providers.github.archive import as_archive
from sealrun.providers.github.kind import RESULT_ORIGINS, api_of, is_own_server, version_of
from sealrun.providers.github.rules import RULES
from sealrun.providers.github.tags import protected
from sealrun.runs.judge import CLOCK_SKEW, run_name
from sealrun.runs.run import Job, Project, Run, unread
from sealrun.transport.http import Client
from sealrun.transport.rest import Rest, read_started, stamp, with_call

EVENT = "workflow_dispatch"
MAX_INPUTS = RULES.max_inputs + 1  # the call's hash is one of them
PAGE_SIZE = 100  # the most that GitHub gives
MAX_LISTED = 1000  # as many runs as GitHub lists of one search
MAX_FOUND = 20
MAX_CHANGED = 500
MAX_JOBS = 1000
MAX_ARCHIVES = 100
MAX_TAG_DEPTH = 3
# A call's start is sent for 15 minutes after its claim; a run of it is not older, and not much younger.
BEFORE_SECONDS, AFTER_SECONDS = 120, 3600
MAX_STREAM_SECONDS = 600.0
# An own server has archives of upload-artifact v3 alone, and lists them some seconds after a run's end.
# https://github.com/actions/upload-artifact/issues/537 and 400
LISTED_AFTER = 30


class GitHub:
    """One workflow at GitHub, with its token, which goes to ``origin`` only.

    Every method raises ProviderRefused, ProviderBusy or ProviderUnclear. Nothing is sent twice but a GET.
    Of a repeated run, only the first attempt is reported (R5). Not checked here: that a run is ours.
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
        extra_origins: Collection[str] = RESULT_ORIGINS,
        max_log_bytes: int = MAX_LOG_BYTES,
        max_artifact_bytes: int = MAX_ARTIFACT_BYTES,
        max_stream_seconds: float = MAX_STREAM_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Nothing is asked yet.

        Args:
            client: a ``GuardedClient``, for ``origin`` and ``extra_origins``.
            origin: of the API, ``https://api.github.com``; of a GitHub Enterprise Server, its own.
            project: ``owner/name``, spelled as GitHub spells it.
            workflow: the workflow's file name.
            ref: the tag by its full name, ``refs/tags/...``.
            token: a fine-grained personal access token.
            extra_origins: where GitHub redirects logs and artifacts to.
            max_log_bytes: of one job.
            max_artifact_bytes: of one archive.
            max_stream_seconds: for one log or archive as a whole.
            clock: Unix seconds, to read ``X-RateLimit-Reset`` and to tell young runs from old ones.
        """
        self._ref, self._api = ref, f"{api_of(origin)}/repos/{project}"
        self._workflow = f"{self._api}/actions/workflows/{workflow}"
        self._clock, self._lists_late = clock, is_own_server(origin)
        self._max_log, self._max_artifact = max_log_bytes, max_artifact_bytes
        self._rest = Rest(
            client,
            answers.READER,
            credential={
                "Authorization": f"Bearer {token}",
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": version_of(origin),
            },
            check=partial(answers.check, secret=token),
            clock=clock,
            origins=extra_origins,
            max_stream_seconds=max_stream_seconds,
        )

    def __repr__(self) -> str:
        """Without the token."""
        return f"GitHub({self._workflow!r}, ref={self._ref!r})"

    def head(self) -> str:
        """The commit of the tag; empty where it is gone, or no ruleset keeps it from being moved."""
        target = self._target()
        url = f"{self._api}/rulesets"
        query = {"targets": "tag", "includes_parents": "true", "per_page": str(PAGE_SIZE)}
        listed = answers.objects(self._rest.send("GET", url, params=query)[0]) if target else []
        rulesets = [self._rest.get(f"{url}/{answers.whole(item, 'id')}") for item in listed]
        return target if protected(rulesets, self._ref) else ""

    def project(self) -> Project:
        """Whether the repository is private, and the path of the workflow's file.

        Refused where the workflow is disabled: it would start no run.
        """
        settings = self._rest.get(self._api)
        private = settings.get("private") is True
        workflow = self._rest.get(self._workflow)
        if (state := answers.text(workflow, "state")) != "active":
            raise ProviderRefused(f"workflow: expected an active one, got {state[:40]}")
        path, public = answers.text(workflow, "path")[:300], settings.get("visibility") == "public"
        return Project(private=private, configuration=path, shows_runs=public and not private)

    def start(self, *, name: str, inputs: Mapping[str, object]) -> Run:
        """Start one run at the ref, named ``sealrun {name}``.

        The answer to the start is the run's id and nothing more, so the run is read once more; where
        that fails the run exists and the answer is unclear. An own server's answer has no id, and is
        unclear as well.
        """
        values = answers.inputs(with_call(inputs, name))
        if len(values) > MAX_INPUTS:
            raise ProviderRefused(f"inputs: expected at most {MAX_INPUTS}, got {len(values)}")
        body = {"ref": self._ref, "inputs": values}
        answer, _ = self._rest.send("POST", f"{self._workflow}/dispatches", json=body)
        if answer is None:  # 204, the older version's answer
            raise ProviderUnclear("github started a run and did not say which; it is found by its name")
        run_id = answers.whole(answer, "workflow_run_id")
        run = read_started(run_id, self.read)
        # The id came in answer to this very start. That the run carries the name is judged when it is over.
        return replace(run, name=run_name(name))

    def find(self, name: str, *, since: int, known: int = 0) -> list[Run]:
        """All runs named exactly ``sealrun {name}``, the lowest id first; of a flood only the first 20.

        GitHub does not search by name: the workflow's runs around ``since`` are looked through, and those of
        the last hour in its plain list. Refused where there are more than are read.
        """
        oldest, last = since - BEFORE_SECONDS, since + AFTER_SECONDS
        if self._clock() < last:
            listed = self._newest(oldest, most=MAX_LISTED)
            if len(listed) == MAX_LISTED:
                raise ProviderRefused(f"workflow_runs: expected fewer than {MAX_LISTED} of late, got more")
        else:
            query = {"event": EVENT, "created": f"{stamp(oldest)}..{stamp(last)}"}
            listed = self._pages(f"{self._workflow}/runs", "workflow_runs", query, most=MAX_LISTED)
        named = {"event": EVENT, "display_title": run_name(name)}
        matches = [item for item in listed if named.items() <= item.items() and item.get("id") != known]
        matches.sort(key=lambda item: answers.whole(item, "id"))
        return [self._first_attempt(item) for item in matches[:MAX_FOUND]]

    def read(self, run_id: int) -> Run:
        """The run's first attempt as it stands now."""
        return self._first_attempt(self._rest.get(f"{self._api}/actions/runs/{run_id:d}"))

    def changed(self, *, since: int, started: int) -> frozenset[int] | None:
        """GitHub does not list by change: all runs of the workflow since ``started`` are looked through."""
        listed = self._newest(started, most=MAX_CHANGED)
        if len(listed) == MAX_CHANGED:
            return None
        changed = (each for each in listed if answers.READER.seconds(each, "updated_at") >= since)
        return frozenset(answers.whole(each, "id") for each in changed)

    def cancel(self, run_id: int, *, force: bool = False) -> None:
        """Ask for the run to be stopped; a run that is over stays as it is.

        With ``force`` also steps that run ``always()`` are stopped.
        """
        way = "force-cancel" if force else "cancel"
        try:
            self._rest.send("POST", f"{self._api}/actions/runs/{run_id:d}/{way}")
        except ProviderRefused as error:
            if error.answered != HTTPStatus.CONFLICT:  # a run that is over
                raise

    def jobs(self, run_id: int) -> list[Job]:
        """The first attempt of each job, by id, then one more for each archive: they belong to no job.

        Jobs of a workflow that is called stand among them. GitHub does not tell which jobs may fail. Of more
        than 1,000 jobs or 100 archives the rest is named, not read. Unclear for some seconds after the last
        job's end where archives may not be listed yet (R9).
        """
        url = f"{self._api}/actions/runs/{run_id:d}"
        jobs = self._pages(f"{url}/jobs", "jobs", {"filter": "all"}, most=MAX_JOBS + 1, cut=True)
        if self._lists_late:
            self._expect_archives_listed(jobs)
        archives = self._pages(f"{url}/artifacts", "artifacts", {}, most=MAX_ARCHIVES + 1, cut=True)
        rest = [unread(MAX_JOBS)] if len(jobs) > MAX_JOBS or len(archives) > MAX_ARCHIVES else []
        first = answers.first_attempts(jobs[:MAX_JOBS])
        return [*first, *answers.archives(archives[:MAX_ARCHIVES]), *rest]

    def jobs_now(self, run_id: int) -> list[Job]:
        """The first attempt of each job, by id, of the first page."""
        url = f"{self._api}/actions/runs/{run_id:d}/jobs"
        page = self._rest.get(url, params={"filter": "all", "per_page": str(PAGE_SIZE)})
        return answers.first_attempts(answers.objects(page.get("jobs")))

    def log(self, job_id: int) -> AbstractContextManager[Iterator[bytes]]:
        """The job's log in pieces as they arrive, each line with its time."""
        return self._rest.stream(lambda: f"{self._api}/actions/jobs/{job_id:d}/logs", self._max_log)

    @contextmanager
    def artifacts(self, job_id: int) -> Iterator[Iterator[bytes]]:
        """An archive (zip) in pieces as they arrive; unclear at its end if GitHub's digest differs.

        A file that was left as it is (``archive: false``) comes in an archive that is made here. GitHub hands
        it out by its own kind, also a web page, which its digest tells from what comes in a file's place.
        Refused where the run was repeated: GitHub does not say which attempt left an archive (R5).
        """
        url = f"{self._api}/actions/artifacts/{job_id:d}"
        artifact = self._rest.get(url)
        run = answers.whole(artifact.get("workflow_run"), "id")
        attempt = answers.whole(self._rest.get(f"{self._api}/actions/runs/{run}"), "run_attempt")
        if attempt != 1:
            raise ProviderRefused(
                f"archive: expected one of a first attempt, got a run with {attempt} attempts"
            )
        name, digest = answers.text(artifact, "name"), artifact.get("digest")
        may_be_file = digest is not None
        with self._rest.stream(lambda: f"{url}/zip", self._max_artifact, page=may_be_file) as pieces:
            yield as_archive(_checked(pieces, digest), name, may_be_file=may_be_file)

    def _expect_archives_listed(self, jobs: Sequence[Mapping[str, Any]]) -> None:
        """Unclear for some seconds after the last job's end; the server's clock may be ahead of ours."""
        ended = max((answers.READER.seconds(job, "completed_at") for job in jobs), default=0)
        if -CLOCK_SKEW <= self._clock() - ended < LISTED_AFTER:
            raise ProviderUnclear(f"archives: expected to ask {LISTED_AFTER} s after the last job's end")

    def _target(self) -> str:
        """The commit that the tag names; empty where there is no such tag."""
        try:
            answer = self._rest.get(f"{self._api}/git/ref/{self._ref.removeprefix('refs/')}")
        except ProviderRefused as error:
            if error.answered != HTTPStatus.NOT_FOUND:
                raise
            self._rest.get(self._api)  # GitHub also answers 404 for a repository that the token may not see
            return ""
        for _ in range(MAX_TAG_DEPTH):
            target = answers.one_object(answer.get("object"))
            sha = answers.text(target, "sha")
            if target.get("type") != "tag":
                return sha
            answer = self._rest.get(f"{self._api}/git/tags/{sha}")
        raise ProviderRefused("tag: expected it to name a commit, got a tag of tags")

    def _first_attempt(self, run: Mapping[str, Any]) -> Run:
        if answers.whole(run, "run_attempt") > 1:
            run = self._rest.get(f"{self._api}/actions/runs/{answers.whole(run, 'id')}/attempts/1")
        return answers.run(run, self._ref)

    def _newest(self, oldest: int, *, most: int) -> list[dict[str, Any]]:
        """The workflow's runs that were created at ``oldest`` (Unix seconds) or later, at most ``most``.

        No filter is sent: GitHub answers filters from a search index, which may lack runs and changes for
        minutes and longer. https://github.com/dawidd6/action-download-artifact/issues/147
        Refused where the newest are not listed first: then a page that was not asked for might hold ours.
        """
        url = f"{self._workflow}/runs"
        listed = self._pages(url, "workflow_runs", {}, most=most, cut=True, oldest=oldest)
        young = [each for each in listed if _created(each) >= oldest]
        # Where none of a full page is young, its ends tell its order.
        turned = len(listed) >= PAGE_SIZE and _created(listed[0]) < _created(listed[-1])
        if turned or listed[: len(young)] != young:
            raise ProviderRefused("workflow_runs: expected the newest first, got another order")
        return young

    def _pages(
        self, url: str, name: str, query: Mapping[str, str], *, most: int, cut: bool = False, oldest: int = 0
    ) -> list[dict[str, Any]]:
        """The items of a list over all its pages; where there are more than ``most``, refused or cut.

        With ``oldest`` (Unix seconds) the page that has an older item is the last one, and so is an empty
        page, whatever GitHub says of the total (L11).
        """
        items: list[dict[str, Any]] = []
        for page in count(1):
            params = {**query, "per_page": str(PAGE_SIZE), "page": str(page)}
            value = self._rest.get(url, params=params)
            if (total := answers.whole(value, "total_count")) > most and not cut:
                raise ProviderRefused(f"{name}: expected at most {most}, got {total}")
            page_items = answers.objects(value.get(name))
            items += page_items
            older = oldest and any(_created(item) < oldest for item in page_items)
            if not page_items or older or len(items) >= min(total, most):
                break
        return items[:most]


def _created(item: Mapping[str, Any]) -> int:
    return answers.READER.seconds(item, "created_at")


def _checked(pieces: Iterator[bytes], expected: object) -> Iterator[bytes]:
    """The pieces; archives of actions/upload-artifact before v4 have no digest."""
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
        yield piece
    if expected is not None and expected != (got := f"sha256:{digest.hexdigest()}"):
        raise answers.READER.unclear(f"expected an archive with the digest {str(expected)[:80]}, got {got}")
