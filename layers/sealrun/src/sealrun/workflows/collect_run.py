"""Collect what a run left, once it is over, and sign the call's one receipt."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial

from sealrun.calls.call import SignedCall
from sealrun.encoding.measure import measure_document
from sealrun.errors import ProviderError, TookTooLong, Unavailable
from sealrun.evidence.evidence import Evidence, Item, Tree
from sealrun.evidence.index import Index
from sealrun.evidence.leaves import Kind
from sealrun.evidence.secret_scan import Scanner
from sealrun.offers.offer import Offer
from sealrun.offers.stored_offer import StoredOffer
from sealrun.ports.calls import Ledger
from sealrun.ports.evidence import EvidenceStore, Spool, Unpack
from sealrun.ports.keys import Oracle
from sealrun.ports.provider import Issuers
from sealrun.receipts.receipt import Outcome, Receipt, SignedReceipt
from sealrun.receipts.statements import Subject, envelope, pae, statements
from sealrun.runs.document import LABEL, RunReport, run_document
from sealrun.runs.judge import as_judged
from sealrun.runs.record import (
    COLLECT_LEASE,
    START_LEASE,
    Ending,
    Record,
    State,
    finished,
    given_up,
    judged,
    look_again,
    looking,
    unreachable,
)
from sealrun.workflows import receipt_documents
from sealrun.workflows.count_fault import count_fault
from sealrun.workflows.deadline import Deadline, InTime
from sealrun.workflows.gather import Gathered, gather
from sealrun.workflows.pin_items import Pinning, first_failure, pin_items, with_one_more
from sealrun.workflows.start_run import Starter, start_run
from sealrun.workflows.watch_run import Seen, look_at_run

# An offer's deliveries are noted once in so many seconds.
NOTED_EVERY = 3600
# All that is gathered of one run; it leaves time of a function's 900 s to pin and to sign.
COLLECT_SECONDS = 480


@dataclass(frozen=True)
class Collector:
    """What it takes to collect, besides starting again what was never started."""

    starter: Starter
    oracle: Callable[[StoredOffer], Oracle]
    store: EvidenceStore
    unpack: Unpack
    spool: Spool
    issuers: Issuers
    secrets: Callable[[StoredOffer], Sequence[bytes]]  # the offer's own, which nothing may show
    pinning: Pinning = field(default_factory=Pinning)
    lists_jobs: bool = True  # of runs that go on, see ``look_at_run``


def advance(
    call_hash: int, *, ledger: Ledger, collector: Collector, clock: Callable[[], int]
) -> Record | None:
    """Take a call's next step, whatever it is; None if there is no such call.

    Raises:
        StoreUnavailable: the ledger or the evidence store is out of reach; the next sweep goes on.
    """
    record = ledger.record(call_hash)
    stored = ledger.offer(record.offer_hash) if record else None
    if record is None or stored is None:
        return None
    now = clock()
    after = take_step(record, stored, ledger=ledger, collector=collector, clock=clock)
    # No sweep looks at a run before its time, so somebody was told of its end: its offer's deliveries come.
    told = record.state is State.RUNNING and now < record.wake_at and after.state.over
    if told and now - stored.delivered_at >= NOTED_EVERY:
        ledger.note_delivery(record.offer_hash, now=now)
    return after


def take_step(
    record: Record, stored: StoredOffer, *, ledger: Ledger, collector: Collector, clock: Callable[[], int]
) -> Record:
    """Take the next step of a call that was read just now, with its offer; raises what ``advance`` does."""
    if record.state in (State.CLAIMED, State.TRIGGERING):
        return _start_in_place(record, stored, ledger, collector, clock)
    return collect_run(record, stored, ledger=ledger, collector=collector, clock=clock)


def _start_in_place(
    record: Record, stored: StoredOffer, ledger: Ledger, collector: Collector, clock: Callable[[], int]
) -> Record:
    """Start or search again; starts that hang take no place of another offer's (L11)."""
    now = clock()
    if record.leased(now):
        return record
    until = now + START_LEASE
    if not ledger.take_place(record.offer_hash, record.call_hash, now=now, until=until, start=True):
        return record
    with _leaving(record, ledger, until):
        return start_run(record, stored, ledger=ledger, starter=collector.starter, clock=clock)


