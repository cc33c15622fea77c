"""``sealrun open``: a prepaid account for an offer's terms."""

from pathlib import Path
from typing import Annotated

import typer

from sealrun.offers.asset import ACCOUNT_CREATION_FEE, Amount
from sealrun.offers.terms import Terms
from sealrun_cli.lib import options
from sealrun_cli.lib.accounts import told_terms
from sealrun_cli.lib.assets import check_names
from sealrun_cli.lib.book import opening
from sealrun_cli.lib.chain_view import check_can_open
from sealrun_cli.lib.confirming import Yes, confirm
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.issuer import told_trust
from sealrun_cli.lib.issuer_keys import File
from sealrun_cli.lib.keys import address_in, kept_or_new, read_key
from sealrun_cli.lib.offer_view import check_taken
from sealrun_cli.lib.outgoing import open_client
from sealrun_cli.lib.output import amount_of, speaking
from sealrun_cli.lib.priced import Asset, chosen
from sealrun_cli.lib.service import Service, is_here
from sealrun_cli.lib.tools import Sender, run_tool


def open_account(
    offer: options.OfferUrl,
    *,
    deposit: Annotated[str, typer.Option(help="First deposit, in the price's asset.", metavar="AMOUNT")],
    key: options.Key,
    account_key: Annotated[
        Path, typer.Option(help="File for the account's own key; made if there is none.", metavar="FILE")
    ],
    node: options.Node,
    asset: Asset = "",
    fee: options.Fee = options.DEFAULT_FEE,
    poll_ms: options.PollMs = options.DEFAULT_POLL_MS,
    no_proofs: options.NoProofs = False,
    state: options.State = options.DEFAULT_STATE,
    issuer_keys: File = None,
    yes: Yes = False,
    as_json: options.Json = False,
) -> None:
    """Open a prepaid account for an offer's terms. `topup` adds money later.

    In MINA it takes signatures only, in a token one proof. The payer must hold the deposit. Where proofs
    settle, the terms must name the keys that the CI's issuer serves now, or those in the file.
    """
    with speaking(as_json=as_json) as out, open_client() as http:
        sender = Sender(read_key(key), node, fee, poll_ms, not no_proofs)
        service = Service(http)
        sold, view = service.offer_and_view(offer)
        if sold.payment is None:
            raise CliError(
                "bad-request", "offer: expected one with a price, got one of price 0: just call it"
            )
        cost, terms = chosen(sold.payment, asset)
        check_taken(view, sold, cost.asset)
        check_names(service, node, cost.asset)
        check_can_open(service, node, terms.network, address_in(account_key), cost.asset)
        amount = amount_of(deposit, cost.asset)
        trusted = told_trust(sold, terms, issuer_keys, here=is_here(offer))
        confirm(out, [*_costs(terms, amount, sender.costs), *trusted], yes=yes)
        address_key = kept_or_new(account_key, out)
        named = {"account_key": address_key.to_base58(), "terms": terms.value(), "deposit": str(amount.units)}
        address = address_key.public_key().to_base58()
        with opening(state, address, terms, cost.asset):
            result = run_tool("open", sender, out, **named)
        result |= cost.asset.members()
        out.result(result, f"opened {result['account']} with {amount}")


def _costs(terms: Terms, deposit: Amount, fee: Amount) -> list[str]:
    return [
        *told_terms(terms),
        f"deposit {deposit}, and once {ACCOUNT_CREATION_FEE} for the account and {fee} of fee",
    ]
