"""GitLab as a provider: one project, one ref, one token, over GitLab's REST API.

    gitlab = GitLab(client, origin="https://gitlab.com", project="42", ref="refs/tags/v1", token=token)
    run = gitlab.start(name=call_id, inputs={"level": 3})

The token is a project access token with the scope ``api``, or a trigger token (``glptt-...``) of a project
whose pipelines are public. The pipeline declares the input ``sealrun_call`` and is named after it:
``workflow: {name: 'sealrun $[[ inputs.sealrun_call ]]'}``. Without that name no run is found again.
"""

import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from http import HTTPStatus
from itertools import count
from typing import Any
from urllib.parse import quote

from sealrun.errors import ProviderRefused, ProviderUnclear
from sealrun.offers.limits import MAX_ARTIFACT_BYTES, MAX_LOG_BYTES
from sealrun.providers.gitlab import answers
from sealrun.providers.gitlab.children import MAX_JOBS, all_jobs
from sealrun.runs.judge import run_name
from sealrun.runs.run import Job, Project, Run
from sealrun.transport.http import Client
from sealrun.transport.rest import Rest, read_started, stamp, with_call

# https://docs.gitlab.com/security/tokens/#token-prefixes
TRIGGER_PREFIX = "glptt-"
DEFAULT_CONFIGURATION = ".gitlab-ci.yml"
_VARIABLES_ROLE = "ci_pipeline_variables_minimum_override_role"
PAGE_SIZE = 100  # the most that GitLab gives
MAX_STREAM_SECONDS = 600.0
# Nobody but the project's own people can name a run like one of ours; a flood of theirs ends here.
MAX_FOUND = 20
MAX_CHANGED = 500
# https://docs.gitlab.com/api/jobs/#list-pipeline-trigger-jobs: the first is deprecated since 19.2.
OLD_TRIGGERS, NEW_TRIGGERS = "bridges", "trigger_jobs"


