"""``sealrun show``: what an address leads to, without buying or using anything up."""

import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from mina.verify import verify_fields
from sealrun.calls.ticket_url import MAX_URL_LENGTH, Ticket
from sealrun.encoding import read
from sealrun.encoding.fields import canonical
from sealrun.offers.dropped import dropped_line, dropped_prices
from sealrun.offers.offer import Offer
from sealrun.receipts.grade import Grade
from sealrun.receipts.receipt import SignedReceipt
from sealrun_cli.lib import options
from sealrun_cli.lib.addresses import Address, parse_address
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.inputs import assignments
from sealrun_cli.lib.keys import STDIN
from sealrun_cli.lib.offer_lines import buying, offer_lines
from sealrun_cli.lib.outgoing import open_client
from sealrun_cli.lib.output import speaking
from sealrun_cli.lib.progress import jobs_line
from sealrun_cli.lib.service import Service
from sealrun_cli.lib.units import when

Shown = tuple[dict[str, Any], list[str]]


def show(
    url: Annotated[
        str,
        typer.Argument(
            help="Of an offer, a call, a receipt or a ticket; - reads it from stdin.", metavar="URL"
        ),
    ],
    *,
    as_json: options.Json = False,
) -> None:
    """Show what an address leads to: an offer, a run or a ticket.

    Takes links of the buyer's page too. Nothing is bought, and no ticket is used up.
    """
    with speaking(as_json=as_json) as out, open_client() as http:
        address = parse_address(sys.stdin.readline(MAX_URL_LENGTH) if url == STDIN else url)
        service = Service(http)
        if address.ticket is not None:
            value, lines = _ticket(service, address, address.ticket)
        else:
            value, lines = {"offer": _offer, "call": _call}[address.kind](service, address)
        out.result({"kind": address.kind, "url": address.url, **value}, *lines)


def _offer(service: Service, address: Address) -> Shown:
    view = service.get(address.url)
    offer = _sold(view, address.id)
    open_now = view.get("open") is True
    state = "yes" if open_now else f"no: {view.get('reason') or 'its operator does not say why'}"
    dropped = dropped_prices(view, offer)
    value = {
        "offer": offer.id,
        "title": offer.title,
        "prices": [price.value() for price in offer.prices],
        "open": open_now,
        "reason": view.get("reason"),
        "dropped": dropped,
        "document": view["document"],
    }
    return value, [
        offer.title,
        f"open     {state}",
        *(f"dropped  {dropped_line(each)}" for each in dropped),
        *offer_lines(offer),
        f"buy      {buying(offer, address.url)}",
    ]


def _call(service: Service, address: Address) -> Shown:
    view = service.get(address.url)
    offer_hash = read.hex_field(str(view.get("offer")), where="offer")
    offer = service.offer(f"{address.service}/offers/{offer_hash:064x}")
    run = view["run"] if isinstance(view.get("run"), Mapping) else {}
    reason = f": {view['reason']}" if view.get("reason") else ""
    lines = [f"{view.get('state')}{reason}", f"offer    {offer.title}, {address.service}/offers/{offer.id}"]
    lines += [f"claimed  {when(int(view['claimed_at']))}"] if isinstance(view.get("claimed_at"), int) else []
    lines += [f"run      {run.get('url')}{'' if run.get('public') else ' (for members only)'}"] if run else []
    lines += [f"jobs     {jobs}"] if (jobs := jobs_line(view)) else []
    receipt = _receipt(view.get("receipt"), address.id, offer)
    lines += receipt[1]
    names = ("state", "claimed_at", "reason", "run", "progress", "receipt")
    value = {name: view.get(name) for name in names}
    return {"call": address.id, "offer": offer.id, "title": offer.title, **value, **receipt[0]}, lines


def _receipt(document: object, call: str, offer: Offer) -> Shown:
    """The receipt, once its signature holds, it is about this call, and the offer's oracle made it.

    That the call was for this offer is shown by its evidence, which ``sealrun verify`` checks.
    """
    if document is None:
        return {"outcome": None}, []
    signed = SignedReceipt.parse(document)
    wanted = (call, offer.hash, offer.oracle, True)
    receipt, oracle = signed.receipt, signed.public_key.to_base58()
    if (f"{receipt.call_hash:064x}", receipt.offer_hash, oracle, signed.holds()) != wanted:
        raise CliError(
            "receipt", "receipt: expected one of this call, signed by the offer's oracle, got another"
        )
    grade, outcome = Grade(receipt.grade), receipt.status.name.lower()
    lines = [
        f"receipt  {outcome}, {when(receipt.finished_at)}; signed by the offer's oracle {oracle}",
        f"grade    {grade.value}: {grade.says}",
    ]
    return {"outcome": outcome, "grade": grade.value, "oracle": oracle}, lines


def _ticket(service: Service, address: Address, ticket: Ticket) -> Shown:
    grant = ticket.grant
    if not verify_fields(ticket.signature, grant.issuer, grant.signed_fields):
        detail = "ticket: expected its issuer's signature, got one that does not hold"
        raise CliError("ticket", detail, "ask whoever gave it to you for another")
    url = f"{address.service}/offers/{grant.offer_hash:064x}"
    offer = service.offer(url)
    issuer = grant.issuer.to_base58()
    paid = "paid in advance by its issuer" if grant.prepaid else "free"
    value = {
        "ticket": grant.id,
        "offer": offer.id,
        "title": offer.title,
        "inputs": dict(grant.inputs),
        "open": list(grant.open),
        "until": grant.until,
        "issuer": issuer,
        "prepaid": grant.prepaid is not None,
    }
    return value, [
        f"a ticket for one run of: {offer.title}",
        f"offer    {url}",
        f"price    {paid}",
        f"inputs   {assignments(grant.inputs)}",
        f"choose   {', '.join(grant.open) or 'nothing'}",
        f"until    {when(grant.until)}",
        f"issuer   {issuer}",
        "use      sealrun redeem, or open its address in a browser; a ticket that was used says so then",
    ]


def _sold(view: Mapping[str, Any], wanted: str) -> Offer:
    """The offer in the view, under the hash that was asked for."""
    offer = Offer.parse(canonical(view["document"]) if "document" in view else b"")
    if offer.id != wanted:
        raise CliError("offer", f"offer: expected the document of {wanted}, got that of {offer.id}")
    return offer
