"""Tickets: one run of one offer for whoever holds a URL, granted and paid by an issuer; checking, not making.

A grant is the issuer's signed document. It names the ticket's own key, whose secret stands in the URL's
fragment and never travels: redeeming is a signature of that key over one call (E4).

    price 0    the ticket's key signs the call; the offer must let the issuer call, not the ticket's key
    a price    the issuer has signed the whole call in advance, inputs and all; the ticket's key signs for it

This module and its imports are pure Python, because the edge runs it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mina.signature import Signature
from mina.verify import verify_fields
from sealrun.calls.call import (
    MAX_UNIX_SECONDS,
    TICKET_PREFIX,
    Call,
    SignedCall,
    check_expiry,
    check_not_too_far,
)
from sealrun.calls.grant import Grant, base64url, json_object, nonce, salt, signature, unbase64url
from sealrun.encoding import read
from sealrun.encoding.fields import REDEEM, network_field, text_field
from sealrun.errors import Malformed, NotAllowed

# A grant of 8 KB in base64 and the rest of the body; the edge is given at most 40 KB of body.
MAX_REDEMPTION_BYTES = 16 * 1024
# What was posted is of no use to anybody after this.
MAX_WAIT_SECONDS = 3600

_REDEMPTION = ("grant", "signature", "expires_at", "proof")
_CALL = ("inputs", "salt", "nonce")


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
        """The fields that the ticket's key signs: its own call, or the submission of the issuer's call."""
        return proof_fields(self.grant, self.call, self.expires_at)

    @property
    def signed_call(self) -> SignedCall:
        """The call that is claimed, under an identifier that no second call of the ticket can have."""
        grant, identifier = self.grant, f"{TICKET_PREFIX}{self.grant.id}"
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
            json_object(value, "inputs"), salt=salt(value), nonce=nonce(value), expires_at=expires_at
        )
        return cls(grant, signature(value, "signature"), expires_at, call, signature(value, "proof"))

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

    def check_times(self, audience: str, *, now: int, at_most: int = MAX_WAIT_SECONDS) -> None:
        """Ticket and proof are for here and now; the proof ends in at most so many seconds.

        Raises:
            Expired: one of them is over, or too far ahead.
            NotAllowed: the ticket is for another stack.
        """
        self.grant.check(audience, now=now)
        check_expiry(self.expires_at, now=now, at_most=at_most)

    def check_not_too_far(self, *, now: int, at_most: int = MAX_WAIT_SECONDS) -> None:
        """Neither ticket nor proof ends later than it may; both may be over, as a call that was taken may.

        Raises:
            Expired: one of them ends later.
        """
        self.grant.check_not_too_far(now=now)
        check_not_too_far(self.expires_at, now=now, at_most=at_most)

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


def used_for_nothing(grant: Grant) -> str:
    """What the holder of a prepaid ticket has whose run never started (ADR 27)."""
    return (
        "nothing ran and nothing was paid: the price is free again on its issuer's account. This ticket "
        f"stays used, for its one call has a receipt; {grant.issuer.to_base58()} can issue another one"
    )


def proof_fields(grant: Grant, call: Call, expires_at: int) -> list[int]:
    """The six fields that the ticket's key signs to redeem it with this call."""
    if grant.prepaid is None:
        return call.voucher_fields(0)
    return [text_field(REDEEM), network_field(grant.network), *grant.key.to_fields(), expires_at, call.hash]
