"""The buyer's x402 mechanism for one call on a prepaid account: sees what it signs, and signs no more.

    mechanism = MinaBatchSettlement(call, offer, buyer=key, sign=sign, known=Known(spent, spent))
    x402Client().register("mina:devnet", mechanism)

It is built per call and needs no x402 package: the class has the two members that a client's mechanism has.
One limit is signed for a call (C2): after a correction that raises it, make another with the same ``Known``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mina.field import P
from mina.keys import PublicKey
from mina.signature import Signature
from mina.verify import verify_fields
from sealrun.calls.call import Call
from sealrun.encoding import read
from sealrun.encoding.fields import MAX_UINT64
from sealrun.errors import Malformed, Refused
from sealrun.money.x402 import SCHEME
from sealrun.offers.asset import Asset
from sealrun.offers.offer import Offer

Sign = Callable[[list[int]], Signature]


@dataclass
class Known:
    """What the buyer's client knows of its own account; keep it from call to call.

    Both are in the asset's smallest unit. On a cold start they are ``spent`` from the chain.
    """

    committed: int  # due and pending, as far as known
    highest: int  # the highest limit that this client has ever signed for the account


class MinaBatchSettlement:
    """x402's client-side mechanism for ``batch-settlement`` on Mina, for one call."""

    scheme = SCHEME

    def __init__(self, call: Call, offer: Offer, *, buyer: PublicKey, sign: Sign, known: Known) -> None:
        """Nothing is signed yet. Only the price in the asset of the call's own terms ever will be.

        Args:
            call: the request; its body is sent with it. Its terms are those of the buyer's account.
            offer: parsed from the document that the buyer has read.
            buyer: the key that the account was opened for.
            sign: the wallet's ``signFields``.
            known: of the account; it grows with each signature.

        Raises:
            Refused: the call is not of this offer, or the offer has no price under the call's terms.
        """
        if offer.payment is None or call.offer_hash != offer.hash:
            raise Refused("call: expected one of the offer that is paid, got another")
        self._price, self._terms = offer.payment.priced_under(call.terms_hash)
        if call.asset != self._terms.asset.token:
            raise Refused("call: expected the asset of its terms, got another")
        self._call, self._offer, self._buyer, self._sign, self._known = call, offer, buyer, sign, known
        self._signed: int | None = None  # the limit that was signed for this call

    @property
    def asset(self) -> Asset:
        """What is paid in: that of the call's terms."""
        return self._price.asset

    def body(self) -> dict[str, Any]:
        """The body of the request: the call without its payment."""
        call = self._call
        return {
            "account": call.account.to_base58(),
            "inputs": dict(call.inputs),
            "salt": call.salt,
            "nonce": f"{call.nonce:032x}",
            "expires_at": call.expires_at,
            "asset": self._price.asset.id,
            **call.links,
        }

    def create_payment_payload(self, requirements: Any) -> dict[str, Any]:
        """Sign the voucher for these requirements, an x402 PaymentRequirements.

        Raises:
            Refused: they ask for something else than the offer says, for a limit that is too high, or for
                a second, higher limit of the same call (C2).
        """
        self._check(requirements)
        limit = self._next_limit()
        if self._signed is not None and limit > self._signed:
            raise Refused(f"limit: expected at most the {self._signed} signed for this call, got {limit}")
        self._signed = limit
        signature = self._sign(self._call.voucher_fields(limit))
        self._known.highest = max(self._known.highest, limit)
        return {
            "account": self._call.account.to_base58(),
            "buyer": self._buyer.to_base58(),
            "limit": str(limit),
            "callHash": str(self._call.hash),
            "signature": signature.to_base58(),
        }

    def correct(self, correction: object) -> None:
        """Adopt the figures of a 402, if the buyer's own signature covers them (A10).

        Raises:
            Refused: they do not, they are above the limit that it signed, or they count this very call,
                which the same answer refuses (C2).
            Malformed: the correction is not of its form.
        """
        members = read.only(correction, ("due", "pending", "voucher"), where="correction")
        committed = sum(read.decimal(members, name, high=MAX_UINT64) for name in ("due", "pending"))
        voucher = read.only(members["voucher"], ("limit", "callHash", "signature"), where="voucher")
        limit = self._signed_limit(voucher)
        if voucher["callHash"] == str(self._call.hash):
            raise Refused("correction: expected an earlier call's voucher, got that of the call it refuses")
        if committed > limit:
            raise Refused(f"correction: expected at most the signed limit {limit}, got {committed}")
        self._known.committed, self._known.highest = committed, max(self._known.highest, limit)

    def reserved(self) -> None:
        """The call was accepted: its price is pending from now on.

        One that another client of this buyer had paid for is in the operator's figures only: counted here, it
        would stand above every limit that this client signed.
        """
        if self._signed is not None:
            self._known.committed += self._price.units

    def _signed_limit(self, voucher: Mapping[str, Any]) -> int:
        """The voucher's limit, if it is one of this buyer's for this account."""
        limit = read.decimal(voucher, "limit", high=MAX_UINT64)
        fields = self._call.voucher_fields(limit)
        fields[-1] = read.decimal(voucher, "callHash", high=P - 1)
        try:
            holds = verify_fields(Signature.from_base58(voucher["signature"]), self._buyer, fields)
        except (ValueError, TypeError) as error:
            raise Malformed(f"voucher: {error}") from error
        if not holds:
            raise Refused("correction: expected the buyer's own signature over the limit, got another")
        return limit

    def _next_limit(self) -> int:
        limit, most = (total + self._price.units for total in (self._known.committed, self._known.highest))
        if limit > most:
            raise Refused(f"limit: expected at most {most} {self._price.asset.unit} to sign, got {limit}")
        return limit

    def _check(self, got: Any) -> None:
        """Every figure is the offer's own; the server only repeats what the buyer has read (A4)."""
        value = got if isinstance(got, Mapping) else got.model_dump(by_alias=True)
        terms, asset = self._terms, self._price.asset
        extra = value.get("extra") or {}
        pairs = {
            "scheme": (SCHEME, value.get("scheme")),
            "network": (self._offer.network, value.get("network")),
            "asset": (asset.id, value.get("asset")),
            "amount": (str(self._price.units), value.get("amount")),
            "extra.decimals": (asset.decimals, extra.get("decimals")),
            "extra.symbol": (asset.symbol, extra.get("symbol")),
            "payTo": (terms.seller.to_base58(), value.get("payTo")),
            "extra.offer": (self._offer.id, extra.get("offer")),
            "extra.terms": (terms.value(), extra.get("terms")),
            "extra.termsHash": (terms.id, extra.get("termsHash")),
        }
        for name, (expected, actual) in pairs.items():
            if actual != expected:
                raise Refused(f"{name}: expected {expected}, got {str(actual)[:80]}")
