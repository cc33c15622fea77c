"""Is a run ours, and how did it end? Pure answers; the rules are R3, R4, R5 and R8."""

from collections.abc import Iterator, Sequence

from sealrun.offers.offer import Offer
from sealrun.receipts.receipt import Outcome
from sealrun.runs.record import Ending, Fault, Record
from sealrun.runs.run import Job, JobResult, Project, Run, RunStatus
from sealrun.values import replace

# The pipeline's input that carries the call's hash.
CALL_INPUT = "sealrun_call"
# How far the provider's clock may lag behind ours.
CLOCK_SKEW = 120

_BLAMELESS = (Outcome.NEVER_STARTED, Outcome.SOURCE_CHANGED, Outcome.SKIPPED)
# How jobs stand that no script of theirs ended, where no runner had them.
_LEFT = (JobResult.CANCELED, JobResult.SKIPPED, JobResult.MANUAL)
_OUTCOMES = {
    RunStatus.SUCCEEDED: Outcome.SUCCEEDED,
    RunStatus.FAILED: Outcome.FAILED,
    RunStatus.CANCELED: Outcome.CANCELED,
    RunStatus.SKIPPED: Outcome.SKIPPED,
}


def run_name(call_id: str) -> str:
    """The name that a call's run has at the provider."""
    return f"sealrun {call_id}"


def foreign(run: Run, record: Record, offer: Offer) -> str:
    """The difference between this run and one that we started for this call (R3); empty if it is ours.

    The call hash is compared through the run's name, which the pipeline makes from the call-hash input.
    Not compared here: the commit. A run of ours at another commit is ours and ends the offer (R4).
    """
    source = offer.source
    wanted = {
        "project": (source.project, run.project),
        "name": (run_name(record.id), run.name),
        "user": (source.user, run.user),
        "ref": (source.ref, run.ref),
    }
    for what, (expected, got) in wanted.items():
        if got != expected:
            return f"the run's {what} is {str(got)[:100]!r}, expected {expected!r}"
    if run.source not in (words := source.rules.run_sources):
        return f"the run's source is {run.source[:40]!r}, expected one of {', '.join(words)}"
    return ""


def too_early(run: Run, record: Record) -> str:
    """How far the run lies before the call that it should be of; empty if it does not.

    A run that was found may be an older one. Of the run that answered our own request, this says only that
    the provider's clock is behind (L13).
    """
    if run.created_at >= record.claimed_at - CLOCK_SKEW:
        return ""
    behind = record.claimed_at - run.created_at
    return (
        f"clock: expected the provider's within {CLOCK_SKEW} s of ours, got a run {behind} s before its call"
    )


def source_changed(run: Run, offer: Offer) -> str:
    """Why the run is not of the offer's commit (R4); empty if it is."""
    if run.sha.lower() == offer.source.commit:
        return ""
    return f"the run's commit is {run.sha[:64]}, the offer's is {offer.source.commit}"


def configuration_changed(project: Project, offer: Offer) -> str:
    """Why the project would run another file than the offer's (R4); empty if not, or if untold."""
    wanted = offer.source.configuration.path
    if project.configuration.removeprefix("./").removeprefix("/") in ("", wanted):
        return ""
    return f"the project is set to run {project.configuration[:100]}, the offer names {wanted}"


def judge(run: Run, jobs: Sequence[Job], record: Record, offer: Offer, *, now: int) -> Ending:
    """How a run that is over ended, by its first terminal state and its first attempts (R5).

    It ended between its call and now, whatever the provider's clock says: a receipt signs no time to come.
    """
    outcome, reason = _outcome(run, jobs, record, offer)
    fault = _fault(outcome, jobs, offer)
    untouched = outcome is Outcome.CANCELED and _untouched(jobs, offer)
    blameless = outcome in _BLAMELESS or fault is not Fault.NONE or untouched
    bare = outcome is Outcome.NEVER_STARTED
    finished_at = min(max(run.finished_at, record.claimed_at), now) if run.finished_at else now
    return Ending(outcome, reason, finished_at, blameless=blameless, bare=bare, fault=fault)


def as_judged(run: Run, end: Ending) -> Run:
    """The run as it was judged: what a provider tells of it later is not what the receipt is about (R5)."""
    status = RunStatus.SUCCEEDED if end.outcome is Outcome.SUCCEEDED else run.status
    began = {name: min(getattr(run, name), end.finished_at) for name in ("created_at", "started_at")}
    return replace(run, status=status, finished_at=end.finished_at, **began)


