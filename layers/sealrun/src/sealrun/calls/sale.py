"""Sales of prepaid tickets: what a reseller signs, and what a payment for one looks like on chain.

Nobody hands over a secret. Whoever pays gets a ticket whose own key is the payer's key: the reseller grants
it once the payment is in a block, and may show the grant to all (E4). The payment's memo names the sale.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mina import tokens
from mina.base58 import encode
from mina.keys import PrivateKey, PublicKey
from mina.sign import sign_fields
from mina.signature import Signature
from mina.verify import verify_fields
from sealrun.calls.call import MAX_UNIX_SECONDS, TICKET_SALT
from sealrun.calls.grant import AUDIENCE, MAX_TICKET_SECONDS, Grant, json_object, signature
from sealrun.calls.ticket_url import granted, prepay
from sealrun.encoding import read
from sealrun.encoding.fields import (
    MAX_UINT64,
    NETWORKS,
    SALE,
    canonical,
    document_hash,
    network_field,
    text_field,
)
from sealrun.encoding.json_limits import parse_object
from sealrun.errors import Expired, Malformed, NotAllowed, Refused
from sealrun.offers.asset import MINA, Amount
from sealrun.offers.offer import Offer

MAX_SALE_BYTES = 8 * 1024
# The user's part of a transaction's memo; 18 bytes of a digest are 24 characters.
MAX_MEMO = 32
_MEMO, _DIGEST = "sealrun ", 18
# Version bytes of Mina's base58check: User_command_memo. A memo has a tag, its length, and 32 bytes.
_MEMO_VERSION, _MEMO_TAG = 0x14, 1

_URL = r"https?://[A-Za-z0-9.:_\[\]-]{1,200}(?:/[A-Za-z0-9._~-]{1,80}){0,6}"
_NAMES = (
    "sealrun", "audience", "network", "offer", "terms", "account", "asset", "issuer", "inputs", "until",
    "price", "tickets",
)  # fmt: skip


@dataclass(frozen=True)
class Sale:
    """The reseller's signed document. Make it with ``Sale.parse``; ``document`` holds the hashed bytes."""

    document: bytes
    audience: str  # URL of the stack that redeems, without a slash at its end
    network: str
    offer: str  # 64 hex digits
    terms: int  # their hash, of the account that pays for the runs
    account: PublicKey
    asset: int  # token id of what the account is kept in
    issuer: PublicKey  # the account's buyer; its address is paid
    inputs: Mapping[str, Any]  # of every ticket
    until: int  # Unix seconds, of every ticket
    price: Amount  # in MINA, of one ticket
    tickets: str  # URL at which the grants appear

    @cached_property
    def hash(self) -> int:
        """``H("sealrun:sale", digest(document))``."""
        return document_hash(SALE, self.document)

    @property
    def id(self) -> str:
        """The document's SHA-256, in hex digits."""
        return hashlib.sha256(self.document).hexdigest()

    @property
    def memo(self) -> str:
        """What a payment says: 32 characters that name the sale."""
        digest = hashlib.sha256(self.document).digest()[:_DIGEST]
        return _MEMO + base64.urlsafe_b64encode(digest).decode()

    @property
    def signed_fields(self) -> list[int]:
        """The five fields that the reseller signs."""
        return [text_field(SALE), network_field(self.network), *self.issuer.to_fields(), self.hash]

    @classmethod
    def parse(cls, document: bytes) -> "Sale":
        """Read a sale.

        Not checked: signature and time, and whether offer, terms, account and inputs exist or fit each other.

        Raises:
            Malformed: it is not of this form.
        """
        value = read.only(parse_object(document, at_most=MAX_SALE_BYTES), _NAMES, where="sale")
        if canonical(value) != document:
            raise Malformed("sale: expected canonical JSON (RFC 8785), got another form of it")
        read.whole(value, "sealrun", low=1, high=1)
        price = read.decimal(value, "price", high=MAX_UINT64)
        if price == 0:
            raise Malformed("price: expected above 0, got 0: tickets that cost nothing are given away")
        return cls(
            document=document,
            audience=read.text(value, "audience", pattern=AUDIENCE, says="the URL of a stack"),
            network=read.one_of(value, "network", NETWORKS),
            offer=f"{read.hex_field(str(value['offer']), where='offer'):064x}",
            terms=read.hex_field(str(value["terms"]), where="terms"),
            account=read.public_key(value, "account"),
            asset=read.token_id(value, "asset"),
            issuer=read.public_key(value, "issuer"),
            inputs=json_object(value, "inputs"),
            until=read.whole(value, "until", low=0, high=MAX_UNIX_SECONDS),
            price=MINA.of(price),
            tickets=read.text(value, "tickets", pattern=_URL, says="an http or https address"),
        )

    def signed(self, issuer: PrivateKey) -> dict[str, Any]:
        """The JSON object that ``read_sale`` reads.

        Raises:
            NotAllowed: the key is not the issuer's.
        """
        if issuer.public_key() != self.issuer:
            raise NotAllowed(f"issuer: expected the key of {self.issuer.to_base58()}, got another")
        data = parse_object(self.document, at_most=MAX_SALE_BYTES)
        return {"data": data, "signature": sign_fields(issuer, self.signed_fields).to_base58()}

    def check_offer(self, offer: Offer, *, now: int) -> Amount:
        """The sale is of this offer, can be redeemed, and is not over; what one run costs on the account.

        Raises:
            Expired: the tickets would be of no use any more, or last longer than tickets do.
            Refused: the sale is of another offer or of terms that are not the offer's.
            InputsRefused: the offer takes no such inputs.
            NotAllowed: the offer does not let the issuer call, or pays it with the oracle's own key.
        """
        if not now < self.until <= now + MAX_TICKET_SECONDS:
            most = f"within {MAX_TICKET_SECONDS // 86_400} days of it"
            raise Expired(f"sale: expected one that ends after {now} and {most}, got {self.until}")
        if (offer.id, offer.network) != (self.offer, self.network):
            raise Refused(
                f"offer: expected {self.offer} on {self.network}, got {offer.id} on {offer.network}"
            )
        if offer.payment is None:
            raise Refused("offer: expected one with a price, got one of price 0")
        cost, terms = offer.payment.priced_in(tokens.to_base58(self.asset))
        if terms.hash != self.terms:
            raise Refused(f"terms: expected the offer's, {terms.id}, got {self.terms:064x}")
        offer.inputs.check(self.inputs)
        issuer = self.issuer.to_base58()
        if offer.oracle in (issuer, self.account.to_base58()):
            raise NotAllowed("issuer: expected a buyer's key, got the oracle's own")
        if not (offer.access.open or issuer in offer.access.keys):
            raise NotAllowed("issuer: expected a key that the offer allows, got another")
        return cost


