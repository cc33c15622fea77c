"""Show which offers a service sells, page after page, in two requests to the ledger each."""

from typing import Any

from sealrun.encoding import read
from sealrun.offers.stored_offer import StoredOffer
from sealrun.ports.calls import Ledger
from sealrun.service.views import listed_offer

# An offer's document has up to 16 KiB, and all of a page's are read at once.
PAGE_OFFERS = 20


def list_offers(after: str | None = None, *, ledger: Ledger, service: str) -> dict[str, Any]:
    """The offers that are not closed for ever, in the order of their hashes; a page may have fewer than fit.

    Args:
        after: ``next`` of the page before, a hash of 64 hex digits; None for the first page.
        ledger: the table of offers.
        service: the URL of this service, where each of them is found.

    Raises:
        Malformed: ``after`` is no hash.
        StoreUnavailable: the ledger is out of reach.
    """
    page, following = offers_page(after, ledger=ledger)
    return {"offers": [listed_offer(stored, service) for stored in page], "next": following}


def offers_page(after: str | None, *, ledger: Ledger) -> tuple[list[StoredOffer], str | None]:
    """The same page as the ledger keeps it, and ``after`` of the next one; None on the last.

    Raises:
        Malformed: ``after`` is no hash.
        StoreUnavailable: the ledger is out of reach.
    """
    beyond = -1 if after is None else read.hex_field(after, where="after")
    left = sorted(each for each in ledger.published() if each > beyond)
    page = left[:PAGE_OFFERS]
    found = [stored for stored in ledger.offers_of(page) if not stored.closed]
    return found, f"{page[-1]:064x}" if len(left) > PAGE_OFFERS else None
