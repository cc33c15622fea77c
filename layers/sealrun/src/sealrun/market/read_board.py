"""One reading of a board: what a node lists, checked as far as time and places go, the cheapest checks first.

Anybody can fill a board. So a reading takes a bounded sample, in an order that nobody can know before: what a
reading left out, another one finds. How many were left out and how many failed is part of what is found.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mina.keys import PublicKey
from sealrun.chain.account import Pinned
from sealrun.chain.offer_contract import ContractState
from sealrun.errors import AccountRefused, Malformed, SealrunError, Unavailable
from sealrun.market.board import (
    BATCH,
    BoardView,
    Protocol,
    accounts_in,
    accounts_query,
    board_asset,
    board_query,
    check_board,
    check_listing,
)
from sealrun.market.entries import (
    Entry,
    Failed,
    Fault,
    Reading,
    check_answer,
    check_contract,
    each_once,
    failure,
)
from sealrun.market.listing import Listing
from sealrun.offers.asset import MINA, Asset

# Listings that one reading looks at, unless it is told another number.
MOST = 1_000
# A seller may list an offer again, at another address.
ADDRESSES_OF_OFFER = 3

# ``data`` of a node's answer to a question.
Ask = Callable[[str], Mapping[str, Any]]
# What each of so many addresses answers, in whatever order, or why there is no answer.
Fetch = Callable[[Sequence[str]], Iterable[tuple[str, bytes | SealrunError]]]
# How far a reading is: of what, how many, of how many.
Tell = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Reader:
    """What a reading needs from outside.

    Args:
        network: that the node must be of.
        ask: raises NodeUnavailable where there is no answer.
        fetch: GETs the addresses that strangers wrote, guarded and bounded.
        pinned: the code of ``Offer`` contracts, and the protocol.
        is_over: whether the time for this reading is used up.
        seed: random bytes, which decide the order.
        most: listings to look at.
        tell: is told how far it is.
    """

    network: str
    ask: Ask
    fetch: Fetch
    pinned: Pinned
    is_over: Callable[[], bool]
    seed: bytes
    most: int = MOST
    tell: Tell = lambda _what, _done, _total: None

    def read(self, board: PublicKey, *, now: int, wanted: Callable[[Listing], bool] | None = None) -> Reading:
        """All of a board that a reading reaches.

        Args:
            board: the owner of its token.
            now: Unix seconds.
            wanted: which listings to go on with, by what they say themselves; all where it is left out.

        Raises:
            AccountRefused: it is no board.
            NodeUnavailable: the node is not one to believe now, or stopped answering.
        """
        view = self._view(board, now)
        return self._of(view, sorted(view.addresses, key=self._place)[: self.most], wanted)

    def look(self, board: PublicKey, address: str, *, now: int) -> Reading:
        """One listing, by its address; raises what ``read`` does."""
        return self._of(self._view(board, now), [address], None)

    @property
    def protocol(self) -> Protocol:
        """That of the pinned code."""
        return Protocol(self.pinned.txn_version, self.pinned.state_fields)

    def _view(self, board: PublicKey, now: int) -> BoardView:
        answer = self.ask(board_query(board))
        return check_board(answer, board, network=self.network, now=now, protocol=self.protocol)

    def _of(
        self, view: BoardView, addresses: Sequence[str], wanted: Callable[[Listing], bool] | None
    ) -> Reading:
        pass_ = _Pass(self, view.owner)
        found = pass_.run(addresses, wanted or (lambda _listing: True))
        entries, others = each_once(found)
        failed = (*pass_.failed, *others)
        listed, read = len(view.addresses), len(addresses)
        return Reading(self.network, view.owner, view.height, listed, read, entries, failed)

    def _place(self, address: str) -> bytes:
        return hashlib.sha256(self.seed + address.encode()).digest()


@dataclass
class _Pass:
    """One way through the checks. Each step takes what the one before it left."""

    reader: Reader
    board: PublicKey
    failed: list[Failed] = field(default_factory=list)

    def run(self, addresses: Sequence[str], wanted: Callable[[Listing], bool]) -> list[Entry]:
        listings = {
            address: listing for address, listing in self._listings(addresses).items() if wanted(listing)
        }
        contracts = self._contracts(listings)
        signed = self._signed({address: listings[address] for address in contracts})
        return self._entries(self._once(signed), contracts)

    def _listings(self, addresses: Sequence[str]) -> dict[str, Listing]:
        found: dict[str, Listing] = {}
        for address, account in self._accounts("listings", addresses, board_asset(self.board)):
            try:
                listing = check_listing(account, address, self.board, protocol=self.reader.protocol)
            except (AccountRefused, Malformed) as error:
                self._fail(address, Fault.LISTING, error)
            else:
                found[address] = listing
        return found

    def _contracts(self, listings: Mapping[str, Listing]) -> dict[str, ContractState]:
        """The states of the contracts that are there and open, by listing."""
        names = {address: listing.contract.to_base58() for address, listing in listings.items()}
        # In the listings' own order: a contract's address can be chosen so that it would be sorted first.
        accounts = dict(self._accounts("contracts", list(dict.fromkeys(names.values())), MINA))
        found: dict[str, ContractState] = {}
        for address, name in names.items():
            if name not in accounts:
                self._unread(address)
                continue
            try:
                state = check_contract(accounts[name], listings[address], self.reader.pinned)
            except (AccountRefused, Unavailable) as error:
                self._fail(address, Fault.CONTRACT, error)
                continue
            if state.is_closed:
                self._fail(address, Fault.CLOSED, AccountRefused("contract: its seller closed the offer"))
            else:
                found[address] = state
        return found

    def _signed(self, listings: Mapping[str, Listing]) -> dict[str, Listing]:
        found: dict[str, Listing] = {}
        for address, listing in listings.items():
            if self.reader.is_over():
                self._unread(address)
            elif listing.holds(self.reader.network, self.board):
                found[address] = listing
            else:
                detail = (
                    f"signature: expected that of {listing.seller.to_base58()} for this board, got another"
                )
                self._fail(address, Fault.SIGNATURE, AccountRefused(detail))
        return found

    def _once(self, listings: Mapping[str, Listing]) -> dict[str, Listing]:
        """Each address of an offer once: copies of a listing cost its host nothing."""
        kept: dict[str, Listing] = {}
        places: dict[tuple[PublicKey, PublicKey], set[str]] = {}
        for address, listing in listings.items():
            # By seller: a stranger who signs for somebody's offer crowds out none of the seller's own.
            urls = places.setdefault((listing.contract, listing.seller), set())
            if listing.url in urls or len(urls) == ADDRESSES_OF_OFFER:
                detail = "another listing has the same address, or the offer has more than three"
                self._fail(address, Fault.DUPLICATE, AccountRefused(detail))
                continue
            urls.add(listing.url)
            kept[address] = listing
        return kept

    def _entries(
        self, listings: Mapping[str, Listing], contracts: Mapping[str, ContractState]
    ) -> list[Entry]:
        by_url: dict[str, list[str]] = {}
        for address, listing in listings.items():
            by_url.setdefault(listing.url, []).append(address)
        entries: list[Entry] = []
        for done, (url, answer) in enumerate(self.reader.fetch(list(by_url))):
            self.reader.tell("offers", done, len(by_url))
            for address in by_url.pop(url, []):
                entries += self._entry(address, listings[address], contracts[address], answer)
        for left in by_url.values():
            for address in left:
                self._unread(address)
        return entries

    def _entry(
        self, address: str, listing: Listing, contract: ContractState, answer: bytes | SealrunError
    ) -> list[Entry]:
        if isinstance(answer, SealrunError):
            self._fail(address, Fault.DOCUMENT, answer)
            return []
        try:
            return [check_answer(answer, address, listing, contract, network=self.reader.network)]
        except SealrunError as error:
            self._fail(address, Fault.OFFER, error)
            return []

    def _accounts(self, what: str, addresses: Sequence[str], asset: Asset) -> Iterator[tuple[str, Any]]:
        """The accounts in so many questions; those that time is too short for are unread."""
        for start in range(0, len(addresses), BATCH):
            batch = addresses[start : start + BATCH]
            if self.reader.is_over():
                if what == "listings":
                    for address in batch:
                        self._unread(address)
                continue
            self.reader.tell(what, start, len(addresses))
            answer = self.reader.ask(accounts_query(batch, asset))
            yield from zip(batch, accounts_in(answer, batch, network=self.reader.network), strict=True)

    def _unread(self, address: str) -> None:
        self._fail(address, Fault.UNREAD, AccountRefused("not read: the time for this reading was over"))

    def _fail(self, address: str, fault: Fault, error: SealrunError) -> None:
        self.failed.append(failure(address, fault, error))
