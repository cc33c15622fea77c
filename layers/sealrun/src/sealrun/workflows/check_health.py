"""See that what is for sale can still run and be paid: no money is taken for what cannot (L8).

Another source is another offer, so a tag that moved closes the offer for ever (R4), and so does a contract
on chain that is closed or another offer's (A11). Everything else pauses it, and opens it again once it is
over. Running calls finish either way.

A price whose token moves no more, whose credits are not backed, or which the offer's minutes cannot serve is
dropped by itself, with its reason, until a later check finds none: an offer's other prices go on.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from sealrun.chain.account import check_node, check_token, slot_seconds
from sealrun.chain.credits import Codes, check_backing, check_served
from sealrun.chain.token import TokenView, check_supply
from sealrun.errors import NodeUnavailable, OfferClosed, ProviderError, SealrunError, TookTooLong, Unavailable
from sealrun.offers.offer import Offer, Priced
from sealrun.offers.stored_offer import StoredOffer
from sealrun.ports.calls import Ledger
from sealrun.ports.provider import Provider
from sealrun.runs.judge import configuration_changed
from sealrun.runs.run import Project
from sealrun.workflows.deadline import Deadline, InTime
from sealrun.workflows.read_contract import NO_CONTRACTS, OfferContracts
from sealrun.workflows.reserve_price import Payments

# Answers that are older say nothing about now.
FRESH_SECONDS = 30
# What a provider may take for one offer's answers, nodes for its prices, and all offers together before the
# last one begins, of the function's 60 s.
OFFER_SECONDS = 10
PRICES_SECONDS = 20
ALL_SECONDS = 28
# Of an offer that was suspended: a price comes back only once it was looked at.
NOT_REACHED = (
    "price: expected nodes to tell of it in time, got none yet; a later check begins with another one"
)
# In doubt nothing is sold (L8).
UNCHECKED = "health: expected an answer about source, token and payment, got a fault of the service"


Bounded = Callable[[float], AbstractContextManager[None]]


def unbounded(_seconds: float) -> AbstractContextManager[None]:
    """Bound nothing: no connection is made."""
    return nullcontext()


@dataclass(frozen=True)
class Health:
    """What one offer was found to be: fine when both reasons are empty."""

    closed: str = ""
    suspended: str = ""
    dropped: Mapping[str, str] = field(default_factory=dict)  # reasons by the asset's id
    shows_runs: bool | None = None  # None where the provider did not tell


def check_health(
    *,
    ledger: Ledger,
    open_provider: Callable[[StoredOffer], Provider],
    payments: Payments | None,
    clock: Callable[[], int],
    contracts: OfferContracts | None = None,
    bounded: Bounded = unbounded,
) -> dict[str, Health]:
    """Check the offers that are not closed, and write down what each of them is.

    A fault of ours suspends the one offer that it came of, and is raised once the others had their turn.
    One offer's trouble does not stop the others, and no offer can be slow for all of them: each has its time,
    all have theirs, and each time another one is the first (L11). Who is not reached is left as it is.

    ``bounded`` ends what a provider's connections wait for after so many seconds, also within one request.
    A provider that drips its headers would otherwise take the time of all.

    Returns:
        What each offer is, by its id.

    Raises:
        StoreUnavailable: the ledger is out of reach.
    """
    health_by_offer: dict[str, Health] = {}
    faults: list[Exception] = []
    began = clock()
    for offer_hash in _in_turn(ledger.published(), minute=began // 60):
        if clock() >= began + ALL_SECONDS:
            break
        stored = ledger.offer(offer_hash)
        if stored is None or stored.closed:
            continue
        if stored.resting and clock() >= stored.rests_until:
            ledger.rest_offer(offer_hash, "", until=0)
        try:
            health = offer_health(
                stored,
                open_provider=open_provider,
                payments=payments,
                clock=clock,
                contracts=contracts,
                bounded=bounded,
            )
        except Exception as error:  # noqa: BLE001
            faults.append(error)
            health = Health(suspended=UNCHECKED, dropped=stored.dropped)
        _write_down(health, stored, ledger)
        health_by_offer[stored.offer.id] = health
    if faults:
        raise faults[0]
    return health_by_offer


def _write_down(health: Health, stored: StoredOffer, ledger: Ledger) -> None:
    if health.closed:
        ledger.close_offer(stored.offer.hash, health.closed)
    elif health.suspended != stored.suspended:
        ledger.suspend_offer(stored.offer.hash, health.suspended)
    if dict(health.dropped) != dict(stored.dropped):
        ledger.drop_prices(stored.offer.hash, health.dropped)
    if health.shows_runs not in (None, stored.shows_runs):
        ledger.note_visibility(stored.offer.hash, shows_runs=bool(health.shows_runs))


def _in_turn(offers: Iterable[int], *, minute: int) -> list[int]:
    """In an order of this minute alone: a seller can choose its offer's hash, and gains nothing by it."""
    return sorted(offers, key=lambda offer: hashlib.sha256(f"{minute} {offer:064x}".encode()).digest())


