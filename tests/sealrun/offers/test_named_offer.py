"""Inputs that name another offer: one spelling of an address, no code in it, and the seller's bounds."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mina.keys import PrivateKey
from sealrun.errors import InputsRefused, Malformed, Refused
from sealrun.offers.asset import MINA
from sealrun.offers.inputs import InputSchema
from sealrun.offers.named_offer import FORMAT, Bounds, NamedOffer
from tests.sealrun.world import make_offer, make_paid_offer

ID = "0a" * 32
KIND: dict[str, Any] = {"type": "string", "format": FORMAT, "maxLength": 256}
SELLER = PrivateKey.from_scalar(5).public_key().to_base58()
PRICE = {**MINA.of(5).value(), **MINA.value()}


def schema(**more: Any) -> InputSchema:
    properties = {"scanner": {**KIND, **more}}
    whole = {"type": "object", "properties": properties, "additionalProperties": False}
    return InputSchema.parse(whole, at_most=1)


@pytest.mark.parametrize(
    ("value", "url"),
    [
        (f"service.example/offers/{ID}", f"https://service.example/offers/{ID}"),
        (f"service.example+8443/ci/v1/offers/{ID}", f"https://service.example:8443/ci/v1/offers/{ID}"),
        (f"127.0.0.1+8080/offers/{ID}", f"http://127.0.0.1:8080/offers/{ID}"),
        (f"203.0.113.7/offers/{ID}", f"https://203.0.113.7/offers/{ID}"),
    ],
)
def test_an_offers_address_and_the_inputs_value_are_one(value: str, url: str) -> None:
    assert schema().check({"scanner": value}) == {"scanner": value}
    named = NamedOffer.parse(value)
    assert (named.url, str(named), named.offer) == (url, value, ID)
    assert NamedOffer.of(url) == NamedOffer.of(value) == named
    assert schema().named_offers({"scanner": value}) == {"scanner": named}


@pytest.mark.parametrize(
    "value",
    [
        f"https://service.example/offers/{ID}",
        f"service.example:8443/offers/{ID}",
        f"Service.example/offers/{ID}",
        f"service.example./offers/{ID}",
        f"ser_vice.example/offers/{ID}",
        f"xn--ls8h.example/offers/{ID}",
        f"service.example+443/offers/{ID}",
        f"service.example+0/offers/{ID}",
        f"service.example+65536/offers/{ID}",
        f"user@service.example/offers/{ID}",
        f"service.example/../offers/{ID}",
        f"service.example/./offers/{ID}",
        f"service.example//offers/{ID}",
        f"service.example/offers/{ID}?x=1",
        f"service.example/offers/{ID.upper()}",
        f"service.example/offers/{ID}/calls",
        f"service.example/{ID}",
        f"127.1/offers/{ID}",
        f"0x7f000001/offers/{ID}",
        f"2130706433/offers/{ID}",
        f"-rf/offers/{ID}",
        f"[::1]/offers/{ID}",
        f"$(id)/offers/{ID}",
        f"{'a' * 250}/offers/{ID}",
        "",
    ],
)
def test_r2_r12_no_other_spelling_and_nothing_else_names_an_offer(value: str) -> None:
    with pytest.raises(InputsRefused, match="scanner"):
        schema().check({"scanner": value})
    with pytest.raises(Malformed):
        NamedOffer.parse(value)


@given(st.text(max_size=60))
def test_r2_l14_any_text_is_an_address_or_malformed(text: str) -> None:
    for value in (text, f"{text}/offers/{ID}"):
        for read in (NamedOffer.parse, NamedOffer.of):
            try:
                named = read(value)
            except Malformed:
                continue
            assert NamedOffer.parse(str(named)) == named


@pytest.mark.parametrize("url", [f"http://service.example/offers/{ID}", f"https://127.0.0.1/offers/{ID}"])
def test_an_address_that_no_value_can_write_is_refused(url: str) -> None:
    with pytest.raises(Malformed, match="https://"):
        NamedOffer.of(url)


def test_a_list_names_the_only_offers() -> None:
    listed = schema(enum=[f"service.example/offers/{ID}"])
    assert listed.check({"scanner": f"service.example/offers/{ID}"})
    with pytest.raises(InputsRefused, match="not one of"):
        listed.check({"scanner": f"other.example/offers/{ID}"})


@pytest.mark.parametrize(
    "more",
    [
        {"enum": ["hello"]},
        {"enum": []},
        {"pattern": "^a$"},
        {"x-sellers": []},
        {"x-sellers": ["B62nonsense"]},
        {"x-sellers": [SELLER] * 17},
        {"x-price": {"amount": "5"}},
        {"x-price": {**PRICE, "decimals": 3}},
        {"x-price": {**PRICE, "amount": "-1"}},
        {"x-other": 1},
        {"format": "uri"},
        {"maxLength": 257},
        {"default": "hello"},
    ],
    ids=str,
)
def test_r2_a_schema_says_nothing_else_of_the_offers_that_an_input_may_name(more: dict[str, Any]) -> None:
    with pytest.raises(InputsRefused):
        schema(**more)


def test_r12_bounds_hold_of_the_offer_that_was_read() -> None:
    offer = make_paid_offer()
    assert offer.payment is not None
    seller, cost = offer.payment.terms.seller.to_base58(), offer.payment.prices[0].cost
    for good in ({}, {"x-sellers": [SELLER, seller]}, {"x-price": {**cost.value(), **cost.asset.value()}}):
        Bounds.parse({**KIND, **good}).check(offer)
    with pytest.raises(Refused, match="sellers"):
        Bounds.parse({**KIND, "x-sellers": [SELLER]}).check(offer)
    with pytest.raises(Refused, match="at most"):
        Bounds.parse({**KIND, "x-price": PRICE}).check(offer)
    Bounds.parse({**KIND, "x-price": PRICE}).check(make_offer())
    with pytest.raises(Refused, match="got one of price 0, which names none"):
        Bounds.parse({**KIND, "x-sellers": [SELLER], "x-price": PRICE}).check(make_offer())
