"""A14: each account pays in the asset of its own terms, and amounts of two assets never add up."""

from dataclasses import replace
from typing import Any

import pytest

from mina.sign import sign_fields
from sealrun.calls.grant import Grant
from sealrun.calls.ticket_url import Ticket
from sealrun.chain.account import account_query, check_account
from sealrun.encoding.fields import canonical
from sealrun.encoding.json_limits import parse_object
from sealrun.errors import AccountRefused, Malformed, PaymentRequired, Refused
from sealrun.money import x402
from sealrun.offers.asset import MINA
from sealrun.offers.offer import Priced
from sealrun.runs.record import Record
from tests.sealrun.calls.test_ticket import paid_ticket, redemption, send
from tests.sealrun.fake_chain import PINNED, account_answer, token_answer
from tests.sealrun.market import SELLER_SITE, Market, body_of, payment_of
from tests.sealrun.offers.test_prices import TOKEN, both
from tests.sealrun.world import ACCOUNT, BUYER, PRICE, make_paid_offer

NAME = ACCOUNT.public_key().to_base58()


@pytest.fixture
def market() -> Market:
    return Market(make_paid_offer(prices=both()))


def priced(market: Market, asset: str) -> Priced:
    assert market.offer.payment is not None
    return market.offer.payment.priced_in(asset)


def pay(market: Market, asset: str, /, *, limit: int, nonce: int = 7, **changes: Any) -> Record:
    """One call on the account in this asset, paid for in it."""
    _, terms = priced(market, asset)
    signed = market.sign(limit=limit, nonce=nonce, terms_hash=terms.hash, asset=terms.asset.token)
    [accepted] = [each for each in x402.accepts(market.offer, SELLER_SITE) if each["asset"] == asset]
    payment = payment_of(signed, market.offer, accepted={**accepted, **changes})
    body = {**body_of(signed), "asset": asset}
    return market.send(body, x402.encoded(payment)).record


def test_a14_a_402_has_an_entry_an_asset_with_its_own_terms(market: Market) -> None:
    entries = x402.accepts(market.offer, SELLER_SITE)
    assert [(each["asset"], each["amount"]) for each in entries] == [(MINA.id, str(PRICE)), (TOKEN, "1")]
    assert [(each["extra"]["symbol"], each["extra"]["decimals"]) for each in entries] == [
        ("MINA", 9),
        ("RUN", 0),
    ]
    for entry in entries:
        assert entry["extra"]["termsHash"] == priced(market, entry["asset"]).terms.id
        assert entry["extra"]["terms"]["asset"] == entry["asset"]
    assert [each["extra"]["token"] is None for each in entries] == [True, False]


def test_a14_a_call_is_paid_in_the_asset_of_its_account(market: Market) -> None:
    market.chain.answer = account_answer(balance=3, terms=priced(market, TOKEN).terms)
    record = pay(market, TOKEN, limit=1)
    assert (record.price, record.asset, record.shown()["asset"]) == (1, TOKEN, TOKEN)
    standing = market.ledger.standing(NAME)
    assert (standing.terms, standing.committed) == (priced(market, TOKEN).terms.hash, 1)
    done = market.settle(record.call_hash)
    assert done.receipt is not None
    assert market.ledger.standing(NAME).due == 1


def test_a14_the_answer_says_what_is_reserved_in_which_asset(market: Market) -> None:
    market.chain.answer = account_answer(balance=3, terms=priced(market, TOKEN).terms)
    record = pay(market, TOKEN, limit=1)
    extra = x402.reserved(record, market.offer)["extra"]
    assert {name: extra[name] for name in ("reserved", "asset", "decimals", "symbol")} == {
        "reserved": "1",
        "asset": TOKEN,
        "decimals": 0,
        "symbol": "RUN",
    }


def test_a14_one_address_in_two_assets_is_refused_whichever_comes_first(market: Market) -> None:
    pay(market, MINA.id, limit=PRICE)
    market.chain.answer = account_answer(terms=priced(market, TOKEN).terms)
    with pytest.raises(AccountRefused, match="account: expected the terms of its first call here"):
        pay(market, TOKEN, limit=PRICE + 1, nonce=8)
    assert market.ledger.standing(NAME).committed == PRICE