@contextmanager
def _leaving(record: Record, ledger: Ledger, until: int) -> Iterator[None]:
    """Leave the place that was taken ``until`` then; of a function that is killed it is free by its time."""
    try:
        yield
    except Exception:
        ledger.leave_place(record.offer_hash, record.call_hash, until=until)
        raise
    ledger.leave_place(record.offer_hash, record.call_hash, until=until)


def collect_run(
    record: Record, stored: StoredOffer, *, ledger: Ledger, collector: Collector, clock: Callable[[], int]
) -> Record:
    """Read the run; if it is over, judge it once, store what it left and sign the receipt.

    A call that is over, or that another function works on, is left as it is (R6). When the provider
    or a store cannot be reached the lease is given back, and the next sweep goes on.

    Raises:
        StoreUnavailable: the ledger is out of reach.
    """
    now = clock()
    if record.state.over or record.leased(now):
        return record
    until, spoiled = now + COLLECT_LEASE, record.spoiled > 0
    if not ledger.take_place(record.offer_hash, record.call_hash, now=now, until=until, spoiled=spoiled):
        return record  # an offer whose collections hang takes no place of the others (L11)
    with _leaving(record, ledger, until):
        return _in_place(record, stored, ledger, collector, clock)


def _in_place(
    record: Record, stored: StoredOffer, ledger: Ledger, collector: Collector, clock: Callable[[], int]
) -> Record:
    now = clock()
    leased = looking(record, now=now)
    until = leased.lease_until
    if not ledger.save(record, leased):
        return ledger.record(record.call_hash) or record
    try:
        end, seen = _given_up(now) if given_up(record, now=now) else leased.ending, None
        if end is None:
            leased, seen = look_at_run(
                leased,
                stored,
                ledger=ledger,
                starter=collector.starter,
                clock=clock,
                lists_jobs=collector.lists_jobs,
            )
            end = leased.ending
        if end is None or leased.lease_until != until:
            return leased  # it goes on, or another function took it over, or ended it, while this one slept
        after = _concluded(leased, end, seen, stored, ledger, collector, clock)
    except (ProviderError, Unavailable) as error:
        collector.starter.put_off(leased.call_hash, error)
        return _give_back(leased, ledger, now=clock(), error=error)
    except Exception:  # a fault of ours: it is reported, and must not keep the call waiting for the lease
        _give_back(leased, ledger, now=clock())
        raise
    if not ledger.save(leased, after):
        return ledger.record(record.call_hash) or leased
    count_fault(after, stored, ledger, now=clock())
    return after


def _given_up(now: int) -> Ending:
    reason = "what the run left could not be collected in time"
    return Ending(Outcome.UNREACHABLE, reason, now, blameless=True, bare=True)


def _concluded(
    record: Record,
    end: Ending,
    seen: Seen | None,
    stored: StoredOffer,
    ledger: Ledger,
    collector: Collector,
    clock: Callable[[], int],
) -> Record:
    """Gather the evidence, pin it, then sign the one receipt over it."""
    in_time = Deadline(clock() + COLLECT_SECONDS, clock)
    # What is pinned is read from the store, so a log lies alone there.
    small = receipt_documents.SmallLogs(0 if collector.pinning.pinners else receipt_documents.MAX_LOGS)
    gathered = _gathered(record, end, seen, stored, ledger, collector, small, in_time)
    oracle = collector.oracle(stored)
    store, offer = collector.store, stored.offer
    document = _run_document(record, gathered, offer, oracle, collector, clock)
    evidence = _evidence(record, gathered, document, oracle)
    receipt = _sign(record, gathered, evidence, stored, oracle)
    about = Subject(receipt, offer, Index.parse(evidence.index), json.loads(document))
    named = {
        receipt_documents.INDEX: evidence.index,
        receipt_documents.OPENINGS: evidence.openings,
        receipt_documents.STATEMENTS: _statements(about, oracle),
    }
    with_run = {} if collector.pinning.pinners else {receipt_documents.RUN: document}
    return finished(
        judged(record, gathered.ending),
        receipt=receipt.document(),
        together=receipt_documents.store_documents(store, {**named, **with_run}, small.texts),
        **{name: hashlib.sha256(each).hexdigest() for name, each in named.items()},
    )


