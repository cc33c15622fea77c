"""The public views of an offer and of a call."""

import json
from typing import Any

from sealrun.money.x402 import Seller, accepts
from sealrun.offers.asset import TRADED
from sealrun.offers.offer import Offer
from sealrun.offers.stored_offer import StoredOffer
from sealrun.runs.record import Record, State

# In place of the title of an offer that an older sealrun published.
OLDER = "An offer of an older sealrun"


def public_view(record: Record) -> dict[str, Any]:
    """The public view of a call."""
    return {
        "call": record.id,
        "offer": f"{record.offer_hash:064x}",
        "state": record.state.value,
        "claimed_at": record.claimed_at,
        "depth": record.depth,
        "run": _run(record) if record.run_id else None,
        "progress": _progress(record),
        "reason": record.ending.reason if record.ending else None,
        "receipt": record.receipt,
    }


def _run(record: Record) -> dict[str, Any]:
    """``public`` says whether anyone may open the run's page: false also where that is not known."""
    return {"id": record.run_id, "url": record.run_url, "public": record.run_shown is True}


def _progress(record: Record) -> dict[str, Any] | None:
    """How the jobs of a run stood when it was last seen running; no name says more than the receipt will."""
    if record.state is not State.RUNNING or record.progress is None:
        return None
    seen = record.progress
    jobs = [{"name": name, "state": state} for name, state in seen.jobs]
    return {"at": seen.at, "jobs": jobs, "more": seen.more}


def account_call(record: Record, offer: Offer | None) -> dict[str, Any]:
    """A call as its buyer sees it in a list: the public view, with the offer's title and the price.

    ``offer`` is None where it is of an older sealrun, which sold in MINA only.
    """
    return {
        **public_view(record),
        "title": offer.title if offer else OLDER,
        "price": str(record.price),
        **named(record, offer),
    }


def named(record: Record, offer: Offer | None) -> dict[str, Any]:
    """What a call's price is in: the asset's id, and its decimals and symbol as the offer names them."""
    asset = offer.payment.priced_in(record.asset).cost.asset if offer and offer.payment else TRADED
    return {"asset": asset.id, **asset.value()}


def listed_offer(stored: StoredOffer, service: str) -> dict[str, Any]:
    """An offer as a list of offers has it; what it says in full is at ``url``.

    ``inputs`` is the address of its inputs' JSON Schema; the fragment is a JSON Pointer (RFC 6901). A free
    offer names no seller.
    """
    offer, url = stored.offer, f"{service}/offers/{stored.offer.id}"
    return {
        "offer": offer.id,
        "url": url,
        "title": offer.title,
        "network": offer.network,
        "provider": offer.source.provider,
        "seller": offer.payment.terms.seller.to_base58() if offer.payment else None,
        "prices": [price.value() for price in offer.prices],
        "grade": int(offer.evidence.grade),
        "inputs": f"{url}#/document/inputs",
        "open": not stored.reason,
        "reason": stored.reason or None,
        "dropped": _dropped(stored),
    }


def _dropped(stored: StoredOffer) -> list[dict[str, str]]:
    """The prices that take no call now, in the order of the offer's own."""
    return [
        {"asset": asset.id, "symbol": asset.symbol, "reason": reason}
        for asset in (price.cost.asset for price in stored.offer.prices)
        if (reason := stored.dropped.get(asset.id))
    ]


def offer_view(stored: StoredOffer, seller: Seller | None = None) -> dict[str, Any]:
    """The public view of an offer: its hash, its document, how it is paid, and whether it is open."""
    return {
        "offer": stored.offer.id,
        "open": not stored.reason,
        "reason": stored.reason or None,
        "runs_public": stored.shows_runs is True,
        "document": json.loads(stored.offer.document),
        "dropped": _dropped(stored),
        "accepts": accepts(stored.offer, seller, dropped=stored.dropped) if seller else [],
    }
