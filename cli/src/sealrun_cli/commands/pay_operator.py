"""``sealrun pay-operator``: pay the operator the share that accrued in an account."""

from sealrun_cli.lib import options
from sealrun_cli.lib.accounts import TermsFile, outcome, with_terms
from sealrun_cli.lib.assets import asset_of_terms
from sealrun_cli.lib.confirming import Yes
from sealrun_cli.lib.keys import read_key
from sealrun_cli.lib.output import speaking
from sealrun_cli.lib.paying_out import pay_out
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
    """
    with speaking(as_json=as_json) as out:
        sender = Sender(read_key(key), node, fee, poll_ms, not no_proofs)
        named = with_terms(account, terms, state)
        asset = asset_of_terms(named, node, state)
        result = pay_out("pay-operator", sender, out, named, yes=yes) | asset.members()
        out.result(result, f"{outcome(result, 'paid')}: {asset.of(result['amount'])}")
