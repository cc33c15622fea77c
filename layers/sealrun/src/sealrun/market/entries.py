"""What makes an entry of a listing: each check is cheaper than the next one, and costs a liar something.

1. The listing's account is closed to every key (``sealrun.market.board``).
2. The offer's contract is there, runs the pinned code, is of this offer's hash, and is open.
3. The seller has signed the listing, for this board of this network.
4. The document at the listing's address is the offer's, by its hash, and names this contract and this seller.

Opening a contract needs nobody's consent, and any account can be a listing: only 3 and 4 together say that
the seller sells this here. No node and no host can make an entry that is not so; both can hide one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from mina.keys import PublicKey
from sealrun.chain.account import Pinned
from sealrun.chain.answers import expect
from sealrun.chain.offer_contract import ContractState, state_of_offer
from sealrun.encoding.fields import canonical
from sealrun.encoding.json_limits import parse_object
from sealrun.encoding.plain_text import plain_text
from sealrun.errors import Malformed, SealrunError
from sealrun.market.listing import Listing
from sealrun.offers.dropped import dropped_prices
from sealrun.offers.offer import MAX_DOCUMENT_BYTES, Offer, Payment

# A service's answer about an offer: the document, and what the operator says of it.
MAX_ANSWER_BYTES = 4 * MAX_DOCUMENT_BYTES


class Fault(StrEnum):
    """Which check a listing did not pass."""

    LISTING = "listing"  # the account is none that nobody can change
    CONTRACT = "contract"  # the offer's contract is not there, or is another one
    CLOSED = "closed"  # by its seller
    SIGNATURE = "signature"
    DOCUMENT = "document"  # nothing usable at the address, in time
    OFFER = "offer"  # the document is another offer's, or no offer
    DUPLICATE = "duplicate"  # the offer is shown already
    UNREAD = "unread"  # time or places were used up


class Failed(NamedTuple):
    """A listing that is not shown, and why."""

    listing: str  # address
    fault: Fault
    detail: str


@dataclass(frozen=True)
class Entry:
    """A listing that passed every check."""

    listing: str  # address
    url: str
    offer: Offer
    contract: PublicKey
    seller: PublicKey
    payment: Payment
    paused: str = ""  # why its service takes no call now, in the service's own words; empty where it does
    dropped: Sequence[Mapping[str, str]] = ()  # the prices that take no calls now: see ``dropped_prices``


@dataclass(frozen=True)
class Reading:
    """What one reading of a board found."""

    network: str
    board: PublicKey
    height: int  # of the block that the node answered from
    listed: int  # accounts on the board
    read: int  # of them
    entries: tuple[Entry, ...]
    failed: tuple[Failed, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many listings failed, by the check that they failed."""
        faults = [failed.fault for failed in self.failed]
        return {fault.value: faults.count(fault) for fault in Fault if fault in faults}


def check_contract(account: Any, listing: Listing, pinned: Pinned) -> ContractState:
    """The contract that a listing names is of the offer that it names. Not checked: that it is open.

    Raises:
        Unavailable: there is no such contract, or it runs other code, or the node answers in no such form.
        AccountRefused: it is of another offer.
    """
    state = state_of_offer(account, listing.contract, pinned)
    expect("contract.offerHash", f"{listing.offer_hash:064x}", f"{state.offer_hash:064x}")
    return state


def check_answer(
    body: bytes, address: str, listing: Listing, contract: ContractState, *, network: str
) -> Entry:
    """The entry of a listing whose contract and signature hold, from what its address answered.

    Not checked: that the tokens of its prices are what their symbols say, which is checked before an account
    is opened (A15).

    Args:
        body: of the answer to a GET of the offer's address.
        address: of the listing.
        listing: that the seller signed.
        contract: the state of the listing's contract.
        network: the board's.

    Raises:
        SealrunError: the document is no offer's, or another one's; the text says what differs.
    """
    value = parse_object(body, at_most=MAX_ANSWER_BYTES)
    if "document" not in value:
        raise Malformed("offer: expected an answer with its document, got one without")
    offer = Offer.parse(canonical(value["document"]))
    contract.check(offer)  # whose hash is the listing's: see ``check_contract``
    expect("offer.network", network, offer.network)
    if offer.contract is None or offer.payment is None:
        raise Malformed("offer: expected one with a contract and a price, got another")
    seller = offer.payment.terms.seller
    expect("offer.contract", offer.contract.to_base58(), listing.contract.to_base58())
    expect("offer.seller", seller.to_base58(), listing.seller.to_base58())
    said = _paused(value), dropped_prices(value, offer)
    return Entry(address, listing.url, offer, offer.contract, seller, offer.payment, *said)


def _paused(value: Mapping[str, Any]) -> str:
    """A service says it to its own disadvantage, so nothing has to be checked."""
    if value.get("open") is not False:
        return ""
    return plain_text(value.get("reason")) or "its service does not say why"


def each_once(entries: Sequence[Entry]) -> tuple[tuple[Entry, ...], tuple[Failed, ...]]:
    """One entry of each offer, by title and offer; the others as duplicates."""
    kept: dict[int, Entry] = {}
    for entry in sorted(entries, key=lambda each: (each.offer.title.casefold(), each.offer.id, each.url)):
        kept.setdefault(entry.offer.hash, entry)
    shown = {entry.listing for entry in kept.values()}
    others = (entry for entry in entries if entry.listing not in shown)
    detail = "the same offer is shown from another listing"
    return tuple(kept.values()), tuple(Failed(each.listing, Fault.DUPLICATE, detail) for each in others)


def failure(address: str, fault: Fault, error: SealrunError) -> Failed:
    """What is said of a listing that did not pass."""
    return Failed(address, fault, error.detail[:300])