def _gathered(
    record: Record,
    end: Ending,
    seen: Seen | None,
    stored: StoredOffer,
    ledger: Ledger,
    collector: Collector,
    small: receipt_documents.SmallLogs,
    in_time: Deadline,
) -> Gathered:
    """What the run left; run and jobs are read again only where another function judged them."""
    if end.bare:
        return Gathered(end, RunReport())
    provider = InTime(collector.starter.open_provider(stored), in_time)
    run, jobs = seen or (provider.read(record.run_id), provider.jobs(record.run_id))
    return gather(
        record,
        end,
        as_judged(run, end),
        jobs,
        offer=stored.offer,
        provider=provider,
        store=collector.store,
        unpack=collector.unpack,
        spool=collector.spool,
        ledger=ledger,
        issuers=collector.issuers,
        scanner=Scanner(collector.secrets(stored)),
        small=small,
        in_time=in_time,
        put_off=collector.starter.put_off,
    )


def _run_document(
    record: Record,
    gathered: Gathered,
    offer: Offer,
    oracle: Oracle,
    collector: Collector,
    clock: Callable[[], int],
) -> bytes:
    """The document of the run; where it is pinned it lies alone, and tells of itself if it could not be."""
    pin = partial(pin_items, pinning=collector.pinning, store=collector.store, clock=clock)
    pins = pin([*gathered.outputs, *gathered.profile])

    def document(why_not: str) -> bytes:
        report = replace(gathered.report, pins=with_one_more(pins, LABEL, why_not))
        made = run_document(record, gathered.ending, offer, report, statement_key=oracle.statement_key)
        if collector.pinning.pinners:
            receipt_documents.store_alone(collector.store, receipt_documents.RUN, made)
        return made

    made = document("")
    why_not = first_failure(pin([_run_item(made)]))
    return document(why_not) if why_not else made


def _run_item(document: bytes) -> Item:
    """The first leaf of the profile, which is always shown."""
    measured = measure_document(document)
    return Item(Kind.RUN, LABEL, measured.sha256, measured.size, public=True, cid=measured.cid)


def _evidence(record: Record, gathered: Gathered, document: bytes, oracle: Oracle) -> Evidence:
    """Both trees."""
    seed = oracle.seed(record.id)
    outputs = Tree("outputs", tuple(gathered.outputs), seed)
    return Evidence(record.id, outputs, Tree("profile", (_run_item(document), *gathered.profile), seed))


def _statements(about: Subject, oracle: Oracle) -> bytes:
    """``receipt.intoto.jsonl``."""
    key = oracle.statement_key
    return b"".join(
        envelope(payload, key=key, signature=oracle.sign_statement(pae(payload)))
        for payload in statements(about)
    )


def _sign(
    record: Record, gathered: Gathered, evidence: Evidence, stored: StoredOffer, oracle: Oracle
) -> SignedReceipt:
    call = SignedCall.parse(record.body, stored.offer).call
    receipt = Receipt(
        network=call.network,
        call_hash=call.hash,
        offer_hash=call.offer_hash,
        source_hash=stored.offer.source_hash,
        inputs_hash=call.inputs_hash,
        outputs_hash=evidence.outputs.hash,
        profile_hash=evidence.profile.hash,
        status=gathered.ending.outcome,
        grade=gathered.grade,
        finished_at=gathered.ending.finished_at,
    )
    return SignedReceipt(receipt, oracle.sign(receipt.fields()), oracle.public_key)


def _give_back(
    record: Record, ledger: Ledger, *, now: int, error: ProviderError | Unavailable | None = None
) -> Record:
    """Look again later; after days the call ends all the same, with a receipt that says why.

    A look that did not come to its end counts for none: the run may have changed since the one before.
    """
    # A judgement saved since then is kept.
    leased, record = record, ledger.record(record.call_hash) or record
    if record.lease_until != leased.lease_until:
        return record  # another function took the call over, or ended it, while this one slept
    if unreachable(record, now=now):
        away = isinstance(error, ProviderError)  # else it was a store, a key or a node of the operator's
        reason = f"{'the provider' if away else 'what the operator needs'} could not be reached for days"
        latest = judged(record, Ending(Outcome.UNREACHABLE, reason, now, blameless=True, bare=True))
    else:
        latest = record
    spoiled = isinstance(error, TookTooLong)
    again = look_again(latest, now=now, spoiled=spoiled)
    after = replace(again, looked_at=record.looked_at, version=record.version + 1)
    return after if ledger.save(record, after) else ledger.record(record.call_hash) or record
