"""Look at a run once: judge it if it is over, stop it if its time is, and do not wait for ever for that."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple

from sealrun.errors import ProviderError, ProviderUnclear
from sealrun.offers.limits import Limits
from sealrun.offers.offer import Offer
from sealrun.offers.stored_offer import StoredOffer
from sealrun.ports.calls import Ledger
from sealrun.receipts.receipt import Outcome
from sealrun.runs.judge import judge, unmet_jobs
from sealrun.runs.record import (
    FORCE_AFTER,
    Ending,
    Record,
    State,
    due,
    jobs_began,
    judged,
    look_again,
    minutes_began,
    progress,
    running,
    stopping,
    unstoppable,
)
from sealrun.runs.run import Job, JobResult, Run, RunStatus
from sealrun.workflows.deadline import Deadline, InTime
from sealrun.workflows.gather_logs import LOG_WAIT
from sealrun.workflows.start_run import Starter, cancel_quietly

LOOK_SECONDS = 60


class Seen(NamedTuple):
    """A run that is over as the provider told it once, and its jobs."""

    run: Run
    jobs: Sequence[Job]


def look_at_run(
    record: Record,
    stored: StoredOffer,
    *,
    ledger: Ledger,
    starter: Starter,
    clock: Callable[[], int],
    lists_jobs: bool = True,
) -> tuple[Record, Seen | None]:
    """The record after one look, by whoever holds the lease, and what it was judged by if it was judged now.

    ``lists_jobs`` asks also how the jobs of a run stand that goes on, by one more request. No stranger's look
    at a call causes one.

    Raises:
        ProviderError: the provider could not be asked, or not in time, or has not told all.
        Unavailable: the credential or the ledger is out of reach.
    """
    provider = InTime(starter.open_provider(stored), Deadline(clock() + LOOK_SECONDS, clock))
    run, seen = provider.read(record.run_id), None
    now, limits = clock(), stored.offer.limits
    if run.status is not RunStatus.WAITING:
        record = running(record, started_at=run.started_at, now=now)
    if not run.status.over:
        record = _before_a_stop(record, limits, provider, now)
    if run.status.over:
        seen = Seen(run, provider.jobs(run.id))
        record = jobs_began(record, seen.jobs, limits, now=now)
        # However late the first look comes, there is one more.
        expect_all_told(run, seen.jobs, stored.offer, now=min(now, record.wake_at))
        ending = judge(run, seen.jobs, record, stored.offer, now=now)
        after = replace(judged(minutes_began(record, seen.jobs), ending), looked_at=now)
    elif unstoppable(record, now=now):
        after = judged(record, _never_stopped(record, stored, now))
    elif record.stopped_at or now >= due(record, limits):
        after = _stopped(record, provider, starter, now)
    else:  # look often at a waiting run: its start time is unknown until it is seen running
        soon = now + LOOK_SECONDS if run.status is RunStatus.WAITING else due(record, limits)
        by = min(soon, due(record, limits))
        after = look_again(record, now=now, by=by, age=now - record.started_at)
        if lists_jobs and run.status is RunStatus.RUNNING:
            after = _with_jobs(after, provider, now)
    if after.ending is None:  # only looks in a row that did not come to an end give a call up
        after = replace(after, spoiled=0)
    if ledger.save(record, after):
        return after, seen
    return ledger.record(record.call_hash) or record, None


def may_be_unchanged(record: Record, stored: StoredOffer, *, now: int) -> bool:
    """True for a run that was looked at before and is not to be stopped yet: only its provider can end it."""
    waits = record.state is State.RUNNING and record.run_id and record.looked_at
    return bool(waits) and not record.stopped_at and now < due(record, stored.offer.limits)


def unchanged(record: Record, stored: StoredOffer, *, now: int) -> Record:
    """The record after a look that found its run as the look before did; nothing was leased for it."""
    end = due(record, stored.offer.limits)
    by = end if record.running_since else min(end, now + LOOK_SECONDS)
    again = look_again(record, now=now, by=by, age=now - record.started_at)
    return replace(again, spoiled=record.spoiled)


def _with_jobs(record: Record, provider: InTime, now: int) -> Record:
    """The record with how the jobs stand; without an answer with how they stood before."""
    with suppress(ProviderError):
        return replace(record, progress=progress(provider.jobs_now(record.run_id), now=now))
    return record


def _before_a_stop(record: Record, limits: Limits, provider: InTime, now: int) -> Record:
    """The record of a run that is about to be stopped, with what its jobs tell of when a runner took it.

    GitHub tells it of no run, and calls one queued as long as one job waits for a runner:
    https://github.com/cli/cli/issues/13972.
    Where the jobs are not told, the run is looked at again for five minutes, and at least once, however late
    the first look comes: it may be a good one.
    """
    end = due(record, limits)
    if record.stopped_at or now < end:
        return record
    try:
        jobs = provider.jobs_now(record.run_id)
    except ProviderError:
        # A look that failed before the end puts the next one off, for no longer than that.
        if min(now, record.wake_at) < end + LOG_WAIT:
            raise
        return record
    if any(job.taken for job in jobs):
        record = running(record, started_at=now, now=now)
    return jobs_began(record, jobs, limits, now=now)


def expect_all_told(run: Run, jobs: Sequence[Job], offer: Offer, *, now: int) -> None:
    """Unclear where a run succeeded and a job that must is not over, or not listed: it may be later (R9)."""
    if run.status is not RunStatus.SUCCEEDED or now >= run.finished_at + LOG_WAIT:
        return
    names = [job.name for job in jobs if job.result is not JobResult.ARCHIVE]
    late = [f"{job.name} going on" for job in jobs if job.result is JobResult.UNFINISHED]
    late += [f"no {name}" for name in offer.success if name not in names] or ([] if names else ["none"])
    if late and any(unmet_jobs(jobs, offer.success)):
        raise ProviderUnclear(f"jobs: expected all of a run that is over to be over, got {late[0]}")


def _stopped(record: Record, provider: InTime, starter: Starter, now: int) -> Record:
    """Ask the run to stop, by force some time after the first request; a later look shows whether it did."""
    asked = stopping(record, now=now)
    # The next look asks again, and the wait for the run ends all the same.
    force = now >= asked.stopped_at + FORCE_AFTER
    cancel_quietly(provider, record.run_id, record, starter.put_off, force=force)
    return look_again(asked, now=now, by=now + LOOK_SECONDS)


def _never_stopped(record: Record, stored: StoredOffer, now: int) -> Ending:
    """The run is unpaid, and nothing it left is collected: it may still be writing.

    One that no runner took is no buyer's fault: GitHub leaves runs queued for ever, at times, and refuses to
    cancel them. https://github.com/actions/runner/issues/3872
    """
    limits = stored.offer.limits
    if not record.running_since:
        reason = (
            f"no runner took the run within {limits.queue_seconds} s, and it stays although asked to stop"
        )
        return Ending(Outcome.NEVER_STARTED, reason, now, blameless=True, bare=True)
    reason = f"the run went on after the offer's {limits.seconds} s, although it was asked to stop"
    return Ending(Outcome.TIME_LIMIT, reason, now, bare=True)
