"""``sealrun market search`` and ``show``: offers on a board, each checked before it is shown."""

import re
import time
from fractions import Fraction
from typing import Annotated

import typer

from sealrun.market.catalogue import Wanted, catalogue, entry_value
from sealrun.market.entries import Entry, Reading
from sealrun.market.read_board import MOST
from sealrun.offers.asset import MINA
from sealrun.offers.dropped import dropped_line
from sealrun.offers.provider_rules import PROVIDERS
from sealrun_cli.lib import board, options
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.offer_lines import buying, offer_lines
from sealrun_cli.lib.outgoing import open_client
from sealrun_cli.lib.output import speaking
from sealrun_cli.lib.service import Service

_OFFER = re.compile(r"(?:https?://\S+/offers/)?([0-9a-f]{64})", re.ASCII)
_AMOUNT = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,18})?", re.ASCII)


def search(
    words: Annotated[
        list[str] | None, typer.Argument(help="All of them must be there.", metavar="WORDS")
    ] = None,
    *,
    named: board.BoardAddress = "",
    node: options.Node,
    asset: Annotated[str, typer.Option(help="A token's id, its owner, or a symbol.")] = "",
    at_most: Annotated[
        str, typer.Option(help="Price in that asset, MINA if left out.", metavar="AMOUNT")
    ] = "",
    provider: Annotated[str, typer.Option(help=", ".join(PROVIDERS))] = "",
    grade: Annotated[int, typer.Option(help="The least that receipts have.", min=0, max=2)] = 0,
    input_name: Annotated[str, typer.Option("--input", help="An input that it takes.", metavar="NAME")] = "",
    most: board.Most = MOST,
    seconds: board.Seconds = board.SECONDS,
    unsafe_loopback: options.Loopback = False,
    every: board.All = False,
    network: options.Network = options.DEFAULT_NETWORK,
    as_json: options.Json = False,
) -> None:
    """Find offers on a board.

    Each is checked first: the listing, the offer's contract and whether it is open, the seller's signature,
    and the offer itself by its hash. A node can hide an offer, and cannot make one up.
    """
    with speaking(as_json=as_json) as out, open_client() as http:
        if provider not in ("", *PROVIDERS):
            raise CliError("bad-request", f"provider: expected {', '.join(PROVIDERS)}, got {provider[:40]}")
        most_paid = _price(at_most)
        wanted = Wanted(
            words=tuple(words or ()),
            asset=asset or (MINA.symbol if at_most else ""),
            provider=provider,
            at_most=most_paid,
            grade=grade,
            input=input_name,
        )
        reader = board.BoardNode.named(Service(http), node, network, named, unsafe_loopback=unsafe_loopback)
        reading = reader.read(out, most=most, seconds=seconds)
        found = wanted.found(reading.entries)
        value = catalogue(reading, built=int(time.time()), wanted=wanted)
        more = {"not_shown": board.failed_values(reading)} if every else {}
        lines = [line for entry in found for line in [*board.entry_lines(entry), ""]]
        out.result({**value, **more}, *lines, *board.summary(reading, len(found), every=every))


def show(
    listing: Annotated[
        str, typer.Argument(help="A listing's address, an offer's URL or its hash.", metavar="LISTING|OFFER")
    ],
    *,
    named: board.BoardAddress = "",
    node: options.Node,
    most: board.Most = MOST,
    seconds: board.Seconds = board.SECONDS,
    unsafe_loopback: options.Loopback = False,
    network: options.Network = options.DEFAULT_NETWORK,
    as_json: options.Json = False,
) -> None:
    """Show one offer of a board whole, checked as in a search."""
    with speaking(as_json=as_json) as out, open_client() as http:
        reader = board.BoardNode.named(Service(http), node, network, named, unsafe_loopback=unsafe_loopback)
        offer = _OFFER.fullmatch(listing)
        if offer is None:
            reading = reader.read(out, listing=listing, seconds=seconds)
        else:
            hashed = int(offer[1], 16)
            reading = reader.read(
                out, most=most, seconds=seconds, wanted=lambda each: each.offer_hash == hashed
            )
        entry = _only(reading, listing)
        value = {**entry_value(entry), "height": reading.height, "document": entry.offer.document.decode()}
        out.result(value, *_entry(entry, reading))


def _only(reading: Reading, listing: str) -> Entry:
    if reading.entries:
        return reading.entries[0]
    why = "; ".join(f"{each.fault}: {each.detail}" for each in reading.failed[:3])
    if board.is_unread(reading) and not why:
        why = f"{reading.read} of {reading.listed} listings were read: raise --most, or name the listing"
    detail = f"listing: expected one that holds of {listing[:200]}, got none{f': {why}' if why else ''}"
    raise CliError("not-found", detail, "sellers give their offer's address as well: sealrun show OFFER_URL")


def _entry(entry: Entry, reading: Reading) -> list[str]:
    owners = [
        f"token    {price.cost.asset.symbol} is {price.cost.asset.id}, owner {price.owner.to_base58()}"
        for price in entry.offer.prices
        if price.owner is not None
    ]
    return [
        entry.offer.title,
        f"open     {f'no: {entry.paused}' if entry.paused else f'yes, at block {reading.height}'}",
        *(f"dropped  {dropped_line(each)}" for each in entry.dropped),
        *offer_lines(entry.offer),
        *owners,
        f"seller   {entry.seller.to_base58()}: signed this listing",
        f"contract {entry.contract.to_base58()}",
        f"listing  {entry.listing}",
        f"buy      {buying(entry.offer, entry.url)}",
    ]


def _price(text: str) -> Fraction | None:
    if text and not _AMOUNT.fullmatch(text):
        raise CliError("bad-request", f"at-most: expected an amount such as 20 or 0.5, got {text[:40]!r}")
    return Fraction(text) if text else None
