"""x402 v2 over HTTP, scheme ``batch-settlement`` on Mina: the three headers as values. No money moves here.

The binding is ``docs/x402.md``. The body of a paid call says what is asked for
(account, inputs, salt, nonce, expires_at); PAYMENT-SIGNATURE names the payer and the highest total.
"""

import base64
import binascii
import json
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from mina.field import P
from sealrun.chain.account import Pinned
from sealrun.encoding import read
from sealrun.encoding.fields import MAX_UINT64
from sealrun.encoding.json_limits import parse_object
from sealrun.errors import Malformed, OfferClosed, Refused
from sealrun.money.vouchers import Standing
from sealrun.offers.offer import Offer, Priced
from sealrun.offers.prices import Price
from sealrun.offers.terms import Terms
from sealrun.runs.record import Record

VERSION = 2
SCHEME = "batch-settlement"
IDENTIFIER = "payment-identifier"
REQUIRED_HEADER = "PAYMENT-REQUIRED"
SIGNATURE_HEADER = "PAYMENT-SIGNATURE"
RESPONSE_HEADER = "PAYMENT-RESPONSE"
# A function URL takes about 10 KB of headers in all; a payment is about 3 KB.
MAX_HEADER_LENGTH = 8 * 1024
# Of a 402, which names every price of its offer: 16 of them take 20 KB.
MAX_REQUIRED_LENGTH = 64 * 1024
# What a client may take between 402 and the paid request.
MAX_TIMEOUT_SECONDS = 300

# https://github.com/x402-foundation/x402/blob/main/specs/extensions/payment_identifier.md
_IDENTIFIER_SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "required": {"type": "boolean"},
        "id": {"type": "string", "minLength": 16, "maxLength": 128},
    },
    "required": ["required"],
}


class Seller(NamedTuple):
    """Facts about a stack that every client gets beside the offer."""

    url: str  # of the stack, without a slash at its end
    pinned: Pinned  # of accounts that an oracle's word settles
    proved: Pinned | None = None  # of accounts that proofs settle; None: none of them is taken

    def code_of(self, terms: Terms) -> Pinned:
        """The code that an account of these terms must have.

        Raises:
            OfferClosed: proofs settle it, and this stack does not know their contract.
        """
        if terms.oracle is not None:
            return self.pinned
        if self.proved is None:
            raise OfferClosed(
                "terms: expected an oracle, got an issuer's keys: this service sells on no proofs"
            )
        return self.proved

    def resource(self, offer: Offer) -> str:
        """The URL that is paid for."""
        return f"{self.url}/offers/{offer.id}/calls"


def accepts(
    offer: Offer,
    seller: Seller,
    *,
    correction: Mapping[str, Any] | None = None,
    corrected: str = "",
    dropped: Collection[str] = (),
) -> list[dict[str, Any]]:
    """The entries of ``accepts``, one an asset in which the offer takes calls now (L4).

    Args:
        offer: what is sold; one of price 0 has no entry.
        seller: of the stack.
        correction: for the buyer of an account, in the entry of that account's asset.
        corrected: that asset's token id in base58.
        dropped: ids of the assets whose entries are left out.
    """
    prices = zip(offer.payment.prices, offer.prices, strict=True) if offer.payment else ()
    return [
        _entry(offer, seller, priced, price, correction if priced.cost.asset.id == corrected else None)
        for priced, price in prices
        if price.cost.asset.id not in dropped
    ]


def _entry(
    offer: Offer, seller: Seller, priced: Priced, price: Price, correction: Mapping[str, Any] | None
) -> dict[str, Any]:
    terms = priced.terms
    extra = {
        "offer": offer.id,
        "token": price.owner.to_base58() if price.owner else None,
        **price.cost.asset.value(),
        "terms": terms.value(),
        "termsHash": terms.id,
        "verificationKeyHash": seller.code_of(terms).verification_key,
        "ledger": f"{seller.url}/accounts",
    }
    return {
        "scheme": SCHEME,
        "network": offer.network,
        **price.cost.value(),
        "payTo": terms.seller.to_base58(),
        "maxTimeoutSeconds": MAX_TIMEOUT_SECONDS,
        "extra": extra if correction is None else {**extra, "correction": correction},
    }


def payment_required(
    offer: Offer,
    seller: Seller,
    error: str,
    *,
    correction: Mapping[str, Any] | None = None,
    corrected: str = "",
    dropped: Collection[str] = (),
) -> dict[str, Any]:
    """x402's PaymentRequired object; see ``accepts`` for the correction and what is dropped."""
    return {
        "x402Version": VERSION,
        "error": error,
        "resource": {
            "url": seller.resource(offer),
            "description": offer.title,
            "mimeType": "application/json",
        },
        "accepts": accepts(offer, seller, correction=correction, corrected=corrected, dropped=dropped),
        "extensions": {IDENTIFIER: {"info": {"required": False}, "schema": _IDENTIFIER_SCHEMA}},
    }


