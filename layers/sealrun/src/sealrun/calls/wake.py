"""Wakes: what an edge signs when it hands over the run of a call that it took.

    POST /webhooks/edge
    sealrun-signature: the edge's, over the fields of ``wake_fields``

The document holds the buyer's own request, so an edge can make nobody a buyer. Of the run it holds only the
id: the region reads the run with its own credential and judges it as any other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from mina.keys import PublicKey
from mina.signature import Signature
from mina.verify import verify_fields
from sealrun.calls.call import MAX_UNIX_SECONDS, SignedCall
from sealrun.calls.ticket import Redemption
from sealrun.encoding import read
from sealrun.encoding.fields import WAKE, document_hash, network_field, text_field
from sealrun.encoding.json_limits import parse_object
from sealrun.errors import Malformed, NotAllowed
from sealrun.offers.offer import Offer

_NAMES = (
    "sealrun", "offer", "call", "redemption", "claimed_at", "tried_at", "start", "run", "detail",
    "retry_after",
)  # fmt: skip

# A provider that asks for longer is asked again earlier than it likes, and says so.
MAX_PAUSE_SECONDS = 600


class Start(StrEnum):
    """What came of the edge's one request for a run."""

    MADE = "made"  # the provider named the run
    UNCLEAR = "unclear"  # it may have started one
    REFUSED = "refused"  # a clear no
    BUSY = "busy"  # a clear "not now"


@dataclass(frozen=True)
class Wake:
    """One call that an edge took, and how far it came with it."""

    offer_hash: int
    call: Mapping[str, Any] | None  # the body of ``POST /offers/{offer}/calls``
    redemption: Mapping[str, Any] | None  # or that of ``POST /tickets/{ticket}``
    claimed_at: int  # Unix seconds, as is
    tried_at: int  # when the request for a run left
    start: Start
    run: int  # the provider's id of the run that was made; 0 where none is known
    detail: str  # the provider's words where it made none
    retry_after: int  # seconds that a busy provider wants to be left alone

    @classmethod
    def parse(cls, body: bytes) -> "Wake":
        """Read a wake.

        Not checked: its signature, its times against a clock, and the call within it.

        Raises:
            Malformed: it is not of this form.
        """
        value = read.only(parse_object(body), _NAMES, where="wake")
        read.whole(value, "sealrun", low=1, high=1)
        call, redemption = value["call"], value["redemption"]
        if sum(isinstance(each, dict) for each in (call, redemption)) != 1 or None not in (call, redemption):
            raise Malformed(
                "wake: expected a call or a redemption, and null for the other, got something else"
            )
        start = Start(read.one_of(value, "start", [each.value for each in Start]))
        run = read.whole(value, "run", low=0, high=MAX_UNIX_SECONDS)
        if (run > 0) != (start is Start.MADE):
            raise Malformed("run: expected a run's id where one was made, and 0 otherwise, got another")
        claimed_at = read.whole(value, "claimed_at", low=0, high=MAX_UNIX_SECONDS)
        return cls(
            offer_hash=read.hex_field(str(value["offer"]), where="offer"),
            call=call,
            redemption=redemption,
            claimed_at=claimed_at,
            tried_at=read.whole(value, "tried_at", low=claimed_at, high=MAX_UNIX_SECONDS),
            start=start,
            run=run,
            detail=read.text(value, "detail", pattern=r"[^\x00-\x1f\x7f]{0,400}", says="words on one line"),
            retry_after=read.whole(value, "retry_after", low=0, high=MAX_PAUSE_SECONDS),
        )

    def signed_call(self, offer: Offer) -> tuple[SignedCall, Redemption | None]:
        """The buyer's call, and the redemption that it came with, if it came with one.

        Raises:
            Refused: one of them is not of its form, or another offer's.
        """
        if self.redemption is None:
            return SignedCall.parse(self.call or {}, offer), None
        redemption = Redemption.parse(self.redemption)
        if redemption.grant.offer_hash != offer.hash:
            raise Malformed("ticket: expected one of the offer that the wake names, got another")
        return redemption.signed_call, redemption


def wake_fields(network: str, edge: PublicKey, body: bytes) -> list[int]:
    """The five fields that an edge signs: tag, network, its key, ``H("sealrun:wake", digest(body))``."""
    return [text_field(WAKE), network_field(network), *edge.to_fields(), document_hash(WAKE, body)]


def check_wake(body: bytes, signature: str, offer: Offer) -> None:
    """The offer names an edge, and that edge signed these bytes.

    Raises:
        NotAllowed: one of both is not so.
    """
    if offer.edge is None:
        raise NotAllowed("offer: expected one that names an edge, got one that names none")
    try:
        parsed = Signature.from_base58(signature)
    except ValueError as error:
        raise NotAllowed(f"{error}") from error
    if not verify_fields(parsed, offer.edge, wake_fields(offer.network, offer.edge, body)):
        raise NotAllowed("signature: expected that of the offer's edge over the body, got another")
