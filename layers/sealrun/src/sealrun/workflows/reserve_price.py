"""See that a paid call is covered: by the buyer's limit, by the ledger, and by one answer of the chain."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from sealrun.calls.call import SignedCall
from sealrun.chain.account import AccountView, check_account
from sealrun.errors import (
    AccountRefused,
    NotAllowed,
    NotCovered,
    OfferClosed,
    PaymentRequired,
    Refused,
    TooMany,
)
from sealrun.money import x402
from sealrun.money.vouchers import Reserve, Standing, Voucher
from sealrun.offers.asset import Amount, Asset, in_full
from sealrun.offers.offer import Offer, Payment
from sealrun.offers.terms import VIEW_SECONDS, Terms
from sealrun.ports.calls import Ledger, Rate
from sealrun.ports.node import Chain
from sealrun.values import replace

# A refusal is believed for so long: a buyer who has just topped up waits no longer (L2).
REFUSAL_SECONDS = 5
# Paid calls on one account that may ask the chain in a minute (L2).
LOOKS_PER_MINUTE = 30


class Payments(NamedTuple):
    """What it takes to sell for money."""

    chain: Chain
    seller: x402.Seller
    ledger: int  # the ledger id that this stack's table is (A3)
    # Of the offer that is asked for, the prices that take no call now: reasons by the asset's id.
    dropped: Mapping[str, str] = {}

    def payment(self, offer: Offer) -> Payment:
        """The offer's payment, if its dues are kept here.

        Raises:
            OfferClosed: its terms name another ledger.
        """
        payment = offer.payment
        if payment is None or payment.terms.ledger != self.ledger:
            raise OfferClosed("terms: expected the ledger of this stack, got another")
        return payment

    def required(self, offer: Offer, message: str, **corrected: Any) -> dict[str, Any]:
        """The 402 about this offer; see ``x402.payment_required``."""
        return x402.payment_required(offer, self.seller, message, dropped=self.dropped, **corrected)

    def check_taken(self, asset: Asset) -> None:
        """The price in this asset takes calls now.

        Raises:
            OfferClosed: a health check dropped it.
        """
        if reason := self.dropped.get(asset.id):
            raise OfferClosed(
                f"price: expected one that takes calls now, got that in {asset.symbol}: {reason}"
            )


def paid_value(body: Mapping[str, Any], header: str, offer: Offer, payments: Payments) -> dict[str, Any]:
    """Body and payment as one value.

    Raises:
        PaymentRequired: there is no payment; nothing was stored (L3).
        Refused: the payment is malformed, or for something else.
    """
    payments.payment(offer)
    if not header:
        message = f"{x402.SIGNATURE_HEADER}: expected a payment, got none"
        raise PaymentRequired(message, required=payments.required(offer, message))
    return x402.with_payment(body, header, offer, payments.seller)


def reserve_price(
    signed: SignedCall,
    offer: Offer,
    *,
    ledger: Ledger,
    payments: Payments,
    clock: Callable[[], int],
    in_any_order: bool = False,
) -> Reserve:
    """Check the account behind a call whose signature holds; the claim then reserves the price.

    ``in_any_order`` is for calls that were signed in advance, one limit above the other: whichever comes
    first, the highest voucher that the ledger holds covers as many calls as came.

    Raises:
        NotAllowed: the signer is not the account's buyer.
        PaymentRequired: limit or funds do not cover the call; with a correction where there is one.
        AccountRefused: the account is not as it must be.
        OfferClosed: a health check dropped the price in the account's asset.
        TooMany: the account asks too often, or too many of its calls wait for a proof (A16).
        NodeUnavailable: no node can be believed now.
    """
    payment = payments.payment(offer)
    cost, terms = payment.priced_under(signed.call.terms_hash)
    if signed.call.asset != terms.asset.token:  # such a voucher settles nothing
        raise Refused(f"asset: expected that of the terms, {terms.asset.id}, got another")
    payments.check_taken(cost.asset)
    buyer = signed.signer.to_base58()
    standing = ledger.standing(signed.call.account.to_base58())
    _check_signer(signed, standing, terms)
    reserve = Reserve(
        cost.units,
        Voucher(signed.limit, signed.call.hash, signed.signature.to_base58()),
        buyer,
        funds=0,
        failed_per_day=payment.failed_per_day,
        in_any_order=in_any_order,
        terms=terms.hash,
        asset=cost.asset,
    )
    try:
        reserve.check_terms(standing)
    except AccountRefused as error:
        raise _refused(error.detail, offer, payments) from error
    if standing and standing.tree.full:
        calls = standing.tree.count
        message = f"account: expected room for one more call, got {calls}; settle it, open another"
        raise _refused(message, offer, payments)
    reserve = reserve.beside(standing)
    needed = cost.asset.of(cost.units + (standing.committed if standing else 0))
    if reserve.voucher.limit < needed.units:
        got = cost.asset.of(reserve.voucher.limit)
        message = f"limit: expected at least {in_full(needed)}, got {in_full(got)}"
        raise _required(message, offer, payments, standing, cost.asset)
    return _covered(reserve, standing, signed, offer, terms, needed, ledger, payments, clock)


def not_covered(
    error: NotCovered, signed: SignedCall, offer: Offer, ledger: Ledger, payments: Payments
) -> PaymentRequired:
    """The 402 for a call that another one of the same account overtook."""
    cost, _ = payments.payment(offer).priced_under(signed.call.terms_hash)
    standing = ledger.standing(signed.call.account.to_base58())
    return _required(error.detail, offer, payments, standing, cost.asset)


def _check_signer(signed: SignedCall, standing: Standing | None, terms: Terms) -> None:
    """The ledger's view comes before the chain's: a stranger's signature causes no look-up (L2)."""
    terms.check_buyer(signed.signer, signed.call.account)
    if standing and standing.buyer != signed.signer.to_base58():
        raise NotAllowed("buyer: expected the key that the account was opened for, got another")


