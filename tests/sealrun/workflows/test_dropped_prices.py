"""L8: a price that cannot be paid or served is dropped by itself, with its reason, and comes back."""

from typing import Any

import pytest

from mina.keys import PublicKey
from sealrun.errors import NodeUnavailable, OfferClosed, PaymentRequired
from sealrun.offers.stored_offer import StoredOffer
from sealrun.offers.terms import Terms
from sealrun.ports.node import Answer
from sealrun.service.problems import problem
from sealrun.service.views import listed_offer, offer_view
from sealrun.workflows.check_health import NOT_REACHED, PRICES_SECONDS
from tests.sealrun.fake_chain import (
    account_answer,
    backing_answer,
    token_answer,
    vault_answer,
)
from tests.sealrun.market import SELLER_SITE, SERVICE, Market
from tests.sealrun.offers.test_prices import TOKEN, both, credit
from tests.sealrun.workflows.test_assets import pay, priced
from tests.sealrun.workflows.test_check_health import EachAsset, checked, no_answer
from tests.sealrun.world import BUYER, PRICE, limits_value, make_paid_offer

NANO = 10**9
PROMISE = "https://ci.example/run.json#" + "5f" * 32
PAUSED = "token: expected one that moves, got RUN, which is paused"


def of_credit(**changes: Any) -> Market:
    """A market that sells for 5 MINA and for one credit, whose vault is as it must be."""
    market = Market(make_paid_offer(prices=both(), **changes))
    market.chain = EachAsset(market.clock, account_answer() | {"token": token_answer()})
    market.chain.backed = backing_answer(vault_answer(), uri=PROMISE)
    return market


def stored(market: Market) -> StoredOffer:
    found: StoredOffer = market.ledger.offer(market.offer.hash)
    return found


def dropped(market: Market) -> str:
    """Why the credit's price takes no call after a health check; the offer stays open in MINA."""
    found = checked(market)
    assert (found.suspended, stored(market).reason) == ("", "")
    assert found.dropped == stored(market).dropped
    return found.dropped.get(TOKEN, "")


def test_a17_a_credit_that_is_backed_and_served_is_sold_for() -> None:
    assert dropped(of_credit()) == ""


def test_l8_an_admin_of_a_foreign_token_closes_no_sales_in_mina() -> None:
    market = of_credit()
    market.chain.answer["token"] = token_answer(paused=1)
    assert dropped(market) == PAUSED
    market.chain.answer = account_answer()
    assert market.pay(market.sign(limit=PRICE)).first


@pytest.mark.parametrize(
    ("vault", "answer", "text"),
    [
        (vault_answer(locked=3 * NANO - 1), {}, "vault.balance: expected at least 3 MINA, got 2.999999999"),
        (vault_answer() | {"verificationKey": {"hash": "9"}}, {}, "verificationKey.hash: expected"),
        (vault_answer() | {"verificationKey": None}, {}, "verificationKey.hash: expected"),
        (None, {}, "token: expected an owner and its vault, got none"),
        (vault_answer(minted=2), {}, "vault.minted: expected 3 to 100, got 2"),
        (vault_answer(), {"syncStatus": "BOOTSTRAP"}, "node: expected syncStatus SYNCED"),
        (vault_answer(), {"networkID": "mina:mainnet"}, "node: expected networkID mina:devnet"),
        (vault_answer(), {"counted": {"balance": {}}}, "node: expected an answer as it was asked for"),
        (
            vault_answer(),
            {"own": {"balance": {"total": "-1"}}},
            "node: expected an answer as it was asked for",
        ),
        (vault_answer(), {"token": None}, "token: expected an owner and its vault, got none"),
    ],
)
def test_l8_a17_a_credit_whose_backing_is_not_there_is_dropped(
    vault: dict[str, Any] | None, answer: dict[str, Any], text: str
) -> None:
    market = of_credit()
    market.chain.backed = backing_answer(vault, uri=PROMISE) | answer
    assert text in dropped(market)
    market.chain.backed = backing_answer(vault_answer(), uri=PROMISE)
    assert dropped(market) == ""


