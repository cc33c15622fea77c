"""Which of an offer's prices is meant: by the symbol or id of its asset, or by an account's own terms."""

from pathlib import Path
from typing import Annotated

import typer

from sealrun.offers.asset import MINA
from sealrun.offers.offer import Payment, Priced
from sealrun_cli.lib.assets import require_same
from sealrun_cli.lib.book import known_page
from sealrun_cli.lib.errors import CliError

Asset = Annotated[
    str,
    typer.Option(
        "--asset", help="Symbol or token id, where an offer has several prices.", metavar="SYMBOL|ID"
    ),
]


def chosen(payment: Payment, asset: str) -> Priced:
    """The price in this asset; without a name the one in MINA, or the only one.

    Raises:
        CliError: there is none, or more than one of this symbol.
    """
    found = [each for each in payment.prices if named(each, asset or MINA.id)]
    if not asset and not found:
        found = list(payment.prices)
    if len(found) != 1:
        listed = ", ".join(f"{each.cost.asset.symbol} ({each.cost.asset.id})" for each in payment.prices)
        detail = f"asset: expected one of {listed}, got {asset[:80] or 'none'}"
        raise CliError("bad-request", detail, "name it with --asset, by its id where symbols repeat")
    return found[0]


def priced_on(payment: Payment, state: Path, account: str, asset: str) -> Priced:
    """The price for this account: that of the terms that it was opened for, where this client knows them.

    Raises:
        CliError: the account was opened for other terms than the offer's, or another asset is named than its
            own, or the offer writes that otherwise.
    """
    known = known_page(state, account)
    if known is None:
        return chosen(payment, asset)
    if all(price.terms.hash != known.terms.hash for price in payment.prices):
        known.check(payment.terms.hash)
    priced = payment.priced_under(known.terms.hash)
    if known.named:
        require_same(priced.cost.asset, known.asset)
    if asset and not named(priced, asset):
        detail = f"asset: expected {priced.cost.asset.symbol}, in which {account} is kept, got {asset[:80]}"
        raise CliError("bad-request", detail, "leave --asset out: an account has one asset")
    return priced


def named(priced: Priced, asset: str) -> bool:
    """Whether the text is the symbol or the id of the price's asset."""
    return asset in (priced.cost.asset.symbol, priced.cost.asset.id)
