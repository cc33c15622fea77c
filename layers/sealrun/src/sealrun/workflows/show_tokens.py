"""CI tokens that anyone may see: expired, of no person, and only where the offer says so (E2)."""

import json
from collections.abc import Sequence
from typing import Any

from sealrun.calls.call import MAX_UNIX_SECONDS
from sealrun.encoding.fields import canonical
from sealrun.evidence.evidence import disclosures, job_of, label
from sealrun.evidence.index import Index, parse_openings
from sealrun.evidence.leaves import Kind, Leaf
from sealrun.offers.offer import Offer
from sealrun.receipts.job_token import CLAIMS_NAME, DONE_NAME
from sealrun.workflows.receipt_documents import ReceiptDocuments

TREE = "profile"


def shown_tokens(kept: ReceiptDocuments, offer: Offer, *, now: int) -> list[Leaf]:
    """The leaves of the tokens of a call that is over.

    A token cannot be shown in part, for its signature covers all of it: one with a person in it stays sealed.
    """
    if offer.evidence.token == "buyer":  # noqa: S105  a word of the policy's
        return []
    fit = {_job(token) for token in _reported(kept) if _may_be_seen(token, now)}
    tokens = [leaf for leaf in parse_openings(kept.openings)[1][TREE] if leaf.kind is Kind.TOKEN]
    return [leaf for leaf in tokens if job_of(leaf.label) in fit and not leaf.label.endswith(f"/{DONE_NAME}")]


def token_disclosures(kept: ReceiptDocuments, tokens: Sequence[Leaf]) -> dict[str, bytes]:
    """The documents that open these leaves, by their names in an evidence folder."""
    if not tokens:
        return {}
    entries = Index.parse(kept.index).trees[TREE]
    hashes, twins = [each.hash for each in entries], [each.twin for each in entries]
    made = disclosures(TREE, hashes, twins, {leaf.index: leaf for leaf in tokens})
    names = [f"disclosures/token-{leaf.index}.json" for leaf in tokens]
    return {name: canonical(document) for name, document in zip(names, made, strict=True)}


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
