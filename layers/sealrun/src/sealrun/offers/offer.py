"""Offers: what is for sale. An offer is its canonical JSON document; its hash names it for ever."""

import hashlib
from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple

from mina.keys import PublicKey
from sealrun.encoding import read
from sealrun.encoding.fields import (
    CLOSE,
    NETWORKS,
    canonical,
    digest_fields,
    network_field,
    tagged_hash,
    text_field,
)
from sealrun.encoding.json_limits import parse_object
from sealrun.errors import Malformed, Refused
from sealrun.offers.asset import TRADED, Amount, asset_of
from sealrun.offers.evidence_policy import EvidencePolicy, parse_policy
from sealrun.offers.facts import FACTS, check_facts, facts_hash
from sealrun.offers.inputs import InputSchema
from sealrun.offers.limits import MAX_CALLS_AN_HOUR, Limits, Share, parse_limits, parse_share
from sealrun.offers.prices import Price, parse_prices, prices_hash
from sealrun.offers.source import Source, parse_source
from sealrun.offers.terms import ANEW, Terms, check_network
from sealrun.values import dataclass, replace

# Of the document. Form 1 had one price, in MINA, and a hash that no proof can open.
FORM = 2
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


class Priced(NamedTuple):
    """What a run costs in one asset, and the terms of the accounts that pay in it."""

    cost: Amount
    terms: Terms


class Payment(NamedTuple):
    """How an offer that has a price is paid."""

    prices: tuple[Priced, ...]  # one an asset; their terms differ in the asset alone
    depth: int  # blocks that a deposit must have over it before it counts (A5)
    nodes: int  # nodes that must agree about an account
    failed_per_day: int  # runs of one account and day that failed or are not over yet (L7, L12)

    @property
    def terms(self) -> Terms:
        """Those of the first price: for all that is the same in each."""
        return self.prices[0].terms

    def priced_in(self, asset: str) -> Priced:
        """The price in an asset, by the token's id in base58.

        Raises:
            Refused: the offer has none in it.
        """
        for price in self.prices:
            if price.cost.asset.id == asset:
                return price
        listed = ", ".join(f"{price.cost.asset.id} ({price.cost.asset.symbol})" for price in self.prices)
        raise Refused(f"asset: expected one that the offer has a price in, {listed}; got {asset[:80]}")

    def priced_under(self, terms_hash: int) -> Priced:
        """The price for accounts of these terms.

        Raises:
            Refused: they are not this offer's, in whatever asset (A4).
        """
        for price in self.prices:
            if price.terms.hash == terms_hash:
                return price
        raise Refused("terms: expected those of the offer in one of its assets, got others")


@dataclass(frozen=True)
class Offer:
    """A job for sale. Build it with ``Offer.parse``; ``document`` holds the hashed and stored bytes."""

    document: bytes
    title: str
    network: str
    source: Source
    inputs: InputSchema
    prices: tuple[Price, ...]  # one an asset; none for an offer of price 0
    facts: int  # hash of the claims that the CI's token must show; 0 where it says nothing of them
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
        """``H("sealrun:offer", [digest(document), facts, prices])``: see ``offer_hash``."""
        digest = digest_fields(hashlib.sha256(self.document).digest())
        return offer_hash(digest, self.facts, [price.cost for price in self.prices])

    @property
    def id(self) -> str:
        """The hash as 64 hex digits, as it stands in URLs."""
        return f"{self.hash:064x}"

    @property
    def terms(self) -> int:
        """The hash of the terms of the first price, which its account on chain names; 0 for price 0."""
        return self.payment.terms.hash if self.payment else 0

    @property
    def proved(self) -> bool:
        """True if proofs of the CI's own tokens settle its accounts, and no oracle's word does."""
        return self.payment is not None and self.payment.terms.oracle is None

    def has_terms(self, terms_hash: int) -> bool:
        """True for what a call can name: the terms of one of the prices, and 0 where the price is 0 (A4)."""
        if self.payment is None:
            return terms_hash == 0
        return any(price.terms.hash == terms_hash for price in self.payment.prices)

    @property
    def cost(self) -> str:
        """What a run costs, as people read it: ``0.5 MINA``, or ``0.5 MINA or 1 RUN``."""
        return " or ".join(str(price.cost) for price in self.prices) or str(TRADED.of(0))

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


