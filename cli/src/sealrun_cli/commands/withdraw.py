"""``sealrun withdraw``: pay the rest of an account to its buyer, after the exit delay."""

from sealrun_cli.lib import options
from sealrun_cli.lib.accounts import outcome
from sealrun_cli.lib.keys import read_key
from sealrun_cli.lib.output import mina, speaking
from sealrun_cli.lib.tools import Sender, run_tool


def withdraw(
    account: options.Account,
    *,
    key: options.Key,
    node: options.Node,
    fee: options.Fee = options.DEFAULT_FEE,
    poll_ms: options.PollMs = options.DEFAULT_POLL_MS,
    no_proofs: options.NoProofs = False,
    as_json: options.Json = False,
) -> None:
    """Pay the rest of an account to its buyer, from the exit slot on. Any key may pay the fee."""
    with speaking(as_json=as_json) as out:
        sender = Sender(read_key(key), node, fee, poll_ms, not no_proofs)
        result = run_tool("withdraw", sender, out, account=account)
        out.result(result, f"{outcome(result, 'withdrawn')}: {mina(result['amount'])}")
