"""Calls: a buyer's signed request for one run of one offer."""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from mina import tokens
from mina.field import P
from mina.keys import PublicKey
from mina.signature import Signature
from mina.verify import verify_fields
from sealrun.encoding import read
from sealrun.encoding.fields import (
    CALLS,
    MAX_UINT64,
    NETWORKS,
    READ,
    VOUCHER,
    canonical,
    document_hash,
    network_field,
    tagged_hash,
    text_field,
)
from sealrun.encoding.json_limits import parse_object
from sealrun.encoding.origins import service_field
from sealrun.errors import Expired, Malformed, NotAllowed
from sealrun.values import dataclass

if TYPE_CHECKING:  # the edge checks calls without the rules of offers, which need a native library
    from sealrun.offers.offer import Offer
    from sealrun.offers.terms import Terms

# A call's record outlives its expiry, so a call expires at most 24 h after it is made.
MAX_LIFETIME_SECONDS = 24 * 3600
MAX_READ_SECONDS = 3600
MAX_UNIX_SECONDS = 2**53 - 1
MAX_READS = 20
# A person's call has depth 0, one that its job makes depth 1, and so on.
MAX_CALL_DEPTH = 4
# What a ticket's identifier begins with.
TICKET_PREFIX = "ticket-"
# What the salt of a call that a ticket holds begins with: 16 bytes, and as many random ones follow.
TICKET_SALT = b"sealrun:ticket-1".hex()

_HASHES = ("offer_hash", "terms_hash", "inputs_hash")
_CALL = ("account", "inputs", "salt", "nonce", "expires_at")
_NAMES = (*_CALL, "limit", "signature")


@dataclass(frozen=True)
class PublicCall:
    """The public part of a call; it is enough to compute the call's hash again."""

    network: str
    account: PublicKey
    offer_hash: int
    terms_hash: int
    inputs_hash: int
    nonce: int
    expires_at: int

    @cached_property
    def hash(self) -> int:
        """``H("sealrun:call", [network, account.x, account.isOdd, offer, terms, inputs, nonce, expiry])``."""
        numbers = [self.offer_hash, self.terms_hash, self.inputs_hash, self.nonce, self.expires_at]
        return tagged_hash("sealrun:call", [network_field(self.network), *self.account.to_fields(), *numbers])

    def document(self) -> bytes:
        """Canonical JSON; hashes are decimal strings."""
        hashes = {name: str(getattr(self, name)) for name in _HASHES}
        account, nonce = self.account.to_base58(), f"{self.nonce:032x}"
        value = {"network": self.network, "account": account, "nonce": nonce, "expires_at": self.expires_at}
        return canonical({"sealrun": 1, **value, **hashes})

    @classmethod
    def parse(cls, document: bytes) -> "PublicCall":
        """Read ``document()`` back.

        Raises:
            Malformed: it is not of this form.
        """
        names = ("sealrun", "network", "account", "nonce", "expires_at", *_HASHES)
        value = read.only(parse_object(document), names, where="call")
        read.whole(value, "sealrun", low=1, high=1)
        return cls(
            network=read.one_of(value, "network", NETWORKS),
            account=read.public_key(value, "account"),
            nonce=_nonce(value),
            expires_at=read.whole(value, "expires_at", low=0, high=MAX_UNIX_SECONDS),
            **{name: read.decimal(value, name, high=P - 1) for name in _HASHES},
        )


class Parent(NamedTuple):
    """The call for whose run a job makes this one; whoever signs the call says so."""

    call: str  # its hash, 64 hex digits
    depth: int  # of the call that is made: the parent's and 1

    def value(self) -> dict[str, Any]:
        """The JSON object that ``parse_parent`` reads."""
        return self._asdict()


