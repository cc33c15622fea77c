"""Start exactly one run for a claimed call (R3)."""

import contextlib
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NamedTuple

from sealrun.errors import (
    ProviderBusy,
    ProviderError,
    ProviderRefused,
    ProviderUnclear,
    SealrunError,
    Unavailable,
)
from sealrun.offers.offer import Offer
from sealrun.offers.stored_offer import StoredOffer
from sealrun.ports.calls import Ledger
from sealrun.ports.provider import Provider
from sealrun.ports.waker import Waker
from sealrun.runs.judge import foreign, source_changed, too_early
from sealrun.runs.record import (
    SEARCHES_BEFORE_RETRY,
    SEND_WITHIN,
    Fault,
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

# Where a delivery told of a run's end within this time, the next one is waited for.
DELIVERED_WITHIN = 24 * 3600
# A provider that is out of reach, or a credential that does not open, is tried again after this long.
PAUSE_SECONDS = 60
# What a provider says of a request's inputs; of one whose token or address it does not take, it says nothing
# about inputs.
_OF_INPUTS = re.compile(r"(?s)([a-z]+ answered (?!401|403|404)[0-9]{3}): .*")


PutOff = Callable[[int, SealrunError], None]


def _untold(_call_hash: int, _error: SealrunError) -> None:
    """Notify nobody."""


def _unshared(_offer_hash: int) -> AbstractContextManager[bool]:
    """There is a place: nobody else uses this process meanwhile."""
    return contextlib.nullcontext(True)  # noqa: FBT003


class Starter(NamedTuple):
    """What it takes to start a run: a provider opened with the offer's credential, and a wake-up call.

    ``put_off`` receives the reason why a call's step waits for a later look, for the operator's log (R11),
    why one was refused where that is not shown, and why a run took no request to stop.
    ``share`` is entered by a request before it waits for an offer's provider; it gives False where the
    offer's requests hold their share of this process already (L11).
    """

    open_provider: Callable[[StoredOffer], Provider]
    waker: Waker
    put_off: PutOff = _untold
    share: Callable[[int], AbstractContextManager[bool]] = _unshared


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
    leased = seeking(record, now=now) if record.tried_at else trying(record, now=now)
    if not ledger.save(record, leased):
        return ledger.record(record.call_hash) or record
    if not record.tried_at:
        return start_held(leased, stored, ledger=ledger, starter=starter, clock=clock)
    return _saved(leased, _seek(leased, stored, ledger, starter, clock), ledger, starter)


def _waited_enough(record: Record, now: int) -> Record | None:
    """The end of a call that was not started in time, or whose start stays unclear for days (L11)."""
    if record.tried_at == 0 and start_is_over(record, now=now):
        return never_started(record, "the provider did not take the call in time", now=now)
    return never_told(record, now=now) if unreachable(record, now=now) else None


def start_claimed(
    record: Record, stored: StoredOffer, *, ledger: Ledger, starter: Starter, clock: Callable[[], int]
) -> Record:
    """Send the first start of a call that was claimed just now, or leave it to the next sweep.

    It is left where the offer's requests hold their share of this process, as when its provider hangs.

    Raises:
        StoreUnavailable: see ``start_run``.
    """
    with starter.share(record.offer_hash) as has_place:
        if has_place:
            return start_held(record, stored, ledger=ledger, starter=starter, clock=clock)
    return _saved(record, not_now(record, now=clock(), after=1), ledger, starter)


def start_held(
    record: Record, stored: StoredOffer, *, ledger: Ledger, starter: Starter, clock: Callable[[], int]
) -> Record:
    """Send one start for a call whose record already says so, and holds the lease.

    Raises:
        StoreUnavailable: see ``start_run``.
    """
    return _saved(record, _start(record, stored, ledger, starter, clock), ledger, starter)


def _start(
    record: Record, stored: StoredOffer, ledger: Ledger, starter: Starter, clock: Callable[[], int]
) -> Record:
    """Send one start; only a clear answer decides anything."""
    try:
        provider = starter.open_provider(stored)
        if clock() > record.tried_at + SEND_WITHIN:  # another function may search before the run shows up
            return not_now(record, now=clock(), after=1)
        run = provider.start(name=record.id, inputs=record.body["inputs"])
    except ProviderRefused as error:
        fault = Fault.CERTAIN if error.whatever_inputs else Fault.POSSIBLE
        reason = why_refused(record, error, stored.offer, starter)
        return never_started(record, reason, now=clock(), fault=fault)
    except ProviderBusy as error:
        starter.put_off(record.call_hash, error)
        return not_now(record, now=clock(), after=error.retry_after)
    except ProviderUnclear as error:
        starter.put_off(record.call_hash, error)
        return unclear(record)
    except Unavailable as error:
        starter.put_off(record.call_hash, error)
        return not_now(record, now=clock(), after=PAUSE_SECONDS)
    return accept_run(record, run, provider, stored, ledger, starter, clock())


def why_refused(record: Record, error: ProviderRefused, offer: Offer, starter: Starter) -> str:
    """Why nothing was started, for everybody; words that may repeat private inputs are for the log (R7)."""
    shown = error.detail
    if offer.evidence.inputs == "buyer":
        shown = _OF_INPUTS.sub(r"\1, in words that may repeat the buyer's inputs", shown)
    if shown != error.detail:
        starter.put_off(record.call_hash, error)
    return f"the provider refused: {shown}"


def _seek(
    record: Record, stored: StoredOffer, ledger: Ledger, starter: Starter, clock: Callable[[], int]
) -> Record:
    """Look for the run of an unanswered start; nothing is started here."""
    try:
        provider = starter.open_provider(stored)
        matches = provider.find(record.id, since=record.claimed_at)
        runs = [run for run in matches if not (foreign(run, record, stored.offer) or too_early(run, record))]
    except (ProviderError, Unavailable) as error:
        starter.put_off(record.call_hash, error)
        return seek_later(record, now=clock())
    now = clock()
    if runs:
        return accept_run(record, runs[0], provider, stored, ledger, starter, now)
    if record.searches + 1 >= SEARCHES_BEFORE_RETRY and start_is_over(record, now=now):
        return never_started(record, "no run was found, and the time to start one is over", now=now)
    return searched(record, now=now)


def accept_run(
    record: Record,
    run: Run,
    provider: Provider,
    stored: StoredOffer,
    ledger: Ledger,
    starter: Starter,
    now: int,
) -> Record:
    """Make this run the call's one run. A run of another commit is stopped and closes the offer (R4).

    Another project, account or ref may be a setting that passes, so it only suspends, as does a clock (L13).
    """
    offer_hash, differs = stored.offer.hash, foreign(run, record, stored.offer)
    if changed := source_changed(run, stored.offer):
        ledger.close_offer(offer_hash, changed)
    elif suspends := differs or too_early(run, record):
        ledger.suspend_offer(offer_hash, suspends)
    if changed or differs:
        cancel_quietly(provider, run.id, record, starter.put_off)
    limits = stored.offer.limits
    return accepted(
        record,
        run_id=run.id,
        run_url=run.url,
        now=now,
        seconds=0 if run.status.over else min(limits.seconds, limits.queue_seconds),
        run_shown=stored.shows_runs,
        delivers=now - stored.delivered_at < DELIVERED_WITHIN,
    )


def cancel_quietly(
    provider: Provider, run_id: int, record: Record, put_off: PutOff, *, force: bool = False
) -> None:
    """Ask a run to stop; reading it later shows whether it did, and the log why it was not asked (R11)."""
    try:
        provider.cancel(run_id, force=force)
    except ProviderError as error:
        put_off(record.call_hash, error)


def _saved(before: Record, after: Record, ledger: Ledger, starter: Starter) -> Record:
    if not ledger.save(before, after):
        return ledger.record(before.call_hash) or before
    if after.state is State.COLLECTING:
        starter.waker.wake(after.call_hash)
    return after
