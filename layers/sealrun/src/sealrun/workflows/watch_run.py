"""Look at a run once: judge it if it is over, stop it if its time is, and do not wait for ever for that."""

from collections.abc import Callable
from contextlib import suppress

from sealrun.errors import ProviderError
from sealrun.offers.stored_offer import StoredOffer
from sealrun.ports.calls import Ledger
from sealrun.receipts.receipt import Outcome
from sealrun.runs.judge import judge
from sealrun.runs.record import (
    FORCE_AFTER,
    Ending,
    Record,
    due,
    judged,
    look_again,
    running,
    stopping,
    unstoppable,
)
from sealrun.runs.run import RunStatus
from sealrun.workflows.deadline import Deadline, InTime
from sealrun.workflows.start_run import Starter

LOOK_SECONDS = 60


def look_at_run(
    held: Record, stored: StoredOffer, *, ledger: Ledger, starter: Starter, clock: Callable[[], int]
) -> Record:
    """The record after one look, by whoever holds the lease.

    Raises:
        ProviderError: the provider could not be asked, or not in time.
        Unavailable: the credential or the ledger is out of reach.
    """
    provider = InTime(starter.open_provider(stored), Deadline(clock() + LOOK_SECONDS, clock))
    run = provider.read(held.run_id)
    now, limits = clock(), stored.offer.limits
    if run.status is not RunStatus.WAITING:
        held = running(held, started_at=run.started_at, now=now)
    if run.status.over:
        after = judged(held, judge(run, provider.jobs(run.id), held, stored.offer, now=now))
    elif unstoppable(held, now=now):
        after = judged(held, _never_stopped(stored, now))
    elif held.stopped_at or now >= due(held, limits):
        after = _stopped(held, provider, now)
    else:  # one that waits is looked at often: until it is seen to run, its time is not known
        soon = now + LOOK_SECONDS if run.status is RunStatus.WAITING else due(held, limits)
        after = look_again(held, now=now, by=min(soon, due(held, limits)))
    return after if ledger.save(held, after) else ledger.record(held.call_hash) or held


def _stopped(held: Record, provider: InTime, now: int) -> Record:
    """Ask the run to stop, with force once it was asked for some time; that it stopped is seen later."""
    asked = stopping(held, now=now)
    with suppress(
        ProviderError
    ):  # what cannot be asked is asked again, and the wait for it ends all the same
        provider.cancel(held.run_id, force=now >= asked.stopped_at + FORCE_AFTER)
    return look_again(asked, now=now, by=now + LOOK_SECONDS)


def _never_stopped(stored: StoredOffer, now: int) -> Ending:
    """Unpaid, and nothing of it is collected: it still writes."""
    limits = stored.offer.limits
    said = f"the run went on after the offer's {limits.seconds} s, although it was asked to stop"
    return Ending(Outcome.TIME_LIMIT, said, now, bare=True)
