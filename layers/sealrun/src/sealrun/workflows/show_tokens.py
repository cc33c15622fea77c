"""CI tokens that anyone may see: expired, of no person, and only where the offer says so (E2)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sealrun.calls.call import MAX_UNIX_SECONDS
from sealrun.encoding.fields import canonical
from sealrun.evidence.evidence import disclosure, job_of, label
from sealrun.evidence.index import Index, parse_openings
from sealrun.evidence.leaves import Kind, Leaf
from sealrun.offers.offer import Offer
from sealrun.receipts.job_token import CLAIMS_NAME, DONE_NAME
from sealrun.workflows.receipt_documents import ReceiptDocuments

TREE = "profile"


@dataclass(frozen=True)
class ShownToken:
    """One token: the document that opens its leaf, and under what name it goes into an evidence folder."""

    name: str
    document: bytes
    leaf: Leaf


def shown_tokens(kept: ReceiptDocuments, offer: Offer, *, now: int) -> Iterator[ShownToken]:
    """The tokens of a call that is over.

    A token cannot be shown in part, for its signature covers all of it: one with a person in it stays sealed.
    """
    if offer.evidence.token == "buyer":  # noqa: S105  a word of the policy's
        return
    leaves = parse_openings(kept.openings)[1][TREE]
    fit = {_job(token) for token in _reported(kept) if _may_be_seen(token, now)}
    for leaf in leaves:
        if leaf.kind is Kind.TOKEN and job_of(leaf.label) in fit and not leaf.label.endswith(f"/{DONE_NAME}"):
            document = canonical(disclosure(TREE, leaves, leaf.index))
            yield ShownToken(f"disclosures/token-{leaf.index}.json", document, leaf)


def shown_after(kept: ReceiptDocuments, offer: Offer) -> int:
    """When the last token of a call that is over may be seen, in Unix seconds; 0 where none ever may."""
    if offer.evidence.token == "buyer":  # noqa: S105  a word of the policy's
        return 0
    ends = [token["expires_at"] for token in _reported(kept) if _may_be_seen(token, MAX_UNIX_SECONDS)]
    return max(ends, default=0)


def _reported(kept: ReceiptDocuments) -> list[dict[str, Any]]:
    """What the run's document says of tokens; it is the first leaf, and our own."""
    run = Index.parse(kept.index).trees[TREE][0].leaf
    return list(json.loads(kept.run(run.sha256))["tokens"]) if run else []


def _job(token: dict[str, Any]) -> str:
    return job_of(label(token["job"], CLAIMS_NAME))


def _may_be_seen(token: dict[str, Any], now: int) -> bool:
    return token["verified"] and not token["personal"] and token["expires_at"] < now