def test_a14_the_node_is_asked_for_the_account_in_the_asset_of_the_terms(market: Market) -> None:
    terms = priced(market, TOKEN).terms
    query = account_query(ACCOUNT.public_key(), terms)
    assert query.count(f'token:"{TOKEN}"') == 3
    assert query.count(f'tokenOwner(tokenId:"{TOKEN}")') == 1
    assert MINA.id not in query
    asked: dict[str, Any] = {
        "address": ACCOUNT.public_key(),
        "terms": terms,
        "pinned": PINNED,
        "settled": lambda _: None,
        "run_seconds": 600,
        "asset": priced(market, TOKEN).cost.asset,
    }
    assert check_account(account_answer(balance=3, terms=terms), **asked).funds == 3
    for part in ("account", "seller", "operator"):
        answer = account_answer(balance=3, terms=terms)
        answer[part]["token"] = MINA.id
        with pytest.raises(AccountRefused, match=f"token: expected {TOKEN}, got {MINA.id}"):
            check_account(answer, **asked)


def test_a14_the_twin_of_an_account_in_another_asset_covers_nothing(market: Market) -> None:
    """The chain still shows an account in MINA at this address, under the offer's terms for MINA."""
    with pytest.raises(AccountRefused, match="token: expected"):
        pay(market, TOKEN, limit=1)


def test_a15_a_call_in_a_paused_token_is_refused_and_one_in_mina_goes_on(market: Market) -> None:
    market.chain.answer = account_answer(balance=3, terms=priced(market, TOKEN).terms)
    market.chain.answer["token"] = token_answer(paused=1)
    with pytest.raises(AccountRefused, match="token: expected one that moves, got RUN, which is paused"):
        pay(market, TOKEN, limit=1)
    assert market.ledger.standing(NAME) is None
    market.chain.answer = account_answer()
    market.clock.passes(60)
    assert pay(market, MINA.id, limit=PRICE).price == PRICE


def test_a14_a_price_of_another_asset_is_not_taken(market: Market) -> None:
    lies: list[dict[str, Any]] = [{"amount": "1"}, {"asset": TOKEN}]
    for lie in lies:
        with pytest.raises(Refused, match=r"accepted\.(amount|asset): expected"):
            pay(market, MINA.id, limit=PRICE, **lie)
    with pytest.raises(Refused, match="asset: expected one that the offer has a price in"):
        pay(market, MINA.id, limit=PRICE, asset="wTwin")


def test_a14_a_body_that_names_an_asset_without_a_price_is_refused(market: Market) -> None:
    signed = market.sign(limit=PRICE)
    with pytest.raises((Malformed, Refused), match="asset"):
        market.send({**body_of(signed), "asset": "wTwin"}, x402.encoded(payment_of(signed, market.offer)))


def test_a14_limits_and_corrections_are_of_the_accounts_asset(market: Market) -> None:
    market.chain.answer = account_answer(balance=3, terms=priced(market, TOKEN).terms)
    pay(market, TOKEN, limit=1)
    with pytest.raises(PaymentRequired, match="limit: expected at least 2 RUN, got 1 RUN") as refused:
        pay(market, TOKEN, limit=1, nonce=8)
    mina, run = refused.value.required["accepts"]
    assert "correction" not in mina["extra"]
    assert run["extra"]["correction"]["pending"] == "1"


def test_a14_a_ticket_whose_voucher_is_in_another_asset_than_its_terms_reserves_nothing() -> None:
    market = Market(make_paid_offer(prices=both()))
    ticket = paid_ticket(market.offer, 1, limit=PRICE)
    value, call = parse_object(ticket.grant.document), ticket.grant.prepaid_call
    assert call is not None
    voucher = replace(call, asset=priced(market, TOKEN).terms.asset.token).voucher_fields(PRICE)
    value["prepaid"] |= {"asset": TOKEN, "signature": sign_fields(BUYER, voucher).to_base58()}
    grant = Grant.parse(canonical(value))
    lying = Ticket(grant, sign_fields(BUYER, grant.signed_fields), ticket.secret)
    with pytest.raises(Refused, match="asset: expected that of the terms"):
        send(market, redemption(lying))
    assert market.ledger.standing(NAME) is None
    assert send(market, redemption(ticket)).first
