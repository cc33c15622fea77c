"""``sealrun rerun``: another oracle repeats a deterministic job, and the outputs are compared (grade 2)."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from sealrun.adapters.files.evidence_folder import DiskFolder
from sealrun.encoding.json_limits import parse_object
from sealrun.offers.offer import Offer
from sealrun.receipts.receipt import SignedReceipt
from sealrun.verification.claims import OFFER, RECEIPT, RERUNS, require_equal
from sealrun.verification.nested import opened_inputs
from sealrun.verification.rerun import check_offers
from sealrun_cli.lib import issuer_keys as keys_option
from sealrun_cli.lib import options
from sealrun_cli.lib.confirming import Yes
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.evidence import fetch
from sealrun_cli.lib.fetching import KnownCall
from sealrun_cli.lib.issuer_keys import read_keys
from sealrun_cli.lib.keys import read_key
from sealrun_cli.lib.outgoing import open_client
from sealrun_cli.lib.output import speaking
from sealrun_cli.lib.pay import check_pay
from sealrun_cli.lib.purchase import NOT_SUCCEEDED, Purchase, coming_back
from sealrun_cli.lib.service import Service
from sealrun_cli.lib.verifying import BROKEN, grade_line, line, verify_file


@dataclass(frozen=True)
class First:
    """What was bought first, as its evidence folder has it."""

    signed: SignedReceipt
    offer: Offer
    inputs: dict[str, Any]
    reads: tuple[str, ...]


def rerun(
    folder: Annotated[Path, typer.Argument(help="The buyer's evidence folder.", metavar="DIR")],
    offer: options.OfferUrl,
    *,
    key: options.Key,
    with_pay: Annotated[bool, typer.Option("--pay", help="Pay from a prepaid account.")] = False,
    account: Annotated[str, typer.Option(help="The prepaid account, for --pay.")] = "",
    expires_in: Annotated[int, typer.Option(help="Seconds that the call may wait.", min=60)] = 600,
    issuer_keys: keys_option.File = None,
    unsafe_loopback: keys_option.Unsafe = False,
    node: options.Node = "",
    state: options.State = options.DEFAULT_STATE,
    yes: Yes = False,
    as_json: options.Json = False,
) -> None:
    """Repeat a job at another operator, and compare.

    The other operator's offer must be of the same source, and the job deterministic.

    The second receipt and its evidence go under reruns/ in the folder. Status 1 if the outputs differ.
    """
    with speaking(as_json=as_json) as out, open_client() as http:
        check_pay("rerun", with_pay=with_pay, account=account)
        keys = read_keys(issuer_keys, unsafe_loopback=unsafe_loopback)
        buyer, service, first = read_key(key), Service(http), read_first(DiskFolder(folder))
        second = service.offer(offer)
        check_offers(first.offer, second)
        purchase = Purchase(
            service,
            second,
            offer,
            buyer,
            second.inputs.check(first.inputs),
            int(time.time()) + expires_in,
            out,
            first.reads,
        )
        bought = purchase.paid(account, state, node, yes=yes) if with_pay else purchase.free()
        out.progress(f"call     {bought.url}")
        place = f"{RERUNS}/{bought.call}"
        with coming_back(out, bought.url, key, str(folder / place)):
            ended = bought.follow(out)
            known = KnownCall(ended["receipt"], bought.made)
            to = DiskFolder(folder).below(place)
            fetched, _ = fetch(service, bought.url, to, buyer=buyer, out=out, known=known)
            verified = verify_file(folder / RECEIPT, folder, keys=keys, rerun_oracles=(second.oracle,))
            comparison = [
                line(claim)
                for claim in verified.claims
                if claim.name == "rerun" and bought.call[:16] in claim.says
            ]
            broken = [line(claim) for claim in verified.broken]
            value = {
                **fetched,
                "state": ended["state"],
                "grade": verified.grade,
                "holds": verified.holds,
                "broken": broken,
            }
            again = f"the same with `sealrun verify {folder / RECEIPT} --rerun-oracle {second.oracle}`"
            out.result(value, *comparison, grade_line(verified.grade), again)
    if ended["state"] != "succeeded":
        raise typer.Exit(NOT_SUCCEEDED)
    if not verified.holds:
        raise typer.Exit(BROKEN)


def read_first(folder: DiskFolder) -> First:
    """The first run.

    Raises:
        CliError: the folder lacks what it takes.
        SealrunError: what is in it is not what its receipt covers.
    """
    documents = [folder.document(name) for name in (RECEIPT, OFFER)]
    if None in documents:
        raise CliError("file", f"folder: expected {RECEIPT} and {OFFER} in it, got at most one of them")
    signed = SignedReceipt.parse(parse_object(documents[0] or b""))
    offer = Offer.parse(documents[1] or b"")
    require_equal("the folder's offer", f"{signed.receipt.offer_hash:064x}", offer.id)
    inputs = opened_inputs(signed.receipt, folder)
    if inputs is None:
        hint = "fetch them with `sealrun evidence CALL_URL --to DIR --key buyer.key`"
        raise CliError("file", "folder: expected inputs.json in it, got none", hint)
    return First(signed, offer, dict(inputs["inputs"]), tuple(inputs.get("reads", ())))
