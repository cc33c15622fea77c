"""A small world around one offer: a buyer, an oracle, a seller's offer, and every port."""

from dataclasses import dataclass, field
from typing import Any

from mina.keys import PrivateKey
from mina.sign import sign_fields
from sealrun.adapters.files.archives import unpack_zip
from sealrun.adapters.files.spool import spooled
from sealrun.adapters.memory.throttle import Throttle
from sealrun.calls.call import Call, SignedCall
from sealrun.encoding.fields import canonical
from sealrun.errors import SealrunError, StoreUnavailable
from sealrun.offers.asset import MINA
from sealrun.offers.offer import FORM, Offer
from sealrun.offers.prices import Price
from sealrun.offers.stored_offer import StoredOffer
from sealrun.runs.record import Record
from sealrun.workflows.accept_call import Accepted, accept_call
from sealrun.workflows.collect_run import Collector, advance
from sealrun.workflows.pin_items import Pinning
from sealrun.workflows.receipt_documents import ReceiptDocuments
from sealrun.workflows.start_run import Starter
from sealrun.workflows.sweep import sweep
from tests.sealrun.fakes import (
    FakeClock,
    FakeIssuers,
    FakeKeys,
    FakeLedger,
    FakeOracle,
    FakeProvider,
    FakeStore,
    FakeWaker,
)

BUYER = PrivateKey.from_scalar(1001)
ORACLE = PrivateKey.from_scalar(2002)
ACCOUNT = PrivateKey.from_scalar(3003)
SELLER = PrivateKey.from_scalar(4004)
OPERATOR = PrivateKey.from_scalar(5005)
CONTRACT = PrivateKey.from_scalar(6006)
PRICE = 5_000_000_000
COMMIT = "1f" * 20
API_TOKEN, WEBHOOK_SECRET = b"the offer's own token", b"the webhook's secret"


def offer_value(**changes: Any) -> dict[str, Any]:
    """An offer's JSON value, with changes."""
    value: dict[str, Any] = {
        "sealrun": FORM,
        "kind": "job",
        "title": "Build the layers",
        "network": "mina:devnet",
        "source": {
            "provider": "gitlab",
            "origin": "https://gitlab.example",
            "project": "42",
            "ref": "refs/tags/v1.0.0",
            "commit": COMMIT,
            "tree": "3a" * 20,
            "configuration": {"path": ".gitlab-ci.yml", "sha256": "4b" * 32, "includes": []},
            "user": 7,
        },
        "inputs": {
            "type": "object",
            "properties": {
                "layer": {"type": "string", "enum": ["mina", "sealrun", "both"]},
                "level": {"type": "integer", "minimum": 0, "maximum": 9},
            },
            "additionalProperties": False,
        },
        "prices": [],
        "terms": None,
        "oracle": ORACLE.public_key().to_base58(),
        "access": {"open": True, "keys": []},
        "quota_per_hour": 10,
        "limits": limits_value(),
        "evidence": evidence_value(),
    }
    return {**value, **changes}


def in_mina(units: int) -> list[dict[str, Any]]:
    """An offer's prices: so many nanomina, and nothing in tokens."""
    return [Price(MINA.of(units), None).value()]


def limits_value(**changes: Any) -> dict[str, Any]:
    """The offer's limits, with changes."""
    return {"seconds": 600, "log_bytes": 1000, "artifact_bytes": 100_000, "files": 10, **changes}


# Changes for an offer of which one buyer may have as much as it likes.
BUSY: dict[str, Any] = {
    "quota_per_hour": 1000,
    "access": {"open": True, "keys": [], "per_buyer": {"per_hour": 1000, "at_once": 1000}},
    "limits": limits_value(at_once=1000, minutes_per_month=100_000),
}


def evidence_value(**changes: Any) -> dict[str, Any]:
    """What the offer reveals, with changes."""
    value: dict[str, Any] = {"inputs": "buyer", "outputs": ["*"], "log": [], "symbols": [], "probes": []}
    return {**value, "token": "buyer", "grade": 0, "deterministic": False, **changes}


def terms_value(**changes: Any) -> dict[str, Any]:
    """The JSON value of terms, with changes."""
    value: dict[str, Any] = {
        "network": "mina:devnet",
        "asset": MINA.id,
        "ledger": "7",
        "seller": SELLER.public_key().to_base58(),
        "operator": OPERATOR.public_key().to_base58(),
        "operator_share": 250,
        "oracle": ORACLE.public_key().to_base58(),
        "exit_delay": 100,
    }
    return {**value, **changes}


def paid_value(**changes: Any) -> dict[str, Any]:
    """The JSON value of an offer that costs 5 MINA, with changes."""
    payment = {"depth": 0, "nodes": 1, "failed_per_day": 5}
    paid = {"prices": in_mina(PRICE), "terms": terms_value(), "payment": payment, **changes}
    # The terms of an offer leave the asset to its prices.
    terms = {name: value for name, value in (paid["terms"] or {}).items() if name != "asset"}
    return offer_value(**{**paid, "terms": terms or None})


