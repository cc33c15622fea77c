"""The small world with a price: an account on a chain of answers, and buyers who pay over x402."""

from dataclasses import dataclass, field
from typing import Any

from mina.keys import PrivateKey
from sealrun.calls.call import SignedCall
from sealrun.chain.account import Pinned
from sealrun.encoding.fields import canonical
from sealrun.money import x402
from sealrun.offers.offer import Offer
from sealrun.runs.record import Record
from sealrun.workflows.accept_call import Accepted, accept_call
from sealrun.workflows.reserve_price import Payments
from tests.sealrun.fake_chain import PINNED, PINNED_PROVED, FakeChain
from tests.sealrun.world import World, make_paid_offer, sign_paid_call

SERVICE = "https://calls.test"
SELLER_SITE = x402.Seller(SERVICE, PINNED, PINNED_PROVED)
BODY_NAMES = ("account", "inputs", "salt", "nonce", "expires_at")


def body_of(signed: SignedCall) -> dict[str, Any]:
    """What a paid call's body says."""
    whole = signed.body()
    return {name: whole[name] for name in BODY_NAMES}


def payment_of(signed: SignedCall, offer: Offer, **changes: Any) -> dict[str, Any]:
    """The PaymentPayload object, with changes."""
    payload = {
        "account": signed.call.account.to_base58(),
        "buyer": signed.signer.to_base58(),
        "limit": str(signed.limit),
        "callHash": str(signed.call.hash),
        "signature": signed.signature.to_base58(),
    }
    payment: dict[str, Any] = {
        "x402Version": 2,
        "accepted": x402.accepts(offer, SELLER_SITE)[0],
        "payload": payload,
    }
    if signed.identifier is not None:
        info = {"required": False, "id": signed.identifier}
        payment["extensions"] = {"payment-identifier": {"info": info, "schema": {}}}
    return {**payment, **changes}


@dataclass
class Market(World):
    """The world around an offer that costs 5 MINA."""

    offer: Offer = field(default_factory=make_paid_offer)
    chain: Any = None
    pinned: Pinned = PINNED

    def __post_init__(self) -> None:
        super().__post_init__()
        self.chain = self.chain or FakeChain(self.clock)

    @property
    def payments(self) -> Payments:
        return Payments(self.chain, x402.Seller(SELLER_SITE.url, self.pinned, PINNED_PROVED), ledger=7)

    def sign(self, *, limit: int, buyer: PrivateKey | None = None, **changes: Any) -> SignedCall:
        keys = {} if buyer is None else {"buyer": buyer}
        changes.setdefault("expires_at", self.clock.now + 3600)
        return sign_paid_call(self.offer, limit=limit, **keys, **changes)

    def pay(self, signed: SignedCall, *, payment: str | None = None, **changes: Any) -> Accepted:
        """Send the body with its payment, or with another header."""
        header = x402.encoded(payment_of(signed, self.offer, **changes)) if payment is None else payment
        return self.send(body_of(signed), header)

    def send(self, body: dict[str, Any], header: str) -> Accepted:
        """Send a body and a header as they are."""
        return self.sent(canonical(body), header)

    def sent(self, body: bytes, header: str = "") -> Accepted:
        """Send a body's bytes."""
        return accept_call(
            self.offer.id,
            body,
            sender="192.0.2.1",
            ledger=self.ledger,
            starter=self.starter,
            clock=self.clock,
            throttle=self.throttle,
            payment=header,
            payments=self.payments,
        )

    def bought(self, *, limit: int, **changes: Any) -> Record:
        """One call, to its end."""
        return self.settle(self.pay(self.sign(limit=limit, **changes)).record.call_hash)