def test_a17_a_token_that_says_nothing_of_backing_needs_none() -> None:
    market = of_credit()
    market.chain.backed = backing_answer(None, uri="https://token.example/")
    assert dropped(market) == ""
    market.chain.backed = backing_answer(vault_answer() | {"verificationKey": {"hash": "9"}})
    assert dropped(market) == ""


def test_l8_more_credits_than_the_minutes_serve_until_the_expiry_are_dropped() -> None:
    """Two runs of ten minutes a month, and 28,800 slots of 180 s: two months."""
    market = of_credit(limits=limits_value(seconds=600, minutes_per_month=20))
    served = (
        "credits: expected at most 4 RUN out, which the offer's minutes serve until slot 29600, got 5 RUN"
    )
    for out, own, expected in ((4, 0, ""), (5, 0, served), (9, 5, ""), (10, 5, served)):
        market.chain.backed = backing_answer(vault_answer(), out=out, own=own, uri=PROMISE)
        assert dropped(market) == expected


def test_l8_credits_of_another_seller_count_as_out_whoever_holds_them() -> None:
    market = of_credit(limits=limits_value(seconds=600, minutes_per_month=20))
    vault = vault_answer()
    vault["zkappState"][:2] = [str(each) for each in BUYER.public_key().to_fields()]
    market.chain.backed = backing_answer(vault, out=9, own=5, uri=PROMISE)
    assert "got 9 RUN" in dropped(market)


@pytest.mark.parametrize(
    ("slot", "ends"),
    [
        (29600 - 37, ""),
        (29600 - 36, "expires at slot 29600"),
        (29600, "expired at slot 29600"),
        (30000, "expired at slot 29600"),
    ],
)
def test_l8_a_credit_that_expires_before_a_call_is_settled_is_dropped(slot: int, ends: str) -> None:
    """A run of 20 minutes is settled 111 minutes after the view that its call is accepted on: in 37 slots."""
    market = of_credit(limits=limits_value(seconds=600, queue_seconds=600))
    market.chain.backed = backing_answer(vault_answer(), out=1, uri=PROMISE)
    consensus = market.chain.backed["bestChain"][0]["protocolState"]["consensusState"]
    consensus["slotSinceGenesis"] = str(slot)
    ahead = "credits: expected an expiry at least 111 min ahead, which a call and its settlement may take, "
    assert dropped(market) == (f"{ahead}got RUN, which {ends}" if ends else "")


def test_l8_a_call_that_was_taken_before_its_credit_expired_is_due_after_it() -> None:
    market = Market(make_paid_offer(prices=both()))
    terms = priced(market, TOKEN).terms
    market.chain.answer = account_answer(balance=3, terms=terms)
    record = pay(market, TOKEN, limit=1)
    market.ledger.drop_prices(market.offer.hash, {TOKEN: "credits: expired"})
    assert market.settle(record.call_hash).receipt is not None
    assert market.ledger.standing(record.account).due == 1


def test_l8_what_is_dropped_is_told_with_its_reason_and_left_out_of_402() -> None:
    market = of_credit()
    market.chain.answer["token"] = token_answer(paused=1)
    dropped(market)
    told = [{"asset": TOKEN, "symbol": "RUN", "reason": PAUSED}]
    view = offer_view(stored(market), SELLER_SITE)
    assert (view["open"], view["reason"], view["dropped"]) == (True, None, told)
    assert [each["asset"] for each in view["accepts"]] == [market.offer.prices[0].cost.asset.id]
    assert listed_offer(stored(market), SERVICE)["dropped"] == told
    with pytest.raises(PaymentRequired) as refused:
        market.pay(market.sign(limit=PRICE), payment="")
    assert [each["asset"] for each in refused.value.required["accepts"]] == [view["accepts"][0]["asset"]]


