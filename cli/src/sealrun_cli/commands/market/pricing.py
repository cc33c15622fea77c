"""``sealrun market prices``: what a credit costs now, and what it buys."""

from sealrun.chain.credits import AskView
from sealrun.market.catalogue import Wanted, entry_value
from sealrun.market.entries import Entry, Reading
from sealrun.market.read_board import MOST
from sealrun.offers.asset import MINA, Amount
from sealrun_cli.lib import board, options
from sealrun_cli.lib.credit_desk import CreditAddress, counted
from sealrun_cli.lib.credit_view import CreditNode, address_of, ask_value, told
from sealrun_cli.lib.outgoing import open_client
from sealrun_cli.lib.output import speaking
from sealrun_cli.lib.service import Service


def prices(
    credit: CreditAddress,
    *,
    named: board.BoardAddress = "",
    node: options.Node,
    most: board.Most = MOST,
    seconds: board.Seconds = board.SECONDS,
    unsafe_loopback: options.Loopback = False,
    network: options.Network = options.DEFAULT_NETWORK,
    as_json: options.Json = False,
) -> None:
    """Show who sells a credit at what price, the cheapest first, and the offers on a board that take it.

    The credit is checked as `sealrun credits show` checks it, but for its promise. Without a board only the
    asks are shown.
    """
    with speaking(as_json=as_json) as out, open_client() as http:
        service = Service(http)
        asked = CreditNode(service, node, network)
        found = asked.credit(address_of(credit, "credit"))
        asks, _ = asked.asks(found)
        reading, taking = None, []
        if named or network in board.BOARDS:
            reader = board.BoardNode.named(service, node, network, named, unsafe_loopback=unsafe_loopback)
            reading = reader.read(out, most=most, seconds=seconds)
            taking = Wanted(asset=found.asset.id).found(reading.entries)
        value = {
            "token": found.owner.to_base58(),
            **found.asset.members(),
            "backing": str(found.backing.units),
            "expired": found.expired,
            "asks": [ask_value(ask) for ask in asks],
            "offers": [entry_value(entry) for entry in taking],
        }
        offers = [line for entry in taking for line in _offer(entry, found.asset.id, asks)]
        out.result(value, *told(found), *_asks(asks), *offers, *_board(reading, len(taking)))


def _asks(asks: list[AskView]) -> list[str]:
    lines = [f"ask      {ask.amount} at {ask.price} each: {ask.address.to_base58()}" for ask in asks]
    return lines or ["ask      nobody sells it now"]


def _offer(entry: Entry, asset: str, asks: list[AskView]) -> list[str]:
    cost = entry.payment.priced_in(asset).cost
    spot = _spot(cost, asks)
    return [f"buys     {entry.offer.title}: {cost}{spot}", f"         {entry.url}"]


def _spot(cost: Amount, asks: list[AskView]) -> str:
    """What a run costs at the cheapest ask that has enough; empty where none has.

    A single credit at next to nothing is no price of a run that takes two. Credits have no decimals.
    """
    for ask in asks:
        if ask.amount >= cost.units:
            return f", {MINA.of(cost.units * ask.price.units)} at the cheapest ask that has as many"
    return ""


def _board(reading: Reading | None, taking: int) -> list[str]:
    if reading is None:
        return ["board    none was named: --board shows the offers that take it"]
    return [f"board    {counted(taking, 'offer')} of {counted(reading.listed, 'listing')} take it"]
