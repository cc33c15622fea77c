"""The tokens that an offer has prices in, as a node tells them to its seller (A15)."""

from collections.abc import Iterator
from dataclasses import dataclass

from mina.keys import PublicKey
from sealrun.adapters.mina.node import MAX_SUPPLY_BYTES
from sealrun.chain.account import Pinned, account_query, check_token, slot_seconds
from sealrun.chain.answers import OF_ANOTHER_FORM, unreadable
from sealrun.chain.credits import (
    Credit,
    backing_query,
    check_agrees,
    check_backing,
    check_served,
)
from sealrun.chain.token import TokenView, check_owner, check_supply, supply_query
from sealrun.errors import SealrunError
from sealrun.offers.asset import MINA, Amount
from sealrun.offers.offer import Offer, Priced
from sealrun.offers.promise import check_promise
from sealrun_cli.lib.contracts import pinned_keys
from sealrun_cli.lib.credit_view import codes, told
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.nodes import data_of
from sealrun_cli.lib.promises import fetch_promise
from sealrun_cli.lib.service import Service

_ADMIN = "query($key:PublicKey!){account(publicKey:$key){verificationKey{hash}}}"
# What an admin's contract allows, by the name of its pinned code.
_ALLOWS = {
    "FungibleTokenAdmin": "the holder of its key can mint more, and pause the token: then nothing moves",
    "CreditVault": "a vault, which mints up to its cap with MINA behind each, and never pauses",
}


@dataclass(frozen=True)
class Token:
    """One token that passed the check, and who still needs an account in it."""

    priced: Priced
    view: TokenView
    circulating: Amount
    allows: str  # what its admin can do
    missing: tuple[PublicKey, ...]  # of seller and operator
    credit: tuple[str, ...]  # what people read of it, where it is a credit

    @property
    def lines(self) -> list[str]:
        """What its seller should read."""
        asset = self.circulating.asset
        return [
            f"token    {asset.symbol}, {asset.id}: {asset.decimals} decimals, {self.circulating} circulate",
            f"         owner {self.view.owner.to_base58()}",
            f"         admin {self.view.admin.to_base58()}: {self.allows}",
            *self.credit,
        ]


def tokens_of(offer: Offer, service: Service, node: str) -> Iterator[Token]:
    """Look at each token that the offer has a price in.

    Raises:
        AccountRefused: a token is not one to sell for.
        NodeUnavailable: the node does not tell, or is of another network.
        CliError: the node does not answer.
    """
    for priced in offer.payment.prices if offer.payment else ():
        if priced.cost.asset != MINA:
            yield _token(priced, offer, service, node)


def _token(priced: Priced, offer: Offer, service: Service, node: str) -> Token:
    keys, (cost, terms) = pinned_keys(), priced
    answer = data_of(service, node, account_query(None, terms))
    check_token(answer, terms, cost.asset, Pinned(keys["PrepaidAccount"]))
    supply = data_of(service, node, supply_query(cost.asset), at_most=MAX_SUPPLY_BYTES)
    circulating = check_supply(supply, cost.asset, network=terms.network)
    view = check_owner(answer["token"], cost.asset, txn_version=3, state_fields=8)
    admin = data_of(service, node, _ADMIN, key=view.admin.to_base58()).get("account") or {}
    try:
        code = (admin.get("verificationKey") or {}).get("hash")
        payees = {"seller": terms.seller, "operator": terms.operator}
        missing = dict.fromkeys(key for name, key in payees.items() if answer[name] is None)
        seconds = slot_seconds(answer)
    except OF_ANOTHER_FORM as error:
        raise unreadable(error) from error
    allows = next(
        (words for name, words in _ALLOWS.items() if keys[name] == code),
        f"its code ({str(code)[:12]}…) is not known here: it decides who can mint more, and pause the "
        "token: then nothing moves",
    )
    credit = _credit(view, priced, offer, service, node, seconds=seconds)
    lines = () if credit is None else _credit_lines(credit, terms.network, service)
    return Token(priced, view, cost.asset.of(circulating), allows, tuple(missing), lines)


def _credit(
    view: TokenView, priced: Priced, offer: Offer, service: Service, node: str, *, seconds: int
) -> Credit | None:
    """The credit that the token is, backed and served as the health check wants it; None where it is none."""
    terms = priced.terms
    answer = data_of(service, node, backing_query(view.owner, view.admin, terms.seller))
    credit = check_backing(answer, view.owner, network=terms.network, codes=codes())
    if credit is not None:
        check_served(credit, answer, offer, priced, slot_seconds=seconds)
    return credit


def _credit_lines(credit: Credit, network: str, service: Service) -> tuple[str, ...]:
    """``backed P of price Q``, by the promise where it can be read."""
    try:
        promise = check_promise(fetch_promise(service, credit.uri), credit.uri)
        check_agrees(promise, credit, network)
    except (SealrunError, CliError) as error:
        return *told(credit), f"promise  not shown: {error.detail}"
    return tuple(told(credit, promise.words))