def offer_health(
    stored: StoredOffer,
    *,
    open_provider: Callable[[StoredOffer], Provider],
    payments: Payments | None,
    clock: Callable[[], int],
    contracts: OfferContracts | None = None,
    bounded: Bounded = unbounded,
) -> Health:
    """The contract, then source, credential and token, then who is paid and the node that tells of them."""
    offer = stored.offer
    try:
        _check_contract(offer, contracts, clock)
        with bounded(OFFER_SECONDS):
            project = _check_source(stored, open_provider, Deadline(clock() + OFFER_SECONDS, clock))
    except OfferClosed as error:
        return Health(closed=error.detail)
    except SealrunError as error:
        return Health(suspended=error.detail, dropped=stored.dropped)
    try:
        dropped = _dropped(stored, payments, clock, bounded)
    except SealrunError as error:
        return Health(suspended=error.detail, dropped=stored.dropped, shows_runs=project.shows_runs)
    none_left = offer.payment is not None and len(dropped) == len(offer.payment.prices)
    suspended = next(iter(dropped.values())) if none_left else ""
    return Health(suspended=suspended, dropped=dropped, shows_runs=project.shows_runs)


def _check_contract(offer: Offer, contracts: OfferContracts | None, clock: Callable[[], int]) -> None:
    """The contract, where the offer names one, is this offer's, and its seller did not close it (A11)."""
    if offer.contract is None:
        return
    if contracts is None:
        raise Unavailable(NO_CONTRACTS)
    contracts.check(offer, newer_than=clock() - FRESH_SECONDS)


def _check_source(
    stored: StoredOffer, open_provider: Callable[[StoredOffer], Provider], in_time: Deadline
) -> Project:
    """The project's settings, once the credential opens, the token works, and the tag names the commit (R4).

    Only another commit or another file closes; what may pass suspends (L13).
    """
    try:
        provider = InTime(open_provider(stored), in_time)
        head, project = provider.head().lower(), provider.project()
    except ProviderError as error:
        raise Unavailable(f"source: the provider does not show it: {error.detail}") from error
    source = stored.offer.source
    if not head:
        raise Unavailable(f"source: expected the protected tag {source.ref}, got none")
    if head != source.commit:
        raise OfferClosed(f"source: expected {source.ref} at {source.commit}, got {head}")
    if changed := configuration_changed(project, stored.offer):
        raise OfferClosed(changed)
    if stored.offer.evidence.inputs == "buyer" and not project.private:
        raise Unavailable("project: expected a private one, for the inputs are the buyer's, got another")
    return project


def _dropped(
    stored: StoredOffer, payments: Payments | None, clock: Callable[[], int], bounded: Bounded
) -> Mapping[str, str]:
    """The prices in which no run can be paid now, each with its reason, by the asset's id.

    No seller's prices take the time of other offers: those that are not reached stay as they are, and each
    time another one is the first (L11).

    Raises:
        OfferClosed: this stack takes no payment of the offer at all.
    """
    offer = stored.offer
    if offer.payment is None:
        return {}
    if payments is None:
        raise OfferClosed("this stack sells for nothing only")
    began, prices = clock(), payments.payment(offer).prices
    found: dict[str, str] = {}
    with bounded(PRICES_SECONDS):
        for at in _in_turn(range(len(prices)), minute=began // 60):
            asset = prices[at].cost.asset.id
            reason = _why_dropped(prices[at], stored, payments, Deadline(began + PRICES_SECONDS, clock))
            if reason is None:
                reason = stored.dropped.get(asset, NOT_REACHED if stored.suspended else "")
            found[asset] = reason
    assets = [priced.cost.asset.id for priced in prices]
    return {asset: found[asset] for asset in assets if found[asset]}


def _why_dropped(priced: Priced, stored: StoredOffer, payments: Payments, in_time: Deadline) -> str | None:
    """Why no run can be paid in this price now; empty if one can, None if no node told in time."""
    try:
        in_time.check()
        token = _check_price(priced, stored.offer, payments, in_time.clock)
        # What adds up once adds up for ever: a token that is sold for did.
        if token and (stored.suspended or priced.cost.asset.id in stored.dropped):
            _check_supply(priced, payments, nodes=payments.payment(stored.offer).nodes)
    except TookTooLong:
        return None
    except NodeUnavailable as error:
        return None if in_time.over else error.detail
    except SealrunError as error:
        return error.detail
    return ""


def _check_price(
    priced: Priced, offer: Offer, payments: Payments, clock: Callable[[], int]
) -> TokenView | None:
    """A node answers, seller and operator can be paid, the token moves, and the exit delay is long enough."""
    terms, newer_than = priced.terms, clock() - FRESH_SECONDS
    nodes = payments.payment(offer).nodes
    answer = payments.chain.look(None, terms, newer_than=newer_than, nodes=nodes)
    check_node(answer.value, terms)
    token = check_token(answer.value, terms, priced.cost.asset, payments.seller.pinned)
    seconds = slot_seconds(answer.value)
    terms.check_exit(run_seconds=offer.limits.longest, slot_seconds=seconds)
    if token is not None:
        _check_credit(token, priced, offer, payments, slot_seconds=seconds)
    return token


def _check_credit(
    token: TokenView, priced: Priced, offer: Offer, payments: Payments, *, slot_seconds: int
) -> None:
    """A credit is backed, lasts until a call is settled, and the offer's minutes serve all that are out."""
    terms, pinned = priced.terms, payments.seller.pinned
    codes = Codes(pinned.vault, "", pinned.token, pinned.txn_version, pinned.state_fields)
    nodes = payments.payment(offer).nodes
    for answer in payments.chain.backing(token.owner, token.admin, terms, nodes=nodes):
        credit = check_backing(answer, token.owner, network=terms.network, codes=codes)
        if credit is not None:
            check_served(credit, answer, offer, priced, slot_seconds=slot_seconds)


def _check_supply(priced: Priced, payments: Payments, *, nodes: int) -> None:
    """Nothing of the token was made beside its code's count (A15)."""
    cost, terms = priced
    for answer in payments.chain.supply(terms, nodes=nodes):
        check_supply(answer, cost.asset, network=terms.network)