def _covered(
    reserve: Reserve,
    standing: Standing | None,
    signed: SignedCall,
    offer: Offer,
    terms: Terms,
    needed: Amount,
    ledger: Ledger,
    payments: Payments,
    clock: Callable[[], int],
) -> Reserve:
    """The reserve as a view that is young enough covers it; one that refuses is renewed."""
    refusal: Refused | None = None
    payment = payments.payment(offer)
    for age in (VIEW_SECONDS, REFUSAL_SECONDS):
        try:
            view = _view(signed, offer, terms, ledger, payments, clock, age=age)
        except AccountRefused as error:
            refusal = _refused(error.detail, offer, payments)
            continue
        funds, calls = _deep(view, payment, ledger), standing or reserve.opened(offer.hash)
        within = terms.provable_calls(run_seconds=offer.limits.longest, slot_seconds=view.slot_seconds)
        seen = replace(reserve, funds=funds, settled=view.count, unsettled=within)
        if funds >= needed.units:
            try:
                seen.check_calls(calls)
            except TooMany as error:
                refusal = error
                continue
            return seen
        least, got = in_full(needed), in_full(needed.asset.of(funds))
        message = f"account: expected funds of at least {least} {payment.depth} blocks deep, got {got}"
        refusal = PaymentRequired(message, required=payments.required(offer, message))
    raise refusal or AssertionError("unreachable")


def _view(
    signed: SignedCall,
    offer: Offer,
    terms: Terms,
    ledger: Ledger,
    payments: Payments,
    clock: Callable[[], int],
    *,
    age: int,
) -> AccountView:
    address, payment = signed.call.account, payments.payment(offer)
    answer = payments.chain.look(
        address,
        terms,
        newer_than=clock() - age,
        nodes=payment.nodes,
        asking=lambda: _count_look(signed, ledger, clock),
    )
    view = check_account(
        answer.value,
        address=address,
        terms=terms,
        pinned=payments.seller.code_of(terms),
        settled=lambda count: ledger.settled(address.to_base58(), count),
        due=lambda: standing.due if (standing := ledger.standing(address.to_base58())) else None,
        run_seconds=offer.limits.longest,
        asset=payment.priced_under(terms.hash).cost.asset,
    )
    if view.buyer != signed.signer:
        raise AccountRefused(f"buyer: expected {signed.signer.to_base58()}, who signed the call, got another")
    return view


def _count_look(signed: SignedCall, ledger: Ledger, clock: Callable[[], int]) -> None:
    """One more question to the chain; who is answered without one is not counted."""
    who = f"chain {signed.call.account.to_base58()} {signed.signer.to_base58()}"
    if not ledger.count_request(Rate(who, clock() // 60, LOOKS_PER_MINUTE)):
        raise TooMany("account: expected fewer calls in a minute, got more", retry_after=60)


def _deep(view: AccountView, payment: Payment, ledger: Ledger) -> int:
    """The funds that count at the offer's depth (A5); what is new is noted, so that it counts later."""
    if payment.depth == 0:
        return view.funds
    account = view.address.to_base58()
    before = ledger.deposits(account, payment.depth)
    after = before.seen(view.funds, height=view.height, depth=payment.depth)
    if after != before:
        ledger.note_deposits(account, payment.depth, after)
    return after.deep(height=view.height, depth=payment.depth)


def _refused(message: str, offer: Offer, payments: Payments) -> AccountRefused:
    error = AccountRefused(message)
    error.required = payments.required(offer, message)
    return error


def _required(
    message: str, offer: Offer, payments: Payments, standing: Standing | None, asset: Asset
) -> PaymentRequired:
    correction = x402.correction(standing) if standing else None
    required = payments.required(offer, message, correction=correction, corrected=asset.id)
    return PaymentRequired(message, required=required)
