"""A run at its provider, in words that fit every provider."""

from enum import StrEnum
from typing import NamedTuple

from sealrun.values import dataclass


class RunStatus(StrEnum):
    """How a run stands at the provider, in words that fit every provider."""

    WAITING = "waiting"  # created, pending, waiting for a resource, scheduled, or blocked on a person
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    SKIPPED = "skipped"

    @property
    def over(self) -> bool:
        """True when the provider will not change this status by itself any more."""
        return self not in (RunStatus.WAITING, RunStatus.RUNNING)


@dataclass(frozen=True)
class Run:
    """One pipeline as the provider tells it. Times are whole Unix seconds, 0 where there is none."""

    id: int
    project: str
    name: str
    ref: str  # full: refs/tags/v1
    sha: str
    source: str  # the provider's word for what started it: api, trigger, ...
    user: int  # the account that started it
    status: RunStatus
    url: str
    created_at: int
    started_at: int = 0
    finished_at: int = 0


class JobResult(StrEnum):
    """How a job stands, in words that fit every provider."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    SKIPPED = "skipped"
    MANUAL = "manual"  # waits for a person
    UNFINISHED = "unfinished"  # waits, or runs
    ARCHIVE = "archive"  # no job: an archive that belongs to the run
    UNREAD = "unread"  # no job: it stands for those that a list has beyond its bound (R9)

    @property
    def ran(self) -> bool:
        """True if the job came to an end of its own, and so has a log."""
        return self in (JobResult.SUCCEEDED, JobResult.FAILED)


@dataclass(frozen=True)
class Job:
    """One job of a run, first attempts only (R5); also a trigger of a child pipeline, and an archive."""

    id: int
    name: str
    stage: str
    status: str  # the provider's word
    failure_reason: str  # the provider's word, empty where there is none
    retried: bool  # another attempt of the same job exists
    has_artifacts: bool
    runner: str  # the provider's description of the runner; empty if unknown
    has_log: bool = True  # False where nothing ran: an archive, a trigger, a job that was skipped
    result: JobResult = JobResult.UNFINISHED
    may_fail: bool = False  # the pipeline says that this job's failure is none of the run's
    runs: bool = False  # a runner has it now, as the provider says
    begun: bool = False  # a runner took it, as the provider says, which may not name that runner any more
    started_at: int = 0  # Unix seconds, when a runner took it; 0 where only its run is asked for that

    def __post_init__(self) -> None:
        # Items of the evidence are named after their job, so every job has a name.
        if not self.name:
            object.__setattr__(self, "name", f"job {self.id}")

    @property
    def taken(self) -> bool:
        """True if a runner has it or had it, as far as the provider tells."""
        return self.runs or self.begun or bool(self.runner) or (self.result.ran and self.has_log)

    @property
    def state(self) -> str:
        """How it stands while its run goes on: its result, and before that ``running`` or ``waiting``."""
        if self.result is not JobResult.UNFINISHED:
            return self.result.value
        return "running" if self.runs else "waiting"


def unread(more_than: int) -> Job:
    """What stands among the jobs where there are more than are read: it is named, and is no success (R9)."""
    return not_read(f"jobs beyond the first {more_than}")


def not_read(name: str) -> Job:
    """The same for jobs that were not listed, under a name that says which."""
    return Job(0, name, "", "unread", "", False, False, "", has_log=False, result=JobResult.UNREAD)  # noqa: FBT003


class Project(NamedTuple):
    """What the provider's settings say of the offer's project."""

    private: bool  # nobody but its members sees its pipelines and their logs (R7)
    configuration: str  # path of the CI configuration that it is set to run; empty where that is not shown
    job_seconds: int = 0  # how long the provider lets a job run; 0 where that is not shown
    takes_variables: bool = True  # a start may set variables, as far as that is shown
    shows_runs: bool = False  # anyone may open a run's page, as far as that is shown