def correction(standing: Standing) -> dict[str, Any]:
    """What a client with a stale limit needs: the figures, and its own signature over the highest limit.

    A careful client checks that signature and signs no more than that limit and the price (A10).
    """
    return {
        "due": str(standing.due),
        "pending": str(standing.pending),
        "voucher": standing.voucher.value(),
    }


def with_payment(body: Mapping[str, Any], header: str, offer: Offer, seller: Seller) -> dict[str, Any]:
    """The signed call's value out of the body and the payment, as ``SignedCall.parse`` reads it.

    Not checked: the signature, the funds, and that ``callHash`` is the call's; see ``check_commitment``.

    Raises:
        Malformed: the header is not a PaymentPayload of this version, or the body holds what is its own.
        Refused: the payment is for something else than this offer.
    """
    payment = decoded(header)
    read.with_others(payment, ("x402Version", "accepted", "payload"), where="payment")
    read.whole(payment, "x402Version", low=VERSION, high=VERSION)
    asset = _check_accepted(payment["accepted"], offer, seller)
    if body.get("asset", asset) != asset:
        raise Refused("accepted.asset: expected the asset of the body, got another")
    payload = _payload(payment)
    if repeated := sorted({"buyer", "limit", "signature", "identifier"} & body.keys()):
        raise Malformed(f"call: expected {', '.join(repeated)} in the payment, got it in the body")
    if payload["account"] != body.get("account"):
        raise Refused("payload.account: expected the account of the body, got another")
    signed = {name: payload[name] for name in ("buyer", "limit", "signature")}
    value = {**body, "asset": asset, **signed}
    identifier = _identifier(payment.get("extensions"))
    return value if identifier is None else {**value, "identifier": identifier}


def check_commitment(header: str, call_hash: int) -> None:
    """The payment is for this very call.

    Raises:
        Refused: its ``callHash`` is another's, so that client and server hash something else.
    """
    signed_hash = read.decimal(_payload(decoded(header)), "callHash", high=P - 1)
    if signed_hash != call_hash:
        raise Refused(f"payload.callHash: expected {call_hash}, got {signed_hash}")


def reserved(record: Record, offer: Offer) -> dict[str, Any]:
    """PAYMENT-RESPONSE of an accepted call: reserved, not charged (L4). The same for the same call (L3).

    Raises:
        ValueError: the offer has no price.
    """
    if offer.payment is None:
        raise ValueError("offer: expected one with a price, got one of price 0")
    asset = offer.payment.priced_in(record.asset).cost.asset
    return {
        "success": True,
        "transaction": "",
        "network": offer.network,
        "payer": record.buyer,
        "amount": "0",
        "extra": {
            "commitment": str(record.call_hash),
            "status": "reserved",
            "reserved": str(record.price),
            "asset": asset.id,
            **asset.value(),
            "account": record.account,
        },
    }


def encoded(value: Mapping[str, Any]) -> str:
    """A header's value: JSON in base64."""
    return base64.b64encode(json.dumps(value, separators=(",", ":")).encode()).decode("ascii")


def asked(header: str) -> dict[str, Any]:
    """The JSON object in the header of a 402; raises what ``decoded`` does."""
    return decoded(header, name=REQUIRED_HEADER, at_most=MAX_REQUIRED_LENGTH)


def decoded(header: str, *, name: str = SIGNATURE_HEADER, at_most: int = MAX_HEADER_LENGTH) -> dict[str, Any]:
    """The JSON object in a header, in either alphabet of base64 (RFC 4648), padded or not: clients differ.

    Raises:
        Malformed: it is too long, not base64, or not a JSON object.
    """
    if len(header) > at_most:
        raise Malformed(f"{name}: expected at most {at_most} characters, got {len(header)}")
    text = header.strip().rstrip("=").replace("-", "+").replace("_", "/")
    try:
        body = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed(f"{name}: expected base64, got something else") from error
    return parse_object(body)


def _payload(payment: Mapping[str, Any]) -> dict[str, Any]:
    names = ("account", "buyer", "limit", "callHash", "signature")
    payload = read.only(payment["payload"], names, where="payload")
    read.decimal(payload, "limit", high=MAX_UINT64)
    return payload


def _check_accepted(accepted: object, offer: Offer, seller: Seller) -> str:
    """The asset that is paid in.

    What is signed is tied by the hashes; this tells early that a client means another offer.
    """
    names = ("scheme", "network", "asset", "amount", "payTo")
    value = read.with_others(accepted, names, where="accepted")
    if offer.payment is None:
        raise Refused("accepted: expected no payment for an offer of price 0, got one")
    asset = offer.payment.priced_in(str(value["asset"])).cost.asset.id
    expected = next(entry for entry in accepts(offer, seller) if entry["asset"] == asset)
    for name in names:
        if value[name] != expected[name]:
            raise Refused(f"accepted.{name}: expected {expected[name]}, got {str(value[name])[:80]}")
    return asset


def _identifier(extensions: object) -> Any:
    """The client's id, where the extension came with one; its form is the call's to check."""
    extension = extensions.get(IDENTIFIER) if isinstance(extensions, dict) else None
    info = extension.get("info") if isinstance(extension, dict) else None
    return info.get("id") if isinstance(info, dict) else None
