"""Start exactly one run for a claimed call (R3)."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from sealrun.errors import (
    ProviderBusy,
    ProviderError,
    ProviderRefused,
    ProviderUnclear,
    SealrunError,
    Unavailable,
)
from sealrun.offers.stored_offer import StoredOffer
from sealrun.ports.calls import Ledger
from sealrun.ports.provider import Provider
from sealrun.ports.waker import Waker
from sealrun.runs.judge import foreign, source_changed, too_early
from sealrun.runs.record import (
    SEARCHES_BEFORE_RETRY,
    SEND_WITHIN,
    Record,
    State,
    accepted,
    never_started,
    never_told,
    not_now,
    searched,
    seek_later,
    seeking,
    start_is_over,
    trying,
    unclear,
    unreachable,
)
from sealrun.runs.run import Run

# A provider that is out of reach, or a credential that does not open, is tried again after this long.
PAUSE_SECONDS = 60


def _untold(_call_hash: int, _error: SealrunError) -> None:
    """Nobody is told."""


@dataclass(frozen=True)
class Starter:
    """What it takes to start a run: a provider opened with the offer's credential, and a wake-up call.

    ``put_off`` is told why a call's step waits for a later look, for the operator's log (R11).
    """

    open_provider: Callable[[StoredOffer], Provider]
    waker: Waker
    put_off: Callable[[int, SealrunError], None] = _untold


def start_run(
    record: Record, stored: StoredOffer, *, ledger: Ledger, starter: Starter, clock: Callable[[], int]
) -> Record:
    """Take the next step towards the call's one run, and return the record as it is then.

    Safe to call again at any time: after an unanswered start the run is looked for by its name, after
    the provider's own request limit and twice, before another start is sent.

    Raises:
        StoreUnavailable: the ledger is out of reach; the next sweep goes on.
    """
    now = clock()
    if record.state not in (State.CLAIMED, State.TRIGGERING) or record.leased(now):
        return record
    if end := _waited_enough(record, now):
        return _saved(record, end, ledger, starter)
    held = seeking(record, now=now) if record.tried_at else trying(record, now=now)
    if not ledger.save(record, held):
        return ledger.record(record.call_hash) or record
    if not record.tried_at:
        return start_held(held, stored, ledger=ledger, starter=starter, clock=clock)
    return _saved(held, _seek(held, stored, ledger, starter, clock), ledger, starter)


def _waited_enough(record: Record, now: int) -> Record | None:
    """The end of a call that was not started in time, or whose start stays unclear for days (L11)."""
    if record.tried_at == 0 and start_is_over(record, now=now):
        return never_started(record, "the provider did not take the call in time", now=now)
    return never_told(record, now=now) if unreachable(record, now=now) else None


def start_held(
    held: Record, stored: StoredOffer, *, ledger: Ledger, starter: Starter, clock: Callable[[], int]
) -> Record:
    """Send one start for a call whose record already says so, and holds the lease.

    Raises:
        StoreUnavailable: see ``start_run``.
    """
    return _saved(held, _start(held, stored, ledger, starter, clock), ledger, starter)


def _start(
    held: Record, stored: StoredOffer, ledger: Ledger, starter: Starter, clock: Callable[[], int]
) -> Record:
    """Send one start; only a clear answer decides anything."""
    try:
        provider = starter.open_provider(stored)
        if clock() > held.tried_at + SEND_WITHIN:  # others would look for the run before it can be seen
            return not_now(held, now=clock(), after=1)
        run = provider.start(name=held.id, inputs=held.body["inputs"])
    except ProviderRefused as error:
        return never_started(held, f"the provider refused: {error.detail}", now=clock())
    except ProviderBusy as error:
        starter.put_off(held.call_hash, error)
        return not_now(held, now=clock(), after=error.retry_after)
    except ProviderUnclear as error:
        starter.put_off(held.call_hash, error)
        return unclear(held)
    except Unavailable as error:
        starter.put_off(held.call_hash, error)
        return not_now(held, now=clock(), after=PAUSE_SECONDS)
    return _accept(held, run, provider, stored, ledger, clock())


def _seek(
    held: Record, stored: StoredOffer, ledger: Ledger, starter: Starter, clock: Callable[[], int]
) -> Record:
    """Look for the run of an unanswered start; nothing is started here."""
    try:
        provider = starter.open_provider(stored)
        found = provider.find(held.id, since=held.claimed_at)
        runs = [run for run in found if not (foreign(run, held, stored.offer) or too_early(run, held))]
    except (ProviderError, Unavailable) as error:
        starter.put_off(held.call_hash, error)
        return seek_later(held, now=clock())
    now = clock()
    if runs:
        return _accept(held, runs[0], provider, stored, ledger, now)
    if held.searches + 1 >= SEARCHES_BEFORE_RETRY and start_is_over(held, now=now):
        return never_started(held, "no run was found, and the time to start one is over", now=now)
    return searched(held, now=now)


def _accept(
    held: Record, run: Run, provider: Provider, stored: StoredOffer, ledger: Ledger, now: int
) -> Record:
    """Make this run the call's one run. A run of another commit is stopped and closes the offer (R4).

    Another project, account or ref may be a setting that passes, so it only suspends, as does a clock (L13).
    """
    offer_hash, differs = stored.offer.hash, foreign(run, held, stored.offer)
    if changed := source_changed(run, stored.offer):
        ledger.close_offer(offer_hash, changed)
    elif suspends := differs or too_early(run, held):
        ledger.suspend_offer(offer_hash, suspends)
    if changed or differs:
        cancel_quietly(provider, run.id)
    return accepted(held, run_id=run.id, run_url=run.url, now=now)


def cancel_quietly(provider: Provider, run_id: int) -> None:
    """Ask a run to stop; whether it did is seen when it is read."""
    with contextlib.suppress(ProviderError):
        provider.cancel(run_id)


def _saved(before: Record, after: Record, ledger: Ledger, starter: Starter) -> Record:
    if not ledger.save(before, after):
        return ledger.record(before.call_hash) or before
    if after.state is State.COLLECTING:
        starter.waker.wake(after.call_hash)
    return after
