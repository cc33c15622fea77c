"""What is remembered of a call, and the steps it may take.

    claimed ──▶ triggering ──▶ running ──▶ collecting ──▶ succeeded | failed | expired
       ▲            │ │                        ▲
       └─ not now ──┘ └─ the provider said no ─┴────────▶ never_started

A record only changes by replacing the version that was read, so two functions never take one step twice.
All times are whole Unix seconds; the clock is the caller's.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from sealrun.calls.call import TICKET_PREFIX, SignedCall
from sealrun.encoding.origins import same_place
from sealrun.offers.asset import TRADED
from sealrun.offers.limits import Limits
from sealrun.offers.offer import Offer
from sealrun.receipts.receipt import Outcome
from sealrun.runs.run import Job
from sealrun.values import dataclass, replace

# No function that talks to a provider runs longer than this, so whoever held a lease is gone when it ends.
START_LEASE = 90
COLLECT_LEASE = 16 * 60  # Lambda's own limit is 15 minutes
# GitLab ends a request of its own after 60 s, so a run that an unclear request started is there by then (R3).
UNCLEAR_WAIT = 90
# So a start leaves early enough in its lease, or not at all.
SEND_WITHIN = UNCLEAR_WAIT - 60
SEARCHES_BEFORE_RETRY = 2
SEARCH_GAP = 30
# A buyer waits this long for the provider to take the call; then it is never_started.
START_WINDOW = 15 * 60
# A provider that does not answer for this long after the time limit ends the call as unreachable.
UNREACHABLE_AFTER = 7 * 24 * 3600
# What a run left, and no function has come to the end of by then, is tried no more.
GIVE_UP_AFTER = 8 * 24 * 3600
# A run over which so many collections did not come to an end leaves nothing that can be collected.
MAX_SPOILED = 6
# A run that was asked to stop is asked with force after this long, and waited for no longer than that (L11).
FORCE_AFTER = 300
STOP_WITHIN = 3600
FIRST_LOOK = 10
# A record is read and written with every look.
MAX_JOBS, MAX_JOB_NAME = 20, 60
LONGEST_PAUSE = 300


class State(StrEnum):
    """Where a call stands."""

    CLAIMED = "claimed"
    TRIGGERING = "triggering"
    RUNNING = "running"
    COLLECTING = "collecting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    NEVER_STARTED = "never_started"
    EXPIRED = "expired"

    @property
    def over(self) -> bool:
        """True when nothing more happens to the call."""
        return self in _OVER


_OVER = (State.SUCCEEDED, State.FAILED, State.NEVER_STARTED, State.EXPIRED)
_STATE_OF = {
    Outcome.SUCCEEDED: State.SUCCEEDED,
    Outcome.NEVER_STARTED: State.NEVER_STARTED,
    Outcome.TIME_LIMIT: State.EXPIRED,
}


@dataclass(frozen=True)
class RunKey:
    """A run of a provider, named so that no two providers' runs meet."""

    provider: str
    origin: str  # in its one spelling, whatever it was given in
    project: str
    id: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "origin", same_place(self.origin))


class Fault(StrEnum):
    """What the end of a run that no buyer answers for says of the offer (L12)."""

    NONE = ""  # nothing: the run was good, or there was no room for it
    POSSIBLE = "possible"  # the seller may be at fault, and so may this buyer's inputs
    CERTAIN = "certain"  # the seller is at fault by the provider's own word, whatever the inputs


@dataclass(frozen=True)
class Ending:
    """How the call ends, decided before it is signed, so that signing again signs the same."""

    outcome: Outcome
    reason: str
    finished_at: int
    blameless: bool = False  # the seller's or the provider's fault, which counts against no buyer (L12)
    bare: bool = False  # nothing that the run left is collected: it was not seen to be over
    fault: Fault = Fault.NONE  # only where it is blameless


class Progress(NamedTuple):
    """How a run's jobs stood when it was last looked at."""

    at: int  # Unix seconds
    jobs: tuple[tuple[str, str], ...]  # name, cut where it is long, and ``Job.state``
    more: int  # so many jobs besides


