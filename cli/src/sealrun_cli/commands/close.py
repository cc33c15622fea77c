"""``sealrun close``: no new calls, for ever. Running calls finish, and what is due can still be settled."""

from typing import Annotated

import typer

from sealrun.chain.offer_contract import contract_of
from sealrun.offers.asset import FEES
from sealrun.offers.offer import Offer
from sealrun.workflows.close_terms import close_terms
from sealrun_cli.lib import options
from sealrun_cli.lib.confirming import Yes, confirm
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.keys import read_key
from sealrun_cli.lib.offer_file import OFFER_FILE, read_offer
from sealrun_cli.lib.output import Output, amount_of, speaking
from sealrun_cli.lib.target import DEFAULT_NAME, Name, find_target
from sealrun_cli.lib.tools import Sender, run_tool


def close(
    *,
    file: options.File = OFFER_FILE,
    stack: Name = DEFAULT_NAME,
    reason: Annotated[str, typer.Option(help="What callers are told.")] = "its seller closed it",
    leaked_oracle: Annotated[
        bool, typer.Option("--leaked-oracle", help="Close every offer that the oracle's key signs for.")
    ] = False,
    key: Annotated[
        str, typer.Option("--key", help="The seller's key, where the offer has a contract.", metavar="FILE")
    ] = "",
    node: options.Node = "",
    fee: options.Fee = options.DEFAULT_FEE,
    poll_ms: options.PollMs = options.DEFAULT_POLL_MS,
    no_proofs: options.NoProofs = False,
    yes: Yes = False,
    as_json: options.Json = False,
) -> None:
    """Close the offer for ever.

    Running calls finish, and what is due can still be settled. An offer with a contract is closed on chain
    as well. With --leaked-oracle everything that the oracle's key signs for is closed.
    """
    with speaking(as_json=as_json) as out:
        offer, target = read_offer(file), find_target(file.parent, stack)
        on_chain = offer.contract is not None
        if on_chain and not (key and node):
            raise CliError(
                "bad-request", "close: expected --key and --node for an offer with a contract, got none"
            )
        sender = Sender(read_key(key), node, fee, poll_ms, not no_proofs) if on_chain else None
        known = target.offer(offer.id)
        confirm(out, _plan(offer, reason, fee, leaked=leaked_oracle), yes=yes)
        if leaked_oracle:
            closed = close_terms(offer.oracle, ledger=target.offers)
        elif not known.closed:
            target.offers.close_offer(offer.hash, reason)
            closed = [offer.id]
        else:
            closed = []
        chain = _close_contract(offer, sender, out) if sender else None
        lines = [f"closed {each[:16]}…" for each in closed] or ["already closed"]
        settle = f"sealrun settle ACCOUNT --url {target.url} --key seller.key"
        advice = f"next     settle: {settle}; buyers leave with `sealrun exit`"
        out.result({"closed": list(closed), "contract": chain}, *lines, advice)


def _plan(offer: Offer, reason: str, fee: str, *, leaked: bool) -> list[str]:
    what = f"every offer of the oracle {offer.oracle}" if leaked else f"offer {offer.id[:16]}…: {offer.title}"
    lines = [f"close    {what}; for ever, callers are told: {'the key leaked' if leaked else reason}"]
    if offer.contract is not None:
        lines.append(f"contract {offer.contract.to_base58()}: closed on chain, {amount_of(fee, FEES)} of fee")
    return lines


def _close_contract(offer: Offer, sender: Sender, out: Output) -> dict[str, str]:
    contract, payment = contract_of(offer)
    named = {"offer": contract.to_base58(), "terms": payment.terms.value()}
    return run_tool("close", sender, out, **named, seller_key=sender.key.to_base58())
