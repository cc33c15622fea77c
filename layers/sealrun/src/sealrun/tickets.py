"""Tickets: one run of one offer for whoever holds a URL, granted and paid by an issuer; checking, not making.

A grant is the issuer's signed document. It names the ticket's own key, whose secret stands in the URL's
fragment and never travels: redeeming is a signature of that key over one call (E4).

    price 0    the ticket's key signs the call; the offer must let the issuer call, not the ticket's key
    a price    the issuer has signed the whole call in advance, inputs and all; the ticket's key signs for it

This module and what it imports are pure Python, because the edge runs it.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mina.field import P
from mina.keys import PublicKey
from mina.signature import Signature
from mina.verify import verify_fields
from sealrun import read
from sealrun.calls import MAX_UNIX_SECONDS, Call, SignedCall, check_expiry
from sealrun.errors import Expired, InputsRefused, Malformed, NotAllowed
from sealrun.fields import (
    MAX_UINT64,
    NETWORKS,
    REDEEM,
    TICKET,
    canonical,
    document_hash,
    network_field,
    text_field,
)
from sealrun.json_limits import parse_object

# A grant holds at most 25 short inputs; a viewer's function at the edge is given 40 KB of body.
MAX_GRANT_BYTES = 8 * 1024
MAX_REDEMPTION_BYTES = 16 * 1024
# Long enough for a campaign, short enough that a lost ticket ends by itself.
MAX_TICKET_SECONDS = 90 * 24 * 3600
# What was posted is of no use to anybody after this.
MAX_WAIT_SECONDS = 3600

# An origin, perhaps with a path, and no slash at its end.
_URL = r"https?://[A-Za-z0-9.:_\[\]-]{1,200}(?:/[A-Za-z0-9._~-]{1,60}){0,3}"
_INPUT = r"[a-z][a-z0-9_]{0,63}"
_HASH = "64 lower-case hex digits"
_GRANT = (
    "sealrun", "audience", "network", "offer", "terms", "key", "issuer", "inputs", "open", "until", "prepaid",
)  # fmt: skip
_PREPAID = ("account", "salt", "nonce", "limit", "signature")
_REDEMPTION = ("grant", "signature", "expires_at", "proof")
_CALL = ("inputs", "salt", "nonce")


@dataclass(frozen=True)
class Prepaid:
    """What makes the grant of a priced offer a whole call: the issuer's account and voucher."""

    account: PublicKey
    salt: str
    nonce: int
    limit: int  # nanomina, a running total as in every voucher
    signature: Signature

    def value(self) -> dict[str, str]:
        """As JSON."""
        return {
            "account": self.account.to_base58(),
            "salt": self.salt,
            "nonce": f"{self.nonce:032x}",
            "limit": str(self.limit),
            "signature": self.signature.to_base58(),
        }


