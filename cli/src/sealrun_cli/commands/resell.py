"""``sealrun resell``: prepaid tickets for money. A payment buys one; no secret is handed over."""

import json
import shlex
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from sealrun.adapters.files.plain_files import write_plain
from sealrun.calls.sale import Sale, make_sale
from sealrun.calls.ticket_url import public_url
from sealrun.encoding.fields import canonical
from sealrun.errors import Expired
from sealrun.offers.asset import MINA
from sealrun.offers.offer import Offer
from sealrun_cli.lib import options
from sealrun_cli.lib.accounts import told_terms
from sealrun_cli.lib.assets import check_names
from sealrun_cli.lib.book import known_page, locked, page
from sealrun_cli.lib.confirming import Yes
from sealrun_cli.lib.credit_view import address_of
from sealrun_cli.lib.dates import parsed_until
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.guarded import open_public
from sealrun_cli.lib.help import Panels, example
from sealrun_cli.lib.inputs import assignments, filled_inputs, parsed_inputs
from sealrun_cli.lib.keys import read_key
from sealrun_cli.lib.once import Asked, Now, Once
from sealrun_cli.lib.outgoing import open_client
from sealrun_cli.lib.output import Output, amount_of, speaking
from sealrun_cli.lib.priced import Asset, priced_on
from sealrun_cli.lib.purchase import cold_start
from sealrun_cli.lib.resale import (
    PLACES,
    Counter,
    Kept,
    Refusal,
    account_of,
    asset_id,
    checked,
    payer_now,
    payments_for,
    refunds,
    sale_of,
    tickets_for,
)
from sealrun_cli.lib.service import Service
from sealrun_cli.lib.tools import Sender, run_tool

app = typer.Typer(help="Prepaid tickets for money.", no_args_is_help=True, rich_markup_mode=None, cls=Panels)
SalePlace = Annotated[str, typer.Argument(help="The sale: a file, or its address.", metavar="SALE")]
# A block that is so deep is hardly ever replaced by another.
DEFAULT_DEPTH = 15
TRUST = (
    "trust    the reseller may take the money and grant nothing, or spend the account before you redeem: at",
    "         stake is this one price. Redeem soon",
)


@app.command(
    "sale",
    epilog=example(
        "sealrun resell sale https://ci.example/offers/5f0c --price 1.5 --until 2026-12-31"
        " --account B62qk...w1 --tickets https://me.example/tickets.json --to sale.json --key buyer.key"
        " --node https://mina.example/graphql"
    ),
)
def write_sale(
    offer: options.OfferUrl,
    *,
    price: Annotated[str, typer.Option(help="Of one ticket.", metavar="MINA")],
    until: Annotated[str, typer.Option(help="Last day of each ticket, as 2026-12-31 (UTC), or a time.")],
    account: Annotated[str, typer.Option(help="The prepaid account that pays for the runs.")],
    tickets: Annotated[str, typer.Option(help="Where you publish the tickets.", metavar="URL")],
    to: Annotated[Path, typer.Option(help="File for the sale.", metavar="FILE")],
    key: options.Key,
    node: options.Node,
    given: options.Given = None,
    asset: Asset = "",
    state: options.State = options.DEFAULT_STATE,
    as_json: options.Json = False,
) -> None:
    """Write a sale of tickets for one offer, signed with the account's own key. Publish the file anywhere.

    Nothing is sold by it yet: `sealrun resell issue` grants a ticket for each payment.
    """
    with speaking(as_json=as_json) as out, open_client() as http:
        service, issuer = Service(http), read_key(key)
        sold = service.offer(offer)
        if sold.payment is None:
            raise CliError("bad-request", "offer: expected one with a price, got one of price 0")
        priced = priced_on(sold.payment, state, account, asset)
        check_names(service, node, priced.cost.asset)
        inputs = filled_inputs(parsed_inputs(given or [], sold.inputs), sold.inputs, out)
        sale = make_sale(
            issuer.public_key(),
            sold,
            address_of(account, "account"),
            asset=priced.cost.asset.id,
            audience=offer.removesuffix(f"/offers/{sold.id}"),
            inputs=inputs,
            until=parsed_until(until, now=int(time.time())),
            price=amount_of(price, MINA).units,
            tickets=tickets,
        )
        kept = checked(service, sale, node)
        write_plain(to, canonical(sale.signed(issuer)))
        out.result(
            {"sale": sale.id, "memo": sale.memo, "issuer": sale.issuer.to_base58(), "covered": kept.covered},
            *_told(kept),
            f"wrote    {to}: publish it, then run again and again, at least every few hours:",
            f"         sealrun resell issue {to} --to FILE --key {key} --node {node}",
        )