def make_sale(issuer: PublicKey, offer: Offer, account: PublicKey, *, asset: str, **named: Any) -> Sale:
    """A sale of tickets for an offer.

    Args:
        issuer: the buyer of the account; its address is paid.
        offer: parsed from the document that was read.
        account: the prepaid account that pays for the runs.
        asset: the token id, in base58, of what the account is kept in.
        named: ``audience``, ``inputs``, ``until``, ``price`` (nanomina) and ``tickets`` as in ``Sale``.

    Raises:
        Malformed: a value is not of its form.
        Refused: the offer is free, or has no price in this asset.
    """
    if offer.payment is None:
        raise Refused("offer: expected one with a price, got one of price 0")
    terms = offer.payment.priced_in(asset).terms
    value = {
        "sealrun": 1,
        "network": offer.network,
        "offer": offer.id,
        "terms": f"{terms.hash:064x}",
        "account": account.to_base58(),
        "asset": asset,
        "issuer": issuer.to_base58(),
        **named,
        "price": str(named["price"]),
    }
    return Sale.parse(canonical(value))


def read_sale(document: bytes) -> Sale:
    """The sale in a signed document.

    Raises:
        Malformed: it is not of its form.
        NotAllowed: the issuer's signature does not hold.
    """
    value = parse_object(document, at_most=MAX_SALE_BYTES + 1024)
    value = read.only(value, ("data", "signature"), where="sale")
    sale = Sale.parse(canonical(json_object(value, "data")))
    if not verify_fields(signature(value, "signature"), sale.issuer, sale.signed_fields):
        raise NotAllowed("signature: expected the issuer's over the sale, got another")
    return sale


