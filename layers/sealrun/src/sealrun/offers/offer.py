"""Offers: what is for sale. An offer is its canonical JSON document; its hash names it for ever."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from mina.keys import PublicKey
from sealrun.encoding import read
from sealrun.encoding.fields import (
    CLOSE,
    MAX_UINT64,
    NETWORKS,
    canonical,
    document_hash,
    network_field,
    text_field,
)
from sealrun.encoding.json_limits import parse_object
from sealrun.errors import Malformed
from sealrun.offers.asset import TRADED, Amount, Asset
from sealrun.offers.evidence_policy import EvidencePolicy, parse_policy
from sealrun.offers.inputs import InputSchema
from sealrun.offers.limits import MAX_CALLS_AN_HOUR, Limits, Share, parse_limits, parse_share
from sealrun.offers.source import Source, parse_source
from sealrun.offers.terms import Terms, check_network

MAX_DOCUMENT_BYTES = 16 * 1024
MAX_ALLOWED_KEYS = 64
# Mina's finality parameter k: no fork is longer.
MAX_DEPTH = 290
MAX_NODES = 5
MAX_SUCCESS_JOBS = 20
# A control character would break the lines that name the job.
_JOB_NAME = r"[^\x00-\x1f\x7f\ud800-\udfff]{1,100}"


class Access(NamedTuple):
    """Which keys may call (L6): all, or only these; and how much of the offer each may use (L12)."""

    open: bool
    keys: frozenset[str]
    share: Share


class Payment(NamedTuple):
    """How an offer that has a price is paid."""

    terms: Terms
    depth: int  # blocks that a deposit must have over it before it counts (A5)
    nodes: int  # nodes that must agree about an account
    failed_per_day: int  # runs of one account and day that failed or are not over yet (L7, L12)


@dataclass(frozen=True)
class Offer:
    """A job for sale. Build it with ``Offer.parse``; ``document`` holds the hashed and stored bytes."""

    document: bytes
    title: str
    network: str
    source: Source
    inputs: InputSchema
    price: int  # in the asset's smallest unit
    payment: Payment | None  # None for an offer of price 0
    contract: PublicKey | None  # whose opening event holds the sealed credential; None: the stack keeps it
    oracle: str  # base58 public key that signs the receipts
    access: Access
    quota_per_hour: int
    limits: Limits
    evidence: EvidencePolicy
    success: tuple[str, ...]  # the jobs that must succeed; empty: all that are not allowed to fail (R8)
    edge: PublicKey | None  # the edge that takes this offer's calls, and the region none; None: the region

    @cached_property
    def hash(self) -> int:
        """``H("sealrun:offer", digest(document))``."""
        return document_hash("sealrun:offer", self.document)

    @property
    def id(self) -> str:
        """The hash as 64 hex digits, as it stands in URLs."""
        return f"{self.hash:064x}"

    @property
    def terms(self) -> int:
        """The terms hash that calls name, 0 for an offer of price 0."""
        return self.payment.terms.hash if self.payment else 0

    @property
    def asset(self) -> Asset:
        """What the price is in: what the terms are kept in."""
        return self.payment.terms.asset if self.payment else TRADED

    @property
    def cost(self) -> Amount:
        """The price as an amount of its asset."""
        return self.asset.of(self.price)

    @cached_property
    def source_hash(self) -> int:
        """The hash of the pinned parts of the source, as the receipt signs it; see ``Source.hash``."""
        return self.source.hash(self.id)

    @classmethod
    def parse(cls, document: bytes) -> "Offer":
        """Read an offer document and check everything that can be checked without asking anybody.

        Not checked: that the project, tag and commit exist, that the tag is protected, that the
        pipeline declares these inputs and ``workflow:name``.

        Raises:
            Malformed: the document is not canonical JSON (RFC 8785), too large, or one of its values
                is not as an offer's must be.
            InputsRefused: the input schema accepts values that no pipeline should get (R2).
        """
        if len(document) > MAX_DOCUMENT_BYTES:
            raise Malformed(f"offer: expected at most {MAX_DOCUMENT_BYTES} bytes, got {len(document)}")
        value = parse_object(document)
        if canonical(value) != document:
            raise Malformed("offer: expected canonical JSON (RFC 8785), got another form of it")
        return cls(document=document, **_values(value))


def close_fields(network: str, contract: PublicKey) -> list[int]:
    """What a seller signs to close an offer's contract for ever."""
    return [text_field(CLOSE), network_field(network), *contract.to_fields()]


