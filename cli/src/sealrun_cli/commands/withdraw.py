"""``sealrun withdraw``: the buyer takes the rest of an account out, after the exit delay."""

from sealrun.offers.asset import MINA, Asset
from sealrun_cli.lib import options
from sealrun_cli.lib.accounts import TermsFile, outcome, with_terms
from sealrun_cli.lib.assets import asset_of_terms
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.keys import read_key
from sealrun_cli.lib.output import speaking
from sealrun_cli.lib.signed_file import WITHDRAWAL, Account, SignedFile, signed_request
from sealrun_cli.lib.tools import Sender, run_tool


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
    as_json: options.Json = False,
) -> None:
    """Take the rest of an account out, as its buyer.

    It can be taken out from the slot on that `sealrun exit` names. With --signed the buyer's wallet has
    signed it on the page, and this command proves and sends it.
    """
    with speaking(as_json=as_json) as out:
        sender = Sender(read_key(key), node, fee, poll_ms, not no_proofs)
        if signed is not None:
            request = signed_request(signed, WITHDRAWAL, account)
        else:
            request = {**with_terms(account, terms, state), "buyer_key": sender.key.to_base58()}
        asset = asset_of_terms(request, node, state)
        try:
            result = run_tool("withdraw", sender, out, **request) | asset.members()
        except CliError as error:
            raise _where_to_put(error, asset) from None
        out.result(result, f"{outcome(result, 'withdrawn')}: {asset.of(result['amount'])}")


def _where_to_put(error: CliError, asset: Asset) -> CliError:
    """A buyer whose tokens went straight into the prepaid account has none of its own in the token."""
    if error.kind != "account-missing" or asset == MINA:
        return error
    opened = f"an account in a token opens when its first units come: have 1 {asset.symbol} sent to the buyer"
    following = f"{opened}, of a credit with `sealrun credits give --to` for 1 MINA, and run this again"
    return CliError(error.kind, error.detail, following)