def _fault(outcome: Outcome, jobs: Sequence[Job], offer: Offer) -> Fault:
    """Of a run whose scripts did not fail: there was no quota, or the provider's own system was broken.

    A run that waited for a runner in vain says nothing of the offer: its runner may be busy with other calls.
    """
    if outcome is Outcome.SKIPPED:
        return Fault.POSSIBLE  # rules of the pipeline may read the inputs
    if outcome is not Outcome.FAILED:
        return Fault.NONE
    if all(job.result is JobResult.ARCHIVE for job in jobs):
        return Fault.POSSIBLE  # no job was made, as of a file that GitHub refuses: no script failed
    rules = offer.source.rules
    needed = [job for job in jobs if not job.may_fail or job.name in offer.success]
    if not any(job.result in (JobResult.FAILED, JobResult.UNREAD) for job in needed):
        needed = list(jobs)  # what had to succeed did not run, or every job may fail
    reasons = {job.failure_reason for job in needed if job.failure_reason}
    if not reasons or not reasons <= rules.faults:
        return Fault.NONE
    return Fault.CERTAIN if reasons <= rules.sellers_faults else Fault.POSSIBLE


def _untouched(jobs: Sequence[Job], offer: Offer) -> bool:
    """True of a run of which no runner took a job: a person or the provider canceled it, no script."""
    left = all(job.result in _LEFT and not job.taken for job in jobs)
    return left and offer.source.rules.names_runners


def _outcome(run: Run, jobs: Sequence[Job], record: Record, offer: Offer) -> tuple[Outcome, str]:
    if changed := foreign(run, record, offer) or source_changed(run, offer):
        return Outcome.SOURCE_CHANGED, changed
    if run.status is RunStatus.CANCELED and record.stopped_at:
        return _stopped(record, offer)
    repeated = sorted({job.name for job in jobs if job.retried})
    if repeated:
        return (
            Outcome.FAILED,
            f"only first attempts count, and {', '.join(repeated)[:200]} ran more than once",
        )
    if run.status is not RunStatus.SUCCEEDED:
        return _OUTCOMES[run.status], _why_not(run, jobs)
    if unmet := list(unmet_jobs(jobs, offer.success)):
        return Outcome.FAILED, _listed("the pipeline says success, but ", unmet)
    return Outcome.SUCCEEDED, _how(jobs)


def _stopped(record: Record, offer: Offer) -> tuple[Outcome, str]:
    """A run whose time was over: the time to run, or the time to wait for a runner."""
    if not record.running_since:
        return Outcome.NEVER_STARTED, f"no runner took the run within {offer.limits.queue_seconds} s"
    return Outcome.TIME_LIMIT, f"stopped after the offer's {offer.limits.seconds} s"


def unmet_jobs(jobs: Sequence[Job], named: Sequence[str]) -> Iterator[str]:
    """Which jobs did not succeed though they must, in words (R8); nothing if all is well.

    The jobs that must succeed are ``named``, or all that are not allowed to fail where none is named. One
    job has to succeed in any case: a pipeline whose jobs may all fail has shown nothing.
    """
    real = [job for job in jobs if job.result is not JobResult.ARCHIVE]
    for name in named:
        if name not in [job.name for job in real]:
            yield f"{name}: no such job ran"
    for job in real:
        needed = job.name in named if named else not job.may_fail
        if job.result is JobResult.UNREAD or (needed and job.result is not JobResult.SUCCEEDED):
            yield _described(job)
    if not any(job.result is JobResult.SUCCEEDED for job in real):
        yield "no job succeeded"


def _how(jobs: Sequence[Job]) -> str:
    """What is true of the jobs of a run that is a success."""
    real = [job for job in jobs if job.result is not JobResult.ARCHIVE]
    others = [_described(job) for job in real if job.result is not JobResult.SUCCEEDED]
    if not others:
        return "every job succeeded"
    return _listed("every job that must succeed did; others: ", others)


def _why_not(run: Run, jobs: Sequence[Job]) -> str:
    failed = [_described(job) for job in jobs if job.failure_reason]
    return _listed("", failed) if failed else f"the pipeline is {run.status}"


def _described(job: Job) -> str:
    more = job.failure_reason not in ("", job.status)  # GitHub has one word for both
    word = f"{job.status}, {job.failure_reason}" if more else job.status
    return f"{job.name[:80]}: {word}{' (allowed to fail)' if job.may_fail else ''}"


def _listed(before: str, descriptions: Sequence[str]) -> str:
    return (before + "; ".join(descriptions))[:500]
