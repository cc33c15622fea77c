"""What people read of an offer: two tokens whose symbols read alike are no one token."""

import pytest

from mina.tokens import derive_token_id, from_base58
from sealrun.offers.asset import asset_of
from sealrun_cli.lib.offer_lines import alike, offer_lines
from tests.sealrun.offers.test_prices import TOKEN, both
from tests.sealrun.world import BUYER, make_paid_offer


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
