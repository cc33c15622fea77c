"""List the receipts of an offer whose inputs are public, page after page, each in a few requests.

A receipt names its call, and a call's hash leads to all that its offer lets anyone see of it. So a list of
receipts shows nothing that could not be seen before, but that these calls were made. Only an offer that
shows everybody its buyers' inputs says that this is nobody's secret; the receipts of others are in no list.
"""

from collections.abc import Callable
from typing import Any

from sealrun.encoding import read
from sealrun.errors import NotAllowed, NotFound, TooMany
from sealrun.offers.offer import Offer
from sealrun.ports.calls import Ledger, Rate
from sealrun.workflows.list_calls import place_of, place_text

PAGE_RECEIPTS = 50
# Of the newest calls of one offer, that a reader asks for, and that one file has where there is no server.
MAX_RECEIPTS = 1000
# Pages that one network address may ask for in a minute, of all offers.
PAGES_PER_MINUTE = 60


def list_receipts(
    offer_id: str,
    *,
    sender: str,
    ledger: Ledger,
    throttle: Callable[[Rate], bool],
    now: int,
    after: str | None = None,
) -> dict[str, Any]:
    """The receipts of the offer's calls, good and bad ones, those of the newest calls first.

    A call that was claimed before others may be over after them: its receipt then comes behind theirs.

    Args:
        offer_id: the offer's hash, 64 hex digits.
        sender: the network address that the request came from.
        ledger: the table of calls.
        throttle: counts a request in this process; False where it is one too many.
        now: Unix seconds.
        after: ``next`` of the page before; None for the first.

    Raises:
        Malformed: offer or ``after`` is not as it must be.
        TooMany: this sender asked too often in this minute.
        NotFound: no such offer is sold here.
        NotAllowed: the offer keeps its buyers' inputs for them, and so its receipts are in no list.
        StoreUnavailable: the ledger is out of reach.
    """
    offer_hash, beyond = read.hex_field(offer_id, where="offer"), place_of(after)
    rate = Rate(f"receipts of {sender}", now // 60, PAGES_PER_MINUTE)
    if not throttle(rate) or not ledger.count_request(rate):
        raise TooMany(
            f"receipts: expected at most {PAGES_PER_MINUTE} pages a minute, got more", retry_after=60
        )
    offer = ledger.document(offer_hash)
    if offer is None:
        raise NotFound(f"offer: expected one that is sold here, got {offer_id}")
    if not are_listed(offer):
        raise NotAllowed(
            "receipts: expected an offer that shows its inputs to everybody, got one that does not"
        )
    return receipts_page(offer, ledger=ledger, after=beyond)


def are_listed(offer: Offer) -> bool:
    """True where the offer says that what its buyers ask for is nobody's secret."""
    return offer.evidence.inputs == "public"


def receipts_page(offer: Offer, *, ledger: Ledger, after: tuple[int, int] | None = None) -> dict[str, Any]:
    """One page, of an offer whose receipts are listed; ``next`` is None on the last."""
    found = ledger.ended(offer.hash, most=PAGE_RECEIPTS + 1, after=after)
    page = found[:PAGE_RECEIPTS]
    return {
        "offer": offer.id,
        # A call of an offer of an older sealrun ends without one.
        "receipts": [record.receipt for record in page if record.receipt is not None],
        "next": place_text(page[-1]) if len(found) > PAGE_RECEIPTS else None,
    }
