"""Redeem a ticket, once: from there on it is a call like any other."""

from collections.abc import Callable
from dataclasses import replace

from sealrun.calls.grant import Grant
from sealrun.calls.ticket import MAX_REDEMPTION_BYTES, MAX_WAIT_SECONDS, Redemption, used_for_nothing
from sealrun.encoding import read
from sealrun.encoding.json_limits import parse_object
from sealrun.errors import Conflict, Expired, NotAllowed, OfferClosed, Refused, TicketUsed
from sealrun.offers.offer import Offer
from sealrun.ports.calls import Ledger, Quota, Rate
from sealrun.runs.record import Record, State
from sealrun.workflows.accept_call import REQUESTS_PER_MINUTE, Accepted, Desk, Elsewhere, accepted, hidden
from sealrun.workflows.reserve_price import Payments
from sealrun.workflows.start_run import Starter

# A ticket is good again where nothing started. Each try takes of its issuer's hour, which has other tickets.
TRIES_AN_HOUR = 2


def redeem_ticket(
    ticket_id: str,
    body: bytes,
    *,
    sender: str,
    audience: str,
    ledger: Ledger,
    starter: Starter,
    clock: Callable[[], int],
    throttle: Callable[[Rate], bool],
    payments: Payments | None = None,
    wait: int = MAX_WAIT_SECONDS,
) -> Accepted:
    """Check a redemption in the order of L2, claim its call, and start the run.

    The claim is one write that holds the ticket's id as the call's identifier, so a second call of one
    ticket is never claimed; the same redemption again answers with the first one's state, also once the
    ticket's time is over (L10). A ticket of price 0 whose run never started is good again. A prepaid one is
    not, for its one call has a receipt; its price is free again on the issuer's account (ADR 27).

    Args:
        ticket_id: the grant's hash, 64 hex digits.
        body: the JSON body as it came.
        sender: the network address that the request came from.
        audience: the URL of this stack.
        ledger: the table of offers and calls.
        starter: what it takes to start a run.
        clock: Unix seconds.
        throttle: see ``accept_call``.
        payments: what it takes to sell for money; None where only offers of price 0 are sold.
        wait: seconds that a redemption may wait before it is taken.

    Raises:
        Refused: ticket or redemption is wrong; its subclasses say how.
        TicketUsed: it was redeemed with another call; its holder is told so also where the ticket's time is
            over, or the offer takes no call any more or takes them at an edge.
        Unavailable: the offer or the store takes no call now. Nothing was claimed.
    """
    now = clock()
    redemption = Redemption.parse(parse_object(body, at_most=MAX_REDEMPTION_BYTES))  # size, JSON
    grant = redemption.grant
    if grant.hash != read.hex_field(ticket_id, where="ticket"):
        raise Refused(f"ticket: expected the one that the URL names, got {grant.id}")
    grant.check_audience(audience)
    desk, signed = Desk(ledger, starter, clock, throttle, payments), redemption.signed_call
    stored, known = desk.look(grant.offer_hash, signed.call)
    if known:
        return accepted(_told(known, grant), stored.offer, first=False)

    def check(offer: Offer) -> None:
        check_offer(redemption, offer)
        redemption.check_signatures()
        check_access(redemption, offer)

    try:
        redemption.check_times(audience, now=now, at_most=wait)
        return desk.take(
            signed,
            stored,
            check,
            sender=sender,
            now=now,
            in_any_order=True,
            issuer=grant.issuer,
            quotas=[Quota(hidden(f"ticket {grant.id}"), TRIES_AN_HOUR)],
        )
    except Conflict as error:
        raise _used(grant, error.call) from error
    except (Expired, OfferClosed, Elsewhere) as error:
        within = throttle(Rate(sender, now // 60, REQUESTS_PER_MINUTE))
        if within and (call := _used_for(redemption, ledger)):
            raise _used(grant, call) from error
        raise


def _used_for(redemption: Redemption, ledger: Ledger) -> str:
    """The call of a ticket that was used, for whoever has its key (E4); empty for anybody else."""
    signed = redemption.signed_call
    call = ledger.call_named(signed.call.account.to_base58(), signed.identifier or "")
    if call is None:
        return ""
    try:
        redemption.check_signatures()
    except NotAllowed:
        return ""
    return f"{call:064x}"


def _used(grant: Grant, call: str) -> TicketUsed:
    used = f"ticket: expected one that was not redeemed yet, got one that was used for call {call}"
    return TicketUsed(f"{used}; ask {grant.issuer.to_base58()} for another", call=call)


def _told(known: Record, grant: Grant) -> Record:
    """The call's record, with the reason why a prepaid ticket is of no more use."""
    if grant.prepaid is None or known.state is not State.NEVER_STARTED or known.ending is None:
        return known
    ending = replace(known.ending, reason=f"{known.ending.reason}; {used_for_nothing(grant)}")
    return replace(known, ending=ending)


def check_offer(redemption: Redemption, offer: Offer) -> None:
    """A ticket says which network and terms its issuer meant."""
    grant = redemption.grant
    if grant.network != offer.network or not offer.has_terms(grant.terms_hash):
        raise Refused("ticket: expected network and terms of the offer, got others")


def check_access(redemption: Redemption, offer: Offer) -> None:
    """Who may call is asked of the issuer; the ticket's key stands for it (L6)."""
    issuer = redemption.grant.issuer.to_base58()
    if offer.oracle in (issuer, redemption.grant.key.to_base58(), redemption.call.account.to_base58()):
        raise NotAllowed("issuer: expected a buyer's key, got the oracle's own")
    if not (offer.access.open or issuer in offer.access.keys):
        raise NotAllowed("issuer: expected a key that the offer allows, got another")
