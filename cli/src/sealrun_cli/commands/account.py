"""``sealrun account``: look, and check what is shown."""

import time
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from mina.keys import PublicKey
from mina.signature import Signature
from mina.verify import verify_fields
from sealrun.chain.account import STALE_SLOTS
from sealrun.money.dues import Due, DueLeaf, root_from_path
from sealrun.offers.terms import Terms
from sealrun_cli.lib import options
from sealrun_cli.lib.accounts import MOST_CALLS, price_of, read_account, read_calls, shown_asset
from sealrun_cli.lib.assets import asset_on
from sealrun_cli.lib.book import known_terms
from sealrun_cli.lib.chain_view import OnChain, on_chain
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.keys import read_key
from sealrun_cli.lib.outgoing import open_client
from sealrun_cli.lib.output import speaking
from sealrun_cli.lib.service import Service, well_formed
from sealrun_cli.lib.units import SLOT_SECONDS, slot_date, when

# From when on a node's newest block is too old for what it shows to be the present state.
STALE_SECONDS = STALE_SLOTS * SLOT_SECONDS


def account(
    address: options.Account,
    *,
    node: options.Node = "",
    url: options.Url = "",
    key: Annotated[
        str, typer.Option("--key", help="Buyer's, seller's or operator's key.", metavar="FILE")
    ] = "",
    network: options.Network = options.DEFAULT_NETWORK,
    state: options.State = options.DEFAULT_STATE,
    call: Annotated[str, typer.Option(help="Check that this call's receipt is in the figure.")] = "",
    calls: Annotated[
        int,
        typer.Option("--calls", help="List so many calls instead, the newest first.", min=0, max=MOST_CALLS),
    ] = 0,
    asset: Annotated[
        str,
        typer.Option(
            help="The account's token, where your client does not know it: its id, or its symbol at --url.",
            metavar="TOKEN",
        ),
    ] = "",
    as_json: options.Json = False,
) -> None:
    """Show a prepaid account, and check its operator's figures.

    Give --node to ask the chain, --url and --key to ask the operator, or all three. With --calls it lists the
    account's calls at the operator; calls of price 0 are those of the buyer's own key.
    """
    with speaking(as_json=as_json) as out, open_client() as http:
        if not node and not (url and key):
            raise CliError("bad-request", "account: expected --node, or --url and --key, got none of them")
        service, lines = Service(http), [address]
        if calls:
            if not (url and key):
                raise CliError("bad-request", "calls: expected --url and --key, got none")
            found = read_calls(service, url, address, read_key(key), network, most=calls)
            with well_formed("figure", url):
                listed = [*map(_call_line, found)] or ["no calls"]
            out.result({"account": address, "calls": found}, *listed)
            return
        value: dict[str, Any] = {"account": address}
        chain = None
        if node:
            kept_in = asset_on(service, node, state, address, given=asset, url=url)
            chain = on_chain(service, node, address, kept_in)
            value |= {"chain": chain.value()}
            lines += _chain_lines(chain, now=int(time.time()))
        if url and key:
            answer = read_account(service, url, address, read_key(key), network, call=call)
            value |= {"operator": answer}
            ours = chain.terms if chain else known.hash if (known := known_terms(state, address)) else None
            with well_formed("figure", url):
                lines += _checked_lines(answer, ours, call)
        out.result(value, *lines)


def _call_line(call: Mapping[str, Any]) -> str:
    claimed, price = when(int(call["claimed_at"])), price_of(call)
    return f"{call['call']}  {claimed}  {price:>10}  {call['state']}  {call['title']}"


def _chain_lines(chain: OnChain, *, now: int) -> list[str]:
    leaving = "open"
    if chain.exit_slot:
        leaving = f"leaving: withdraw from {slot_date(chain.exit_slot, chain.exit_date)} on"
    balance, spent, accrued = map(chain.asset.of, (chain.balance, chain.spent, chain.accrued))
    return [
        f"  on chain  balance {balance}, settled {spent}, accrued to the operator {accrued}",
        f"            {leaving}; {chain.count} receipts under {chain.root}",
        f"            {_as_of(chain, now)}",
    ]