@dataclass(frozen=True)
class Record:
    """One call as the ledger keeps it."""

    call_hash: int
    offer_hash: int
    account: str
    body: Mapping[str, Any]  # the signed call as it came; its inputs are the buyer's own
    claimed_at: int
    state: State
    version: int = 0
    wake_at: int = 0  # when the sweep looks next
    lease_until: int = 0  # nobody else takes a step before
    tried_at: int = 0  # when the last unanswered start was sent; 0 when none is unclear
    searches: int = 0  # how often that start's run was looked for in vain
    looks: int = 0  # how often the run was read while it ran
    looked_at: int = 0  # when it was read last
    run_id: int = 0
    run_url: str = ""
    run_shown: bool | None = None  # anyone may open that page; None where nobody knows
    started_at: int = 0  # when the run was accepted
    running_since: int = 0  # when a runner took it, as far as the looks at it tell
    stopped_at: int = 0  # when it was asked to stop because the offer's time was over
    spoiled: int = 0  # collections that did not come to an end: their function died, or their time was over
    ending: Ending | None = None
    receipt: Mapping[str, Any] | None = None  # {data, signature, publicKey}
    index: str = ""  # sha256 of the evidence index in the evidence store
    openings: str = ""  # sha256 of the document that opens all of its leaves, for the buyer
    statements: str = ""  # sha256 of the in-toto statements
    together: str = ""  # sha256 of the object that has those of these documents that are small, and the run's
    price: int = 0  # in the asset's smallest unit, reserved on the account until the call is over
    buyer: str = ""  # the signer, if that is not the account itself
    holder: str = ""  # the key whose share of the offer this call takes; a ticket's is its issuer's
    counted: tuple[str, ...] = ()  # whose shares it counts against until it is over: see ``Share``
    progress: Progress | None = None  # of a run that goes on, as far as it was seen

    @property
    def id(self) -> str:
        """The call hash as 64 hex digits."""
        return f"{self.call_hash:064x}"

    @property
    def ticket(self) -> str:
        """The identifier by which a ticket is used once; empty for a call that came without one."""
        identifier = self.body.get("identifier") or ""
        return identifier if identifier.startswith(TICKET_PREFIX) else ""

    @property
    def depth(self) -> int:
        """How many calls lie above this one, by its buyer's word; 0 for a call that no job made."""
        return int((self.body.get("parent") or {}).get("depth", 0))

    @property
    def asset(self) -> str:
        """What the price is in: a token's id in base58."""
        return str(self.body.get("asset") or TRADED.id)

    def shown(self) -> dict[str, Any]:
        """What an operator may see of the call: no input, no signature, no receipt."""
        return {
            "offer": f"{self.offer_hash:064x}",
            "account": self.account,
            "buyer": self.buyer or self.account,
            "state": self.state.value,
            "price": str(self.price),
            "asset": self.asset,
            "claimed_at": self.claimed_at,
            "run": self.run_url or None,
            "reason": self.ending.reason if self.ending else "",
        }

    @property
    def counts_as_failed(self) -> bool:
        """True for a run that is over and that its buyer caused to end without success (L7, L12)."""
        return (
            self.state.over
            and self.state is not State.SUCCEEDED
            and not (self.ending and self.ending.blameless)
        )

    @property
    def minutes(self) -> int:
        """What the run took of the offer's minutes, rounded up; only once it is over."""
        if self.ending is None or not self.running_since:
            return 0
        return max(0, -(-(self.ending.finished_at - self.running_since) // 60))

    def leased(self, now: int) -> bool:
        """True while another function works on this call, or while it has to rest."""
        return now < self.lease_until

    def run_key(self, offer: Offer) -> RunKey:
        """The run's name across providers; only when ``run_id`` is set."""
        return RunKey(offer.source.provider, offer.source.origin, offer.source.project, self.run_id)


def claimed(
    signed: SignedCall, *, now: int, price: int = 0, holder: str = "", counted: tuple[str, ...] = ()
) -> Record:
    """The first record of a call; the sweep looks after it if whoever claimed it dies.

    ``holder`` is whose share of the offer it takes, where that is not its signer; ``counted`` are the names
    of all shares that it counts against.
    """
    call = signed.call
    return Record(
        call_hash=call.hash,
        offer_hash=call.offer_hash,
        account=call.account.to_base58(),
        body=signed.body(),
        claimed_at=now,
        state=State.CLAIMED,
        wake_at=now + START_LEASE,
        price=price,
        buyer=signed.buyer.to_base58() if signed.buyer else "",
        holder=holder or signed.signer.to_base58(),
        counted=counted,
    )


def trying(record: Record, *, now: int) -> Record:
    """Take the lease and note that a start is about to be sent, before it is sent."""
    return _next(record, **_start_lease(now), tried_at=now, searches=0)


def seeking(record: Record, *, now: int) -> Record:
    """Take the lease to look for the run that an unanswered start may have made."""
    return _next(record, **_start_lease(now))


def _start_lease(now: int) -> dict[str, Any]:
    until = now + START_LEASE
    return {"state": State.TRIGGERING, "lease_until": until, "wake_at": until}


def not_now(record: Record, *, now: int, after: int) -> Record:
    """The provider clearly started nothing and may later."""
    again = now + max(1, after)
    return _next(record, state=State.CLAIMED, tried_at=0, lease_until=again, wake_at=again)


def unclear(record: Record) -> Record:
    """Something may have been started: look for it when it must be visible."""
    again = record.tried_at + UNCLEAR_WAIT
    return _next(record, lease_until=again, wake_at=again)


def seek_later(record: Record, *, now: int) -> Record:
    """The provider could not be asked: the attempt stays open."""
    return _next(record, lease_until=now + SEARCH_GAP, wake_at=now + SEARCH_GAP)


def searched(record: Record, *, now: int) -> Record:
    """The run was looked for in vain; after the last search it may be started again."""
    if record.searches + 1 >= SEARCHES_BEFORE_RETRY:
        return not_now(replace(record, searches=0), now=now, after=1)
    return _next(record, searches=record.searches + 1, lease_until=now + SEARCH_GAP, wake_at=now + SEARCH_GAP)


def accepted(
    record: Record,
    *,
    run_id: int,
    run_url: str,
    now: int,
    seconds: int,
    run_shown: bool | None = None,
    delivers: bool = False,
) -> Record:
    """This run is the call's one run from now on.

    The first look comes when that at a lost start would have come: an index that need not change costs
    nothing. Where the provider ``delivers`` the news of a run's end, it comes as late as any other look: most
    runs are over by then, and are never looked at in vain. It comes sooner where the run's time may be over
    by then, in ``seconds`` at most, and where the run was found late: its delivery may have come before.
    """
    late, usual = now - record.claimed_at > FIRST_LOOK, now + LONGEST_PAUSE if delivers else record.wake_at
    first = now + FIRST_LOOK if late else max(now + FIRST_LOOK, min(usual, now + seconds))
    return _next(
        record,
        state=State.RUNNING,
        run_id=run_id,
        run_url=run_url,
        run_shown=run_shown,
        started_at=now,
        tried_at=0,
        lease_until=0,
        wake_at=first,
    )


def looking(record: Record, *, now: int) -> Record:
    """Take the lease to collect (R6).

    The next look stays when it is: a sweep that finds it meanwhile sees the lease, and an index that need not
    change costs nothing.
    """
    return _next(record, lease_until=now + COLLECT_LEASE, spoiled=record.spoiled + 1)


def look_again(record: Record, *, now: int, by: int = 0, spoiled: bool = False, age: int = 0) -> Record:
    """Not over yet, or not to be had now: give the lease back and look again, ever less often.

    Args:
        record: as ``looking`` made it.
        now: Unix seconds.
        by: look again no later than then; 0 where nothing is due.
        spoiled: the collection ended because its time was over.
        age: seconds since the start of a run that goes on; it is looked at again when it is twice as old.
    """
    pause = min(max(FIRST_LOOK * 2 ** min(record.looks, 10), age), LONGEST_PAUSE)
    wake_at = min(now + pause, max(by, now + 1)) if by else now + pause
    count = record.spoiled if spoiled else max(0, record.spoiled - 1)
    return _next(record, looks=record.looks + 1, looked_at=now, lease_until=0, wake_at=wake_at, spoiled=count)


def stopping(record: Record, *, now: int) -> Record:
    """The offer's time is over; the run is asked to stop, and the call ends when it has stopped."""
    return _next(record, stopped_at=record.stopped_at or now)


def running(record: Record, *, started_at: int, now: int) -> Record:
    """A runner was seen to have taken the run; the provider's word for when counts within what was seen.

    It was no earlier than the last look, which saw no runner, and is no later than now.
    """
    if record.running_since or record.stopped_at:
        return record
    earliest = record.looked_at or record.started_at
    return replace(record, running_since=min(max(started_at, earliest), now))


def jobs_began(record: Record, jobs: Sequence[Job], limits: Limits, *, now: int) -> Record:
    """The record of a run that was seen running, with a later ``running_since`` where its jobs tell one.

    What a clock that is ahead tells counts within the offer's time to wait for a runner.
    """
    told = [job.started_at for job in jobs if job.started_at]
    if not told or not record.running_since or record.stopped_at:
        return record
    began = min(*told, record.started_at + limits.queue_seconds, now)
    return replace(record, running_since=max(record.running_since, began))


def minutes_began(record: Record, jobs: Sequence[Job]) -> Record:
    """The record of a run that is over, with ``running_since`` as its first job tells it.

    A provider may call a run a waiting one while one of its jobs runs: that takes of its time to run from
    the last one's start, and of the minutes from the first one's (L12).
    """
    told = [job.started_at for job in jobs if job.started_at]
    if not told or not record.running_since:
        return record
    return replace(record, running_since=max(record.started_at, min(*told, record.running_since)))


def due(record: Record, limits: Limits) -> int:
    """When the time of the run is over: its time to run, or its time to wait for a runner."""
    if record.running_since:
        return record.running_since + limits.seconds
    return record.started_at + limits.queue_seconds


def never_started(record: Record, reason: str, *, now: int, fault: Fault = Fault.NONE) -> Record:
    """Nothing runs and nothing will; the receipt that says so is still to be signed."""
    return _without_run(record, Outcome.NEVER_STARTED, reason, now, fault)


def never_told(record: Record, *, now: int) -> Record:
    """For days nobody learned whether a start that the provider did not answer made a run (L11)."""
    reason = "for days it could not be learned whether the provider had started the run"
    return _without_run(record, Outcome.UNREACHABLE, reason, now)


def without_offer(record: Record, *, now: int) -> Record:
    """The next look at a call whose offer is of an older sealrun, or its end after days (L11).

    Nothing here can read its run or sign for it. The version that took it can, for as long as it is not over.
    """
    if now < record.claimed_at + GIVE_UP_AFTER:
        return _next(record, wake_at=now + LONGEST_PAUSE)
    reason = "its offer is of an older sealrun, and the version that took the call did not end it for days"
    end = Ending(Outcome.UNREACHABLE, reason, now, blameless=True, bare=True)
    return _next(record, state=State.FAILED, ending=end, lease_until=0, wake_at=0, counted=(), progress=None)


def _without_run(
    record: Record, outcome: Outcome, reason: str, now: int, fault: Fault = Fault.NONE
) -> Record:
    end = Ending(outcome, reason, now, blameless=True, bare=True, fault=fault)
    return _next(record, state=State.COLLECTING, ending=end, lease_until=0, wake_at=now + FIRST_LOOK)


def progress(jobs: Sequence[Job], *, now: int) -> Progress:
    """The first of these jobs in few enough words for a record."""
    shown = tuple((job.name[:MAX_JOB_NAME], job.state) for job in jobs[:MAX_JOBS])
    return Progress(now, shown, max(0, len(jobs) - MAX_JOBS))


def judged(record: Record, end: Ending) -> Record:
    """Keep how the run ended as it was first seen (R5); the lease to collect goes on."""
    return _next(record, state=State.COLLECTING, ending=end)


def finished(
    record: Record,
    *,
    receipt: Mapping[str, Any],
    index: str,
    openings: str,
    statements: str,
    together: str = "",
) -> Record:
    """The call is over and its one receipt is here; whose shares it counted against is forgotten."""
    if record.ending is None:
        raise ValueError("record: expected an ending before a receipt, got none")
    state = _STATE_OF.get(record.ending.outcome, State.FAILED)
    results = {"receipt": receipt, "index": index, "openings": openings, "statements": statements}
    results["together"] = together
    return _next(record, state=state, lease_until=0, wake_at=0, counted=(), progress=None, **results)


def start_is_over(record: Record, *, now: int) -> bool:
    """True when the buyer has waited long enough for a start."""
    return now >= record.claimed_at + START_WINDOW


def unreachable(record: Record, *, now: int) -> bool:
    """True when the provider has kept the call waiting for days."""
    return now >= record.claimed_at + UNREACHABLE_AFTER


def given_up(record: Record, *, now: int) -> bool:
    """True if the evidence cannot be collected: every attempt took too long, or days have passed."""
    if not record.run_id:
        return False
    return record.spoiled >= MAX_SPOILED or now >= record.claimed_at + GIVE_UP_AFTER


def unstoppable(record: Record, *, now: int) -> bool:
    """True when the run was asked to stop long ago, and goes on."""
    return bool(record.stopped_at) and now >= record.stopped_at + STOP_WITHIN


def _next(record: Record, **changes: Any) -> Record:
    return replace(record, version=record.version + 1, **changes)
