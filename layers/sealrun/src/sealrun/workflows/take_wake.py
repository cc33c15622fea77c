"""Take over the run of a call that an edge took, so that its receipt comes as any other's (L15)."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from sealrun.calls.call import MAX_LIFETIME_SECONDS, SignedCall, check_expiry
from sealrun.calls.ticket import Redemption
from sealrun.calls.wake import Start, Wake, check_wake
from sealrun.errors import Conflict, Expired, ProviderError, ProviderRefused, Unavailable
from sealrun.offers.limits import MAX_CALLS_AN_HOUR
from sealrun.offers.stored_offer import StoredOffer
from sealrun.ports.calls import Ledger, Quota
from sealrun.runs.judge import run_name
from sealrun.runs.record import Fault, Record, State, claimed, never_started, not_now, trying, unclear
from sealrun.workflows.accept_call import check_access, check_no_tickets, known_offer
from sealrun.workflows.redeem_ticket import check_access as check_ticket_access
from sealrun.workflows.redeem_ticket import check_offer
from sealrun.workflows.start_run import Starter, accept_run, why_refused

# An edge tries for as long as a call's receipt may take; what comes later, its provider has long forgotten.
LATEST_SECONDS = 7 * 24 * 3600
# The name of any call's run.
_A_CALLS = re.compile(run_name("[0-9a-f]{64}"))
# How far the edge's clock may be ahead of ours.
SKEW_SECONDS = 60


@dataclass(frozen=True)
class Region:
    """What it takes to go on with a call; the parts are those of ``accept_call``."""

    ledger: Ledger
    starter: Starter
    clock: Callable[[], int]
    audience: str  # the URL of this stack, which tickets name


def take_wake(body: bytes, signature: str, *, region: Region) -> Record:
    """Store a call that the offer's edge took, with its run, and return its record.

    The buyer's signature, access and inputs are checked as if the call had come here. Its buyer's hour is not
    counted a second time, for the edge has counted it; the offer's own counters are. Handed over again, a
    call is answered with its state, and nothing changes.

    Args:
        body: a ``Wake``, as it came.
        signature: base58, of the offer's edge.
        region: where the call goes on.

    Raises:
        Refused: the wake, or the call within it, is wrong; the subclasses say how.
        TooMany: more runs at once, or more of the month's minutes, than the offer has; the edge asks again.
        Unavailable: the ledger is out of reach; likewise.
    """
    wake = Wake.parse(body)
    stored = known_offer(region.ledger, f"{wake.offer_hash:064x}")
    check_wake(body, signature, stored.offer)
    signed, redemption = wake.signed_call(stored.offer)
    if known := region.ledger.record(signed.call.hash):
        return known
    _check_call(wake, signed, redemption, stored, region)
    holder = redemption.grant.issuer.to_base58() if redemption else ""
    # The run exists: it counts in its buyer's month, and no buyer's month that is used up leaves it unjudged.
    at_once = stored.offer.access.share.at_once
    share = Quota(holder or signed.signer.to_base58(), MAX_CALLS_AN_HOUR, at_once)
    first = claimed(signed, now=wake.claimed_at, holder=holder, counted=(share.holder,))
    record = trying(first, now=wake.tried_at)
    # The edge has held a call's identifier against those of its offer. It knows none of other offers, and its
    # run is there. A ticket's is held here too.
    identifier = signed.identifier if redemption else None
    # One write claims: whoever dies after it leaves a start that the next sweep looks for by its name.
    if not region.ledger.claim(record, stored.offer, identifier=identifier, quotas=[share]):
        return _known(record, identifier, region.ledger)
    after = _after(wake, record, stored, region)
    if not region.ledger.save(record, after):
        return region.ledger.record(record.call_hash) or record
    if after.state is State.COLLECTING:
        region.starter.waker.wake(after.call_hash)
    return after


def _check_call(
    wake: Wake, signed: SignedCall, redemption: Redemption | None, stored: StoredOffer, region: Region
) -> None:
    """What ``accept_call`` and ``redeem_ticket`` check, as of the time at which the edge took the call."""
    now, offer = region.clock(), stored.offer
    if not now - LATEST_SECONDS <= wake.claimed_at <= wake.tried_at <= now + SKEW_SECONDS:
        raise Expired(f"claimed_at: expected at most {LATEST_SECONDS} s ago, got another time")
    if redemption is None:
        check_no_tickets(signed)
        check_expiry(signed.call.expires_at, now=wake.claimed_at, at_most=MAX_LIFETIME_SECONDS)
        signed.check_signature()
        check_access(signed, offer)
    else:
        redemption.check_times(region.audience, now=wake.claimed_at)
        check_offer(redemption, offer)
        redemption.check_signatures()
        check_ticket_access(redemption, offer)
    offer.inputs.check(signed.call.inputs)


def _after(wake: Wake, record: Record, stored: StoredOffer, region: Region) -> Record:
    """The record after the edge's start, as far as it came."""
    now = region.clock()
    if wake.start is Start.REFUSED:
        reason = why_refused(record, ProviderRefused(wake.detail), stored.offer, region.starter)
        return never_started(record, reason, now=now, fault=Fault.POSSIBLE)
    if wake.start is Start.BUSY:
        return not_now(record, now=now, after=wake.retry_after)
    if wake.start is Start.UNCLEAR:
        return unclear(record)
    with region.starter.share(record.offer_hash) as has_place:
        return _as_read(wake, record, stored, region) if has_place else unclear(record)


def _as_read(wake: Wake, record: Record, stored: StoredOffer, region: Region) -> Record:
    """The record with the run that the edge names, as the provider tells of it."""
    now = region.clock()
    try:
        provider = region.starter.open_provider(stored)
        run = provider.read(wake.run)
    except (ProviderError, Unavailable) as error:
        region.starter.put_off(record.call_hash, error)
        return unclear(record)
    own = run_name(record.id)
    if run.name != own and _A_CALLS.fullmatch(run.name):
        return unclear(record)  # the run of this call is looked for by its name
    # GitHub may name a run a moment later. The name is judged when the run is over.
    run = replace(run, name=own)
    return accept_run(record, run, provider, stored, region.ledger, region.starter, now)


def _known(record: Record, identifier: str | None, ledger: Ledger) -> Record:
    """The call's record, if another wake claimed it meanwhile.

    Raises:
        Conflict: its ticket was used for another call.
    """
    if known := ledger.record(record.call_hash):
        return known
    used_for = ledger.call_named(record.account, identifier or "")
    raise Conflict("identifier: expected one of no other call, got another's", call=f"{used_for or 0:064x}")