def _as_of(chain: OnChain, now: int) -> str:
    """A node that is stuck, or that is starting, does not show that a buyer leaves (A13)."""
    if not chain.block_date:
        return "the node does not tell of which block this is: ask another one"
    behind = ": the node is behind, ask another one" if now - chain.block_date > STALE_SECONDS else ""
    return f"as of the block of {when(chain.block_date)}{behind}"


def _checked_lines(answer: Mapping[str, Any], ours: int | None, call: str) -> list[str]:
    """What the operator says, once its terms, signature and proof are checked."""
    if ours is not None:
        _check_terms(answer, ours)
    lines = _operator_lines(answer, tied=ours is not None)
    return [*lines, _check_proof(answer, call)] if call else lines


def _check_terms(answer: Mapping[str, Any], terms: int) -> None:
    """Check that the answer has the account's own terms: those on chain, or those stored here (C1)."""
    if (shown := Terms.parse(answer.get("terms")).hash) != terms:
        raise CliError("figure", f"terms: expected the account's, {terms:064x}, got {shown:064x}")


def _operator_lines(answer: Mapping[str, Any], *, tied: bool = True) -> list[str]:
    """The figure, once its signature is checked; a seller or operator sees the due instead."""
    terms, asset = Terms.parse(answer["terms"]), shown_asset(answer)
    pending = f"pending {asset.of(answer['pending'])}"
    if terms.oracle is None:
        figures = f"due {asset.of(answer['due'])}, {pending}"
        return [f"  operator  {figures}; {answer['count']} receipts (not signed: proofs settle this account)"]
    if "figure" not in answer:
        figures = f"due {asset.of(answer['due']['due'])}, {pending}"
        return [f"  operator  {figures}; {answer['due']['count']} receipts under {answer['root']}"]
    figure, due = answer["figure"], _due(answer)
    signature = Signature.from_base58(figure["signature"])
    if str(due.root) != figure["root"] or not verify_fields(signature, terms.oracle, due.figure_fields()):
        raise CliError("figure", "figure: expected the oracle's signature, got one that does not hold")
    figures = f"due {asset.of(due.amount)}, {pending}"
    line = f"  operator  {figures}; {due.count} receipts under {figure['root']} (signed by the oracle)"
    loose = "            nothing here shows that the account names this oracle: add --node"
    return [line] if tied else [line, loose]


def _due(answer: Mapping[str, Any]) -> Due:
    figure, terms = answer["figure"], Terms.parse(answer["terms"])
    amount, tree_root = (int(figure[name]) for name in ("due", "tree_root"))
    account = PublicKey.from_base58(answer["account"])
    return Due(terms.network, account, terms.asset, amount, tree_root, int(figure["count"]))


def _check_proof(answer: Mapping[str, Any], call: str) -> str:
    """Check that the leaf of this call leads to the signed root, and return the line about it (A8)."""
    if Terms.parse(answer["terms"]).oracle is None:
        detail = "call: expected an account that an oracle settles, got one that proofs settle"
        raise CliError("bad-request", detail, "take `--call` out: the chain itself counts the proved calls")
    if not answer.get("proof"):
        raise CliError("not-allowed", "call: expected the buyer's key to show its proof, got another")
    leaf = DueLeaf.parse(answer["proof"]["leaf"])
    root = root_from_path(leaf, [int(sibling) for sibling in answer["proof"]["siblings"]])
    if root != _due(answer).tree_root or f"{leaf.call_hash:064x}" != call:
        raise CliError("figure", "proof: expected one of this call under the signed root, got another")
    price = shown_asset(answer).of(leaf.price_due)
    return f"  call      receipt {leaf.index} of the figure, {price}"
