"""Take a buyer's signed call, once."""

from collections.abc import Callable
from dataclasses import dataclass

from sealrun import read
from sealrun.calls import MAX_UNIX_SECONDS, SignedCall, check_expiry
from sealrun.errors import Conflict, NotAllowed, NotFound, OfferClosed, Refused, TooMany
from sealrun.json_limits import parse_object
from sealrun.offers import Offer
from sealrun.ports import Ledger, StoredOffer
from sealrun.records import Record, claimed
from sealrun.workflows.start_run import Starter, start_run

# Calls that one network address may send in a minute, before any signature is looked at.
REQUESTS_PER_MINUTE = 60


@dataclass(frozen=True)
class Accepted:
    """The call's record, and whether this request claimed it."""

    record: Record
    first: bool


def accept_call(
    offer_id: str, body: bytes, *, sender: str, ledger: Ledger, starter: Starter, clock: Callable[[], int]
) -> Accepted:
    """Check a call in the order of L2, claim it, and start its run.

    Args:
        offer_id: the offer hash, 64 hex digits.
        body: the JSON body as it came.
        sender: the network address that the request came from.
        ledger: the table of offers and calls.
        starter: what it takes to start a run.
        clock: Unix seconds.

    Raises:
        Refused: the call is wrong; its subclasses say how.
        Unavailable: the offer or the store takes no call now. Nothing was claimed.
    """
    now = clock()
    value = parse_object(body)  # size, JSON
    if "expires_at" in value:
        check_expiry(read.whole(value, "expires_at", low=0, high=MAX_UNIX_SECONDS), now=now)
    stored = open_offer(ledger, offer_id)
    signed = SignedCall.parse(value, stored.offer)
    if known := ledger.record(signed.call.hash):
        return Accepted(known, first=False)
    if not ledger.count_request(sender, minute=now // 60, limit=REQUESTS_PER_MINUTE):
        raise TooMany(f"calls: expected at most {REQUESTS_PER_MINUTE} a minute, got more", retry_after=60)
    signed.check_signature()
    _check_access(signed, stored.offer)
    stored.offer.inputs.check(signed.call.inputs)
    return _claim(signed, stored, ledger=ledger, starter=starter, clock=clock)


def open_offer(ledger: Ledger, offer_id: str) -> StoredOffer:
    """The offer, if it is known and takes calls.

    Raises:
        NotFound: it is not known.
        OfferClosed: it takes no new call; the reason is told.
    """
    stored = known_offer(ledger, offer_id)
    if stored.closed:
        raise OfferClosed(f"offer: expected an open offer, got one that is closed: {stored.closed}")
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


def _check_access(signed: SignedCall, offer: Offer) -> None:
    """L6: who may call an offer of price 0."""
    account = signed.call.account.to_base58()
    if account == offer.oracle:
        raise NotAllowed("account: expected a buyer's key, got the oracle's own")
    if signed.limit != 0:
        raise Refused(f"limit: expected 0 for an offer of price 0, got {signed.limit}")
    if not (offer.access.open or account in offer.access.keys):
        raise NotAllowed("account: expected a key that the offer allows, got another")


def _claim(
    signed: SignedCall, stored: StoredOffer, *, ledger: Ledger, starter: Starter, clock: Callable[[], int]
) -> Accepted:
    record = claimed(signed, now=clock())
    if ledger.claim(record, stored.offer, identifier=signed.identifier):
        return Accepted(start_run(record, stored, ledger=ledger, starter=starter, clock=clock), first=True)
    if known := ledger.record(record.call_hash):
        return Accepted(known, first=False)
    raise Conflict("identifier: expected one that no other call of this account has used, got a used one")
