"""An offer whose inputs are public lists its receipts; the receipts of all others are in no list (L5)."""

from dataclasses import replace
from typing import Any

import httpx
import pytest

from sealrun.adapters.memory.throttle import Throttle
from sealrun.errors import Malformed, NotAllowed, NotFound, TooMany
from sealrun.offers.offer import Offer
from sealrun.offers.stored_offer import StoredOffer
from sealrun.ports.calls import Rate
from sealrun.receipts.receipt import Outcome, SignedReceipt
from sealrun.runs.run import RunStatus
from sealrun.workflows.list_receipts import PAGE_RECEIPTS, PAGES_PER_MINUTE, list_receipts
from tests.sealrun.gateway import Gateway, load
from tests.sealrun.market import Market
from tests.sealrun.world import ORACLE, PRICE, evidence_value, make_paid_offer

PUBLIC = evidence_value(inputs="public")


@pytest.fixture
def market() -> Market:
    """A good run, a bad one, and one that is not over."""
    made = Market(offer=make_paid_offer(evidence=PUBLIC))
    made.bought(limit=PRICE, nonce=1)
    made.provider.ends_as = RunStatus.FAILED
    made.bought(limit=2 * PRICE, nonce=2)
    made.provider.duration = 10**6
    made.pay(made.sign(limit=3 * PRICE, nonce=3))
    return made


def asked(market: Market, offer: Offer | None = None, **changes: Any) -> dict[str, Any]:
    parts: dict[str, Any] = {"sender": "192.0.2.1", "ledger": market.ledger, "throttle": market.throttle}
    return list_receipts((offer or market.offer).id, **{**parts, "now": market.clock.now, **changes})


def test_receipts_of_calls_that_are_over_are_listed_good_and_bad(market: Market) -> None:
    found = asked(market)
    assert (found["offer"], found["next"]) == (market.offer.id, None)
    signed = [SignedReceipt.parse(each) for each in found["receipts"]]
    assert {each.receipt.status for each in signed} == {Outcome.SUCCEEDED, Outcome.FAILED}
    assert all(each.holds() and each.public_key == ORACLE.public_key() for each in signed)
    assert all(each.receipt.offer_hash == market.offer.hash for each in signed)


def test_l5_an_offer_that_keeps_inputs_for_the_buyer_lists_nothing() -> None:
    market = Market()
    market.bought(limit=PRICE)
    with pytest.raises(NotAllowed, match="expected an offer that shows its inputs to everybody"):
        asked(market)


def test_a_list_says_nothing_that_a_receipt_does_not(market: Market) -> None:
    found = asked(market)
    assert all(each.keys() == {"data", "signature", "publicKey"} for each in found["receipts"])
    assert "B62" not in str([each["data"] for each in found["receipts"]]), "no account and no buyer"


def test_pages_follow_each_other_and_a_call_without_a_receipt_is_left_out(market: Market) -> None:
    [over, *_] = [each for each in market.ledger.records.values() if each.receipt]
    number = PAGE_RECEIPTS + 2
    for at in range(number):
        more = replace(over, call_hash=1000 + at, claimed_at=over.claimed_at - 1 - at // 3)
        market.ledger.records[more.call_hash] = replace(more, receipt=None) if at == 5 else more
    first = asked(market)
    second = asked(market, after=first["next"])
    assert second["next"] is None
    assert len(first["receipts"]) == PAGE_RECEIPTS - 1
    assert len(second["receipts"]) == 4
    assert asked(market, after=f"0.{0:064x}")["receipts"] == []


@pytest.mark.parametrize(
    "after", ["", "x", "1", "-1.00", f"1.{'g' * 64}", f"1.{'0' * 64}&x", f"1.{'f' * 64}"]
)
def test_a_place_that_no_page_named_is_refused(market: Market, after: str) -> None:
    with pytest.raises(Malformed):
        asked(market, after=after)


def test_an_offer_that_is_not_sold_here_is_not_found(market: Market) -> None:
    with pytest.raises(NotFound, match="expected one that is sold here"):
        asked(market, make_paid_offer(title="Another"))
    with pytest.raises(Malformed):
        list_receipts("xyz", sender="", ledger=market.ledger, throttle=lambda _: True, now=0)


def test_a_sender_asks_for_so_many_pages_a_minute_whichever_process_answers(market: Market) -> None:
    other = make_paid_offer(title="Another", evidence=PUBLIC)
    market.ledger.publish(StoredOffer(other, "", b"sealed", b"key", b"secret"))
    for at in range(PAGES_PER_MINUTE):
        asked(market, other if at % 2 else None, throttle=Throttle())
    with pytest.raises(TooMany, match=f"at most {PAGES_PER_MINUTE} pages a minute"):
        asked(market, throttle=Throttle())
    assert asked(market, sender="192.0.2.2", throttle=Throttle())["receipts"]
    counted: list[Rate] = []

    def full(rate: Rate) -> bool:
        counted.append(rate)
        return False

    with pytest.raises(TooMany):
        asked(market, sender="192.0.2.3", throttle=full)
    assert [each.source for each in counted] == ["receipts of 192.0.2.3"]


def test_the_function_answers_page_after_page(market: Market, monkeypatch: Any) -> None:
    gateway = Gateway(load("call", market, monkeypatch))
    url = f"https://calls.test/offers/{market.offer.id}/receipts"
    answer = gateway.answer(httpx.Request("GET", url))
    assert answer.status_code == 200
    assert len(answer.json()["receipts"]) == 2
    assert gateway.answer(httpx.Request("GET", f"{url}?after=1.{'0' * 64}")).json()["receipts"] == []
    assert gateway.answer(httpx.Request("GET", f"{url}?after=x")).status_code == 400
