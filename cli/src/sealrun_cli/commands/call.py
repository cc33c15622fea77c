"""``sealrun call``: buy one run of an offer, follow it, take the receipt."""

import time
from pathlib import Path
from typing import Annotated

import typer

from sealrun.encoding.json_limits import parse_object
from sealrun.receipts.receipt import SignedReceipt
from sealrun.verification.claims import MAX_RECEIPT_BYTES
from sealrun_cli.lib import options
from sealrun_cli.lib.confirming import Yes
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.evidence import check_folder
from sealrun_cli.lib.inputs import filled_inputs, parsed_inputs
from sealrun_cli.lib.keys import read_key
from sealrun_cli.lib.letters import EXPIRES_SECONDS, dropped
from sealrun_cli.lib.named_offers import read_publicly
from sealrun_cli.lib.outgoing import open_client
from sealrun_cli.lib.output import speaking
from sealrun_cli.lib.pay import check_pay
from sealrun_cli.lib.priced import Asset
from sealrun_cli.lib.purchase import Purchase, coming_back, freed, price_on, tell
from sealrun_cli.lib.service import Service


def call(
    offer: options.OfferUrl,
    *,
    key: options.Key,
    given: options.Given = None,
    reads: Annotated[
        list[Path] | None,
        typer.Option(help="An earlier receipt whose outputs this call uses.", metavar="FILE"),
    ] = None,
    with_pay: Annotated[bool, typer.Option("--pay", help="Pay from a prepaid account.")] = False,
    account: Annotated[str, typer.Option(help="The prepaid account, for --pay.")] = "",
    asset: Asset = "",
    wait: Annotated[bool, typer.Option(help="Follow the run to its receipt.")] = True,
    receipt: Annotated[Path | None, typer.Option(help="File for the receipt.", metavar="FILE")] = None,
    evidence: Annotated[
        Path | None, typer.Option(help="Folder for what the run left.", metavar="DIR")
    ] = None,
    expires_in: Annotated[int, typer.Option(help="Seconds that the call may wait.", min=60)] = 600,
    node: options.Node = "",
    state: options.State = options.DEFAULT_STATE,
    yes: Yes = False,
    as_json: options.Json = False,
) -> None:
    """Buy one run of an offer. Ends with status 3 if the run did not succeed: such a run costs nothing.

    An input that is left out takes the offer's default; it is filled in here, so the call says what ran.
    """
    with speaking(as_json=as_json) as out, open_client() as http:
        buyer = read_key(key)
        check_folder(evidence)
        service = Service(http)
        out.progress(f"reading {offer}")
        sold, view = service.offer_and_view(offer)
        schema = sold.inputs
        inputs = schema.check(filled_inputs(parsed_inputs(given or [], schema), schema, out))
        for each in read_publicly(offer, sold, inputs):
            out.progress(f"calls    {each}")
        box = dropped(view)
        expires_at = int(time.time()) + (EXPIRES_SECONDS if box else expires_in)
        earlier = tuple(_receipt_hash(file) for file in reads or [])
        purchase = Purchase(service, sold, offer, buyer, inputs, expires_at, out, earlier, box=box, view=view)
        check_pay("call", with_pay=with_pay, account=account)
        bought = purchase.paid(account, state, node, yes=yes, asset=asset) if with_pay else purchase.free()
        out.progress(f"call     {bought.url}")
        with coming_back(out, bought.url, key, str(evidence or "DIR")):
            ended = bought.follow(out) if wait else bought.started()
            if with_pay and wait and ended["state"] != "succeeded":
                freed(state, account, price_on(sold, state, account, asset).units)
            status = tell(
                ended,
                service=service,
                out=out,
                receipt=receipt,
                evidence=evidence,
                buyer=buyer,
                made=bought.made,
            )
    if status:
        raise typer.Exit(status)


def _receipt_hash(file: Path) -> str:
    """The hash by which a later call names this receipt, if its signature holds."""
    with file.open("rb") as opened:
        signed = SignedReceipt.parse(parse_object(opened.read(MAX_RECEIPT_BYTES + 1)))
    if not signed.holds():
        raise CliError("receipt", f"{file}: expected a signature that holds, got one that does not")
    return f"{signed.receipt.hash:064x}"
