"""``sealrun withdraw``: the buyer takes the rest of an account out, after the exit delay."""

from sealrun.offers.terms import Terms
from sealrun_cli.lib import options
from sealrun_cli.lib.accounts import TermsFile, outcome, with_terms
from sealrun_cli.lib.keys import read_key
from sealrun_cli.lib.output import speaking
from sealrun_cli.lib.tools import Sender, run_tool


def withdraw(
    account: options.Account,
    *,
    key: options.Key,
    node: options.Node,
    terms: TermsFile = None,
    fee: options.Fee = options.DEFAULT_FEE,
    poll_ms: options.PollMs = options.DEFAULT_POLL_MS,
    no_proofs: options.NoProofs = False,
    state: options.State = options.DEFAULT_STATE,
    as_json: options.Json = False,
) -> None:
    """Take the rest of an account out, as its buyer.

    It can be taken out from the slot on that `sealrun exit` names.
    """
    with speaking(as_json=as_json) as out:
        sender = Sender(read_key(key), node, fee, poll_ms, not no_proofs)
        named = with_terms(account, terms, state)
        asset = Terms.parse(named["terms"]).asset
        result = run_tool("withdraw", sender, out, **named, buyer_key=sender.key.to_base58())
        out.result(result, f"{outcome(result, 'withdrawn')}: {asset.of(result['amount'])}")
