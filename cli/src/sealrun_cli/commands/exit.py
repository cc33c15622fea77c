"""``sealrun exit``: the buyer asks to leave an account."""

import time
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
from sealrun_cli.lib.service import Service
from sealrun_cli.lib.signed_file import EXIT, Account, SignedFile, signed_request
from sealrun_cli.lib.tools import Sender, run_tool
from sealrun_cli.lib.units import SLOT_SECONDS, slots, when

REQUEST_SLOTS = 40  # how long the request may take to get into a block: MARGIN of contracts/src/tools/exit.ts


def exit_account(
    account: Account = "",
    *,
    key: options.Key,
    node: options.Node,
    signed: SignedFile = None,
    terms: TermsFile = None,
    fee: options.Fee = options.DEFAULT_FEE,
    poll_ms: options.PollMs = options.DEFAULT_POLL_MS,
    no_proofs: options.NoProofs = False,
    state: options.State = options.DEFAULT_STATE,
    yes: Yes = False,
    as_json: options.Json = False,
) -> None:
    """Ask to leave, as the buyer. Nobody else need agree; `withdraw` pays the rest out after the exit delay.

    It cannot be taken back: the command shows the slot from which the rest can be withdrawn, and asks. With
    --signed the buyer's wallet has signed on the page, and this command proves it and sends it.
    """
    with speaking(as_json=as_json) as out, open_client() as http:
        sender = Sender(read_key(key), node, fee, poll_ms, not no_proofs)
        wait: list[str] = []
        if signed is not None:
            request = signed_request(signed, EXIT, account)
        else:
            request = {**with_terms(account, terms, state), "buyer_key": sender.key.to_base58()}
            wait = [wait_told(int(request["terms"]["exit_delay"]), now=int(time.time()))]
        asset = asset_of_terms(request, node, state)
        chain = on_chain(Service(http), node, request["account"], asset)
        check_terms(chain, request["account"], Terms.parse(request["terms"]))
        result: dict[str, Any] = {"status": "already-requested", "exit_slot": chain.exit_slot}
        if not chain.exit_slot:
            latest = request.setdefault("latest", chain.slot + REQUEST_SLOTS)
            first = latest + int(request["terms"]["exit_delay"])
            rest = f"{asset.of(chain.rest)}, less what is settled until then"
            plan = [
                f"exit     of {request['account']}; it cannot be taken back",
                f"buyer    withdraws from slot {first} on: {rest}",
                sender.plan,
            ]
            confirm(out, plan, yes=yes)
            result = run_tool("exit", sender, out, **request)
        line = f"{outcome(result, 'asked to leave')}: withdraw from slot {result['exit_slot']} on"
        out.result(result, line, *wait)


def wait_told(delay: int, *, now: int) -> str:
    """The wait in words. The exit delay starts at the last slot in which the request may land."""
    wait = REQUEST_SLOTS + delay
    return f"{slots(wait)} after it was asked for; if that was now, by {when(now + wait * SLOT_SECONDS)}"
