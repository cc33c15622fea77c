"""Grants: what an issuer signs when it makes a ticket. ``sealrun.calls.ticket`` redeems them."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from mina import tokens
from mina.field import P
from mina.keys import PublicKey
from mina.signature import Signature
from sealrun.calls.call import MAX_UNIX_SECONDS, Call
from sealrun.encoding import read
from sealrun.encoding.fields import (
    MAX_UINT64,
    NETWORKS,
    TICKET,
    canonical,
    document_hash,
    network_field,
    text_field,
)
from sealrun.encoding.json_limits import parse_object
from sealrun.errors import Expired, InputsRefused, Malformed, NotAllowed

# A grant holds at most 25 short inputs.
MAX_GRANT_BYTES = 8 * 1024
# Long enough for a campaign, short enough that a lost ticket ends by itself.
MAX_TICKET_SECONDS = 90 * 24 * 3600

# An origin, perhaps with a path, and no slash at its end.
AUDIENCE = r"https?://[A-Za-z0-9.:_\[\]-]{1,200}(?:/[A-Za-z0-9._~-]{1,60}){0,3}"
_INPUT = r"[a-z][a-z0-9_]{0,63}"
_HASH = "64 lower-case hex digits"
_GRANT = (
    "sealrun", "audience", "network", "offer", "terms", "key", "issuer", "inputs", "open", "until", "prepaid",
)  # fmt: skip
_PREPAID = ("account", "asset", "salt", "nonce", "limit", "signature")


@dataclass(frozen=True)
class Prepaid:
    """What makes the grant of a priced offer a whole call: the issuer's account and voucher."""

    account: PublicKey
    asset: int  # token id of what the account is kept in
    salt: str
    nonce: int
    limit: int  # in the asset's smallest unit, a running total as in every voucher
    signature: Signature

    def value(self) -> dict[str, str]:
        """As JSON."""
        return {
            "account": self.account.to_base58(),
            "asset": tokens.to_base58(self.asset),
            "salt": self.salt,
            "nonce": f"{self.nonce:032x}",
            "limit": str(self.limit),
            "signature": self.signature.to_base58(),
        }


@dataclass(frozen=True)
class Grant:
    """The issuer's signed document. Make it with ``Grant.parse``; ``document`` holds the hashed bytes."""

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
            audience=read.text(value, "audience", pattern=AUDIENCE, says="the URL of a stack"),
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
            InputsRefused: the holder chose an input that is not open.
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

    def check_audience(self, audience: str) -> None:
        """The ticket is for this stack.

        Raises:
            NotAllowed: it is for another one.
        """
        if self.audience != audience:
            raise NotAllowed(f"audience: expected {audience[:200]}, got {self.audience}")

    def check(self, audience: str, *, now: int) -> None:
        """The ticket is for this stack, and its time is not over.

        Raises:
            Expired: its date is past, or further ahead than a ticket may last.
            NotAllowed: it is for another stack.
        """
        self.check_audience(audience)
        self.check_not_too_far(now=now)
        if self.until <= now:
            ended = datetime.fromtimestamp(self.until, UTC).isoformat().replace("+00:00", "Z")
            raise Expired(
                f"until: expected a ticket that is good now, got one that ended at {ended}; "
                f"ask {self.issuer.to_base58()}, who issued it, for another"
            )

    def check_not_too_far(self, *, now: int) -> None:
        """The ticket ends no later than a ticket may; it may be over.

        Raises:
            Expired: it ends later.
        """
        most = now + MAX_TICKET_SECONDS
        if self.until > most:
            raise Expired(f"until: expected at most {most}, got {self.until}")

    def _call(self, account: PublicKey, inputs: Mapping[str, Any], **fresh: Any) -> Call:
        return Call(
            network=self.network,
            account=account,
            offer_hash=self.offer_hash,
            terms_hash=self.terms_hash,
            asset=self.prepaid.asset if self.prepaid else 0,
            inputs=inputs,
            **fresh,
        )


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


def json_object(value: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A JSON object by that name."""
    member = value[name]
    if not isinstance(member, dict):
        raise Malformed(f"{name}: expected an object, got {type(member).__name__}")
    return member


def salt(value: Mapping[str, Any]) -> str:
    """32 random bytes as hex digits."""
    return read.text(value, "salt", pattern="[0-9a-f]{64}", says=_HASH)


def nonce(value: Mapping[str, Any]) -> int:
    """128 random bits out of hex digits."""
    return int(read.text(value, "nonce", pattern="[0-9a-f]{32}", says="32 lower-case hex digits"), 16)


def signature(value: Mapping[str, Any], name: str) -> Signature:
    """A signature in base58."""
    if not isinstance(value[name], str):
        raise Malformed(f"{name}: expected base58 text, got {type(value[name]).__name__}")
    try:
        return Signature.from_base58(value[name])
    except ValueError as error:
        raise Malformed(f"{name}: {error}") from error


def _prepaid(value: object) -> Prepaid | None:
    if value is None:
        return None
    members = read.only(value, _PREPAID, where="prepaid")
    return Prepaid(
        account=read.public_key(members, "account"),
        asset=read.token_id(members, "asset"),
        salt=salt(members),
        nonce=nonce(members),
        limit=read.decimal(members, "limit", high=MAX_UINT64),
        signature=signature(members, "signature"),
    )


def _open(value: Mapping[str, Any]) -> tuple[str, ...]:
    """Names that stand once, and not among the fixed inputs."""
    names, fixed = value["open"], json_object(value, "inputs")
    if not isinstance(names, list) or len({*map(str, names), *fixed}) != len(names) + len(fixed):
        raise Malformed("open: expected a list of names that are not fixed, each once, got something else")
    return tuple(read.text({"open": name}, "open", pattern=_INPUT, says="names of inputs") for name in names)


def _hash(value: Mapping[str, Any], name: str) -> int:
    number = int(read.text(value, name, pattern="[0-9a-f]{64}", says=_HASH), 16)
    if number >= P:
        raise Malformed(f"{name}: expected a field, got a larger number")
    return number
