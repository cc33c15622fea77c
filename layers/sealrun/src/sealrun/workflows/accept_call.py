"""Take a buyer's signed call, once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sealrun import read, x402
from sealrun.calls import MAX_UNIX_SECONDS, SignedCall, check_expiry
from sealrun.errors import Conflict, NotAllowed, NotCovered, NotFound, OfferClosed, Refused, TooMany
from sealrun.json_limits import parse_object
from sealrun.offers import Offer
from sealrun.ports import Ledger, StoredOffer
from sealrun.records import Record, claimed, trying
from sealrun.vouchers import Reserve
from sealrun.workflows.reserve_price import Payments, not_covered, paid_value, reserve_price
from sealrun.workflows.start_run import Starter, start_held

# Calls that one network address may send in a minute, before any signature is looked at.
REQUESTS_PER_MINUTE = 60


@dataclass(frozen=True)
class Accepted:
    """The call's record, and whether this request claimed it."""

    record: Record
    first: bool
    headers: Mapping[str, str] = field(default_factory=dict)  # PAYMENT-RESPONSE where a price is reserved


def accept_call(
    offer_id: str,
    body: bytes,
    *,
    sender: str,
    ledger: Ledger,
    starter: Starter,
    clock: Callable[[], int],
    payment: str = "",
    payments: Payments | None = None,
) -> Accepted:
    """Check a call in the order of L2, claim it, and start its run.

    Args:
        offer_id: the offer hash, 64 hex digits.
        body: the JSON body as it came.
        sender: the network address that the request came from.
        ledger: the table of offers and calls.
        starter: what it takes to start a run.
        clock: Unix seconds.
        payment: the header PAYMENT-SIGNATURE, empty where there is none.
        payments: what it takes to sell for money; None where only offers of price 0 are sold.

    Raises:
        Refused: the call is wrong; its subclasses say how.
        PaymentRequired: the offer has a price, and the payment is missing or not enough.
        Unavailable: the offer or the store takes no call now. Nothing was claimed.
    """
    now = clock()
    value = parse_object(body)  # size, JSON
    if "expires_at" in value:
        check_expiry(read.whole(value, "expires_at", low=0, high=MAX_UNIX_SECONDS), now=now)
    stored = open_offer(ledger, offer_id)
    offer = stored.offer
    if offer.payment:
        value = paid_value(value, payment, offer, _selling(payments))
    signed = SignedCall.parse(value, offer)
    if offer.payment:
        x402.check_commitment(payment, signed.call.hash)
    if known := ledger.record(signed.call.hash):
        return _accepted(known, offer, first=False)
    if not ledger.count_request(sender, minute=now // 60, limit=REQUESTS_PER_MINUTE):
        raise TooMany(f"calls: expected at most {REQUESTS_PER_MINUTE} a minute, got more", retry_after=60)
    signed.check_signature()
    _check_access(signed, offer)
    offer.inputs.check(signed.call.inputs)
    if offer.payment is None:
        return _claim(signed, stored, None, ledger=ledger, starter=starter, clock=clock)
    selling = _selling(payments)
    reserve = reserve_price(signed, offer, ledger=ledger, payments=selling, clock=clock)
    try:
        return _claim(signed, stored, reserve, ledger=ledger, starter=starter, clock=clock)
    except NotCovered as error:
        raise not_covered(error, signed, offer, ledger, selling) from error


def open_offer(ledger: Ledger, offer_id: str) -> StoredOffer:
    """The offer, if it is known and takes calls.

    Raises:
        NotFound: it is not known.
        OfferClosed: it takes no new call; the reason is told.
    """
    stored = known_offer(ledger, offer_id)
    if reason := stored.closed or stored.paused:
        raise OfferClosed(f"offer: expected an open offer, got one that is closed: {reason}")
    return stored


def known_offer(ledger: Ledger, offer_id: str) -> StoredOffer:
    """The offer, open or closed.

    Raises:
        NotFound: it is not known.
    """
    stored = ledger.offer(read.hex_field(offer_id, where="offer"))
    if stored is None:
        raise NotFound(f"offer: expected one that is sold here, got {offer_id}")
    return stored


def _selling(payments: Payments | None) -> Payments:
    if payments is None:
        raise OfferClosed("offer: expected one of price 0, the only kind that this stack sells")
    return payments


def _accepted(record: Record, offer: Offer, *, first: bool) -> Accepted:
    if offer.payment is None:
        return Accepted(record, first)
    response = x402.encoded(x402.reserved(record, offer.network))
    return Accepted(record, first, {x402.RESPONSE_HEADER: response})


def _check_access(signed: SignedCall, offer: Offer) -> None:
    """Who may call: for price 0 the account is the signer's own key (L6)."""
    signer = signed.signer.to_base58()
    if offer.oracle in (signer, signed.call.account.to_base58()):
        raise NotAllowed("account: expected a buyer's key, got the oracle's own")
    if offer.payment is None and signed.limit != 0:
        raise Refused(f"limit: expected 0 for an offer of price 0, got {signed.limit}")
    if not (offer.access.open or signer in offer.access.keys):
        raise NotAllowed("account: expected a key that the offer allows, got another")


def _claim(
    signed: SignedCall,
    stored: StoredOffer,
    reserve: Reserve | None,
    *,
    ledger: Ledger,
    starter: Starter,
    clock: Callable[[], int],
) -> Accepted:
    offer = stored.offer
    now = clock()
    record = trying(claimed(signed, now=now, price=offer.price), now=now)  # one write claims and leases
    if ledger.claim(record, offer, identifier=signed.identifier, reserve=reserve):
        started = start_held(record, stored, ledger=ledger, starter=starter, clock=clock)
        return _accepted(started, offer, first=True)
    if known := ledger.record(record.call_hash):
        return _accepted(known, offer, first=False)
    raise Conflict("identifier: expected one that no other call of this account has used, got a used one")