def _values(value: dict[str, Any]) -> dict[str, Any]:
    read.only(value, _NAMES, where="offer", optional=("payment", "credential", "success", "edge"))
    read.whole(value, "sealrun", low=1, high=1)
    read.one_of(value, "kind", ["job"])
    source = parse_source(value["source"])
    price = read.decimal(value, "price", high=MAX_UINT64)
    network = read.one_of(value, "network", NETWORKS)
    oracle = _key(value["oracle"])
    payment = _payment(value, price=price, network=network, oracle=oracle)
    is_open = read.truth(read.only(value["access"], _ACCESS, where="access", optional=("per_buyer",)), "open")
    limits = parse_limits(value["limits"], is_open=is_open)
    quota = read.whole(value, "quota_per_hour", low=1, high=MAX_CALLS_AN_HOUR)
    share = parse_share(value["access"], limits, is_open=is_open, quota_per_hour=quota)
    return {
        "title": read.text(value, "title", pattern=r"[ -~]{1,80}", says="1 to 80 printable ASCII characters"),
        "network": network,
        "source": source,
        "inputs": InputSchema.parse(value["inputs"], at_most=source.rules.max_inputs),
        "price": price,
        "payment": payment,
        "contract": _contract(value, payment),
        "oracle": oracle,
        "access": Access(is_open, _allowed(value["access"]["keys"]), share),
        "quota_per_hour": quota,
        "limits": limits,
        "evidence": parse_policy(value["evidence"]),
        "success": _success(value.get("success")),
        "edge": _edge(value, payment, oracle),
    }


_ACCESS = ("open", "keys")
_NAMES = (
    "sealrun", "kind", "title", "network", "source", "inputs", "price", "terms", "oracle", "access",
    "quota_per_hour", "limits", "evidence",
)  # fmt: skip


def _payment(value: dict[str, Any], *, price: int, network: str, oracle: str) -> Payment | None:
    """``terms`` and ``payment`` stand together, and only where there is a price (A4)."""
    if price == 0:
        if value["terms"] is not None or "payment" in value:
            raise Malformed("terms: expected null and no payment for price 0, got some")
        return None
    terms = Terms.parse(value["terms"])
    check_network(terms, network)
    if terms.oracle.to_base58() != oracle:
        raise Malformed(f"oracle: expected the oracle of the terms, got {oracle}")
    payment = read.only(value.get("payment"), ("depth", "nodes", "failed_per_day"), where="payment")
    return Payment(
        terms=terms,
        depth=read.whole(payment, "depth", low=0, high=MAX_DEPTH),
        nodes=read.whole(payment, "nodes", low=1, high=MAX_NODES),
        failed_per_day=read.whole(payment, "failed_per_day", low=1, high=10_000),
    )


def _contract(value: dict[str, Any], payment: Payment | None) -> PublicKey | None:
    """The offer's own account on chain, where its credential lies there (A11).

    Only with a price: the contract is opened under terms, and their seller closes it.
    """
    if "credential" not in value:
        return None
    credential = read.only(value["credential"], ("kind", "contract"), where="credential")
    read.one_of(credential, "kind", ["chain"])
    if payment is None:
        raise Malformed("credential: expected none on chain for price 0, got one")
    contract, terms = read.public_key(credential, "contract"), payment.terms
    if contract in (terms.seller, terms.operator, terms.oracle):
        raise Malformed("contract: expected a key of its own, got one of the terms")
    return contract


def _edge(value: dict[str, Any], payment: Payment | None, oracle: str) -> PublicKey | None:
    """The key with which an edge hands over the runs of the calls that it took (L15).

    Only for price 0: an edge knows no account, and two places that reserve on one would spend it twice (A3).
    """
    if "edge" not in value:
        return None
    if payment is not None:
        raise Malformed("edge: expected none for an offer that has a price, got one")
    edge = read.public_key(value, "edge")
    if edge.to_base58() == oracle:
        raise Malformed("edge: expected a key of its own, got the oracle's")
    return edge


def _key(value: Any) -> str:
    if not isinstance(value, str):
        raise Malformed(f"key: expected a base58 public key, got {type(value).__name__}")
    try:
        return PublicKey.from_base58(value).to_base58()
    except ValueError as error:
        raise Malformed(f"key: {error}") from error


def _allowed(keys: Any) -> frozenset[str]:
    if not isinstance(keys, list) or len(keys) > MAX_ALLOWED_KEYS:
        raise Malformed(
            f"keys: expected a list of at most {MAX_ALLOWED_KEYS} public keys, got something else"
        )
    return frozenset(_key(key) for key in keys)


def _success(value: Any) -> tuple[str, ...]:
    """``{"jobs": [...]}``: the jobs that must succeed; none where the offer does not say (R8)."""
    if value is None:
        return ()
    jobs = read.only(value, ("jobs",), where="success")["jobs"]
    if not isinstance(jobs, list) or not 1 <= len(jobs) <= MAX_SUCCESS_JOBS:
        raise Malformed(f"success: expected 1 to {MAX_SUCCESS_JOBS} names of jobs, got something else")
    named = {f"jobs[{at}]": job for at, job in enumerate(jobs)}
    says = "a job's name of 1 to 100 printable characters"
    return tuple(read.text(named, name, pattern=_JOB_NAME, says=says) for name in named)
