"""L12: quotas count what runs, no buyer takes an offer from the others, and none answers for its seller."""

from typing import Any

import pytest
from moto import mock_aws

from mina.keys import PrivateKey
from sealrun.errors import OfferClosed, SealrunError, TooMany
from sealrun.offers.stored_offer import StoredOffer
from sealrun.receipts.receipt import Outcome
from sealrun.runs.record import Fault, State
from sealrun.runs.run import Job, JobResult, RunStatus
from sealrun.workflows.check_health import check_health
from sealrun.workflows.count_fault import FAULTS_IN_A_ROW, FIRST_REST
from tests.ports.stores import dynamo
from tests.sealrun.fake_chain import account_answer
from tests.sealrun.fakes import FakeLedger, FakeProvider
from tests.sealrun.market import Market
from tests.sealrun.world import (
    BUSY,
    BUYER,
    PRICE,
    World,
    limits_value,
    make_offer,
    make_paid_offer,
    offer_value,
    sign_call,
)


def key(number: int) -> PrivateKey:
    return PrivateKey.from_scalar(7000 + number)


def send(world: World, buyer: PrivateKey, nonce: int, sender: str = "192.0.2.1") -> Any:
    return world.call(sign_call(world.offer, buyer=buyer, nonce=nonce), sender=sender)


def taken(count: int, call: Any) -> int:
    """How many of so many calls were taken."""
    done = 0
    for number in range(count):
        try:
            call(number)
            done += 1
        except TooMany:
            pass
    return done


@pytest.fixture(params=[FakeLedger, dynamo], ids=["fake", "dynamodb"])
def ledger(request: pytest.FixtureRequest) -> Any:
    with mock_aws():
        yield request.param()


def test_l12_one_failed_run_a_day_is_one_run_at_once(ledger: Any) -> None:
    offer = make_paid_offer(payment={"depth": 0, "nodes": 1, "failed_per_day": 1})
    market = Market(offer, ledger=ledger)
    market.provider.ends_as = RunStatus.FAILED
    assert taken(20, lambda n: market.pay(market.sign(limit=20 * PRICE, nonce=n))) == 1
    for call_hash in market.ledger.unfinished(due_before=10**11, limit=9):
        market.settle(call_hash)
    assert taken(20, lambda n: market.pay(market.sign(limit=20 * PRICE, nonce=100 + n))) == 0
    assert market.provider.starts == 1


def test_l12_failing_runs_at_two_offers_of_one_seller_are_one_accounts_failing_runs(ledger: Any) -> None:
    """A stranger floods both offers, which share an account; an honest buyer is taken at both."""
    payment = {"depth": 0, "nodes": 1, "failed_per_day": 1}
    offers = [make_paid_offer(title=title, payment=payment, quota_per_hour=20) for title in ("one", "two")]
    market = Market(offers[0], ledger=ledger)
    market.ledger.publish(StoredOffer(offers[1], "", b"sealed", b"key", b"secret"))
    providers = {offer.hash: FakeProvider(market.clock, offer) for offer in offers}
    market._open_provider = lambda stored: providers[stored.offer.hash]  # type: ignore[method-assign,assignment]
    for provider in providers.values():
        provider.ends_as = RunStatus.FAILED

    def flood(number: int) -> None:
        market.offer = offers[number % 2]
        market.pay(market.sign(limit=20 * PRICE, nonce=number))

    assert taken(30, flood) == 1
    market.chain.answer = account_answer(buyer=key(9).public_key())
    market.chain.answer["account"]["publicKey"] = key(19).public_key().to_base58()
    market.clock.passes(60)
    for number, offer in enumerate(offers, start=1):
        market.offer, providers[offer.hash].ends_as = offer, RunStatus.SUCCEEDED
        keys = {"buyer": key(9), "account": key(19).public_key()}
        assert market.bought(limit=number * PRICE, nonce=number, **keys).state is State.SUCCEEDED


def test_l12_good_runs_make_room_again(ledger: Any) -> None:
    offer = make_paid_offer(payment={"depth": 0, "nodes": 1, "failed_per_day": 1})
    market = Market(offer, ledger=ledger)
    for number in range(1, 4):
        assert market.bought(limit=number * PRICE, nonce=number).state is State.SUCCEEDED