def chain_value(**changes: Any) -> dict[str, Any]:
    """The JSON value of the same offer with its credential on chain, with changes."""
    credential = {"kind": "chain", "contract": CONTRACT.public_key().to_base58()}
    return paid_value(**{"credential": credential, **changes})


def make_offer(**changes: Any) -> Offer:
    """An offer of price 0, with changes."""
    return Offer.parse(canonical(offer_value(**changes)))


def make_paid_offer(**changes: Any) -> Offer:
    """An offer that costs 5 MINA, with changes."""
    return Offer.parse(canonical(paid_value(**changes)))


def make_chain_offer(**changes: Any) -> Offer:
    """An offer that costs 5 MINA and has its credential on chain, with changes."""
    return Offer.parse(canonical(chain_value(**changes)))


def sign_call(offer: Offer, *, buyer: PrivateKey = BUYER, limit: int = 0, **changes: Any) -> SignedCall:
    """A call that the buyer signed."""
    values: dict[str, Any] = {
        "network": offer.network,
        "account": buyer.public_key(),
        "offer_hash": offer.hash,
        "terms_hash": offer.terms,
        "asset": offer.payment.terms.asset.token if offer.payment else 0,
        "inputs": {"layer": "both"},
        "salt": "ab" * 32,
        "nonce": 7,
        "expires_at": 1_800_003_600,
    }
    identifier = changes.pop("identifier", None)
    call = Call(**{**values, **changes})
    return SignedCall(call, limit, sign_fields(buyer, call.voucher_fields(limit)), identifier)


def sign_paid_call(
    offer: Offer, *, buyer: PrivateKey = BUYER, limit: int = PRICE, **changes: Any
) -> SignedCall:
    """A call on the prepaid account that its buyer signed."""
    values = {"account": ACCOUNT.public_key(), **changes}
    return sign_call(offer, buyer=buyer, limit=limit, **values)._replace(buyer=buyer.public_key())


@dataclass
class World:
    """Everything in memory; ``ports`` may be wrapped before use."""

    offer: Offer = field(default_factory=make_offer)
    clock: FakeClock = field(default_factory=FakeClock)
    ledger: Any = field(default_factory=FakeLedger)
    store: Any = field(default_factory=FakeStore)
    keys: FakeKeys = field(default_factory=FakeKeys)
    waker: Any = field(default_factory=FakeWaker)
    oracle: Any = field(default_factory=lambda: FakeOracle(ORACLE))
    issuers: FakeIssuers = field(default_factory=FakeIssuers)
    provider: Any = None
    opens: bool = True
    throttle: Throttle = field(default_factory=Throttle)
    pinning: Pinning = field(default_factory=Pinning)
    put_off: list[tuple[int, SealrunError]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.provider = self.provider or FakeProvider(self.clock, self.offer)
        self.ledger.publish(StoredOffer(self.offer, "", b"sealed", b"key", b"secret"))

    @property
    def starter(self) -> Starter:
        return Starter(self._open_provider, self.waker, lambda *why: self.put_off.append(why))

    @property
    def collector(self) -> Collector:
        oracle = self.oracle
        return Collector(
            self.starter,
            lambda _: oracle,
            self.store,
            unpack_zip,
            spooled,
            self.issuers,
            lambda _: [API_TOKEN, WEBHOOK_SECRET],
            self.pinning,
        )

    def call(
        self, signed: SignedCall | None = None, *, body: bytes | None = None, sender: str = "192.0.2.1"
    ) -> Accepted:
        """Send a call to ``accept_call``."""
        sent = canonical((signed or sign_call(self.offer)).body()) if body is None else body
        return accept_call(
            self.offer.id,
            sent,
            sender=sender,
            ledger=self.ledger,
            starter=self.starter,
            clock=self.clock,
            throttle=self.throttle,
        )

    def sweep(self) -> dict[int, str]:
        """One sweep now."""
        return sweep(ledger=self.ledger, collector=self.collector, clock=self.clock)

    def sweep_one(self, call_hash: int) -> Record | None:
        """One step of one call, as a wake takes it; errors pass through."""
        return advance(call_hash, ledger=self.ledger, collector=self.collector, clock=self.clock)

    def kept(self, record: Record) -> ReceiptDocuments:
        """The documents behind the receipt of a call that is over."""
        return ReceiptDocuments(record, self.store)

    def settle(self, call_hash: int, *, within: int = 3600, every: int = 15) -> Record:
        """Sweep until the call is over."""
        for _ in range(within // every):
            record = self.ledger.record(call_hash)
            if record is not None and record.state.over:
                return record  # type: ignore[no-any-return]
            self.clock.passes(every)
            self.sweep()
        raise AssertionError(f"call: expected it to be over, got {self.ledger.record(call_hash)}")

    def _open_provider(self, _stored: StoredOffer) -> Any:
        if not self.opens:
            raise StoreUnavailable("key service: down")
        return self.provider
