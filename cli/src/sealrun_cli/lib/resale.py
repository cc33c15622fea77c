"""Selling prepaid tickets: the sale, the payments for it, and the tickets that were granted for them."""

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from mina import tokens
from mina.keys import PrivateKey, PublicKey
from mina.signature import Signature
from sealrun.calls.grant import MAX_GRANT_BYTES, Grant, base64url, signature, unbase64url
from sealrun.calls.sale import MAX_SALE_BYTES, Sale, check_sold, memo_text, read_sale, sold_ticket
from sealrun.chain.payments import Payment, payments_query, payments_to
from sealrun.encoding import read
from sealrun.encoding.json_limits import parse_object
from sealrun.errors import Malformed, SealrunError
from sealrun.offers.asset import Amount, asset_of
from sealrun.offers.offer import Offer
from sealrun_cli.lib.book import Page, Sold
from sealrun_cli.lib.chain_view import OnChain, opened_by
from sealrun_cli.lib.contracts import account_codes
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.nodes import data_of
from sealrun_cli.lib.offer_view import check_taken
from sealrun_cli.lib.once import Now
from sealrun_cli.lib.service import Service, well_formed

# All transactions of some hundred blocks.
MAX_PAYMENTS_BYTES = 64 << 20
# Of one sale: a file of about 20 MB.
MAX_SOLD = 5000
MAX_TICKETS_BYTES = MAX_SOLD * (MAX_GRANT_BYTES + 1024)
# Who pays later may get no ticket in time: the payment has to be deep enough, its seller looks for it every
# few hours, and then the ticket is to be used.
LAST_SECONDS = 6 * 3600
# How a sale begins that is no file.
PLACES = ("https://", "http://")
_HASH = r"[1-9A-HJ-NP-Za-km-z]{20,80}"


class Kept(NamedTuple):
    """A sale with its offer, and the account behind it, as they are now."""

    sale: Sale
    offer: Offer
    cost: Amount  # of one run, on the account
    account: OnChain

    @property
    def covered(self) -> int:
        """How many runs the funds that are not settled pay; the account's other vouchers may take of them."""
        return (self.account.funds - self.account.spent) // self.cost.units


def sale_of(service: Service, place: str) -> Sale:
    """The signed sale in a file, or at an address.

    Raises:
        CliError: there is none.
        Malformed: it is none.
        NotAllowed: its issuer's signature does not hold.
    """
    if place.startswith(PLACES):
        return read_sale(service.body(place, at_most=MAX_SALE_BYTES + 1024))
    try:
        with Path(place).open("rb") as file:
            return read_sale(file.read(MAX_SALE_BYTES + 1025))
    except OSError as error:
        raise CliError("bad-request", f"sale: expected a file or an address, got {place[:100]}") from error


def checked(service: Service, sale: Sale, node: str, *, left: int = LAST_SECONDS) -> Kept:
    """The sale, once offer and account are as it says, and the offer takes calls in the account's asset now.

    Args:
        service: by which the offer's is asked.
        sale: that its issuer signed.
        node: of Mina.
        left: seconds that it must still have.

    Raises:
        CliError: the offer takes no calls, or the account is another's, is left, or is not there.
        SealrunError: the sale is over, or not of this offer.
    """
    offer, view = service.offer_and_view(f"{sale.audience}/offers/{sale.offer}")
    cost = sale.check_offer(offer, now=int(time.time()) + left)
    check_taken(view, offer, cost.asset)
    return Kept(sale, offer, cost, account_of(service, sale, node))


def account_of(service: Service, sale: Sale, node: str) -> OnChain:
    """The issuer's prepaid account, opened for these terms, which it does not leave.

    Raises:
        CliError: it is another, or there is none.
        AccountRefused: it is another buyer's, or has other code or permissions.
    """
    address = sale.account.to_base58()
    account = opened_by(service, node, address, sale.issuer, account_codes(), asset_of(sale.asset))
    if account.terms != sale.terms:
        raise CliError("wrong-account", f"account: expected one for the terms of the sale, got {address}")
    if account.exit_slot:
        raise CliError(
            "wrong-account", f"account: expected one that stays, got {address}, which is being left"
        )
    return account


def payments_for(service: Service, sale: Sale, node: str) -> list[Payment]:
    """The payments to the issuer whose memo names the sale, whatever their amount; the oldest first.

    Raises:
        CliError: the node gives no answer.
        NodeUnavailable: it is not one to believe now.
    """
    return _for_sale(data_of(service, node, payments_query(), at_most=MAX_PAYMENTS_BYTES), sale)


def payer_now(service: Service, sale: Sale, node: str, payer: PublicKey) -> Now:
    """The payer's next nonce, and how many payments for the sale the node shows of it, in one answer.

    Of two answers, a block between them would use the nonce up and show no payment.

    Raises:
        CliError: the payer has no account, or the node gives no answer.
        NodeUnavailable: it is not one to believe now.
    """
    query = payments_query(more=f'payer:account(publicKey:"{payer.to_base58()}"){{nonce}}')
    answer = data_of(service, node, query, at_most=MAX_PAYMENTS_BYTES)
    made = sum(each.payer == payer for each in _for_sale(answer, sale))
    if answer.get("payer") is None:
        raise CliError("account-missing", f"payer: expected an account of {payer.to_base58()}, got none")
    with well_formed("node-unavailable", node):
        return Now(int(answer["payer"]["nonce"]), made)