@pytest.mark.parametrize("fresh_keys", [False, True])
def test_l12_one_stranger_does_not_use_up_an_open_offer(ledger: Any, fresh_keys: bool) -> None:  # noqa: FBT001
    world = World(ledger=ledger)
    world.provider.duration = 599
    assert taken(12, lambda n: send(world, key(n) if fresh_keys else key(0), n)) == 5
    assert send(world, BUYER, 1, sender="198.51.100.7").first


def test_l12_one_buyer_is_one_buyer_on_every_network(ledger: Any) -> None:
    world = World(ledger=ledger)
    assert taken(12, lambda n: send(world, key(0), n, sender=f"192.0.2.{n}")) == 5
    assert send(world, BUYER, 1, sender="198.51.100.7").first


def test_l12_one_network_is_one_sender() -> None:
    world = World()
    assert taken(12, lambda n: send(world, key(n), n, sender=f"2001:db8:1:2::{n:x}")) == 5
    assert send(world, BUYER, 1, sender="2001:db8:1:3::1").first


def test_l12_no_more_runs_at_once_than_the_offer_says(ledger: Any) -> None:
    world = World(make_offer(**{**BUSY, "limits": limits_value(at_once=3)}), ledger=ledger)
    assert taken(9, lambda n: send(world, key(n), n, sender=f"192.0.2.{n}")) == 3
    world.clock.passes(90)
    while world.sweep():
        world.clock.passes(15)
    assert taken(9, lambda n: send(world, key(n), 50 + n, sender=f"192.0.2.{n}")) == 3


def test_l12_one_buyer_has_its_share_of_what_runs_at_once(ledger: Any) -> None:
    access = {"open": True, "keys": [], "per_buyer": {"per_hour": 100, "at_once": 2}}
    world = World(make_offer(**{**BUSY, "access": access}), ledger=ledger)
    assert taken(5, lambda n: send(world, key(0), n)) == 2
    assert taken(5, lambda n: send(world, key(1), n, sender="198.51.100.7")) == 2


def test_l12_a_months_minutes_are_kept_and_what_was_not_needed_is_given_back(ledger: Any) -> None:
    limits = limits_value(seconds=600, at_once=1000, minutes_per_month=25)
    access = {"open": True, "keys": [], "per_buyer": {**BUSY["access"]["per_buyer"], "minutes_per_month": 25}}
    world = World(make_offer(**{**BUSY, "limits": limits, "access": access}), ledger=ledger)
    assert taken(9, lambda n: send(world, BUYER, n)) == 2  # of ten minutes each
    world.clock.passes(90)
    while world.sweep():
        world.clock.passes(15)
    assert taken(9, lambda n: send(world, BUYER, 50 + n)) == 2  # the first two took a minute each
    world.clock.passes(32 * 24 * 3600)


FAULTS: dict[str, Any] = {
    "token": lambda provider: setattr(provider, "answers", ["locked"] * 99),
    "quota": lambda provider: _fails_for(provider, "ci_quota_exceeded"),
    "user": lambda provider: _fails_for(provider, "user_blocked"),
}
# The provider's words that this buyer's inputs or the load may be behind, too.
DOUBTS: dict[str, Any] = {
    "refused": lambda provider: setattr(provider, "answers", ["refused"] * 99),
    "no runner": lambda provider: _fails_for(provider, "stuck_or_timeout_failure"),
    "system": lambda provider: _fails_for(provider, "runner_system_failure"),
}


def _fails_for(provider: Any, reason: str) -> None:
    provider.ends_as, provider.duration = RunStatus.FAILED, 1
    provider.jobs = lambda _: [Job(1, "build", "build", "failed", reason, False, False, "")]  # noqa: FBT003