class GitLab:
    """One project at one GitLab, with its token, which goes to ``origin`` only.

    Every method raises ProviderRefused, ProviderBusy or ProviderUnclear. Nothing is sent twice but a GET.
    Not checked here: that the ref is a protected tag, that a run is ours (see ``sealrun.runs.judge``).
    """

    def __init__(
        self,
        client: Client,
        *,
        origin: str,
        project: str,
        ref: str,
        token: str,
        extra_origins: Collection[str] = (),
        use_variables: bool = False,
        max_log_bytes: int = MAX_LOG_BYTES,
        max_artifact_bytes: int = MAX_ARTIFACT_BYTES,
        max_stream_seconds: float = MAX_STREAM_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Nothing is asked yet.

        Args:
            client: a ``GuardedClient``, for ``origin`` and ``extra_origins``.
            origin: ``https://host[:port]``, with the path that GitLab is served under where it has one.
            project: the numeric project id.
            ref: by its full name, ``refs/tags/...``.
            token: a project access token or a trigger token; empty asks as anybody may.
            extra_origins: the object storage that GitLab redirects artifacts and logs to.
            use_variables: send the inputs as pipeline variables, for a GitLab before 17.11. Many
                projects refuse these (``ci_pipeline_variables_minimum_override_role``).
            max_log_bytes: of one job.
            max_artifact_bytes: of one job's archive.
            max_stream_seconds: for one log or archive as a whole.
            clock: Unix seconds, to read ``RateLimit-Reset``.
        """
        self._origin, self._project, self._ref = origin, project, ref
        self._triggers_path = OLD_TRIGGERS
        self._api = f"{origin}/api/v4/projects/{project}"
        self._token, self._triggers = token, token.startswith(TRIGGER_PREFIX)
        self._use_variables = use_variables
        self._max_log, self._max_artifact = max_log_bytes, max_artifact_bytes
        self._rest = Rest(
            client,
            answers.READER,
            credential={} if self._triggers or not token else {"PRIVATE-TOKEN": token},
            check=partial(answers.check, secret=token),
            clock=clock,
            origins=extra_origins,
            max_stream_seconds=max_stream_seconds,
        )

    def __repr__(self) -> str:
        """Without the token."""
        return f"GitLab({self._api!r}, ref={self._ref!r})"

    def head(self) -> str:
        """The commit of the tag; empty where it is gone or no longer protected. A wrong token is refused."""
        tag = quote(self._ref.removeprefix("refs/tags/"), safe="")
        try:
            answer = self._rest.get(f"{self._api}/repository/tags/{tag}")
        except ProviderRefused as error:
            if "gitlab answered 404: 404 Tag Not Found" in error.detail:
                return ""
            raise
        return answers.text(answers.one_object(answer.get("commit")), "id") if answer.get("protected") else ""

    def project(self) -> Project:
        """The project's settings. GitLab shows the configuration's path to members only."""
        settings = self._rest.get(self._api)
        path = (settings["ci_config_path"] or DEFAULT_CONFIGURATION) if "ci_config_path" in settings else ""
        timeout, role = settings.get("build_timeout"), settings.get(_VARIABLES_ROLE)
        return Project(
            private=settings.get("visibility") == "private",
            configuration=str(path)[:300],
            job_seconds=answers.whole(settings, "build_timeout") if timeout is not None else 0,
            takes_variables=role != "no_one_allowed",
            shows_runs=answers.shows_runs(settings),
        )

    def start(self, *, name: str, inputs: Mapping[str, object]) -> Run:
        """Start one run at the ref, named ``sealrun {name}``.

        The answer to the start has no run name, so the run is read once more; where that fails the
        run exists and the answer is unclear.
        """
        path, body = self._start_request(with_call(inputs, name))
        run_id = answers.whole(self._rest.send("POST", f"{self._api}{path}", json=body)[0], "id")
        return read_started(run_id, self.read)

    def find(self, name: str, *, since: int = 0, known: int = 0) -> list[Run]:  # noqa: ARG002  names do
        """All runs named exactly ``sealrun {name}``, the lowest id first; of a flood only the first 20.

        Refused where GitLab lists runs of other names: it does not know the filter (before 15.11) or
        not the exact one (before 16.9), and ours may stand on a later page.
        """
        wanted = run_name(name)
        query = {"name": wanted, "order_by": "id", "sort": "asc"}
        listed = self._pages(f"{self._api}/pipelines", query, most=MAX_FOUND)
        others = sorted(run_id for item in listed if (run_id := answers.whole(item, "id")) != known)
        runs = [self.read(run_id) for run_id in others]  # the list shows neither user nor kind of ref
        if any(run.name != wanted for run in runs):
            raise ProviderRefused("find: expected only runs of the name asked for, got others")
        return runs

    def read(self, run_id: int) -> Run:
        """The run as it stands now."""
        return answers.run(self._rest.get(f"{self._api}/pipelines/{run_id:d}"))

    def changed(self, *, since: int, started: int) -> frozenset[int] | None:  # noqa: ARG002
        """Pipelines of the tag by when GitLab last updated them; it does so when their status changes."""
        query = {"ref": self._ref.removeprefix("refs/tags/"), "updated_after": stamp(since)}
        listed = self._pages(f"{self._api}/pipelines", query, most=MAX_CHANGED)
        return None if len(listed) == MAX_CHANGED else frozenset(answers.whole(each, "id") for each in listed)

    def cancel(self, run_id: int, *, force: bool = False) -> None:
        """Ask for the run to be stopped; a run that is over stays as it is.

        With ``force`` its jobs end at once, also those that wait for ``after_script`` in state ``canceling``.
        """
        if self._triggers:
            raise ProviderRefused("cancel: expected a project access token, got a trigger token")
        url = f"{self._api}/pipelines/{run_id:d}"
        self._rest.send("POST", f"{url}/cancel")
        if force:  # which GitLab knows for jobs, not for pipelines
            stopping = self._pages(f"{url}/jobs", {"scope[]": "canceling"}, most=MAX_JOBS)
            for job_id in [answers.whole(job, "id") for job in stopping]:
                self._rest.send("POST", f"{self._api}/jobs/{job_id:d}/cancel", json={"force": True})

    def jobs(self, run_id: int) -> list[Job]:
        """The first attempt of each job, by id, then each trigger, then the jobs of child pipelines.

        ``retried`` says that there are other attempts (R5). What is beyond a bound is named, not read.
        """
        return all_jobs(self, run_id, project=self._project)

    def jobs_now(self, run_id: int) -> list[Job]:
        """The first attempt of each job, by id, of the first page; no trigger, no child pipeline's job."""
        return answers.first_attempts(self.listed_jobs(run_id, most=PAGE_SIZE))

    def listed_jobs(self, pipeline: int, *, most: int) -> Sequence[Mapping[str, Any]]:
        """All attempts of a pipeline's jobs."""
        url = f"{self._api}/pipelines/{pipeline:d}/jobs"
        return self._pages(url, {"include_retried": "true"}, most=most)

    def listed_triggers(self, pipeline: int, *, most: int) -> Sequence[Mapping[str, Any]]:
        """All attempts of its jobs that start other pipelines; where their old name is gone, by the new one.

        GitLab documents ``include_retried`` for other jobs only. Its ``JobsFinder`` takes it here, too.
        """
        url, query = f"{self._api}/pipelines/{pipeline:d}", {"include_retried": "true"}
        try:
            return self._pages(f"{url}/{self._triggers_path}", query, most=most)
        except ProviderRefused as error:
            if self._triggers_path == NEW_TRIGGERS or error.answered != HTTPStatus.NOT_FOUND:
                raise
        self._triggers_path = NEW_TRIGGERS
        return self._pages(f"{url}/{NEW_TRIGGERS}", query, most=most)

    def log(self, job_id: int) -> AbstractContextManager[Iterator[bytes]]:
        """The job's log in pieces as they arrive, colour codes and all."""
        if self._triggers:
            # The API shows a log to nobody without a token, not even in a public project; the page does.
            return self._rest.stream(lambda: f"{self._pages_url()}/-/jobs/{job_id:d}/raw", self._max_log)
        return self._rest.stream(lambda: f"{self._api}/jobs/{job_id:d}/trace", self._max_log)

    def artifacts(self, job_id: int) -> AbstractContextManager[Iterator[bytes]]:
        """The job's artifacts archive (zip) in pieces as they arrive."""
        return self._rest.stream(lambda: f"{self._api}/jobs/{job_id:d}/artifacts", self._max_artifact)

    def _start_request(self, values: dict[str, object]) -> tuple[str, dict[str, Any]]:
        body: dict[str, Any] = {"ref": self._ref}
        if not self._use_variables:
            body["inputs"] = values
        elif self._triggers:
            body["variables"] = answers.variables(values)
        else:
            body["variables"] = [{"key": k, "value": v} for k, v in answers.variables(values).items()]
        if not self._triggers:
            return "/pipeline", body
        # As JSON, not as a form: a form has only strings, and an input of type number refuses these.
        return "/trigger/pipeline", {"token": self._token, **body}

    def _pages_url(self) -> str:
        path = str(self._rest.get(self._api).get("path_with_namespace"))
        if not re.fullmatch(r"[\w.-]+(/[\w.-]+)+", path, re.ASCII) or ".." in path:
            raise ProviderUnclear("project: expected its path, got something else")
        return f"{self._origin}/{path}"

    def _pages(self, url: str, query: Mapping[str, str], *, most: int) -> list[dict[str, Any]]:
        """Items of a list over all its pages, at most ``most``.

        Where a proxy removes the header that names the next page, a full page is taken to have a next one.
        An empty page is the last one whatever the header says (L11).
        """
        items: list[dict[str, Any]] = []
        for page in count(1):
            params = {**query, "per_page": str(PAGE_SIZE), "page": str(page)}
            value, headers = self._rest.send("GET", url, params=params)
            page_items = answers.objects(value)
            items += page_items
            more = bool(headers.get("x-next-page", "next" if len(page_items) == PAGE_SIZE else ""))
            if not (page_items and more) or len(items) >= most:
                break
        return items[:most]
