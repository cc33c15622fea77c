"""See that what is for sale can still run and be paid: no money is taken for what cannot (L8).

Another source is another offer, so a tag that moved closes the offer for ever (R4). Everything else pauses
it, and opens it again once it is over. Running calls finish either way.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sealrun.accounts import check_node, slot_seconds
from sealrun.errors import OfferClosed, ProviderError, SealrunError
from sealrun.offers import Offer
from sealrun.ports import Ledger, Provider, StoredOffer
from sealrun.workflows.reserve_price import Payments

# Answers that are older say nothing about now.
FRESH_SECONDS = 30


@dataclass(frozen=True)
class Health:
    """What one offer was found to be: fine when both reasons are empty."""

    closed: str = ""
    paused: str = ""


def check_health(
    *,
    ledger: Ledger,
    open_provider: Callable[[StoredOffer], Provider],
    payments: Payments | None,
    clock: Callable[[], int],
) -> dict[str, Health]:
    """Check every offer that is not closed, and write down what each of them is.

    One offer's trouble does not stop the others.

    Returns:
        What each offer is, by its id.

    Raises:
        StoreUnavailable: the ledger is out of reach.
    """
    found: dict[str, Health] = {}
    for offer_hash in ledger.published():
        stored = ledger.offer(offer_hash)
        if stored is None or stored.closed:
            continue
        health = offer_health(stored, open_provider=open_provider, payments=payments, clock=clock)
        if health.closed:
            ledger.close_offer(offer_hash, health.closed)
        elif health.paused != stored.paused:
            ledger.pause_offer(offer_hash, health.paused)
        found[stored.offer.id] = health
    return found


def offer_health(
    stored: StoredOffer,
    *,
    open_provider: Callable[[StoredOffer], Provider],
    payments: Payments | None,
    clock: Callable[[], int],
) -> Health:
    """Source, credential and token first, then the accounts that are paid and the node that tells of them."""
    offer = stored.offer
    try:
        head = open_provider(stored).head()
    except ProviderError as error:
        return Health(paused=f"source: the provider does not show it: {error.detail}")
    except SealrunError as error:
        return Health(paused=error.detail)
    if head != offer.source.commit:
        got = head or "no protected tag"
        return Health(closed=f"source: expected {offer.source.ref} at {offer.source.commit}, got {got}")
    try:
        _check_payment(offer, payments, clock)
    except SealrunError as error:
        return Health(paused=error.detail)
    return Health()


def _check_payment(offer: Offer, payments: Payments | None, clock: Callable[[], int]) -> None:
    """A node answers, seller and operator can be paid, and the exit delay is long enough at this slot."""
    if offer.payment is None:
        return
    if payments is None:
        raise OfferClosed("this stack sells for nothing only")
    payment = payments.payment(offer)
    newer_than = clock() - FRESH_SECONDS
    answer = payments.chain.look(None, payment.terms, newer_than=newer_than, nodes=payment.nodes)
    check_node(answer.value, payment.terms)
    seconds = slot_seconds(answer.value)
    payment.terms.check_exit(run_seconds=offer.limits.seconds, slot_seconds=seconds)
