"""``sealrun withdraw``: the buyer takes the rest of an account out, after the exit delay."""

from typing import Any

from mina.keys import PublicKey
from sealrun.offers.terms import Terms
from sealrun_cli.lib import options
from sealrun_cli.lib.accounts import TermsFile, outcome, with_terms
from sealrun_cli.lib.assets import asset_of_terms
from sealrun_cli.lib.chain_view import check_terms, on_chain
from sealrun_cli.lib.confirming import Yes, confirm
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.keys import read_key
from sealrun_cli.lib.outgoing import open_client
from sealrun_cli.lib.output import speaking
from sealrun_cli.lib.paying_out import pay_out
from sealrun_cli.lib.service import Service, well_formed
from sealrun_cli.lib.signed_file import WITHDRAWAL, Account, SignedFile, signed_request
from sealrun_cli.lib.tools import Sender


def withdraw(
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
    """Take the rest of an account out, as its buyer.

    It can be taken out from the slot on that `sealrun exit` names. The command shows who gets what and the
    fee, and asks. With --signed the buyer's wallet has signed it on the page, and this command proves and
    sends it. A buyer without an account in the token needs one: the command says what it costs, and asks.
    """
    with speaking(as_json=as_json) as out, open_client() as http:
        sender = Sender(read_key(key), node, fee, poll_ms, not no_proofs)
        if signed is not None:
            request = signed_request(signed, WITHDRAWAL, account)
        else:
            request = {**with_terms(account, terms, state), "buyer_key": sender.key.to_base58()}
        asset = asset_of_terms(request, node, state)
        chain = on_chain(Service(http), node, request["account"], asset)
        check_terms(chain, request["account"], Terms.parse(request["terms"]))
        if not chain.exit_slot:
            raise CliError("not-yet", "withdraw: expected an exit that was asked for, got none")
        if 0 < chain.slot < chain.exit_slot:
            detail = f"withdraw: expected slot {chain.exit_slot} to be reached, got {chain.slot}"
            raise CliError("not-yet", detail)
        amount = int(request.get("amount", chain.rest))
        result: dict[str, Any] = {"status": "already-withdrawn", "amount": "0"}
        if amount:
            with well_formed("node-unavailable", node):
                buyer = PublicKey(*chain.buyer).to_base58()
            plan = [f"withdraw {asset.of(amount)} of {request['account']}", f"buyer    gets it, {buyer}"]
            confirm(out, [*plan, sender.plan], yes=yes)
            result = pay_out("withdraw", sender, out, request, yes=yes)
        result |= asset.members()
        out.result(result, f"{outcome(result, 'withdrawn')}: {asset.of(result['amount'])}")