@pytest.mark.parametrize(
    ("source", "jobs", "free"),
    [
        ({}, [{"result": JobResult.CANCELED}, {"result": JobResult.SKIPPED}], True),
        ({}, [], True),
        # A script may end its own run, and GitHub cancels a job at its time limit.
        ({}, [{"result": JobResult.CANCELED, "runner": "GitHub Actions 3"}], False),
        ({}, [{"result": JobResult.CANCELED, "begun": True}], False),
        ({}, [{"result": JobResult.CANCELED}, {"result": JobResult.SUCCEEDED, "runner": "one"}], False),
        ({}, [{"result": JobResult.CANCELED}, {"result": JobResult.ARCHIVE, "has_log": False}], False),
        # Forgejo names no runner, so nobody knows whether one had the job.
        ({"provider": "forgejo", "project": "a/b"}, [{"result": JobResult.CANCELED}], False),
    ],
)
def test_l12_a_run_that_was_canceled_before_a_runner_took_it_is_no_buyers_failed_run(
    source: dict[str, Any], jobs: list[dict[str, Any]], *, free: bool
) -> None:
    """GitHub cancels what it could not hand out: https://github.com/actions/runner/issues/4684."""
    market = Market(make_paid_offer(source={**offer_value()["source"], **source}))
    market.provider.ends_as, market.provider.duration = RunStatus.CANCELED, 1
    listed = [{"runner": "", "status": "canceled", **job} for job in jobs]
    market.provider.listed = [
        Job(id=n, name=f"job {n}", stage="", failure_reason="", retried=False, has_artifacts=False, **job)
        for n, job in enumerate(listed, 1)
    ]
    record = market.settle(market.pay(market.sign(limit=PRICE)).record.call_hash)
    assert record.ending is not None
    assert (record.ending.outcome, record.counts_as_failed) == (Outcome.CANCELED, not free)
    assert record.ending.fault is Fault.NONE  # it says nothing of the offer


def failed_without_blame(market: Market, nonce: int) -> None:
    record = market.settle(market.pay(market.sign(limit=2 * PRICE, nonce=nonce)).record.call_hash)
    assert record.ending is not None
    assert record.ending.blameless


@pytest.mark.parametrize("fault", FAULTS)
def test_l12_what_is_the_sellers_fault_counts_against_nobody_and_suspends_the_offer(
    fault: str, ledger: Any
) -> None:
    offer = make_paid_offer(payment={"depth": 0, "nodes": 1, "failed_per_day": 1}, quota_per_hour=2)
    market = Market(offer, ledger=ledger)
    FAULTS[fault](market.provider)
    for number in range(FAULTS_IN_A_ROW):
        failed_without_blame(market, number)
    with pytest.raises(OfferClosed, match="suspended: 3 runs in a row failed by no buyer's fault"):
        market.pay(market.sign(limit=PRICE, nonce=50))
    stored = market.ledger.offer(market.offer.hash)
    assert (stored.closed, stored.state) == ("", "suspended")

    def health() -> None:
        services: dict[str, Any] = {"payments": market.payments, "clock": market.clock}
        check_health(ledger=market.ledger, open_provider=market._open_provider, **services)

    health()
    with pytest.raises(SealrunError):
        market.pay(market.sign(limit=PRICE, nonce=51))
    market.clock.passes(FIRST_REST)
    health()
    call = market.pay(market.sign(limit=PRICE, nonce=52)).record  # one more is tried
    market.settle(call.call_hash)
    with pytest.raises(OfferClosed, match="4 runs in a row"):
        market.pay(market.sign(limit=PRICE, nonce=53))


@pytest.mark.parametrize("doubt", DOUBTS)
def test_l12_what_may_be_the_sellers_fault_locks_its_buyer_out_for_no_day_and_closes_nothing(
    doubt: str, ledger: Any
) -> None:
    payment = {"depth": 0, "nodes": 1, "failed_per_day": 1}
    market = Market(make_paid_offer(**BUSY, payment=payment), ledger=ledger)
    assert market.bought(limit=PRICE, nonce=99).state is State.SUCCEEDED
    DOUBTS[doubt](market.provider)
    for number in range(2 * FAULTS_IN_A_ROW):
        failed_without_blame(market, number)
    assert market.ledger.offer(market.offer.hash).reason == ""


def test_l12_a_failure_of_the_buyers_ends_the_row() -> None:
    market = Market()
    market.provider.answers = ["locked"] * (FAULTS_IN_A_ROW - 1)
    for number in range(FAULTS_IN_A_ROW - 1):
        market.bought(limit=PRICE, nonce=number)
    assert market.bought(limit=PRICE, nonce=10).state is State.SUCCEEDED
    assert market.ledger.offer(market.offer.hash).faults == 0
