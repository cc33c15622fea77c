"""Prices by asset: what is read, what is refused, and a hash that opens for one asset."""

from typing import Any

import pytest

from mina import tokens
from sealrun.encoding.fields import tagged_hash
from sealrun.encoding.merkle import Merkle
from sealrun.errors import Malformed, Refused
from sealrun.offers.asset import MINA
from sealrun.offers.offer import Offer
from sealrun.offers.prices import MAX_PRICES, parse_prices, prices_hash
from tests.sealrun.world import BUYER, PRICE, SELLER, in_mina, make_offer, make_paid_offer

OWNER = SELLER.public_key()
TOKEN = tokens.to_base58(tokens.derive_token_id(OWNER))


def credit(**changes: Any) -> dict[str, Any]:
    """A price of one credit, with changes."""
    value = {"asset": TOKEN, "amount": "1", "decimals": 0, "symbol": "RUN", "owner": OWNER.to_base58()}
    return {**value, **changes}


def both() -> list[dict[str, Any]]:
    """A price in MINA and one in credits."""
    return [*in_mina(PRICE), credit()]


def test_prices_read_back_as_they_were_written() -> None:
    assert [price.value() for price in parse_prices(both())] == both()
    assert parse_prices([]) == ()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "prices: expected a list of at most 16"),
        ([*in_mina(1)] * (MAX_PRICES + 1), "prices: expected a list of at most 16"),
        ([credit(), *in_mina(1)], "each asset once, in ascending order"),
        ([credit(), credit(amount="2")], "each asset once, in ascending order"),
        ([credit(amount="0")], "an amount above 0"),
        ([credit(amount=1)], "amount: expected a decimal number in a string"),
        ([credit(amount=str(2**64))], "amount: expected at most"),
        ([credit(asset=tokens.to_base58(0))], "asset: expected a token id, got 0"),
        ([credit(asset="wTwin")], "asset: "),
        ([credit(asset=5)], "asset: expected a token id in base58, got int"),
        ([credit(owner=BUYER.public_key().to_base58())], "owner: expected the account that owns"),
        (
            [{name: value for name, value in credit().items() if name != "owner"}],
            "owner: expected the account",
        ),
        ([credit(symbol="mina")], "a symbol of the token's own, got mina"),
        ([credit(symbol="MI\u039dA")], "symbol: expected 1 to 6 letters and digits"),
        ([credit(symbol="<b>")], "symbol: expected 1 to 6 letters and digits"),
        ([credit(decimals=19)], "decimals: expected a whole number from 0 to 18"),
        ([{**in_mina(1)[0], "decimals": 6}], "expected MINA of 9 decimals"),
        ([{**in_mina(1)[0], "owner": OWNER.to_base58()}], "owner: expected the account .* none for MINA"),
        ([credit(tip=1)], "got also tip"),
    ],
)
def test_a14_prices_that_are_not_as_they_must_be_are_refused(value: Any, text: str) -> None:
    with pytest.raises(Malformed, match=text):
        parse_prices(value)


def test_a_price_in_one_asset_opens_from_the_hash() -> None:
    costs = [price.cost for price in parse_prices(both())]
    tree = Merkle(4, lambda left, right: tagged_hash("sealrun:node", [left, right]), 0)
    leaves = [tagged_hash("sealrun:price", [cost.asset.token, cost.units]) for cost in costs]
    for index, leaf in enumerate(leaves):
        assert tree.climb(leaf, index, tree.path(leaves, index)) == prices_hash(costs)
    assert prices_hash([]) == 0
    assert prices_hash(costs[:1]) not in (0, prices_hash(costs))


def test_a14_each_price_has_terms_that_differ_in_the_asset_alone() -> None:
    offer = make_paid_offer(prices=both())
    assert offer.payment is not None
    mina, run = offer.payment.prices
    assert (str(mina.cost), str(run.cost), offer.cost) == ("5 MINA", "1 RUN", "5 MINA or 1 RUN")
    assert {**run.terms.value(), "asset": MINA.id} == mina.terms.value()
    assert mina.terms.hash != run.terms.hash
    assert offer.payment.priced_under(run.terms.hash) == run == offer.payment.priced_in(TOKEN)
    assert [offer.has_terms(each) for each in (mina.terms.hash, run.terms.hash, 0)] == [True, True, False]
    assert offer.terms == mina.terms.hash
    with pytest.raises(Refused, match="in one of its assets"):
        offer.payment.priced_under(0)
    with pytest.raises(Refused, match=r"asset: expected one that the offer has a price in, .* \(RUN\)"):
        offer.payment.priced_in(tokens.to_base58(7))


def test_prices_and_documents_both_change_the_offers_hash() -> None:
    made: list[Offer] = [
        make_offer(),
        make_offer(title="Another"),
        make_paid_offer(),
        make_paid_offer(prices=in_mina(PRICE + 1)),
        make_paid_offer(prices=both()),
    ]
    assert len({offer.hash for offer in made}) == len(made)


def test_the_terms_of_an_offer_leave_the_asset_to_its_prices() -> None:
    value = make_paid_offer()
    assert value.payment is not None
    with pytest.raises(Malformed, match="terms: expected an object without an asset"):
        Offer.parse(value.document.replace(b'"terms":{', b'"terms":{"asset":"' + MINA.id.encode() + b'",'))
