"""Take a buyer's signed call, once."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from mina.keys import PublicKey
from sealrun.calls.call import (
    MAX_UNIX_SECONDS,
    TICKET_PREFIX,
    TICKET_SALT,
    Call,
    SignedCall,
    check_expiry,
    check_not_too_far,
)
from sealrun.encoding import read
from sealrun.encoding.json_limits import parse_object
from sealrun.encoding.networks import network_of
from sealrun.errors import (
    Conflict,
    Malformed,
    NotAllowed,
    NotCovered,
    NotFound,
    OfferClosed,
    Refused,
    SealrunError,
    TooMany,
)
from sealrun.money import x402
from sealrun.money.vouchers import Reserve
from sealrun.offers.offer import Offer
from sealrun.offers.stored_offer import StoredOffer
from sealrun.ports.calls import Ledger, Quota, Rate
from sealrun.runs.record import Record, claimed, trying
from sealrun.workflows.reserve_price import Payments, not_covered, paid_value, reserve_price
from sealrun.workflows.start_run import Starter, start_claimed

# Calls that one network address may send in a minute.
REQUESTS_PER_MINUTE = 60
_T = TypeVar("_T")


class Accepted(NamedTuple):
    """The call's record, and whether this request claimed it."""

    record: Record
    first: bool
    headers: Mapping[str, str] = {}  # PAYMENT-RESPONSE where a price is reserved


def accept_call(
    offer_id: str,
    body: bytes,
    *,
    sender: str,
    ledger: Ledger,
    starter: Starter,
    clock: Callable[[], int],
    throttle: Callable[[Rate], bool],
    payment: str = "",
    payments: Payments | None = None,
) -> Accepted:
    """Check a call in the order of L2, claim it, and start its run.

    A call that was taken before is answered with its state, whatever came of its offer, its quota, its
    account or its own expiry since (L10).

    Args:
        offer_id: the offer hash, 64 hex digits.
        body: the JSON body as it came.
        sender: the network address that the request came from.
        ledger: the table of offers and calls.
        starter: what it takes to start a run.
        clock: Unix seconds.
        throttle: counts a request in this process; False where it is one too many. It comes before the
            signature, the table's own count before whatever costs more than that.
        payment: the header PAYMENT-SIGNATURE, empty where there is none.
        payments: what it takes to sell for money; None where only offers of price 0 are sold.

    Raises:
        Refused: the call is wrong; its subclasses say how.
        PaymentRequired: the offer has a price, and the payment is missing or not enough.
        Unavailable: the offer or the store takes no call now. Nothing was claimed.
    """
    now = clock()
    value = parse_object(body)  # size, JSON
    expires_at = None
    if "expires_at" in value:
        expires_at = read.whole(value, "expires_at", low=0, high=MAX_UNIX_SECONDS)
        check_not_too_far(expires_at, now=now)
    offer = _there(ledger.document(read.hex_field(offer_id, where="offer")), offer_id)
    desk = Desk(ledger, starter, clock, throttle, payments)
    stored, known = desk.look(offer.hash, _call(value, offer))
    if known:
        return accepted(known, offer, first=False)
    if expires_at is not None:
        check_expiry(expires_at, now=now)
    _check_open(stored)  # before the payment: a closed offer asks for none
    if offer.payment and not payment and "inputs" in value:
        offer.inputs.check(value["inputs"])  # nobody signs a limit for a call that would be refused
    signed = _parsed(value, payment, offer, payments and payments._replace(dropped=stored.dropped))
    check_no_tickets(signed)

    def check(current: Offer) -> None:
        signed.check_signature()
        check_access(signed, current)

    return desk.take(signed, stored, check, sender=sender, now=now)


class Elsewhere(Refused):
    """The offer's edge takes its calls."""


class _Who(NamedTuple):
    """Whose share of the offer a call takes, and all quotas that it counts against."""

    holder: str
    quotas: Sequence[Quota]

    @property
    def counted(self) -> tuple[str, ...]:
        return tuple(quota.holder for quota in self.quotas)