@dataclass(frozen=True)
class Grant:
    """What the issuer signs. Make it with ``Grant.parse``; ``document`` is what was hashed."""

    document: bytes
    audience: str  # URL of the stack that may redeem it, without a slash at its end
    network: str
    offer_hash: int
    terms_hash: int  # 0 for an offer of price 0
    key: PublicKey  # the ticket's own
    issuer: PublicKey
    inputs: Mapping[str, Any]  # fixed
    open: tuple[str, ...]  # names of the inputs that the holder may choose
    until: int  # Unix seconds
    prepaid: Prepaid | None

    @cached_property
    def hash(self) -> int:
        """``H("sealrun:ticket", digest(document))``."""
        return document_hash(TICKET, self.document)

    @property
    def id(self) -> str:
        """The hash as 64 hex digits, as it stands in URLs."""
        return f"{self.hash:064x}"

    @property
    def signed_fields(self) -> list[int]:
        """The five fields that the issuer signs."""
        return [text_field(TICKET), network_field(self.network), *self.issuer.to_fields(), self.hash]

    @classmethod
    def parse(cls, document: bytes) -> "Grant":
        """Read a grant.

        Not checked: signature, time, and whether offer, terms and inputs exist or fit each other.

        Raises:
            Malformed: it is not of this form, or leaves inputs open that the issuer's voucher covers.
        """
        value = read.only(parse_object(document, at_most=MAX_GRANT_BYTES), _GRANT, where="ticket")
        if canonical(value) != document:
            raise Malformed("ticket: expected canonical JSON (RFC 8785), got another form of it")
        read.whole(value, "sealrun", low=1, high=1)
        prepaid = _prepaid(value["prepaid"])
        terms, opened = _hash(value, "terms"), _open(value)
        if (terms == 0) != (prepaid is None) or (prepaid and opened):
            raise Malformed(
                "ticket: expected a voucher and nothing open where there are terms, and only there"
            )
        return cls(
            document=document,
            audience=read.text(value, "audience", pattern=_URL, says="the URL of a stack"),
            network=read.one_of(value, "network", NETWORKS),
            offer_hash=_hash(value, "offer"),
            terms_hash=terms,
            key=read.public_key(value, "key"),
            issuer=read.public_key(value, "issuer"),
            inputs=value["inputs"],
            open=opened,
            until=read.whole(value, "until", low=0, high=MAX_UNIX_SECONDS),
            prepaid=prepaid,
        )

    def call(self, chosen: Mapping[str, Any], *, salt: str, nonce: int, expires_at: int) -> Call:
        """The call of a ticket for an offer of price 0, on the ticket's own key.

        Raises:
            InputsRefused: the holder chose what is not open.
        """
        if unknown := sorted(str(name)[:40] for name in chosen.keys() - set(self.open)):
            raise InputsRefused(
                f"inputs: expected the open ones ({', '.join(self.open) or 'none'}), got also "
                f"{', '.join(unknown[:5])}"
            )
        inputs = {**self.inputs, **chosen}
        return self._call(self.key, inputs, salt=salt, nonce=nonce, expires_at=expires_at)

    @property
    def prepaid_call(self) -> Call | None:
        """The call that the issuer signed in advance; it may wait as long as the ticket."""
        paid = self.prepaid
        if paid is None:
            return None
        return self._call(paid.account, self.inputs, salt=paid.salt, nonce=paid.nonce, expires_at=self.until)

    def check(self, audience: str, *, now: int) -> None:
        """The ticket is for this stack, and its time is not over.

        Raises:
            Expired: its date is past, or further ahead than a ticket may last.
            NotAllowed: it is for another stack.
        """
        if self.audience != audience:
            raise NotAllowed(f"audience: expected {audience[:200]}, got {self.audience}")
        if not now < self.until <= now + MAX_TICKET_SECONDS:
            most = now + MAX_TICKET_SECONDS
            raise Expired(f"until: expected later than {now} and at most {most}, got {self.until}")

    def _call(self, account: PublicKey, inputs: Mapping[str, Any], **fresh: Any) -> Call:
        return Call(
            network=self.network,
            account=account,
            offer_hash=self.offer_hash,
            terms_hash=self.terms_hash,
            inputs=inputs,
            **fresh,
        )


