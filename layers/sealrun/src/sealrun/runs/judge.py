"""Is a run ours, and how did it end? Pure answers; the rules are R3, R4 and R5."""

from collections.abc import Sequence

from sealrun.offers.offer import Offer
from sealrun.receipts.receipt import Outcome
from sealrun.runs.record import Ending, Record
from sealrun.runs.run import Job, Project, Run, RunStatus

# The pipeline's input that carries the call's hash.
CALL_INPUT = "sealrun_call"
# How far the provider's clock may lag behind ours.
CLOCK_SKEW = 120

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
    """In what this run differs from one that we started for this call (R3); empty if it is ours.

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
    if run.created_at < record.claimed_at - CLOCK_SKEW:
        return f"the run is from {run.created_at}, before the call was claimed at {record.claimed_at}"
    return ""


def source_changed(run: Run, offer: Offer) -> str:
    """Why the run is not of the offer's commit (R4); empty if it is."""
    if run.sha == offer.source.commit:
        return ""
    return f"the run's commit is {run.sha[:64]}, the offer's is {offer.source.commit}"


def configuration_changed(project: Project, offer: Offer) -> str:
    """Why the project would run another file than the offer's (R4); empty if not, or if untold."""
    wanted = offer.source.configuration.path
    if project.configuration in ("", wanted):
        return ""
    return f"the project is set to run {project.configuration[:100]}, the offer names {wanted}"


def judge(run: Run, jobs: Sequence[Job], record: Record, offer: Offer, *, now: int) -> Ending:
    """How a run that is over ended, by its first terminal state and its first attempts (R5)."""
    outcome, reason = _outcome(run, jobs, record, offer)
    return Ending(outcome, reason, run.finished_at or now)


def _outcome(run: Run, jobs: Sequence[Job], record: Record, offer: Offer) -> tuple[Outcome, str]:
    if changed := foreign(run, record, offer) or source_changed(run, offer):
        return Outcome.SOURCE_CHANGED, changed
    if run.status is RunStatus.CANCELED and record.stopped_at:
        return Outcome.TIME_LIMIT, f"stopped after the offer's {offer.limits.seconds} s"
    repeated = sorted({job.name for job in jobs if job.retried})
    if repeated:
        return (
            Outcome.FAILED,
            f"only first attempts count, and {', '.join(repeated)[:200]} ran more than once",
        )
    return _OUTCOMES[run.status], _why(run, jobs)


def _why(run: Run, jobs: Sequence[Job]) -> str:
    if run.status is RunStatus.SUCCEEDED:
        return "every job succeeded"
    failed = [f"{job.name}: {job.failure_reason or job.status}" for job in jobs if job.failure_reason]
    return ("; ".join(failed) or f"the pipeline is {run.status}")[:500]
