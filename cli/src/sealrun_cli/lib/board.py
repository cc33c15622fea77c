"""Boards for the commands: which one, one reading of it, and how an entry reads (A18)."""

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from mina.keys import PublicKey
from sealrun.chain.account import Pinned
from sealrun.market.board import BoardView, accounts_in, accounts_query, board_query, check_board
from sealrun.market.entries import MAX_ANSWER_BYTES, Entry, Fault, Reading
from sealrun.market.listing import Listing
from sealrun.market.read_board import MOST, Reader
from sealrun.offers.asset import MINA, Amount, Asset
from sealrun.offers.dropped import dropped_line
from sealrun_cli.lib.contracts import pinned_keys
from sealrun_cli.lib.credit_view import address_of
from sealrun_cli.lib.documents import Documents
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.nodes import data_of
from sealrun_cli.lib.offer_lines import alike
from sealrun_cli.lib.output import Output
from sealrun_cli.lib.service import Service

# The project's own boards, by network: the owner's address, once one is open there (docs/guides/market.md).
BOARDS: Mapping[str, str] = {}
# 100,000 addresses, and 25 accounts with their permissions.
MAX_LIST_BYTES = 16 << 20
# A reading's own time; the question for all addresses comes on top.
SECONDS = 60.0

BoardAddress = Annotated[
    str,
    typer.Option(
        "--board", help="The board, by its owner's address.", envvar="SEALRUN_BOARD", metavar="ADDRESS"
    ),
]
Most = Annotated[int, typer.Option("--most", help="Listings to look at.", min=1, max=20_000)]
Seconds = Annotated[
    float, typer.Option("--seconds", help="For one reading.", min=1.0, max=3600.0, metavar="SECONDS")
]
All = Annotated[bool, typer.Option("--all", help="Name what was not shown, and why.")]


def board_of(text: str, network: str) -> PublicKey:
    """The board that was named, or the project's own on this network.

    Raises:
        CliError: none was named and there is none, or it is no address.
    """
    named = text or BOARDS.get(network, "")
    if not named:
        none = f"got none, and none of the project's is open on {network}"
        detail = f"board: expected --board or SEALRUN_BOARD, {none}"
        raise CliError("bad-request", detail, "ask whoever sells for the address of theirs")
    return address_of(named, "board")


@dataclass(frozen=True)
class BoardNode:
    """A node, the network that it must be of, a board, and whether it may name addresses on this machine."""

    service: Service
    url: str
    network: str
    board: PublicKey
    unsafe_loopback: bool = False

    @classmethod
    def named(
        cls, service: Service, url: str, network: str, named: str, *, unsafe_loopback: bool = False
    ) -> "BoardNode":
        """With the board of the command line; raises what ``board_of`` does."""
        return cls(service, url, network, board_of(named, network), unsafe_loopback)

    def ask(self, query: str) -> Mapping[str, Any]:
        """``data`` of the node's answer.

        Raises:
            CliError: there is none.
        """
        return data_of(self.service, self.url, query, at_most=MAX_LIST_BYTES)

    def view(self) -> BoardView:
        """The board and all addresses on it; raises what ``Reader.read`` does."""
        answer = self.ask(board_query(self.board))
        return check_board(answer, self.board, network=self.network, now=int(time.time()))

    def account(self, address: PublicKey, asset: Asset) -> Any:
        """One account in a token; see ``account_at``."""
        return account_at(self.service, self.url, self.network, address, asset)

    def read(
        self,
        out: Output,
        *,
        most: int = MOST,
        seconds: float = SECONDS,
        wanted: Callable[[Listing], bool] | None = None,
        listing: str = "",
    ) -> Reading:
        """One reading of the board, or of one listing on it; raises what ``Reader.read`` does."""
        ends = time.monotonic() + seconds
        documents = Documents(MAX_ANSWER_BYTES, ends, here=self.unsafe_loopback)
        with out.counting("reading") as tell:
            reader = Reader(
                network=self.network,
                ask=self.ask,
                fetch=documents.fetch,
                pinned=offer_code(),
                is_over=lambda: time.monotonic() > ends,
                seed=secrets.token_bytes(16),
                most=most,
                tell=tell,
            )
            now = int(time.time())
            if listing:
                return reader.look(self.board, address_of(listing, "listing").to_base58(), now=now)
            return reader.read(self.board, now=now, wanted=wanted)


def account_at(service: Service, url: str, network: str, address: PublicKey, asset: Asset) -> Any:
    """One account in a token, as a node of this network tells of it; None where there is none.

    Raises:
        CliError: there is no answer.
        NodeUnavailable: the node is not one to believe now.
    """
    names = [address.to_base58()]
    answer = data_of(service, url, accounts_query(names, asset), at_most=MAX_LIST_BYTES)
    (account,) = accounts_in(answer, names, network=network)
    return account


def offer_code() -> Pinned:
    """What the installed ``Offer`` contract is compiled to."""
    return Pinned(pinned_keys()["Offer"])


def entry_lines(entry: Entry) -> list[str]:
    """An entry as people read it in a list. What a seller wrote beside the title stands in ``show``."""
    offer = entry.offer
    costs = " or ".join(priced(price.cost) for price in offer.prices)
    inputs = ", ".join(offer.inputs.names) or "none"
    callers = "" if offer.access.open else ", for named callers only"
    grade = offer.evidence.grade
    dropped = () if entry.paused else entry.dropped
    return [
        offer.title,
        f"  {costs}; {offer.source.provider}, grade at least {grade}; inputs: {inputs}{callers}",
        *([f"  takes no calls now: {entry.paused}"] if entry.paused else []),
        *(f"  takes no calls now at {dropped_line(each)}" for each in dropped),
        *(f"  {line}" for line in alike(offer)),
        f"  {entry.url}",
        f"  seller {entry.seller.to_base58()}",
    ]


def priced(cost: Amount) -> str:
    """An amount with its token's id: a symbol can be anybody's."""
    return str(cost) if cost.asset == MINA else f"{cost} (token {cost.asset.id[:12]}…)"


def summary(reading: Reading, shown: int, *, every: bool) -> list[str]:
    """How many listings there are, how many were read, and what became of the others."""
    failed = ", ".join(f"{count} {fault}" for fault, count in reading.counts.items())
    lines = [f"{shown} shown of {reading.listed} listings, at block {reading.height}"]
    if reading.read < reading.listed:
        lines.append(f"read     {reading.read} of them, at random: run again for others, or raise --most")
    if failed:
        lines.append(f"not      {failed}{'' if every else '; --all says which and why'}")
    if every:
        lines += [f"{each.fault:<9}{each.listing}: {each.detail}" for each in reading.failed]
    return lines


def failed_values(reading: Reading) -> Sequence[dict[str, str]]:
    """The listings that are not shown, as JSON."""
    return [
        {"listing": each.listing, "fault": each.fault.value, "detail": each.detail} for each in reading.failed
    ]


def is_unread(reading: Reading) -> bool:
    """Whether a listing that was not found may be among those that were not read."""
    return reading.read < reading.listed or Fault.UNREAD.value in reading.counts