def offer_hash(digest: Sequence[int], facts: int, costs: Sequence[Amount]) -> int:
    """``H("sealrun:offer", [digest(document), facts, prices])``.

    The document says it all. Facts and prices stand beside its digest for proofs, which read no JSON.

    Args:
        digest: SHA-256 of the canonical bytes, as ``digest_fields`` has it.
        facts: of ``facts_hash``, or 0.
        costs: as ``prices_hash`` takes them.
    """
    return tagged_hash("sealrun:offer", [*digest, facts, prices_hash(costs)])


def close_fields(network: str, contract: PublicKey) -> list[int]:
    """What a seller signs to close an offer's contract for ever."""
    return [text_field(CLOSE), network_field(network), *contract.to_fields()]


def kept_offer(document: bytes) -> Offer | None:
    """The offer of a document that a ledger keeps; None for one of an older sealrun, which is over.

    Raises:
        Malformed: it is neither.
    """
    try:
        return Offer.parse(document)
    except Malformed:
        if _is_older(parse_object(document)):
            return None
        raise


def _is_older(value: dict[str, Any]) -> bool:
    return value.get("sealrun") == 1 or "price" in value


def _values(value: dict[str, Any]) -> dict[str, Any]:
    if _is_older(value):
        raise Malformed(
            f"offer: expected form {FORM}, which lists prices, got that of an older sealrun. {ANEW}"
        )
    optional = ("payment", "credential", "success", "edge", "facts")
    read.only(value, _NAMES, where="offer", optional=optional)
    read.whole(value, "sealrun", low=FORM, high=FORM)
    read.one_of(value, "kind", ["job"])
    source = parse_source(value["source"])
    prices = parse_prices(value["prices"])
    network = read.one_of(value, "network", NETWORKS)
    oracle = _key(value["oracle"])
    payment = _payment(value, prices=prices, network=network, oracle=oracle)
    is_open = read.truth(read.only(value["access"], _ACCESS, where="access", optional=("per_buyer",)), "open")
    limits = parse_limits(value["limits"], is_open=is_open)
    quota = read.whole(value, "quota_per_hour", low=1, high=MAX_CALLS_AN_HOUR)
    share = parse_share(value["access"], limits, is_open=is_open, quota_per_hour=quota)
    return {
        "title": read.text(value, "title", pattern=r"[ -~]{1,80}", says="1 to 80 printable ASCII characters"),
        "network": network,
        "source": source,
        "inputs": InputSchema.parse(value["inputs"], at_most=source.rules.max_inputs),
        "prices": prices,
        "facts": _facts(value.get("facts"), source, payment),
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
    "sealrun", "kind", "title", "network", "source", "inputs", "prices", "terms", "oracle", "access",
    "quota_per_hour", "limits", "evidence",
)  # fmt: skip


def _payment(
    value: dict[str, Any], *, prices: tuple[Price, ...], network: str, oracle: str
) -> Payment | None:
    """``terms`` and ``payment`` stand together, and only where there is a price (A4).

    The terms of an offer name no asset: each of its prices does.
    """
    if not prices:
        if value["terms"] is not None or "payment" in value:
            raise Malformed("terms: expected null and no payment for price 0, got some")
        return None
    if not isinstance(value["terms"], dict) or "asset" in value["terms"]:
        raise Malformed("terms: expected an object without an asset, which each price names, got another")
    terms = Terms.parse({**value["terms"], "asset": prices[0].cost.asset.id})
    check_network(terms, network)
    if terms.oracle and terms.oracle.to_base58() != oracle:
        raise Malformed(f"oracle: expected the oracle of the terms, got {oracle}")
    payment = read.only(value.get("payment"), ("depth", "nodes", "failed_per_day"), where="payment")
    return Payment(
        prices=tuple(Priced(cost, replace(terms, asset=asset_of(cost.asset.token))) for cost, _ in prices),
        depth=read.whole(payment, "depth", low=0, high=MAX_DEPTH),
        nodes=read.whole(payment, "nodes", low=1, high=MAX_NODES),
        failed_per_day=read.whole(payment, "failed_per_day", low=1, high=10_000),
    )


def _facts(value: Any, source: Source, payment: Payment | None) -> int:
    """The claims that the CI's token must show, where proofs of it settle, and nowhere else.

    Raises:
        Malformed: they are not those of the provider's tokens, or say something else than the source.
    """
    proved = payment is not None and payment.terms.oracle is None
    if (value is not None) != proved:
        raise Malformed("facts: expected them with terms that name an issuer's keys, and only there")
    if not proved:
        return 0
    if source.provider not in FACTS:
        raise Malformed(f"facts: expected a provider of {', '.join(FACTS)}, got {source.provider}")
    hashed = facts_hash(source.provider, value)
    check_facts(value, source)
    return hashed


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
