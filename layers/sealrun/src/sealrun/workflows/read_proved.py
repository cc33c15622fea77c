"""What a seller proves: an account's good calls, each opened and with its own voucher.

No key of the operator's has a part in it: the seller compares all of it with the buyers' signatures.
"""

import json
from typing import Any

from sealrun.calls.call import SignedCall
from sealrun.offers.offer import Offer
from sealrun.ports.calls import Ledger
from sealrun.runs.record import Record, State
from sealrun.workflows.list_calls import PAGE_CALLS, place_text


def proved_calls(account: str, ledger: Ledger, beyond: tuple[int, int] | None) -> dict[str, Any]:
    """A page of the account's good calls, the newest first, without their inputs, and where the next begins.

    ``unfinished`` is how many calls between the page's first and last are not over.

    Raises:
        StoreUnavailable: the ledger is out of reach.
    """
    found = ledger.calls_of(account, most=PAGE_CALLS + 1, after=beyond)
    page = found[:PAGE_CALLS]
    good = [each for each in page if each.state is State.SUCCEEDED]
    offers = {each.offer.hash: each.offer for each in ledger.offers_of(sorted({r.offer_hash for r in good}))}
    calls = [_opened(each, offers[each.offer_hash]) for each in good if each.offer_hash in offers]
    following = place_text(page[-1]) if len(found) > PAGE_CALLS else None
    return {"calls": calls, "unfinished": sum(not each.state.over for each in page), "next": following}


def _opened(record: Record, offer: Offer) -> dict[str, Any]:
    signed = SignedCall.parse(record.body, offer)
    opened = json.loads(signed.call.public.document())
    return {
        "call": record.id,
        "offer": offer.id,
        "claimed_at": record.claimed_at,
        "run": record.run_id,
        "price": str(record.price),
        "opened": {name: each for name, each in opened.items() if name != "sealrun"},
        "voucher": {
            "limit": str(signed.limit),
            "call_hash": str(record.call_hash),
            "signature": signed.signature.to_base58(),
        },
    }