@dataclass(frozen=True)
class Call:
    """A buyer's request; the buyer signs its hash."""

    network: str
    account: PublicKey  # who pays: the buyer's own key for an offer of price 0 (L6)
    offer_hash: int
    terms_hash: int
    asset: int  # token id of the account that pays, as its terms name it; 0 for an offer of price 0
    inputs: Mapping[str, Any]
    salt: str  # 64 hex digits, so that the inputs' hash says nothing about short inputs
    nonce: int  # 128 random bits
    expires_at: int  # Unix seconds
    reads: tuple[str, ...] = ()  # receipt hashes (64 hex digits) of the runs whose outputs this call uses
    parent: Parent | None = None  # None for a call that no job makes

    @property
    def inputs_document(self) -> bytes:
        """The preimage of ``inputs_hash``: canonical JSON of inputs, salt and the call's links."""
        return canonical({"inputs": dict(self.inputs), "salt": self.salt, **self.links})

    @property
    def links(self) -> dict[str, Any]:
        """The names of other calls and receipts in the call, as JSON; nothing where it has none."""
        reads = {"reads": list(self.reads)} if self.reads else {}
        return {**reads, **({"parent": self.parent.value()} if self.parent else {})}

    @cached_property
    def inputs_hash(self) -> int:
        """``H("sealrun:inputs", digest(inputs_document))``."""
        return document_hash("sealrun:inputs", self.inputs_document)

    @cached_property
    def hash(self) -> int:
        """See ``PublicCall.hash``."""
        return self.public.hash

    @property
    def public(self) -> "PublicCall":
        """The call without its inputs."""
        names = ("network", "account", "offer_hash", "terms_hash", "inputs_hash", "nonce", "expires_at")
        return PublicCall(**{name: getattr(self, name) for name in names})

    @property
    def id(self) -> str:
        """The hash as 64 hex digits, as it stands in URLs and run names."""
        return f"{self.hash:064x}"

    @classmethod
    def parse(cls, value: Mapping[str, Any], offer: "Offer") -> "Call":
        """Read the call out of a request's body; what else stands there does not matter.

        Raises:
            Malformed: a name is missing, or a value is not of its form.
            Refused: the offer has no price in the asset that the body names.
        """
        missing = [name for name in _CALL if name not in value]
        if missing:
            raise Malformed(f"call: expected {', '.join(missing)}, got nothing by that name")
        if not isinstance(value["inputs"], dict):
            raise Malformed(f"inputs: expected an object, got {type(value['inputs']).__name__}")
        terms = _terms(value, offer)
        return cls(
            network=offer.network,
            account=read.public_key(value, "account"),
            offer_hash=offer.hash,
            terms_hash=terms.hash if terms else 0,
            asset=terms.asset.token if terms else 0,
            inputs=value["inputs"],
            salt=read.text(value, "salt", pattern="[0-9a-f]{64}", says="64 lower-case hex digits"),
            nonce=_nonce(value),
            expires_at=read.whole(value, "expires_at", low=0, high=MAX_UNIX_SECONDS),
            reads=parse_reads(value.get("reads", [])),
            parent=parse_parent(value["parent"]) if "parent" in value else None,
        )

    def voucher_fields(self, limit: int) -> list[int]:
        """The seven fields that the buyer's wallet signs: this call, and the running total it may cost."""
        account = [network_field(self.network), *self.account.to_fields(), self.asset]
        return [text_field(VOUCHER), *account, limit, self.hash]


class SignedCall(NamedTuple):
    """A call with its voucher: pay up to ``limit`` smallest units in total, 0 for an offer of price 0."""

    call: Call
    limit: int
    signature: Signature
    identifier: str | None  # x402's payment-identifier: the same one never claims two calls (L3)
    buyer: PublicKey | None = (
        None  # the signer for a prepaid account; None if the account itself is the signing key
    )

    @property
    def signer(self) -> PublicKey:
        """Whose signature it is."""
        return self.buyer or self.call.account

    @classmethod
    def parse(cls, value: Mapping[str, Any], offer: "Offer") -> "SignedCall":
        """Read the body of ``POST /offers/{offer}/calls``.

        Not checked: expiry, signature, inputs against the schema; see ``check_expiry`` and
        ``check_signature`` here and ``InputSchema.check``.

        Raises:
            Malformed: a name is missing or unknown, or a value is not of its form.
        """
        names = (*_NAMES, "buyer") if offer.payment else _NAMES
        paid = ("asset",) if offer.payment else ()
        value = read.only(value, names, where="call", optional=("identifier", "reads", "parent", *paid))
        return cls(
            call=Call.parse(value, offer),
            limit=read.decimal(value, "limit", high=MAX_UINT64),
            signature=_parsed(Signature.from_base58, value, "signature"),
            identifier=_identifier(value),
            buyer=read.public_key(value, "buyer") if offer.payment else None,
        )

    def body(self) -> dict[str, Any]:
        """The JSON object that ``parse`` reads."""
        call = self.call
        body = {
            "account": call.account.to_base58(),
            "inputs": dict(call.inputs),
            "salt": call.salt,
            "nonce": f"{call.nonce:032x}",
            "expires_at": call.expires_at,
            "limit": str(self.limit),
            "signature": self.signature.to_base58(),
            **({"asset": tokens.to_base58(call.asset)} if call.asset else {}),
        }
        buyer = self.buyer.to_base58() if self.buyer else None
        optional = {"identifier": self.identifier, "buyer": buyer}
        return body | call.links | {name: value for name, value in optional.items() if value is not None}

    def check_signature(self) -> None:
        """The buyer signed the voucher: for an offer of price 0 the account's own key.

        Not checked: that a prepaid account is this buyer's; the chain tells.

        Raises:
            NotAllowed: it did not.
        """
        if not verify_fields(self.signature, self.signer, self.call.voucher_fields(self.limit)):
            raise NotAllowed(
                "signature: expected the account's signature over the voucher's seven fields, got another"
            )