def sold_ticket(
    issuer: PrivateKey, offer: Offer, sale: Sale, payment: str, payer: PublicKey, limit: int
) -> tuple[Grant, Signature]:
    """The ticket for one payment: made again, it is the same one.

    Args:
        issuer: the key of ``sale.issuer``.
        offer: the one that the sale names.
        sale: what was paid for.
        payment: the transaction's hash, which no second payment has.
        payer: who paid, and whose key redeems.
        limit: the voucher's, in the smallest unit of the account's asset.
    """
    one, other = (hashlib.sha256(f"{part} {sale.id} {payment}".encode()) for part in ("salt", "nonce"))
    prepaid = prepay(
        issuer,
        offer,
        sale.account,
        asset=tokens.to_base58(sale.asset),
        inputs=sale.inputs,
        limit=limit,
        salt=one.hexdigest(),
        nonce=int.from_bytes(other.digest()[:16], "big"),
        until=sale.until,
    )
    values: dict[str, Any] = {"inputs": sale.inputs, "opened": (), "until": sale.until}
    return granted(issuer, offer, payer, audience=sale.audience, prepaid=prepaid, **values)


def check_sold(grant: Grant, signed: Signature, sale: Sale, payer: PublicKey, *, most: int) -> None:
    """A ticket is one of this sale, for this payer, and its issuer signed both the ticket and the call.

    Not checked: that the account still covers it when it is redeemed.

    Args:
        grant: of the ticket.
        signed: the signature beside it.
        sale: what was paid for.
        payer: whose key must redeem it.
        most: what its voucher may name at most, in the smallest unit of the account's asset.

    Raises:
        NotAllowed: it is another's, or a signature does not hold.
        Refused: it is for something else than was sold.
    """
    call, paid = grant.prepaid_call, grant.prepaid
    if call is None or paid is None:
        raise Refused("ticket: expected one that its issuer pays for, got another")
    sold = (
        sale.audience,
        sale.network,
        int(sale.offer, 16),
        sale.terms,
        sale.issuer,
        dict(sale.inputs),
        sale.until,
    )
    got = (
        grant.audience, grant.network, grant.offer_hash, grant.terms_hash, grant.issuer, dict(grant.inputs),
        grant.until,
    )  # fmt: skip
    if sold != got or (paid.account, paid.asset) != (sale.account, sale.asset):
        raise Refused("ticket: expected what the sale says, got a ticket for something else")
    if grant.key != payer:
        raise NotAllowed(f"ticket: expected one that {payer.to_base58()} redeems, got another's")
    if not 0 < paid.limit <= most:
        raise Refused(f"ticket: expected a limit that the account's funds cover, {most}, got {paid.limit}")
    if not verify_fields(signed, sale.issuer, grant.signed_fields):
        raise NotAllowed("ticket: expected its issuer's signature, got another")
    if not verify_fields(paid.signature, sale.issuer, call.voucher_fields(paid.limit)):
        raise NotAllowed("ticket: expected its issuer's voucher, got another")
    if not paid.salt.startswith(TICKET_SALT):
        raise Refused("ticket: expected one that only its key can start, got one that anybody can")


def memo_text(memo: str) -> str:
    """A memo as nodes write it: base58check of a tag, the length, and 32 bytes.

    Raises:
        Malformed: it is longer than 32 bytes.
    """
    raw = memo.encode()
    if len(raw) > MAX_MEMO:
        raise Malformed(f"memo: expected at most {MAX_MEMO} bytes, got {len(raw)}")
    return encode(_MEMO_VERSION, bytes([_MEMO_TAG, len(raw)]) + raw.ljust(MAX_MEMO, b"\0"))
