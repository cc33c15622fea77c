"""The jobs of a pipeline and of the child pipelines that its jobs start, within a bound (R8, R9)."""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from sealrun.providers.gitlab import answers
from sealrun.runs.run import Job, not_read, unread
from sealrun.values import replace

MAX_JOBS = 1000  # a run's evidence has room for as many
MAX_TRIGGERS = 100  # of one pipeline
MAX_PIPELINES = 30  # of one run: each takes two requests or more
# https://docs.gitlab.com/ci/pipelines/downstream_pipelines/: a child may have children, and these have none.
MAX_DEPTH = 2


class Lists(Protocol):
    """What GitLab lists of one pipeline of the project."""

    def listed_jobs(self, pipeline: int, *, most: int) -> Sequence[Mapping[str, Any]]:
        """All attempts of its jobs."""

    def listed_triggers(self, pipeline: int, *, most: int) -> Sequence[Mapping[str, Any]]:
        """All attempts of its jobs that start other pipelines."""


class _Pipeline(NamedTuple):
    id: int
    path: str = ""  # the names of the jobs that led to it, each with a slash behind it
    may_fail: bool = False  # one of these jobs may fail
    depth: int = 0

    def named(self, job: Job) -> Job:
        """The job under its full name; what may fail as a whole may fail in each of its parts."""
        return replace(job, name=f"{self.path}{job.name}", may_fail=self.may_fail or job.may_fail)


def all_jobs(lists: Lists, run_id: int, *, project: str) -> list[Job]:
    """First attempts of all jobs; a child pipeline's are named ``trigger/job``, those beyond a bound unread.

    A pipeline that is started in another project stands as the job that started it: the credential is for
    one project, so its jobs cannot be read.
    """
    jobs: list[Job] = []
    waiting, read = deque([_Pipeline(run_id)]), 0
    while waiting:
        pipeline = waiting.popleft()
        if read == MAX_PIPELINES or pipeline.depth > MAX_DEPTH or len(jobs) > MAX_JOBS:
            jobs.append(not_read(f"jobs of pipeline {pipeline.id}, which {pipeline.path[:-1]} started"))
            continue
        read += 1
        own_jobs, children = _read(lists, pipeline, project, room=max(MAX_JOBS - len(jobs), 0))
        jobs += own_jobs
        waiting += children
    return _with_unique_names(jobs)


def _read(lists: Lists, pipeline: _Pipeline, project: str, *, room: int) -> tuple[list[Job], list[_Pipeline]]:
    """One pipeline's jobs and triggers, and the children that are still to be read."""
    listed = lists.listed_jobs(pipeline.id, most=room + 1)
    triggers = lists.listed_triggers(pipeline.id, most=MAX_TRIGGERS + 1)
    cut = len(listed) > room or len(triggers) > MAX_TRIGGERS
    jobs = answers.first_attempts(listed[:room])
    children: list[_Pipeline] = []
    for trigger, retried in answers.firsts(triggers[:MAX_TRIGGERS]):
        job = answers.bridge(trigger, project, retried=retried)
        jobs.append(job)
        if child := answers.child_of(trigger, project):
            named = pipeline.named(job)
            children.append(_Pipeline(child, f"{named.name}/", named.may_fail, pipeline.depth + 1))
    return [*map(pipeline.named, jobs), *([unread(MAX_JOBS)] if cut else [])], children


def _with_unique_names(jobs: Sequence[Job]) -> list[Job]:
    """The jobs, with the id added to the name of every job whose name an earlier one has."""
    seen: set[str] = set()
    apart = []
    for job in jobs:
        name = f"{job.name} ({job.id})" if job.name in seen else job.name
        seen.add(name)
        apart.append(replace(job, name=name))
    return apart