@dataclass(frozen=True)
class Redemption:
    """The body of ``POST /tickets/{ticket}``."""

    grant: Grant
    signature: Signature  # the issuer's, over the grant
    expires_at: int  # of the proof, Unix seconds
    call: Call
    proof: Signature  # of the ticket's own key

    @property
    def proof_fields(self) -> list[int]:
        """What the ticket's key signs: its own call, or that it hands in the issuer's."""
        return proof_fields(self.grant, self.call, self.expires_at)

    @property
    def signed_call(self) -> SignedCall:
        """The call that is claimed, under an identifier that no second call of the ticket can have."""
        grant, identifier = self.grant, f"ticket-{self.grant.id}"
        if grant.prepaid is None:
            return SignedCall(self.call, 0, self.proof, identifier)
        return SignedCall(self.call, grant.prepaid.limit, grant.prepaid.signature, identifier, grant.issuer)

    @classmethod
    def parse(cls, value: Mapping[str, Any]) -> "Redemption":
        """Read a redemption.

        Not checked: times and signatures, see ``check_times`` and ``check_signatures``.

        Raises:
            Malformed: it is not of this form.
            InputsRefused: it chooses an input that is not open.
        """
        if not isinstance(value.get("grant"), str):
            raise Malformed("grant: expected base64url of a ticket's grant, got none")
        grant = Grant.parse(unbase64url(value["grant"]))
        names = _REDEMPTION if grant.prepaid else (*_REDEMPTION, *_CALL)
        value = read.only(value, names, where="redemption")
        expires_at = read.whole(value, "expires_at", low=0, high=MAX_UNIX_SECONDS)
        call = grant.prepaid_call or grant.call(
            _object(value, "inputs"), salt=_salt(value), nonce=_nonce(value), expires_at=expires_at
        )
        signature, proof = _signature(value, "signature"), _signature(value, "proof")
        return cls(grant, signature, expires_at, call, proof)

    def body(self) -> dict[str, Any]:
        """The JSON object that ``parse`` reads."""
        grant, call = self.grant, self.call
        body = {
            "grant": base64url(grant.document),
            "signature": self.signature.to_base58(),
            "expires_at": self.expires_at,
            "proof": self.proof.to_base58(),
        }
        if grant.prepaid:
            return body
        chosen = {name: call.inputs[name] for name in grant.open if name in call.inputs}
        return body | {"inputs": chosen, "salt": call.salt, "nonce": f"{call.nonce:032x}"}

    def check_times(self, audience: str, *, now: int) -> None:
        """Ticket and proof are for here and now.

        Raises:
            Expired: one of them is over, or too far ahead.
            NotAllowed: the ticket is for another stack.
        """
        self.grant.check(audience, now=now)
        check_expiry(self.expires_at, now=now, at_most=MAX_WAIT_SECONDS)

    def check_signatures(self) -> None:
        """The issuer granted the ticket, its holder redeems it, and the issuer pays where there is a price.

        Not checked: that the offer lets the issuer call, and that a prepaid account is the issuer's.

        Raises:
            NotAllowed: one of the signatures does not hold.
        """
        grant = self.grant
        if not verify_fields(self.signature, grant.issuer, grant.signed_fields):
            raise NotAllowed("signature: expected the issuer's over the ticket, got another")
        if not verify_fields(self.proof, grant.key, self.proof_fields):
            raise NotAllowed("proof: expected a signature of the ticket's own key, got another")
        self.signed_call.check_signature()


def proof_fields(grant: Grant, call: Call, expires_at: int) -> list[int]:
    """The six fields that the ticket's key signs to redeem it with this call."""
    if grant.prepaid is None:
        return call.voucher_fields(0)
    return [text_field(REDEEM), network_field(grant.network), *grant.key.to_fields(), expires_at, call.hash]


def base64url(value: bytes) -> str:
    """RFC 4648 section 5, without padding."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def unbase64url(text: str) -> bytes:
    """Back again.

    Raises:
        Malformed: another character stands in it.
    """
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed("grant: expected base64url without padding, got something else") from error


def _prepaid(value: object) -> Prepaid | None:
    if value is None:
        return None
    found = read.only(value, _PREPAID, where="prepaid")
    return Prepaid(
        account=read.public_key(found, "account"),
        salt=_salt(found),
        nonce=_nonce(found),
        limit=read.decimal(found, "limit", high=MAX_UINT64),
        signature=_signature(found, "signature"),
    )


def _open(value: Mapping[str, Any]) -> tuple[str, ...]:
    """Names that stand once, and not among the fixed inputs."""
    names, fixed = value["open"], _object(value, "inputs")
    if not isinstance(names, list) or len({*map(str, names), *fixed}) != len(names) + len(fixed):
        raise Malformed("open: expected a list of names that are not fixed, each once, got something else")
    return tuple(read.text({"open": name}, "open", pattern=_INPUT, says="names of inputs") for name in names)


def _object(value: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = value[name]
    if not isinstance(found, dict):
        raise Malformed(f"{name}: expected an object, got {type(found).__name__}")
    return found


def _hash(value: Mapping[str, Any], name: str) -> int:
    number = int(read.text(value, name, pattern="[0-9a-f]{64}", says=_HASH), 16)
    if number >= P:
        raise Malformed(f"{name}: expected a field, got a larger number")
    return number


def _salt(value: Mapping[str, Any]) -> str:
    return read.text(value, "salt", pattern="[0-9a-f]{64}", says=_HASH)


def _nonce(value: Mapping[str, Any]) -> int:
    return int(read.text(value, "nonce", pattern="[0-9a-f]{32}", says="32 lower-case hex digits"), 16)


def _signature(value: Mapping[str, Any], name: str) -> Signature:
    if not isinstance(value[name], str):
        raise Malformed(f"{name}: expected base58 text, got {type(value[name]).__name__}")
    try:
        return Signature.from_base58(value[name])
    except ValueError as error:
        raise Malformed(f"{name}: {error}") from error