def test_l8_a_call_in_a_dropped_price_is_refused_with_the_reason_before_a_node_is_asked() -> None:
    market = of_credit()
    market.ledger.drop_prices(market.offer.hash, {TOKEN: PAUSED})
    market.chain.look = no_answer
    with pytest.raises(OfferClosed, match="got that in RUN: token: expected one that moves") as refused:
        pay(market, TOKEN, limit=1)
    assert problem(refused.value)[0] == 503
    assert market.ledger.records == {}
    market.ledger.drop_prices(market.offer.hash, {})
    with pytest.raises(NodeUnavailable):
        pay(market, TOKEN, limit=1)


def test_l8_all_prices_are_dropped_and_come_back_one_by_one() -> None:
    market = Market(make_paid_offer(prices=[credit()]))
    market.chain = EachAsset(market.clock, account_answer() | {"token": token_answer(paused=1)})
    assert checked(market).suspended == PAUSED
    assert stored(market).dropped == {TOKEN: PAUSED}
    market.chain.answer = account_answer() | {"token": token_answer()}
    assert checked(market).suspended == ""
    assert stored(market).dropped == {}


def test_l8_a_node_that_lies_about_one_asset_drops_no_other() -> None:
    class Lies(EachAsset):
        def look(self, address: PublicKey | None, terms: Terms, **how: Any) -> Answer:
            if terms.asset.id == TOKEN:
                raise NodeUnavailable("node: expected 2 that agree, got 1 whole answers")
            return super().look(address, terms, **how)

    market = of_credit()
    market.chain = Lies(market.clock, account_answer())
    assert dropped(market) == "node: expected 2 that agree, got 1 whole answers"


def test_a15_a_price_that_comes_back_is_added_up_again_and_one_that_is_sold_for_is_not() -> None:
    market = of_credit()
    assert (dropped(market), market.chain.supplies) == ("", 0)
    market.chain.backed = backing_answer(None, uri=PROMISE)
    assert dropped(market)
    assert market.chain.supplies == 0, "nothing is added up for a price that is dropped anyway"
    market.chain.backed = backing_answer(vault_answer(), uri=PROMISE)
    market.chain.circulating = 2
    assert "token.accounts: sum" in dropped(market)
    market.chain.circulating = 3
    assert (dropped(market), market.chain.supplies) == ("", 2)


def test_l8_trouble_of_the_source_leaves_dropped_prices_as_they_were() -> None:
    market = of_credit()
    market.chain.answer["token"] = token_answer(paused=1)
    assert dropped(market) == PAUSED
    market.provider.down = True
    assert checked(market).suspended
    assert stored(market).dropped == {TOKEN: PAUSED}


def test_l11_l8_no_offers_prices_take_the_time_of_others_and_each_has_its_turn() -> None:
    class Slow(EachAsset):
        def look(self, address: PublicKey | None, terms: Terms, **how: Any) -> Answer:
            self.clock.now += PRICES_SECONDS
            return super().look(address, terms, **how)

    market = of_credit()
    market.ledger.suspend_offer(market.offer.hash, "not looked at")
    market.chain = Slow(market.clock, account_answer() | {"token": token_answer(paused=1)})
    market.chain.backed = backing_answer(vault_answer(), uri=PROMISE)
    seen = []
    for _ in range(8):
        began = market.clock.now
        checked(market)
        assert market.clock.now - began == PRICES_SECONDS
        seen.append(dict(stored(market).dropped))
        market.clock.now += 60
    assert any(NOT_REACHED in each.values() for each in seen)
    assert seen[-1] == {TOKEN: PAUSED}, "each price has its turn"
    market.chain = EachAsset(market.clock, account_answer() | {"token": token_answer()})
    market.chain.backed = backing_answer(vault_answer(), uri=PROMISE)
    assert (dropped(market), market.chain.supplies) == ("", 1)
