"""``sealrun publish``: put the offer up for sale, and open on chain what it needs there.

That is the offer's contract, where the credential lies on chain, and the accounts of seller and operator in
each token that the offer has a price in.
"""

import json
from typing import Annotated, Any

import typer

from sealrun.chain.offer_contract import contract_of, credential_document
from sealrun.offers.asset import ACCOUNT_CREATION_FEE, FEES, MINA
from sealrun.offers.offer import Offer
from sealrun.workflows.publish_offer import publish_sealed
from sealrun_cli.lib import offer_state, options
from sealrun_cli.lib.chain_view import check_network
from sealrun_cli.lib.confirming import Yes, confirm
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.keys import read_key
from sealrun_cli.lib.offer_file import OFFER_FILE, read_offer
from sealrun_cli.lib.offer_lines import alike, buying
from sealrun_cli.lib.outgoing import open_client
from sealrun_cli.lib.output import Output, amount_of, speaking
from sealrun_cli.lib.sealing import Sealed, kept
from sealrun_cli.lib.service import Service
from sealrun_cli.lib.target import DEFAULT_NAME, Name, Target, find_target, step
from sealrun_cli.lib.tokens import Token, tokens_of
from sealrun_cli.lib.tools import Sender, run_tool


def publish(
    *,
    file: options.File = OFFER_FILE,
    stack: Name = DEFAULT_NAME,
    key: Annotated[
        str, typer.Option("--key", help="Who pays for what has to be opened on chain.", metavar="FILE")
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
    """Put the offer up for sale, and check that it takes calls.

    With a price in a token it looks at the token first: its code, its owner's permissions, who can pause it,
    and whether all of it is counted. Seller and operator get accounts in it where they have none.
    """
    with speaking(as_json=as_json) as out:
        offer, target = read_offer(file), find_target(file.parent, stack)
        sealed = kept(offer, file.parent, step("seal", file, stack))
        _check_stack(offer, target)
        tokens = _tokens(offer, node)
        _check_node(offer, node)
        confirm(out, [*_plan(offer, target, fee), *_token_plan(tokens, fee)], yes=yes)
        for token in tokens:
            if token.missing:
                sender = Sender(read_key(_named(key, "--key", "accounts")), node, fee, poll_ms, not no_proofs)
                _receive(token, sender, out)
        publish_sealed(sealed.stored(offer), ledger=target.offers)
        result: dict[str, Any] = {"offer": offer.id, "url": f"{target.url}/offers/{offer.id}"}
        if offer.contract is not None:
            payer = read_key(_named(key, "--key", "a contract"))
            sender = Sender(payer, _named(node, "--node", "a contract"), fee, poll_ms, not no_proofs)
            own = _named(contract_key, "--contract-key", "a contract")
            opened = _open(offer, target, sealed, sender, own, out)
            result["contract"] = opened
        target.invoke("health")
        state = state_of(target, offer)
        lines = [f"{state}: {result['url']}", f"next     a buyer: {buying(offer, result['url'])}"]
        out.result({**result, "state": state}, *lines)


def _tokens(offer: Offer, node: str) -> list[Token]:
    if all(price.cost.asset == MINA for price in offer.prices):
        return []
    with open_client() as http:
        return list(tokens_of(offer, Service(http), _named(node, "--node", "a price in a token")))


def _check_node(offer: Offer, node: str) -> None:
    """A contract on another network than the offer's would be paid for in vain."""
    if offer.contract is not None:
        with open_client() as http:
            check_network(Service(http), _named(node, "--node", "a contract"), offer.network)


def _token_plan(tokens: list[Token], fee: str) -> list[str]:
    lines = [line for token in tokens for line in token.lines]
    for token in tokens:
        if token.missing:
            number = f"{len(token.missing)} account{'s' if len(token.missing) > 1 else ''}"
            cost = ACCOUNT_CREATION_FEE.asset.of(ACCOUNT_CREATION_FEE.units * len(token.missing))
            names = " and ".join(key.to_base58() for key in token.missing)
            symbol = token.circulating.asset.symbol
            lines.append(f"open     {number} in {symbol}, {cost} and {amount_of(fee, FEES)} of fee: {names}")
    return lines


def _receive(token: Token, sender: Sender, out: Output) -> None:
    """Open empty accounts for those who are paid in the token: one proof."""
    addresses = [key.to_base58() for key in token.missing]
    run_tool("receive", sender, out, asset=token.circulating.asset.id, addresses=addresses)


def state_of(target: Target, offer: Offer) -> str:
    """Open, or the reason why the offer takes no calls now."""
    return offer_state.state_of(target.offer(offer.id))


def _check_stack(offer: Offer, target: Target) -> None:
    """Check that the stack has this oracle's key and sells this offer, on the ledger in the terms (A3)."""
    if offer.oracle not in target.oracle_keys():
        detail = f"stack: expected the oracle key of {offer.oracle} on {target.name}, got others"
        raise CliError("stack", detail, "run: sealrun deploy --oracle-key FILE")
    wanted = str(offer.payment.terms.ledger) if offer.payment else ""
    if wanted and target.ledger != wanted:
        detail = f"stack: expected the ledger {wanted[:12]}…, got {target.ledger[:12]}…"
        raise CliError(
            "stack", detail, f"run: sealrun init --force --ledger {target.ledger}, or deploy another stack"
        )
    if not target.serves(offer.id):
        detail = f"stack: expected {target.name} to serve {offer.id[:16]}…, got a stack of others"
        raise CliError("stack", detail, "run: sealrun deploy --oracle-key FILE")


def _plan(offer: Offer, target: Target, fee: str) -> list[str]:
    lines = [
        f"publish  offer {offer.id[:16]}…: {offer.title}",
        f"         {offer.cost} a run, at {target.url}; it never changes, only closes",
        *alike(offer),
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


def _named(given: str, flag: str, what: str) -> str:
    if not given:
        raise CliError("bad-request", f"publish: expected {flag} for an offer with {what}, got none")
    return given