@app.command(
    "issue",
    epilog=example(
        "sealrun resell issue sale.json --to tickets.json --key buyer.key --node https://mina.example/graphql"
    ),
)
def issue(
    sale: SalePlace,
    *,
    to: Annotated[Path, typer.Option(help="File for the tickets, which you publish.", metavar="FILE")],
    key: options.Key,
    node: options.Node,
    depth: Annotated[
        int, typer.Option(help="Blocks on top of a payment before it counts.", min=0, max=280)
    ] = DEFAULT_DEPTH,
    state: options.State = options.DEFAULT_STATE,
    as_json: options.Json = False,
) -> None:
    """Grant a ticket for each payment that the node shows, and write all of the sale's tickets to a file.

    Run it again and again, at least every few hours: nodes keep their last 290 blocks. A payment buys one
    ticket, however often this runs. Use a node of your own: one that lies gets tickets for nothing.
    """
    with speaking(as_json=as_json) as out, open_client() as http:
        service, issuer = Service(http), read_key(key)
        what = sale_of(service, sale)
        if issuer.public_key() != what.issuer:
            raise CliError("not-allowed", f"key: expected that of {what.issuer.to_base58()}, got another")
        payments, account = payments_for(service, what, node), what.account.to_base58()
        try:
            kept = checked(service, what, node, left=0)
        except Expired as error:
            known = known_page(state, account)
            if known:
                known.check(what.terms)
            refused = refunds(payments, known.sold if known else (), error)
            _issued(out, what, to, refused)
            return
        if kept.offer.payment is None:
            raise CliError("bad-request", "offer: expected one with a price, got one of price 0")
        priced = kept.offer.payment.priced_in(asset_id(what))
        cold = cold_start(service, account, node, priced)
        with page(state, account, priced.terms, cold, asset=priced.cost.asset) as book:
            before = len(book.sold)
            counter = Counter(kept, issuer, book)
            refused = counter.grant(payments, depth=depth)
            made, document = len(book.sold) - before, counter.document()
            write_plain(to, json.dumps(document).encode())
        _issued(out, what, to, refused, made, len(document["tickets"]))


def _issued(
    out: Output, sale: Sale, to: Path, refused: Sequence[Refusal], made: int = 0, tickets: int | None = None
) -> None:
    """What a run granted and refused; ``tickets`` is None where the file stays as it is."""
    named = [
        {"payment": each.hash, "payer": each.payer.to_base58(), "amount": str(each.units), "reason": why}
        for each, why in refused
    ]
    value = {"sale": sale.id, "granted": made, "tickets": tickets, "refused": named}
    lines = [f"refused  {each.hash} of {each.payer.to_base58()}: {why}" for each, why in refused]
    left = f"{to} stays as it is" if tickets is None else f"in {to} are {tickets}"
    out.result(value, f"granted: {made}; {left}", *lines)