class Desk(NamedTuple):
    """Where signed calls are taken, however they came; the parts are those of ``accept_call``."""

    ledger: Ledger
    starter: Starter
    clock: Callable[[], int]
    throttle: Callable[[Rate], bool]
    payments: Payments | None

    def look(self, offer_hash: int, call: Call | None) -> tuple[StoredOffer, Record | None]:
        """The offer as it is now, and the call's record if it was taken before; in one request.

        Raises:
            NotFound: the offer is not sold here any more.
        """
        if call is None:
            return _there(self.ledger.offer(offer_hash), f"{offer_hash:064x}"), None
        stored, known = self.ledger.look(offer_hash, call.hash)
        return _there(stored, f"{offer_hash:064x}"), known

    def take(
        self,
        signed: SignedCall,
        stored: StoredOffer,
        check: Callable[[Offer], None],
        *,
        sender: str,
        now: int,
        in_any_order: bool = False,
        issuer: PublicKey | None = None,
        quotas: Sequence[Quota] = (),
    ) -> Accepted:
        """The second half of L2's checks, the claim and the start.

        Args:
            signed: the call, which ``look`` did not find; that it has not expired was checked.
            stored: the offer as ``look`` found it.
            check: its signatures and who may call, once the offer is known to be open.
            sender: the network address that the request came from.
            now: Unix seconds, as the first half read them.
            in_any_order: see ``reserve_price``.
            issuer: whose quota the call counts against, where that is not its signer.
            quotas: further ones that it counts against.

        Raises:
            Refused: see ``accept_call``.
            Unavailable: likewise.
        """
        offer = stored.offer
        _check_open(stored)
        _check_place(offer)
        rate = Rate(sender, now // 60, REQUESTS_PER_MINUTE)
        _check_rate(self.throttle(rate))
        check(offer)
        offer.inputs.check(signed.call.inputs)
        holder = (issuer or signed.signer).to_base58()
        who = _Who(holder, [*_quotas(stored, holder, sender), *quotas])
        try:
            if offer.payment is None:
                return self._claim(signed, stored, who, rate=rate)
            return self._claim_paid(signed, stored, who, rate, in_any_order=in_any_order)
        except SealrunError:
            # A duplicate that claimed the call meanwhile uses up what this one was refused for (L10).
            if known := self.ledger.record(signed.call.hash):
                return accepted(known, offer, first=False)
            raise

    def _claim_paid(
        self, signed: SignedCall, stored: StoredOffer, who: "_Who", rate: Rate, *, in_any_order: bool
    ) -> Accepted:
        """Claim a call with a price, once the account behind it covers it."""
        offer = stored.offer
        _check_rate(self.ledger.count_request(rate))
        selling = _selling(self.payments)._replace(dropped=stored.dropped)
        reserve = reserve_price(
            signed,
            offer,
            ledger=self.ledger,
            payments=selling,
            clock=self.clock,
            in_any_order=in_any_order,
        )
        try:
            return self._claim(signed, stored, who, reserve=reserve)
        except NotCovered as error:
            raise not_covered(error, signed, offer, self.ledger, selling) from error

    def _claim(
        self,
        signed: SignedCall,
        stored: StoredOffer,
        who: "_Who",
        *,
        rate: Rate | None = None,
        reserve: Reserve | None = None,
    ) -> Accepted:
        """Claim the call and start its run.

        Raises:
            Conflict: another request claimed it, or its identifier is that of another call.
        """
        offer, ledger, now = stored.offer, self.ledger, self.clock()
        # One write claims and leases.
        price = reserve.price if reserve else 0
        first = claimed(signed, now=now, price=price, holder=who.holder, counted=who.counted)
        record = trying(first, now=now)
        if ledger.claim(
            record,
            offer,
            identifier=signed.identifier,
            quotas=who.quotas,
            rate=rate,
            reserve=reserve,
        ):
            started = start_claimed(record, stored, ledger=ledger, starter=self.starter, clock=self.clock)
            return accepted(started, offer, first=True)
        used_for = ledger.call_named(record.account, signed.identifier) if signed.identifier else None
        other = f"{used_for:064x}" if used_for else "another"
        message = (
            f"identifier: expected one that no other call of this account has used, got that of call {other}"
        )
        raise Conflict(message, call=other)


def known_offer(ledger: Ledger, offer_id: str) -> StoredOffer:
    """The offer, open or closed.

    Raises:
        NotFound: it is not known.
    """
    return _there(ledger.offer(read.hex_field(offer_id, where="offer")), offer_id)


def _there(value: _T | None, offer_id: str) -> _T:
    if value is None:
        said = f"offer: expected one that is sold here, got {offer_id}"
        raise NotFound(f"{said}; its seller has to publish one of an older sealrun anew")
    return value


def _call(value: dict[str, Any], offer: Offer) -> Call | None:
    """The call that the body is about, so that one that was taken is found; None where it is malformed."""
    try:
        return Call.parse(value, offer)
    except Malformed:
        return None


def _parsed(value: dict[str, Any], payment: str, offer: Offer, payments: Payments | None) -> SignedCall:
    """The call, with its payment where the offer has a price."""
    if not offer.payment:
        return SignedCall.parse(value, offer)
    signed = SignedCall.parse(paid_value(value, payment, offer, _selling(payments)), offer)
    x402.check_commitment(payment, signed.call.hash)
    return signed


def check_no_tickets(signed: SignedCall) -> None:
    """No call uses a ticket up without the ticket's own key (E4).

    No signature covers an identifier, so none of a ticket's is taken. And all that a prepaid ticket holds may
    be public, where it was sold.

    Raises:
        Refused: it does.
    """
    if (signed.identifier or "").startswith(TICKET_PREFIX):
        raise Refused(
            f"identifier: expected one that does not begin with {TICKET_PREFIX}, which tickets have"
        )
    if signed.call.salt.startswith(TICKET_SALT):
        raise Refused("call: expected one of its own, got a ticket's, which its holder redeems")


def _check_open(stored: StoredOffer) -> None:
    if stored.reason:
        raise OfferClosed(f"offer: expected an open offer, got one that is {stored.state}: {stored.reason}")


def _check_place(offer: Offer) -> None:
    """One place counts an offer's quotas: where its edge takes its calls, the region takes none (L15)."""
    if offer.edge is not None:
        raise Elsewhere("offer: expected one whose calls are taken here, got one whose edge takes them")


def _check_rate(within: bool) -> None:  # noqa: FBT001
    if not within:
        raise TooMany(f"calls: expected at most {REQUESTS_PER_MINUTE} a minute, got more", retry_after=60)


def _quotas(stored: StoredOffer, buyer: str, sender: str) -> list[Quota]:
    """What this buyer may have: of an hour as its operator says, else the offer's share of each (L12).

    Keys of an open offer of price 0 cost nothing, so there the network address has the same share.
    """
    offer, share = stored.offer, stored.offer.access.share
    rest = (share.at_once, share.minutes_per_month)
    mine = Quota(buyer, stored.quotas.get(buyer, share.per_hour), *rest)
    if offer.payment is None and offer.access.open and buyer not in stored.quotas:
        return [mine, Quota(hidden(f"from {network_of(sender)}"), share.per_hour, *rest)]
    return [mine]


def hidden(name: str) -> str:
    """The holder of a quota as the ledger may know it: a network address is nobody's business there."""
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def _selling(payments: Payments | None) -> Payments:
    if payments is None:
        raise OfferClosed("offer: expected one of price 0, the only kind that this stack sells")
    return payments


def accepted(record: Record, offer: Offer, *, first: bool) -> Accepted:
    """The answer for a call that was taken, now or before."""
    if offer.payment is None:
        return Accepted(record, first)
    response = x402.encoded(x402.reserved(record, offer))
    return Accepted(record, first, {x402.RESPONSE_HEADER: response})


def check_access(signed: SignedCall, offer: Offer) -> None:
    """Who may call: for price 0 the account is the signer's own key (L6)."""
    signer = signed.signer.to_base58()
    if offer.oracle in (signer, signed.call.account.to_base58()):
        raise NotAllowed("account: expected a buyer's key, got the oracle's own")
    if offer.payment is None and signed.limit != 0:
        raise Refused(f"limit: expected 0 for an offer of price 0, got {signed.limit}")
    if not (offer.access.open or signer in offer.access.keys):
        raise NotAllowed("account: expected a key that the offer allows, got another")