def _terms(value: Mapping[str, Any], offer: "Offer") -> "Terms | None":
    """Those of the account that pays: in the asset that the body names, or in that of the first price."""
    if offer.payment is None:
        return None
    if "asset" not in value:
        return offer.payment.terms
    return offer.payment.priced_in(tokens.to_base58(read.token_id(value, "asset"))).terms


def check_expiry(expires_at: int, *, now: int, at_most: int = MAX_LIFETIME_SECONDS) -> None:
    """The expiry lies ahead, by no more than ``at_most`` seconds.

    Raises:
        Expired: it does not.
    """
    if not now < expires_at <= now + at_most:
        raise Expired(f"expires_at: expected later than {now} and at most {now + at_most}, got {expires_at}")


def check_not_too_far(expires_at: int, *, now: int, at_most: int = MAX_LIFETIME_SECONDS) -> None:
    """The expiry lies at most ``at_most`` seconds ahead; it may be over.

    Raises:
        Expired: it lies further ahead.
    """
    if expires_at > now + at_most:
        raise Expired(f"expires_at: expected at most {now + at_most}, got {expires_at}")


def read_fields(
    network: str, account: PublicKey, call_hash: int, expires_at: int, *, service: str
) -> list[int]:
    """The seven fields that a buyer signs to read a call's private parts until ``expires_at`` (L5).

    Only the service whose URL is ``service`` takes them: another one cannot use the signature (C1).
    """
    call = [text_field(READ), network_field(network), *account.to_fields(), call_hash]
    return [*call, expires_at, service_field(service)]


def calls_fields(network: str, account: PublicKey, expires_at: int, *, service: str) -> list[int]:
    """The six fields that a buyer signs to list an account's calls and read all of them until ``expires_at``.

    Only the service whose URL is ``service`` takes them: another one cannot use the signature (C1).
    """
    right = [text_field(CALLS), network_field(network), *account.to_fields(), expires_at]
    return [*right, service_field(service)]


def _nonce(value: Mapping[str, Any]) -> int:
    return int(read.text(value, "nonce", pattern="[0-9a-f]{32}", says="32 lower-case hex digits"), 16)


def parse_reads(value: Any) -> tuple[str, ...]:
    """The hashes of the earlier receipts whose outputs a call uses.

    Raises:
        Malformed: they are no list of hashes, or too many.
    """
    if not isinstance(value, list) or len(value) > MAX_READS:
        raise Malformed(f"reads: expected a list of at most {MAX_READS} receipt hashes, got something else")
    says = "64 lower-case hex digits"
    return tuple(read.text({"reads": item}, "reads", pattern="[0-9a-f]{64}", says=says) for item in value)


def parse_parent(value: Any) -> Parent:
    """The call for whose run this one is made.

    Not checked: that there is such a call, and that it has the depth above. A job's owner can say anything
    here, also nothing: what bounds that is the account that pays for each call.

    Raises:
        Malformed: it is not of this form, or deeper than calls go.
    """
    named = read.only(value, ("call", "depth"), where="parent")
    call = read.text(named, "call", pattern="[0-9a-f]{64}", says="64 lower-case hex digits")
    return Parent(call, read.whole(named, "depth", low=1, high=MAX_CALL_DEPTH))


def _identifier(value: Mapping[str, Any]) -> str | None:
    """x402's payment-identifier extension: 16 to 128 characters of a-z, A-Z, 0-9, - and _."""
    if "identifier" not in value:
        return None
    return read.text(
        value, "identifier", pattern=r"[A-Za-z0-9_-]{16,128}", says="16 to 128 of A-Z a-z 0-9 _ -"
    )


def _parsed(parse: Any, value: Mapping[str, Any], name: str) -> Any:
    if not isinstance(value[name], str):
        raise Malformed(f"{name}: expected base58 text, got {type(value[name]).__name__}")
    try:
        return parse(value[name])
    except ValueError as error:
        raise Malformed(f"{name}: {error}") from error
