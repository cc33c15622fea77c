"""``sealrun settle``: the seller or the operator collects what is due on an account."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from mina.keys import PublicKey
from sealrun.offers.asset import Asset
from sealrun.offers.terms import Terms
from sealrun_cli.lib import options
from sealrun_cli.lib.accounts import outcome, read_account, shown_asset
from sealrun_cli.lib.backlog import DEFAULT_FOLDER, Folder, Kept
from sealrun_cli.lib.chain_view import OnChain, check_terms, on_chain
from sealrun_cli.lib.confirming import Yes, confirm
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.keys import read_key
from sealrun_cli.lib.outgoing import open_client
from sealrun_cli.lib.output import Output, speaking
from sealrun_cli.lib.paying_out import pay_out
from sealrun_cli.lib.purchase import address_of
from sealrun_cli.lib.service import Service, well_formed
from sealrun_cli.lib.tools import Sender


def settle(
    account: options.Account,
    *,
    key: options.Key,
    node: options.Node,
    url: Annotated[
        str, typer.Option(help="The operator's URL; not needed for what `prove` kept.", metavar="URL")
    ] = "",
    network: options.Network = options.DEFAULT_NETWORK,
    fee: options.Fee = options.DEFAULT_FEE,
    poll_ms: options.PollMs = options.DEFAULT_POLL_MS,
    folder: Folder = DEFAULT_FOLDER,
    no_proofs: options.NoProofs = False,
    yes: Yes = False,
    as_json: options.Json = False,
) -> None:
    """Collect what is due on an account, for its seller.

    The seller or the operator may do it; the seller is paid, and the operator's share is set aside for
    `sealrun pay-operator`. It shows who gets what and the fee, and asks; where nothing is due, it sends
    nothing. Running it again is harmless. Where proofs settle, `sealrun prove` comes first, and only the
    seller may do it; without --url no operator is asked.
    """
    with speaking(as_json=as_json) as out, open_client() as http:
        sender = Sender(read_key(key), node, fee, poll_ms, not no_proofs)
        kept = Kept(folder / address_of(account).to_base58())
        if not url:
            terms = _kept_terms(kept)
            _settle_proved(Service(http), account, terms, terms.asset, None, kept, sender, out, yes=yes)
            return
        out.progress(f"asking {url} what is due")
        known = read_account(Service(http), url, account, sender.key, network)
        if "calls" in known:
            with well_formed("figure", url):
                asset, terms = shown_asset(known), Terms.parse(known["terms"])
                voucher = known["voucher"]
            _settle_proved(Service(http), account, terms, asset, voucher, kept, sender, out, yes=yes)
            return
        if "due" not in known:
            detail = "settle: expected the seller's or operator's key, got the buyer's"
            raise CliError("not-allowed", detail, "see the figure with `sealrun account`")
        with well_formed("figure", url):
            sent = {name: known[name] for name in ("account", "terms", "voucher", "due")}
            asset, terms, due = shown_asset(known), Terms.parse(known["terms"]), int(known["due"]["due"])
        chain = on_chain(Service(http), node, account, asset)
        check_terms(chain, account, terms)
        result: dict[str, Any] = {"status": "already-settled", "spent": str(chain.spent)}
        if due > chain.spent:
            confirm(out, _plan(account, terms, asset, chain, due, sender), yes=yes)
            result = pay_out("settle", sender, out, sent, yes=yes)
        result |= asset.members()
        settled = (
            f"settled {asset.of(result['settled'])}, " if "settled" in result else f"{outcome(result)}: "
        )
        out.result(result, f"{settled}{asset.of(result['spent'])} in all")


def _kept_terms(kept: Kept) -> Terms:
    """Those that `prove` kept with its proofs, which no operator can hold up any more.

    Raises:
        CliError: there are none.
    """
    if (terms := kept.terms) is None:
        detail = f"settle: expected --url, or a proof of `sealrun prove` in {kept.folder}, got neither"
        raise CliError("bad-request", detail, "name the operator's URL; --folder says where proofs are kept")
    return terms


def _settle_proved(
    service: Service,
    account: str,
    terms: Terms,
    asset: Asset,
    voucher: Mapping[str, Any] | None,
    kept: Kept,
    sender: Sender,
    out: Output,
    *,
    yes: bool,
) -> None:
    """Send the fold that `prove` kept; what is settled is noted, for no fold goes on without it.

    ``voucher`` is the operator's, for a fold that the kept one does not cover.
    """
    chain = on_chain(service, sender.node, account, asset)
    check_terms(chain, account, terms)
    with well_formed("node-unavailable", sender.node):
        buyer = PublicKey(*chain.buyer)
    kept.check_account(terms.hash, buyer)
    kept.follow(count=chain.count, root=chain.root, rest=chain.rest)
    fold = kept.fold
    if fold is None:
        detail = f"settle: expected a proof of `sealrun prove` in {kept.folder}, got none"
        raise CliError("proofs", detail, "run `sealrun prove` first; --folder says where it keeps its proofs")
    due = chain.spent + int(fold["statement"]["amount"])
    confirm(out, _plan(account, terms, asset, chain, due, sender), yes=yes)
    sent = {"account": account, "terms": terms.value(), "voucher": kept.voucher(due) or voucher}
    if sent["voucher"] is None:
        detail = (
            f"voucher: expected one of at least {asset.of(due)} in {kept.folder}, got a lower one or none"
        )
        raise CliError("proofs", detail, "run `sealrun prove` again: it keeps the highest that there is")
    request = {**sent, "fold": fold, "seller_key": sender.key.to_base58()}
    result = pay_out("settle-proved", sender, out, request, yes=yes)
    kept.note_settled(fold)
    result |= asset.members()
    settled = f"settled {asset.of(result['settled'])}, " if "settled" in result else f"{outcome(result)}: "
    out.result(result, f"{settled}{asset.of(result['spent'])} in all, for {result['count']} calls")


def _plan(account: str, terms: Terms, asset: Asset, chain: OnChain, due: int, sender: Sender) -> list[str]:
    """Who gets what, once so much is settled in all, and what it costs whoever sends it."""
    owed, share = due - chain.spent, terms.operator_part(due) - terms.operator_part(chain.spent)
    lines = [
        f"settle   {asset.of(owed)} of {account}",
        f"seller   {asset.of(owed - share)} to {terms.seller.to_base58()}",
    ]
    if share:
        lines.append(f"operator {asset.of(share)} set aside in the account")
    return [*lines, sender.plan]
