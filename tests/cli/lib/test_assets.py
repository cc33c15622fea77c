"""A token reads as its owner on chain says, whatever an offer writes."""

from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from sealrun.chain.token import FUNGIBLE_CODE
from sealrun.offers.asset import MINA
from sealrun_cli.lib.assets import check_names
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.service import Service
from tests.cli.web import web
from tests.sealrun.offers.test_prices import both
from tests.sealrun.world import make_paid_offer

OFFER = make_paid_offer(prices=both())
ASSET = OFFER.payment.prices[1].cost.asset  # type: ignore[union-attr]


@dataclass
class Owner:
    symbol: str = ASSET.symbol
    decimals: int = ASSET.decimals
    code: str = FUNGIBLE_CODE

    def check(self) -> None:
        state = [str(self.decimals), *["0"] * 7]
        owner: Any = {"tokenSymbol": self.symbol, "zkappState": state, "verificationKey": {"hash": self.code}}
        with web({"POST /": (200, {"data": {"tokenOwner": owner}})}) as node, httpx.Client() as client:
            check_names(Service(client), f"{node.url}/", ASSET)


def test_a15_the_names_of_a_token_are_those_on_chain() -> None:
    Owner().check()
    with httpx.Client() as client:
        check_names(Service(client), "http://127.0.0.1:9/", MINA)  # nobody is asked


@pytest.mark.parametrize(
    ("owner", "text"),
    [
        (Owner(symbol="GOLD"), "expected GOLD of 0 decimals, got RUN of 0 decimals in the offer"),
        (Owner(decimals=6), "expected RUN of 6 decimals, got RUN of 0 decimals in the offer"),
        (Owner(code="7"), "expected a FungibleToken of a symbol"),
    ],
)
def test_a15_a_token_that_an_offer_writes_otherwise_is_refused(owner: Owner, text: str) -> None:
    """With more decimals than the token has, a deposit of 20 would be one of 20 million."""
    with pytest.raises(CliError, match=text):
        owner.check()
