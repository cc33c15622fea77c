"""``sealrun pay-operator``: pay the operator the share that accrued in an account."""

from typing import Any

from sealrun.offers.terms import Terms
from sealrun_cli.lib import options
from sealrun_cli.lib.accounts import TermsFile, outcome, with_terms
from sealrun_cli.lib.assets import asset_of_terms
from sealrun_cli.lib.chain_view import check_terms, on_chain
from sealrun_cli.lib.confirming import Yes, confirm
from sealrun_cli.lib.keys import read_key
from sealrun_cli.lib.outgoing import open_client
from sealrun_cli.lib.output import speaking
from sealrun_cli.lib.paying_out import pay_out
from sealrun_cli.lib.service import Service
from sealrun_cli.lib.tools import Sender


def pay_operator(
    account: options.Account,
    *,
    key: options.Key,
    node: options.Node,
    terms: TermsFile = None,
    fee: options.Fee = options.DEFAULT_FEE,
    poll_ms: options.PollMs = options.DEFAULT_POLL_MS,
    no_proofs: options.NoProofs = False,
    state: options.State = options.DEFAULT_STATE,
    yes: Yes = False,
    as_json: options.Json = False,
) -> None:
    """Pay the operator the share that accrued in an account.

    Each settlement sets the operator's share aside in the account; this sends all of it to the operator's
    address, which the account's terms name. Any key may send it and pay the fee: only the operator receives.
    It shows the amount and the fee, and asks; where nothing accrued, it sends nothing.
    """
    with speaking(as_json=as_json) as out, open_client() as http:
        sender = Sender(read_key(key), node, fee, poll_ms, not no_proofs)
        named = with_terms(account, terms, state)
        asset = asset_of_terms(named, node, state)
        chain, agreed = on_chain(Service(http), node, account, asset), Terms.parse(named["terms"])
        check_terms(chain, account, agreed)
        result: dict[str, Any] = {"status": "already-paid", "amount": "0"}
        if chain.accrued:
            plan = [
                f"pay      {asset.of(chain.accrued)} of {account}",
                f"operator gets it, {agreed.operator.to_base58()}",
                sender.plan,
            ]
            confirm(out, plan, yes=yes)
            result = pay_out("pay-operator", sender, out, named, yes=yes)
        result |= asset.members()
        out.result(result, f"{outcome(result, 'paid')}: {asset.of(result['amount'])}")
