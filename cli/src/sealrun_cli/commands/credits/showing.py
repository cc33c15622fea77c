"""``sealrun credits show``: what a credit is, checked."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from sealrun.chain.credits import AskView, Credit, check_agrees
from sealrun.encoding.json_limits import parse_object
from sealrun.errors import SealrunError, Unavailable
from sealrun.market.entries import MAX_ANSWER_BYTES
from sealrun.offers.asset import Amount
from sealrun.offers.promise import Promise, check_promise
from sealrun_cli.lib import options
from sealrun_cli.lib.assets import require_same
from sealrun_cli.lib.credit_desk import CreditAddress, counted
from sealrun_cli.lib.credit_view import CreditNode, address_of, ask_value, told
from sealrun_cli.lib.documents import Documents
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.guarded import open_public
from sealrun_cli.lib.offer_view import check_taken
from sealrun_cli.lib.outgoing import open_client
from sealrun_cli.lib.output import speaking
from sealrun_cli.lib.promises import fetch_promise, read_promise
from sealrun_cli.lib.service import Service, offer_in

# For all offers of a promise.
SECONDS = 20.0
WARNING = "         a credit is its seller's promise: only the backing is held for you"


def show(
    credit: CreditAddress,
    *,
    node: options.Node,
    promise: Annotated[
        Path | None,
        typer.Option(help="The promise's file; else it is read where the token says.", metavar="FILE"),
    ] = None,
    unsafe_loopback: options.Loopback = False,
    network: options.Network = options.DEFAULT_NETWORK,
    as_json: options.Json = False,
) -> None:
    """Show a credit: its promise, what is behind it, who takes it, and who sells it at what price.

    All of it is checked. Each offer of the promise is read, and one that does not take the credit is named.
    """
    with speaking(as_json=as_json) as out, open_client() as http:
        service = Service(http)
        asked = CreditNode(service, node, network)
        found = asked.credit(address_of(credit, "credit"))
        asks, holders = asked.asks(found)
        with open_public(unsafe_loopback=unsafe_loopback) as public:
            document = read_promise(promise) if promise else fetch_promise(Service(public), found.uri)
        made = check_promise(document, found.uri)
        check_agrees(made, found, network)
        takers = _takers(made.offers, found, network, here=unsafe_loopback)
        lines = [*told(found, made.words), f"         {counted(holders, 'holder')}; every credit is counted"]
        value = {**_value(found, made, asks, holders), "takers": takers}
        out.result(value, *lines, *_promise(made), *map(_taken, takers), *map(_ask, asks), WARNING)


def _promise(made: Promise) -> list[str]:
    words = [f"         {line}" for line in made.text.split("\n")]
    return [
        f"promise  {made.title}: its hash is the token's",
        *words,
    ]


def _takers(urls: Sequence[str], credit: Credit, network: str, *, here: bool) -> list[dict[str, Any]]:
    """Whether each of these offers takes the credit now; their addresses are the seller's words (L9)."""
    answers = dict(Documents(MAX_ANSWER_BYTES, time.monotonic() + SECONDS, here=here).fetch(urls))
    late = Unavailable(f"address: expected an answer within {SECONDS:g} s, got none")
    return [_taker(answers.get(url, late), url, credit, network) for url in urls]


def _taker(answer: bytes | SealrunError, url: str, credit: Credit, network: str) -> dict[str, Any]:
    """Whether an offer of the promise takes the credit now, by its own document, and why not."""
    try:
        if isinstance(answer, SealrunError):
            raise answer
        cost = _taken_at(parse_object(answer, at_most=MAX_ANSWER_BYTES), url, credit, network)
    except (SealrunError, CliError) as error:
        return {"offer": url, "takes": False, "price": None, "reason": error.detail}
    return {"offer": url, "takes": True, "price": str(cost.units), "reason": None}


def _taken_at(view: Mapping[str, Any], url: str, credit: Credit, network: str) -> Amount:
    """What a run costs in the credit."""
    offer = offer_in(view, url)
    if offer.payment is None:
        raise CliError("offer", "offer: expected a price in the credit, got price 0")
    if offer.network != network:  # token ids repeat across networks
        raise CliError("offer", f"network: expected {network}, got {offer.network}")
    cost = offer.payment.priced_in(credit.asset.id).cost
    require_same(cost.asset, credit.asset)
    check_taken(view, offer, cost.asset)
    return cost


def _taken(taker: dict[str, Any]) -> str:
    if taker["takes"]:
        return f"good for {taker['offer']}: {taker['price']} a run"
    return f"not now  {taker['offer']}: {taker['reason']}"


def _ask(ask: AskView) -> str:
    return f"ask      {ask.address.to_base58()}: {ask.amount} at {ask.price}"


def _value(credit: Credit, made: Promise, asks: Sequence[AskView], holders: int) -> dict[str, Any]:
    """As JSON, amounts as decimal text: credits, and nanomina."""
    keys = {"token": credit.owner, "vault": credit.vault, "seller": credit.seller}
    numbers = {
        "backing": credit.backing.units,
        "locked": credit.locked.units,
        "price": made.price.units,
        "cap": credit.cap,
        "minted": credit.minted,
        "circulating": credit.circulating,
    }
    return {
        **{name: key.to_base58() for name, key in keys.items()},
        "asset": credit.asset.id,
        **credit.asset.value(),
        **{name: str(number) for name, number in numbers.items()},
        "expiry": credit.expiry,
        "expired": credit.expired,
        "uri": credit.uri,
        "title": made.title,
        "text": made.text,
        "offers": list(made.offers),
        "holders": holders,
        "asks": [ask_value(ask) for ask in asks],
    }