@app.command(
    "buy",
    epilog=example(
        "sealrun resell buy https://me.example/sale.json --key mine.key --node https://mina.example/graphql"
    ),
)
def buy(
    sale: SalePlace,
    *,
    key: options.Key,
    node: options.Node,
    unsafe_loopback: options.Loopback = False,
    fee: options.Fee = options.DEFAULT_FEE,
    poll_ms: options.PollMs = options.DEFAULT_POLL_MS,
    state: options.State = options.DEFAULT_STATE,
    yes: Yes = False,
    as_json: options.Json = False,
) -> None:
    """Pay for one ticket, once sale, offer and account were checked. Your key is the ticket's.

    Any wallet can pay instead, from the key that you redeem with: the exact price, to the address and with
    the memo that this shows before it asks.
    """
    with speaking(as_json=as_json) as out, _open(sale, node, unsafe_loopback) as http:
        service = Service(http)
        sender = Sender(read_key(key), node, fee, poll_ms, proofs=False)
        what, payer = sale_of(service, sale), sender.key.public_key()

        def plan() -> list[str]:
            kept = checked(service, what, node)
            if payer in (what.issuer, what.account) or payer.to_base58() == kept.offer.oracle:
                raise CliError("not-allowed", "key: expected a buyer's, got the seller's or the oracle's")
            if kept.covered < 1:
                detail = (
                    f"account: expected funds for a run, {kept.cost}, got less in {what.account.to_base58()}"
                )
                raise CliError("too-little", detail, "do not buy: the account pays for no run")
            return [
                *_told(kept),
                f"pay      {what.price} to {what.issuer.to_base58()}",
                f"memo     {what.memo}",
                f"costs    {what.price + sender.costs}: {what.price}, {sender.costs} of fee",
                *TRUST,
            ]

        def look() -> Now:
            return payer_now(service, what, node, payer)

        def send(asked: Asked) -> dict[str, Any]:
            to, amount = what.issuer.to_base58(), str(what.price.units)
            return run_tool("pay", sender, out, to=to, amount=amount, memo=what.memo, nonce=asked.nonce)

        name = f"{what.id}.{payer.to_base58()}"
        path = state / f"{name}.bought.json"
        taking = f"sealrun resell take {shlex.quote(sale)} --key {shlex.quote(key)} --node {node}"
        with locked(state, name):
            once = Once(f"buy a ticket of {what.id}", payer.to_base58(), 1, path, out, shows=f"`{taking}`")
            result = once.run(look, send, plan, yes=yes)
            out.result(
                {**result, "sale": what.id, "tickets": what.tickets},
                f"paid: {what.price}; the reseller grants the ticket once the payment is deep enough",
                f"next     {taking}",
            )


@app.command(
    "take",
    epilog=example(
        "sealrun resell take https://me.example/sale.json --key mine.key --node https://mina.example/graphql"
    ),
)
def take(
    sale: SalePlace,
    *,
    key: options.Key,
    node: options.Node,
    unsafe_loopback: options.Loopback = False,
    as_json: options.Json = False,
) -> None:
    """Show the tickets that were granted to your key, each checked. `sealrun redeem URL --key` uses one."""
    with speaking(as_json=as_json) as out, _open(sale, node, unsafe_loopback) as http:
        service = Service(http)
        what, payer = sale_of(service, sale), read_key(key).public_key()
        most = account_of(service, what, node).funds
        found = tickets_for(service, what, payer, most=most)
        listed = [
            {"payment": each.payment, "ticket": each.grant.id, "url": public_url(each.grant, each.signature)}
            for each in found
        ]
        lines = [str(each["url"]) for each in listed] or ["none yet: the payment may not be deep enough"]
        out.result({"sale": what.id, "tickets": listed}, *lines)


def _open(sale: str, node: str, unsafe_loopback: bool) -> httpx.Client:  # noqa: FBT001
    """For a buyer: the service and the tickets are at addresses that the seller wrote (L9)."""
    own = [node, *([sale] if sale.startswith(PLACES) else [])]
    return open_public(own, unsafe_loopback=unsafe_loopback)


def _told(kept: Kept) -> list[str]:
    sale, offer = kept.sale, kept.offer
    end = datetime.fromtimestamp(sale.until, UTC).isoformat()
    terms = offer.payment.priced_in(asset_id(sale)).terms if offer.payment else None
    return [
        f"ticket   one run of: {offer.title}",
        f"offer    {sale.audience}/offers/{sale.offer}",
        f"inputs   {assignments(sale.inputs)}",
        f"until    {end}",
        f"paid     by {sale.account.to_base58()}, {kept.cost} a run: funds for {kept.covered} runs at most",
        f"reseller {sale.issuer.to_base58()}, {sale.price} a ticket",
        _seen(offer),
        *(told_terms(terms) if terms else ()),
    ]


def _seen(offer: Offer) -> str:
    """What a ticket's holder sees of the run: what anyone does. The rest is for the account's own key."""
    files, lines = offer.evidence.outputs.patterns, offer.evidence.log.patterns
    if not files and not lines:
        return "seen     by the holder: the receipt, but no file and no log; the reseller alone reads those"
    named = [
        f"{name} {', '.join(each)}" for name, each in (("files", files), ("lines of the log", lines)) if each
    ]
    return (
        f"seen     by anyone: {'; '.join(named)}. What else the run leaves the reseller reads, not the holder"
    )
