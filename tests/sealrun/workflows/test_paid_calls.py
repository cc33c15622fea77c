"""A paid call costs one signature, and nothing that is signed or deposited is ever passed."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws

from mina.field import P
from mina.keys import PrivateKey
from sealrun.adapters.memory.throttle import Throttle
from sealrun.errors import (
    AccountRefused,
    Conflict,
    InputsRefused,
    Malformed,
    NodeUnavailable,
    NotAllowed,
    OfferClosed,
    PaymentRequired,
    Refused,
    TooMany,
)
from sealrun.money import x402
from sealrun.money.buyer import sign_read
from sealrun.money.dues import DEPTH, RESERVED_LEAVES
from sealrun.offers.asset import MINA
from sealrun.offers.stored_offer import StoredOffer
from sealrun.runs.record import State
from sealrun.runs.run import RunStatus
from sealrun.service.problems import problem
from sealrun.workflows.read_receipt import read_evidence
from sealrun.workflows.reserve_price import Payments
from tests.ports.stores import LEDGERS, dynamo
from tests.sealrun.fake_chain import DEPOSIT, account_answer
from tests.sealrun.fakes import FakeLedger
from tests.sealrun.market import SELLER_SITE, SERVICE, Market, body_of, payment_of
from tests.sealrun.world import ACCOUNT, BUSY, BUYER, ORACLE, PRICE, in_mina, make_paid_offer, terms_value

NAME = ACCOUNT.public_key().to_base58()


@pytest.fixture
def market() -> Market:
    return Market()


def ledger_is_untouched(market: Market) -> bool:
    ledger: FakeLedger = market.ledger
    return not (ledger.records or ledger.identifiers or ledger.standings)


def test_a_paid_call_starts_one_run_and_reserves_its_price(market: Market) -> None:
    accepted = market.pay(market.sign(limit=PRICE))
    assert accepted.first
    assert accepted.record.state is State.RUNNING
    assert (market.ledger.standing(NAME).pending, market.ledger.standing(NAME).due) == (PRICE, 0)


def test_a8_an_account_whose_tree_has_no_room_for_another_leaf_takes_no_call(market: Market) -> None:
    """Such a call would run and never become due."""
    running = market.pay(market.sign(limit=PRICE)).record
    before = market.ledger.standings[NAME]
    nearly = replace(before.tree, count=2**DEPTH - RESERVED_LEAVES)
    market.ledger.standings[NAME] = replace(before, tree=nearly)
    with pytest.raises(AccountRefused, match="expected room for one more call") as refused:
        market.pay(market.sign(limit=2 * PRICE, nonce=8))
    assert "PAYMENT-REQUIRED" in problem(refused.value)[1]
    assert market.settle(running.call_hash).state is State.SUCCEEDED


def test_l4_the_answer_says_reserved_and_not_charged(market: Market) -> None:
    accepted = market.pay(market.sign(limit=PRICE))
    said = x402.decoded(accepted.headers["PAYMENT-RESPONSE"])
    assert said == {
        "success": True,
        "transaction": "",
        "network": "mina:devnet",
        "payer": BUYER.public_key().to_base58(),
        "amount": "0",
        "extra": {
            "commitment": str(accepted.record.call_hash),
            "status": "reserved",
            "reserved": str(PRICE),
            "asset": MINA.id,
            "decimals": 9,
            "symbol": "MINA",
            "account": NAME,
        },
    }


def test_a_good_run_is_due_and_a_failed_one_costs_nothing(market: Market) -> None:
    assert market.bought(limit=PRICE).state is State.SUCCEEDED
    market.provider.ends_as = RunStatus.FAILED
    assert market.bought(limit=2 * PRICE, nonce=8).state is State.FAILED
    standing = market.ledger.standing(NAME)
    assert (standing.due, standing.pending) == (PRICE, 0)
    assert [leaf.price_due for leaf in market.ledger.leaves(NAME, range(9))] == [PRICE, 0]


def test_l4_without_payment_the_answer_is_402_with_all_that_a_client_needs(market: Market) -> None:
    with pytest.raises(PaymentRequired, match="expected a payment, got none") as refused:
        market.send(body_of(market.sign(limit=PRICE)), "")
    status, headers, _ = problem(refused.value)
    said = x402.decoded(headers["PAYMENT-REQUIRED"])
    [accepts] = said["accepts"]
    assert (status, said["x402Version"]) == (402, 2)
    assert said["resource"]["url"] == f"https://calls.test/offers/{market.offer.id}/calls"
    assert (accepts["scheme"], accepts["network"], accepts["amount"]) == (
        "batch-settlement",
        "mina:devnet",
        str(PRICE),
    )
    assert accepts["extra"] == {
        "offer": market.offer.id,
        "token": None,
        "decimals": 9,
        "symbol": "MINA",
        "terms": terms_value(),
        "termsHash": f"{market.offer.terms:064x}",
        "verificationKeyHash": "20497",
        "ledger": "https://calls.test/accounts",
    }
    assert "payment-identifier" in said["extensions"]


def test_l2_inputs_that_the_offer_refuses_are_told_in_place_of_a_price(market: Market) -> None:
    body = body_of(market.sign(limit=PRICE, inputs={"layer": "none"}))
    refused: list[Any] = [{"layer": "none"}, {"level": 10}, {"other": 1}, {"layer": {}}, [], "both", None]
    for wrong in refused:
        with pytest.raises(InputsRefused):
            market.send({**body, "inputs": wrong}, "")
    for good in (body_of(market.sign(limit=PRICE)), {}):
        with pytest.raises(PaymentRequired):
            market.send(good, "")
    market.ledger.pause_offer(market.offer.hash, "holidays")
    with pytest.raises(OfferClosed):
        market.send(body, "")


@pytest.mark.parametrize("inputs", [{"layer": "\ud800"}, {"\udfff": "both"}, {"layer": ["a\ud800"]}])
def test_l14_half_a_surrogate_pair_in_an_input_is_refused_by_name(
    market: Market, inputs: dict[str, Any]
) -> None:
    body = json.dumps({"inputs": inputs}).encode()
    with pytest.raises(InputsRefused, match="half a surrogate pair"):
        market.sent(body)


@pytest.mark.parametrize("count", [2**32, 2**63, P - 1])
@pytest.mark.parametrize("name", ["dynamodb", "sqlite", "postgresql"])
def test_l14_an_account_that_names_more_settled_calls_than_one_can_have_is_refused(
    name: str, count: int, tmp_path: Path
) -> None:
    """Whoever opens an account chooses its state."""
    with LEDGERS[name](tmp_path) as ledger:
        market = Market(ledger=ledger)
        market.chain.answer = account_answer(count=count)
        with pytest.raises(AccountRefused, match="receiptsCount"):
            market.pay(market.sign(limit=PRICE))


def test_l3_a_402_stores_nothing(market: Market) -> None:
    calls: list[Any] = [
        lambda: market.send({}, ""),
        lambda: market.send(body_of(market.sign(limit=PRICE)), ""),
        lambda: market.pay(market.sign(limit=PRICE - 1, identifier="payment-0123456789")),
        lambda: market.pay(market.sign(limit=DEPOSIT + 1, identifier="payment-0123456789")),
    ]
    market.chain.answer = account_answer(balance=PRICE - 1)
    for call in calls:
        with pytest.raises(PaymentRequired):
            call()
    assert ledger_is_untouched(market)
    assert market.provider.starts == 0


def test_l1_paid_calls_over_the_table_itself() -> None:
    with mock_aws():
        market = Market(ledger=dynamo())
        assert market.bought(limit=PRICE, nonce=1).state is State.SUCCEEDED
        market.provider.ends_as = RunStatus.FAILED
        assert market.bought(limit=2 * PRICE, nonce=2).state is State.FAILED
        with pytest.raises(PaymentRequired) as refused:
            market.pay(market.sign(limit=PRICE, nonce=3))
        correction = refused.value.required["accepts"][0]["extra"]["correction"]
        assert (correction["due"], correction["pending"]) == (str(PRICE), "0")
        assert correction["voucher"]["limit"] == str(2 * PRICE)
        assert market.ledger.standing(NAME).tree.count == 2


def test_l3_the_same_id_and_call_returns_the_first_answer_with_its_header(market: Market) -> None:
    signed = market.sign(limit=PRICE, identifier="payment-0123456789")
    first, again = market.pay(signed), market.pay(signed)
    assert (first.first, again.first) == (True, False)
    assert first.headers == again.headers
    assert market.ledger.standing(NAME).committed == PRICE
    assert market.provider.starts == 1


def test_l3_the_same_id_with_another_call_is_a_conflict_and_reserves_nothing(market: Market) -> None:
    market.pay(market.sign(limit=PRICE, identifier="payment-0123456789"))
    with pytest.raises(Conflict, match="no other call of this account"):
        market.pay(market.sign(limit=2 * PRICE, nonce=8, identifier="payment-0123456789"))
    assert market.ledger.standing(NAME).committed == PRICE


def test_l4_a_stale_limit_is_corrected_with_the_buyers_own_signature(market: Market) -> None:
    first = market.sign(limit=PRICE)
    market.pay(first)
    with pytest.raises(PaymentRequired, match=f"limit: expected at least {2 * PRICE}") as refused:
        market.pay(market.sign(limit=PRICE, nonce=8))
    correction = refused.value.required["accepts"][0]["extra"]["correction"]
    assert correction == {
        "due": "0",
        "pending": str(PRICE),
        "voucher": {
            "limit": str(PRICE),
            "callHash": str(first.call.hash),
            "signature": first.signature.to_base58(),
        },
    }
    assert market.pay(market.sign(limit=2 * PRICE, nonce=8)).first


def test_l4_nobody_but_the_buyer_gets_a_correction(market: Market) -> None:
    market.pay(market.sign(limit=PRICE))
    stranger = PrivateKey.from_scalar(66)
    with pytest.raises(NotAllowed, match="the key that the account was opened for"):
        market.pay(market.sign(limit=PRICE, nonce=8, buyer=stranger))
    with pytest.raises(PaymentRequired) as refused:
        market.send(body_of(market.sign(limit=PRICE, nonce=8)), "")
    assert "correction" not in refused.value.required["accepts"][0]["extra"]


def test_l1_a_call_that_another_overtook_is_corrected_and_not_claimed() -> None:
    market = Market()
    overtaking = market.sign(limit=PRICE)

    class Overtaken(FakeLedger):
        def claim(self, record: Any, offer: Any, **more: Any) -> bool:
            if not self.records:
                self.records[1] = record
                market.pay(overtaking)
            return super().claim(record, offer, **more)

    market.ledger = Overtaken()
    market.__post_init__()
    with pytest.raises(PaymentRequired, match="limit and funds: expected at least") as refused:
        market.pay(market.sign(limit=PRICE, nonce=8))
    assert refused.value.required["accepts"][0]["extra"]["correction"]["pending"] == str(PRICE)
    assert market.ledger.standing(NAME).committed == PRICE


def test_l10_a_paid_duplicate_that_overlaps_the_claim_is_told_its_state_and_no_402_that_counts_itself() -> (
    None
):
    market = Market()
    signed = market.sign(limit=PRICE)

    class Overtaken(FakeLedger):
        """The same call is claimed between the first look and the look at the account."""

        def standing(self, account: str) -> Any:
            if not self.records:
                self.records[1] = None  # type: ignore[assignment]
                market.pay(signed)
            return super().standing(account)

    market.ledger = Overtaken()
    market.__post_init__()
    again = market.pay(signed)
    assert (again.first, again.record.call_hash) == (False, signed.call.hash)
    assert x402.decoded(again.headers["PAYMENT-RESPONSE"])["extra"]["reserved"] == str(PRICE)
    assert (market.provider.starts, market.ledger.standing(NAME).committed) == (1, PRICE)


@pytest.mark.parametrize("without", ["payment", "funds", "node"])
def test_l10_a_paid_call_that_was_taken_is_never_asked_for_money_again(market: Market, without: str) -> None:
    signed = market.sign(limit=PRICE)
    market.pay(signed)
    market.ledger.close_offer(market.offer.hash, "the tag moved")
    market.clock.passes(120)
    market.chain.answer, market.chain.down = account_answer(balance=0), without == "node"
    again = market.send(body_of(signed), "") if without == "payment" else market.pay(signed)
    assert (again.first, again.record.call_hash) == (False, signed.call.hash)


def test_a1_a_deposit_covers_what_is_committed_and_this_price(market: Market) -> None:
    market.chain.answer = account_answer(balance=2 * PRICE - 1)
    market.pay(market.sign(limit=PRICE))
    market.clock.passes(60)
    with pytest.raises(
        PaymentRequired, match=f"expected funds of at least {2 * PRICE} .* got {2 * PRICE - 1}"
    ):
        market.pay(market.sign(limit=2 * PRICE, nonce=8))


def test_a1_an_account_that_is_not_as_it_must_be_pays_for_nothing(market: Market) -> None:
    market.chain.answer = account_answer(exit_slot=9)
    with pytest.raises(AccountRefused, match=r"state\.exitSlot: expected 0, got 9") as refused:
        market.pay(market.sign(limit=PRICE))
    status, headers, body = problem(refused.value)
    assert (status, "account-refused" in body) == (402, True)
    assert "exitSlot" in x402.decoded(headers["PAYMENT-REQUIRED"])["error"]
    assert ledger_is_untouched(market)


def test_a1_only_the_buyer_of_the_account_pays_with_it(market: Market) -> None:
    with pytest.raises(AccountRefused, match="buyer: expected"):
        market.pay(market.sign(limit=PRICE, buyer=PrivateKey.from_scalar(66)))


def test_a3_terms_of_another_ledger_are_refused(market: Market) -> None:
    other = Market(make_paid_offer(terms=terms_value(ledger="8")))
    with pytest.raises(OfferClosed, match="the ledger of this stack"):
        other.pay(other.sign(limit=PRICE))
    assert Payments(market.chain, SELLER_SITE, ledger=7).payment(market.offer) == market.offer.payment


def test_a4_a_call_for_other_terms_is_not_this_offers_call(market: Market) -> None:
    signed = market.sign(limit=PRICE, terms_hash=5)
    with pytest.raises(Refused, match=r"payload\.callHash: expected"):
        market.pay(signed)


def test_a5_an_exit_shows_at_the_latest_when_the_view_is_a_minute_old(market: Market) -> None:
    market.pay(market.sign(limit=PRICE))
    market.chain.answer = account_answer(exit_slot=700)
    market.clock.passes(59)
    market.pay(market.sign(limit=2 * PRICE, nonce=8))  # the delay of an exit is far longer than this
    market.clock.passes(1)
    with pytest.raises(AccountRefused, match="exitSlot"):
        market.pay(market.sign(limit=3 * PRICE, nonce=9))


def test_a5_a_deposit_counts_at_the_depth_that_the_offer_names() -> None:
    payment = {"depth": 3, "nodes": 1, "failed_per_day": 5}
    market = Market(make_paid_offer(payment=payment))
    with pytest.raises(PaymentRequired, match="3 blocks deep, got 0"):
        market.pay(market.sign(limit=PRICE))
    market.chain.answer = account_answer(height=102)
    market.clock.passes(60)
    with pytest.raises(PaymentRequired, match="3 blocks deep, got 0"):
        market.pay(market.sign(limit=PRICE))
    market.chain.answer = account_answer(height=103)
    market.clock.passes(60)
    assert market.pay(market.sign(limit=PRICE)).first


def test_a5_money_that_lies_deep_counts_while_more_comes_and_shallower_offers_look() -> None:
    """Anybody can put dust into an account with every block (A6)."""
    offers = {
        depth: make_paid_offer(prices=in_mina(1), payment={"depth": depth, "nodes": 1, "failed_per_day": 50})
        for depth in (10, 1)
    }
    market, calls = Market(offers[10]), count(1)
    market.ledger.publish(StoredOffer(offers[1], "", b"", b"", b""))

    def first(depth: int, height: int) -> bool:
        number = next(calls)
        market.offer, market.chain.answer = offers[depth], account_answer(height=height, balance=100 + height)
        market.clock.passes(60)
        return market.pay(market.sign(limit=number, nonce=number)).first

    for depth in (10, 1):
        with pytest.raises(PaymentRequired, match="blocks deep, got 0"):
            first(depth, 100)
    for height in range(120, 125):
        assert first(1, height)
    assert first(10, 125)


def test_l2_a_buyer_who_has_just_topped_up_waits_five_seconds(market: Market) -> None:
    market.chain.answer = account_answer(balance=1)
    with pytest.raises(PaymentRequired):
        market.pay(market.sign(limit=PRICE))
    market.chain.answer = account_answer()
    with pytest.raises(PaymentRequired):
        market.pay(market.sign(limit=PRICE))
    assert market.chain.looks == 1
    market.clock.passes(5)
    assert market.pay(market.sign(limit=PRICE)).first
    assert market.chain.looks == 2


def test_l2_a_stranger_does_not_use_up_a_buyers_look_ups(market: Market) -> None:
    stranger = PrivateKey.from_scalar(66)
    for nonce in range(30):
        market.chain.cached = None  # each in a process of its own
        with pytest.raises(AccountRefused):
            market.pay(market.sign(limit=PRICE, nonce=nonce, buyer=stranger))
    market.chain.cached = None
    with pytest.raises(TooMany, match="fewer calls in a minute"):
        market.pay(market.sign(limit=PRICE, nonce=31, buyer=stranger))
    assert market.pay(market.sign(limit=PRICE)).first


def test_l2_views_that_are_remembered_use_up_no_look_ups() -> None:
    payment = {"depth": 0, "nodes": 1, "failed_per_day": 1000}
    offer = make_paid_offer(prices=in_mina(1), payment=payment, **BUSY)
    market = Market(offer)
    for number in range(1, 50):
        market.throttle = Throttle()
        assert market.pay(market.sign(limit=number, nonce=number)).first
    assert market.chain.looks == 1


def test_l8_without_a_node_nothing_is_claimed_and_running_calls_finish(market: Market) -> None:
    running = market.pay(market.sign(limit=PRICE)).record
    market.chain.down = True
    market.clock.passes(60)
    with pytest.raises(NodeUnavailable):
        market.pay(market.sign(limit=2 * PRICE, nonce=8))
    assert market.settle(running.call_hash).state is State.SUCCEEDED
    assert market.ledger.standing(NAME).due == PRICE


def test_l8_an_offer_that_is_paused_takes_no_call_and_says_why(market: Market) -> None:
    market.ledger.suspend_offer(market.offer.hash, "the node is not synced")
    with pytest.raises(OfferClosed, match="the node is not synced"):
        market.pay(market.sign(limit=PRICE))
    market.ledger.suspend_offer(market.offer.hash, "")
    assert market.pay(market.sign(limit=PRICE)).first


def test_e3_the_oracles_key_buys_nothing(market: Market) -> None:
    with pytest.raises(NotAllowed, match="the oracle's own"):
        market.pay(market.sign(limit=PRICE, buyer=ORACLE))
    with pytest.raises(Refused, match="got the account's"):
        market.pay(market.sign(limit=PRICE, buyer=ACCOUNT))


def test_l5_the_buyer_reads_what_a_paid_call_left_and_the_accounts_own_key_does_not(market: Market) -> None:
    call = market.sign(limit=PRICE).call
    record = market.bought(limit=PRICE)

    def evidence(key: PrivateKey, service: str = f"{SERVICE}/calls/{record.id}") -> dict[str, Any]:
        until = market.clock.now + 60
        headers = sign_read(key, call.network, call.account, call.hash, expires_at=until, service=service)
        right = {"expires_at": str(until), "signature": headers["Sealrun-Signature"]}
        return read_evidence(
            record.id, right, service=SERVICE, ledger=market.ledger, store=market.store, now=market.clock.now
        )

    assert evidence(BUYER)["openings"]
    with pytest.raises(NotAllowed, match="expected the buyer's"):
        evidence(ACCOUNT)
    for elsewhere in (f"http://calls.test/calls/{record.id}", "https://calls.test:444", "https://other.test"):
        with pytest.raises(NotAllowed, match="at this service"):  # C1
            evidence(BUYER, elsewhere)


HEADERS: list[tuple[str, dict[str, Any] | str, str]] = [
    ("base64", "%%%", "expected base64"),
    ("length", "A" * 8193, "expected at most 8192 characters, got 8193"),
    ("JSON", "AAAA", "JSON"),
    ("version", {"x402Version": 1}, "x402Version: expected a whole number from 2 to 2"),
    ("scheme", {"accepted": {"scheme": "exact"}}, "accepted.scheme: expected batch-settlement, got exact"),
    ("network", {"accepted": {"network": "mina:mainnet"}}, "accepted.network"),
    ("amount", {"accepted": {"amount": "1"}}, f"accepted.amount: expected {PRICE}, got 1"),
    ("payTo", {"accepted": {"payTo": NAME}}, "accepted.payTo"),
    ("account", {"payload": {"account": "B62"}}, "payload.account: expected the account of the body"),
    ("call", {"payload": {"callHash": "5"}}, "payload.callHash: expected"),
    ("limit", {"payload": {"limit": str(2**64)}}, "limit: expected at most"),
    ("tip", {"payload": {"tip": 1}}, "payload: expected .* got also tip"),
    ("signature", {"payload": {"signature": "7mX"}}, "signature: "),
    ("identifier", {"extensions": {"payment-identifier": {"info": {"id": "short"}}}}, "identifier: expected"),
]


@pytest.mark.parametrize(("change", "text"), [h[1:] for h in HEADERS], ids=[h[0] for h in HEADERS])
def test_a_payment_that_is_not_this_calls_is_refused(
    market: Market, change: dict[str, Any] | str, text: str
) -> None:
    signed = market.sign(limit=PRICE)
    payment = payment_of(signed, market.offer)
    if isinstance(change, dict):
        for name, value in change.items():
            payment[name] = {**payment.get(name, {}), **value} if isinstance(value, dict) else value
        change = x402.encoded(payment)
    with pytest.raises((Malformed, Refused), match=text):
        market.pay(signed, payment=change)
    assert ledger_is_untouched(market)


def url_safe(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


VARIANTS: dict[str, Callable[[dict[str, Any]], str]] = {
    "as we write it": x402.encoded,
    "without padding": lambda value: x402.encoded(value).rstrip("="),
    "base64url": url_safe,
    "base64url without padding": lambda value: url_safe(value).rstrip("="),
    "a line feed at the end": lambda value: x402.encoded(value) + "\n",
    "other members": lambda value: x402.encoded(
        {**value, "metadata": {}, "resource": None, "extensions": None}
    ),
    "other members of accepted": lambda value: x402.encoded(
        {**value, "accepted": {**value["accepted"], "outputSchema": {}, "extra": None}}
    ),
}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("filler", ["", "a", "ab"])  # so that every number of padding characters comes
def test_l3_a_payment_is_read_as_any_client_may_write_it(market: Market, variant: str, filler: str) -> None:
    signed = market.sign(limit=PRICE)
    payment = {**payment_of(signed, market.offer), "resource": {"url": filler}}
    assert market.pay(signed, payment=VARIANTS[variant](payment)).first


@pytest.mark.parametrize("name", ["buyer", "limit", "signature", "identifier"])
def test_what_belongs_to_the_payment_stands_in_no_body(market: Market, name: str) -> None:
    signed = market.sign(limit=PRICE)
    header = x402.encoded(payment_of(signed, market.offer))
    with pytest.raises(Malformed, match=f"expected {name} in the payment"):
        market.send({**body_of(signed), name: "1"}, header)
