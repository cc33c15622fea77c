"""Offers as tools of the Model Context Protocol, by https://modelcontextprotocol.io/specification.

A tool is named by its offer's hash, so that one name means one offer for ever, whoever answers.
"""

from typing import Any, NamedTuple

from sealrun.offers.offer import Offer
from sealrun.offers.stored_offer import StoredOffer
from sealrun.receipts.grade import Grade

PREFIX = "run_"
# 96 bits of the hash: some clients take names of at most 64 letters, digits, - and _.
DIGITS = 24
# Beside x402's own names, https://github.com/x402-foundation/x402/blob/main/specs/transports-v2/mcp.md
PAYMENT, PAYMENT_RESPONSE = "x402/payment", "x402/payment-response"
CALL, READ = "sealrun/call", "sealrun/read"


class OfferTool(NamedTuple):
    """One offer as a tool."""

    name: str
    title: str
    description: str
    input_schema: dict[str, Any]
    meta: dict[str, Any]


def tool_name(offer_id: str) -> str:
    """The tool's name."""
    return PREFIX + offer_id[:DIGITS]


def offer_tool(stored: StoredOffer, service: str) -> OfferTool:
    """The offer as a tool; ``service`` is the URL of the service that sells it."""
    offer = stored.offer
    schema = offer.inputs.schema
    # Programs draw a form in the order of the names, which canonical JSON has sorted.
    properties = {name: schema["properties"][name] for name in offer.inputs.names}
    return OfferTool(
        name=tool_name(offer.id),
        title=offer.title,
        description="\n".join(_sentences(stored)),
        input_schema={**schema, "properties": properties},
        meta={
            "sealrun/offer": f"{service}/offers/{offer.id}",
            "sealrun/prices": [price.value() for price in offer.prices],
            "sealrun/grade": offer.evidence.grade,
        },
    )


def _sentences(stored: StoredOffer) -> list[str]:
    offer, source = stored.offer, stored.offer.source
    grade = Grade(offer.evidence.grade)
    closed = [f"Takes no call now: {stored.reason}."] if stored.reason else []
    return [
        f"Runs this job once: {offer.title}.",
        f"Job: {source.url}, project {source.project}, {source.ref}, commit {source.commit}.",
        _cost(offer),
        f"A run leaves a signed receipt of grade {int(grade)} or better: {grade.says}.",
        *closed,
    ]


def _cost(offer: Offer) -> str:
    if offer.payment is None:
        return f"Costs nothing. The call is signed with a Mina key: see {CALL} in the server's instructions."
    how = "Without a payment it answers with x402's PaymentRequired."
    ends = "if it fails, is cancelled or is stopped at its time limit"
    return f"Costs {offer.cost} if the run succeeds, and 0 {ends}. {how}"
