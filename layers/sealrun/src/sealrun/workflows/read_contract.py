"""Read what an offer's contract on chain says of it, and the sealed credential in its opening event (A11)."""

from collections.abc import Callable
from dataclasses import dataclass, field

from sealrun.chain.account import Pinned
from sealrun.chain.offer_contract import OfferState, check_offer, contract_of, find_credential, sealed_box
from sealrun.errors import OfferClosed, Unavailable
from sealrun.offers.offer import Offer
from sealrun.offers.stored_offer import StoredOffer
from sealrun.offers.terms import VIEW_SECONDS
from sealrun.ports.node import Chain

NO_CONTRACTS = "contract: expected a stack that pins the code of offers' contracts, got one that pins none"


@dataclass(frozen=True)
class OfferContracts:
    """What it takes to read offers' contracts."""

    chain: Chain
    pinned: Pinned  # the code of ``Offer`` contracts
    documents: dict[int, bytes] = field(default_factory=dict)  # by their hash, so never out of date

    def state(self, offer: Offer, *, newer_than: int) -> OfferState:
        """The contract as nodes that agree tell it.

        Raises:
            OfferClosed: it is another offer's.
            Unavailable: there is none, or no node that can be believed answers.
        """
        contract, payment = contract_of(offer)
        answer = self.chain.look(contract, payment.terms, newer_than=newer_than, nodes=payment.nodes)
        return check_offer(answer.value, offer, self.pinned)

    def check(self, offer: Offer, *, newer_than: int) -> OfferState:
        """The same, of an offer that its seller did not close.

        Raises:
            OfferClosed: it is closed, or another offer's.
            Unavailable: see ``state``.
        """
        state = self.state(offer, newer_than=newer_than)
        if state.closed:
            raise OfferClosed("contract: expected state.closed 0, got 1: the seller closed the offer")
        return state

    def sealed(self, stored: StoredOffer, *, now: int) -> bytes:
        """The offer's sealed credential.

        A contract that is closed gives it only for an offer that takes no call here any more: the calls
        that run are finished (L8).

        Raises:
            OfferClosed: the contract is closed while the offer is not, or another offer's.
            Unavailable: no believable node or archive has it.
        """
        look = self.state if stored.closed else self.check
        state = look(stored.offer, newer_than=now - VIEW_SECONDS)
        return sealed_box(self._document(stored.offer, state), stored.offer)

    def _document(self, offer: Offer, state: OfferState) -> bytes:
        credential_hash = state.credential_hash
        if credential_hash not in self.documents:
            events = self.chain.events(contract_of(offer)[0], height=state.height)
            self.documents[credential_hash] = find_credential(events, credential_hash)
        return self.documents[credential_hash]


def sealed_credential(
    stored: StoredOffer, contracts: OfferContracts | None, *, clock: Callable[[], int]
) -> bytes:
    """The sealed credential from where the offer says that it lies.

    Raises:
        Unavailable: it lies on chain and cannot be read there; see ``OfferContracts.sealed``.
    """
    if stored.offer.contract is None:
        return stored.sealed
    if contracts is None:
        raise Unavailable(NO_CONTRACTS)
    return contracts.sealed(stored, now=clock())