def _for_sale(answer: Mapping[str, Any], sale: Sale) -> list[Payment]:
    memo = memo_text(sale.memo)
    return [each for each in payments_to(answer, sale.issuer, network=sale.network) if each.memo == memo]


class Refusal(NamedTuple):
    """A payment for which there is no ticket."""

    payment: Payment
    why: str


def refunds(payments: Sequence[Payment], sold: Collection[str], error: SealrunError) -> list[Refusal]:
    """The payments without a ticket, of a sale for which none is granted any more."""
    return [
        Refusal(each, f"{error.detail}; no ticket is granted any more: pay it back")
        for each in payments
        if each.hash not in sold
    ]


@dataclass(frozen=True)
class Counter:
    """Where tickets are granted, with the account's page open under its lock."""

    kept: Kept
    issuer: PrivateKey
    book: Page

    def grant(self, payments: Sequence[Payment], *, depth: int) -> list[Refusal]:
        """Note a ticket for each payment that deserves one and has none; what is refused, and why.

        Each one's limit stands a price above the last one's (A10), and is on disk before anybody sees it.
        What the account's funds do not cover is not granted.
        """
        sale, book, price = self.kept.sale, self.book, self.kept.cost.units
        refused: list[Refusal] = []
        for payment in payments:
            if payment.hash in book.sold:
                continue
            if why := self._refusal(payment, depth):
                refused.append(Refusal(payment, why))
                continue
            known = book.known
            limit = known.committed + price
            if limit > self.kept.account.funds:
                refused.append(
                    Refusal(payment, "the account's funds cover no more: top it up, and run again")
                )
                continue
            if limit > known.highest + price:
                raise CliError("state", f"limit: expected at most {known.highest + price}, got {limit}")
            known.committed, known.highest = limit, max(known.highest, limit)
            book.sold[payment.hash] = Sold(sale.id, payment.payer.to_base58(), limit)
            book.save()
        return refused

    def _refusal(self, payment: Payment, depth: int) -> str:
        sale = self.kept.sale
        if payment.units != sale.price.units:
            got = sale.price.asset.of(payment.units)
            return f"expected exactly {sale.price}, got {got}: pay it back"
        if payment.depth < depth:
            return f"expected {depth} blocks on top of it, got {payment.depth}: run again later"
        if payment.payer in (self.issuer.public_key(), sale.account) or (
            payment.payer.to_base58() == self.kept.offer.oracle
        ):
            return "expected a buyer's key, got the issuer's, the account's or the oracle's own"
        if len(self.book.sold) >= MAX_SOLD:
            return f"expected at most {MAX_SOLD} tickets of one account, got more: pay it back"
        return ""

    def document(self) -> dict[str, Any]:
        """All tickets of the sale, as anyone may read them; the same ones each time."""
        sale = self.kept.sale
        tickets = []
        for payment, sold in self.book.sold.items():
            if sold.sale != sale.id:
                continue
            payer = PublicKey.from_base58(sold.payer)
            grant, signed = sold_ticket(self.issuer, self.kept.offer, sale, payment, payer, sold.limit)
            tickets.append(
                {
                    "payment": payment,
                    "grant": base64url(grant.document),
                    "signature": signed.to_base58(),
                }
            )
        return {"sealrun": 1, "sale": sale.id, "tickets": tickets}


class Found(NamedTuple):
    """A ticket that was granted, and the payment that it is for."""

    payment: str
    grant: Grant
    signature: Signature


def tickets_for(service: Service, sale: Sale, payer: PublicKey, *, most: int) -> list[Found]:
    """The tickets of the sale that this key redeems, each checked; see ``check_sold``.

    Raises:
        CliError: nothing is at the sale's address yet.
        Malformed: something else is there.
        SealrunError: a ticket for this key is not what was sold.
    """
    document = parse_object(service.body(sale.tickets, at_most=MAX_TICKETS_BYTES), at_most=MAX_TICKETS_BYTES)
    value = read.only(document, ("sealrun", "sale", "tickets"), where="tickets")
    read.whole(value, "sealrun", low=1, high=1)
    listed = value["tickets"]
    if value["sale"] != sale.id or not isinstance(listed, list) or len(listed) > MAX_SOLD:
        raise Malformed(f"tickets: expected those of the sale {sale.id[:16]}…, got others")
    found: list[Found] = []
    for each in listed:
        members = read.only(each, ("payment", "grant", "signature"), where="ticket")
        if not isinstance(members["grant"], str):
            raise Malformed("grant: expected base64url of a ticket's grant, got none")
        grant = Grant.parse(unbase64url(members["grant"]))
        if grant.key != payer:
            continue
        payment = read.text(members, "payment", pattern=_HASH, says="a transaction's hash")
        signed = signature(members, "signature")
        check_sold(grant, signed, sale, payer, most=most)
        found.append(Found(payment, grant, signed))
    limits = [each.grant.prepaid.limit for each in found if each.grant.prepaid]
    if len(set(limits)) != len(limits):
        raise SealrunError("tickets: expected a voucher of its own for each, got one twice")
    return found


def asset_id(sale: Sale) -> str:
    """The token id, in base58, of what the account is kept in."""
    return tokens.to_base58(sale.asset)
