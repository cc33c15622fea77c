"""``sealrun publish``: put the offer up for sale, and open its contract where the token lies on chain."""

import json
from typing import Annotated, Any

import typer

from sealrun.chain.offer_contract import contract_of, credential_document
from sealrun.offers.asset import ACCOUNT_CREATION_FEE, FEES
from sealrun.offers.offer import Offer
from sealrun.workflows.publish_offer import publish_sealed
from sealrun_cli.lib import offer_state, options
from sealrun_cli.lib.confirming import Yes, confirm
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.keys import read_key
from sealrun_cli.lib.offer_file import OFFER_FILE, read_offer
from sealrun_cli.lib.output import Output, amount_of, speaking
from sealrun_cli.lib.sealing import Sealed, kept
from sealrun_cli.lib.target import DEFAULT_NAME, Name, Target, find_target, step
from sealrun_cli.lib.tools import Sender, run_tool

CREATION_MINA = 1


def publish(
    *,
    file: options.File = OFFER_FILE,
    stack: Name = DEFAULT_NAME,
    key: Annotated[
        str, typer.Option("--key", help="Who pays for the contract, where the offer has one.", metavar="FILE")
    ] = "",
    contract_key: Annotated[
        str, typer.Option(help="The contract's own key, where the offer has one.", metavar="FILE")
    ] = "",
    node: options.Node = "",
    fee: options.Fee = options.DEFAULT_FEE,
    poll_ms: options.PollMs = options.DEFAULT_POLL_MS,
    no_proofs: options.NoProofs = False,
    yes: Yes = False,
    as_json: options.Json = False,
) -> None:
    """Put the offer up for sale, and check that it takes calls."""
    with speaking(as_json=as_json) as out:
        offer, target = read_offer(file), find_target(file.parent, stack)
        sealed = kept(offer, file.parent, step("seal", file, stack))
        _check_stack(offer, target)
        confirm(out, _plan(offer, target, fee), yes=yes)
        publish_sealed(sealed.stored(offer), ledger=target.offers)
        result: dict[str, Any] = {"offer": offer.id, "url": f"{target.url}/offers/{offer.id}"}
        if offer.contract is not None:
            sender = Sender(
                read_key(_named(key, "--key")), _named(node, "--node"), fee, poll_ms, not no_proofs
            )
            opened = _open(offer, target, sealed, sender, _named(contract_key, "--contract-key"), out)
            result["contract"] = opened
        target.invoke("health")
        state = state_of(target, offer)
        lines = [f"{state}: {result['url']}", f"next     a buyer: {buying(offer, result['url'])}"]
        out.result({**result, "state": state}, *lines)


def buying(offer: Offer, url: str) -> str:
    """The first command that a buyer runs."""
    if offer.payment is None:
        return f"sealrun call {url} --key buyer.key"
    return f"sealrun open {url} --deposit 20 --account-key account.key --key buyer.key"


def state_of(target: Target, offer: Offer) -> str:
    """Open, or the reason why the offer takes no calls now."""
    return offer_state.state_of(target.offer(offer.id))


def _check_stack(offer: Offer, target: Target) -> None:
    """Check that the stack has this oracle's key, and that its table is the ledger in the terms (A3)."""
    if offer.oracle not in target.oracle_keys():
        detail = f"stack: expected the oracle key of {offer.oracle} on {target.name}, got others"
        raise CliError("stack", detail, "run: sealrun deploy --oracle-key FILE")
    wanted = str(offer.payment.terms.ledger) if offer.payment else ""
    if wanted and target.ledger != wanted:
        detail = f"stack: expected the ledger {wanted[:12]}…, got {target.ledger[:12]}…"
        raise CliError(
            "stack", detail, f"run: sealrun init --force --ledger {target.ledger}, or deploy another stack"
        )


def _plan(offer: Offer, target: Target, fee: str) -> list[str]:
    lines = [
        f"publish  offer {offer.id[:16]}…: {offer.title}",
        f"         {offer.cost} a run, at {target.url}; it never changes, only closes",
    ]
    if offer.contract is not None:
        address = offer.contract.to_base58()
        lines.append(
            f"contract {address}: {ACCOUNT_CREATION_FEE} for the account and {amount_of(fee, FEES)} of fee"
        )
    return lines


def _open(
    offer: Offer, target: Target, sealed: Sealed, sender: Sender, contract_key: str, out: Output
) -> dict[str, Any]:
    """The seller's contract: signatures only, no proof."""
    contract, payment = contract_of(offer)
    own = read_key(contract_key)
    if own.public_key() != contract:
        raise CliError("key", f"contract: expected the key of {contract.to_base58()}, got another")
    document = json.loads(credential_document(offer.source.origin, sealed.sealed))
    return run_tool(
        "offer",
        sender,
        out,
        offer_key=own.to_base58(),
        offer_hash=str(offer.hash),
        terms=payment.terms.value(),
        uri=f"{target.url}/offers/{offer.id}",
        credential=document,
    )


def _named(given: str, flag: str) -> str:
    if not given:
        raise CliError("bad-request", f"publish: expected {flag} for an offer with a contract, got none")
    return given
