"""L12: nothing that one stranger sends closes, slows or fills an offer for the others."""

from dataclasses import replace
from typing import Any

import pytest
from moto import mock_aws

from mina.keys import PrivateKey, PublicKey
from sealrun.errors import OfferClosed, ProviderRefused, TooMany
from sealrun.offers.stored_offer import StoredOffer
from sealrun.ports.node import Answer
from sealrun.runs.record import Record, State
from sealrun.workflows.accept_call import Accepted
from sealrun.workflows.count_fault import FIRST_REST
from sealrun.workflows.read_receipt import read_call
from tests.ports.stores import dynamo
from tests.sealrun.fake_chain import FakeChain, account_answer
from tests.sealrun.fakes import FakeLedger, FakeProvider
from tests.sealrun.market import Market
from tests.sealrun.world import (
    BUSY,
    BUYER,
    PRICE,
    World,
    evidence_value,
    in_mina,
    limits_value,
    make_offer,
    make_paid_offer,
    sign_call,
)

STRANGER = PrivateKey.from_scalar(7000)
QUOTES = "gitlab answered 400: `layer` input: `mina` cannot be used because it is not among the options"
WITHHELD = "gitlab answered 400, in words that may repeat the buyer's inputs"
RESTS = "3 runs in a row failed by no buyer's fault"
OPEN: dict[str, Any] = {"open": True, "keys": []}


@pytest.fixture(params=[FakeLedger, dynamo], ids=["fake", "dynamodb"])
def ledger(request: pytest.FixtureRequest) -> Any:
    with mock_aws():
        yield request.param()


class Choosy(FakeProvider):
    """A provider that refuses one input, although the offer's schema takes it."""

    def start(self, *, name: str, inputs: Any) -> Any:
        if inputs.get("layer") == "mina":
            raise ProviderRefused(QUOTES)
        return super().start(name=name, inputs=inputs)


class Locked(FakeProvider):
    """A provider that does not know the offer's token any more."""

    def start(self, *, name: str, inputs: Any) -> Any:
        raise ProviderRefused("gitlab answered 401: 401 Unauthorized", whatever_inputs=True)


def send(
    world: World, buyer: PrivateKey, nonce: int, *, sender: str = "192.0.2.1", layer: str = "both"
) -> Accepted:
    signed = sign_call(world.offer, buyer=buyer, nonce=nonce, inputs={"layer": layer})
    return world.call(signed, sender=sender)


def over(world: World, accepted: Accepted) -> Record:
    return world.settle(accepted.record.call_hash)


def test_l12_an_input_that_the_provider_refuses_rests_no_offer(ledger: Any) -> None:
    world = World(make_offer(**BUSY), ledger=ledger)
    world.provider = Choosy(world.clock, world.offer)
    for number in range(6):
        record = over(world, send(world, STRANGER, number, layer="mina"))
        assert record.state is State.NEVER_STARTED
    assert over(world, send(world, BUYER, 1, sender="198.51.100.7")).state is State.SUCCEEDED


@pytest.mark.parametrize(("inputs", "shown"), [("buyer", WITHHELD), ("public", QUOTES)])
def test_r7_what_a_provider_says_of_private_inputs_is_shown_to_nobody(inputs: str, shown: str) -> None:
    """GitLab and GitHub repeat a value that is none of an input's options."""
    world = World(make_offer(**BUSY, evidence=evidence_value(inputs=inputs)))
    world.provider = Choosy(world.clock, world.offer)
    record = over(world, send(world, BUYER, 1, layer="mina"))
    assert read_call(record.id, ledger=world.ledger)["reason"] == f"the provider refused: {shown}"
    assert record.shown()["reason"] == f"the provider refused: {shown}"
    told = [error.detail for _, error in world.put_off]
    assert told == ([QUOTES] if inputs == "buyer" else []), "the operator's log has the cause (R11)"


def test_l12_a_stranger_with_many_free_keys_rests_no_open_offer() -> None:
    world = World(make_offer(**BUSY))
    world.provider = Choosy(world.clock, world.offer)
    for number in range(6):
        over(world, send(world, PrivateKey.from_scalar(7100 + number), number, layer="mina"))
    assert over(world, send(world, BUYER, 1)).state is State.SUCCEEDED


def test_l12_one_account_that_pays_rests_no_offer_by_its_inputs() -> None:
    market = Market(make_paid_offer(**BUSY))
    assert market.bought(limit=PRICE, nonce=1).state is State.SUCCEEDED
    market.provider.answers = ["refused"] * 5
    for number in range(5):
        assert market.bought(limit=2 * PRICE, nonce=10 + number).state is State.NEVER_STARTED
    assert market.bought(limit=2 * PRICE, nonce=50).state is State.SUCCEEDED


class EachItsOwn(FakeChain):
    """A chain on which every account is open, and belongs to its own key."""

    def look(self, address: PublicKey | None, *_: Any, **__: Any) -> Answer:
        assert address is not None
        answer = account_answer(buyer=BUYERS[address.to_base58()])
        answer["account"]["publicKey"] = address.to_base58()
        return Answer(answer, self.clock.now)


# Whose account is whose.
KEYS = [PrivateKey.from_scalar(7500 + number) for number in range(6)]
ACCOUNTS = [PrivateKey.from_scalar(7600 + number).public_key() for number in range(6)]
BUYERS = {account.to_base58(): key.public_key() for account, key in zip(ACCOUNTS, KEYS, strict=True)}


def test_l12_resting_an_offer_again_costs_as_many_paid_runs_again(ledger: Any) -> None:
    market = Market(make_paid_offer(**BUSY), ledger=ledger)
    market.chain = EachItsOwn(market.clock)
    strangers, honest = range(3), 3
    paid = dict.fromkeys(range(4), 0)

    def buy(number: int, *, refused: bool = False) -> State:
        market.provider.answers = ["refused"] if refused else []
        limit, nonce = PRICE * (paid[number] + 1), market.provider.starts * 10 + number + market.clock.now
        record = market.bought(buyer=KEYS[number], account=ACCOUNTS[number], limit=limit, nonce=nonce)
        paid[number] += record.state is State.SUCCEEDED
        return record.state

    def reason() -> str:
        return str(market.ledger.offer(market.offer.hash).resting)

    for number in strangers:
        assert buy(number) is State.SUCCEEDED
    for number in strangers:
        assert reason() == ""
        assert buy(number, refused=True) is State.NEVER_STARTED
    assert RESTS in reason()
    market.clock.passes(FIRST_REST)
    market.ledger.rest_offer(market.offer.hash, "", until=0)
    for number in strangers:
        assert buy(number, refused=True) is State.NEVER_STARTED
    assert reason() == "", "what was paid before has counted"
    assert buy(honest) is State.SUCCEEDED
    for number in strangers:
        assert buy(number, refused=True) is State.NEVER_STARTED
    assert reason() == "", "nor does it count in another row"
    for number in strangers:
        assert buy(number) is State.SUCCEEDED
    for number in strangers:
        assert buy(number, refused=True) is State.NEVER_STARTED
    assert RESTS in reason()


def test_l12_every_rest_costs_three_prices_also_of_accounts_that_paid_long_before(ledger: Any) -> None:
    market = Market(make_paid_offer(**BUSY), ledger=ledger)
    market.chain = EachItsOwn(market.clock)

    def buy(number: int, *, refused: bool) -> State:
        market.provider.answers = ["refused"] if refused else []
        limit, nonce = PRICE * (1 + refused), market.clock.now + number
        keys = {"buyer": KEYS[number], "account": ACCOUNTS[number]}
        return market.bought(limit=limit, nonce=nonce, **keys).state

    assert [buy(number, refused=False) for number in range(6)] == [State.SUCCEEDED] * 6
    rests = []
    for number in range(6):
        assert buy(number, refused=True) is State.NEVER_STARTED
        stored = market.ledger.offer(market.offer.hash)
        if stored.resting:
            rests.append(number)
            assert stored.rests_until - market.clock.now <= FIRST_REST * len(rests)
            market.ledger.rest_offer(market.offer.hash, "", until=0)
    assert rests == [2, 5]


def test_l12_a_cheap_offer_of_the_same_terms_pays_for_no_rest_of_a_dear_one(ledger: Any) -> None:
    dear, cheap = make_paid_offer(**BUSY), make_paid_offer(title="cheap", prices=in_mina(1000), **BUSY)
    market = Market(dear, ledger=ledger)
    market.ledger.publish(StoredOffer(cheap, "", b"sealed", b"key", b"secret"))
    market.chain = EachItsOwn(market.clock)
    for number in range(3):
        keys = {"buyer": KEYS[number], "account": ACCOUNTS[number]}
        market.offer, market.provider = cheap, FakeProvider(market.clock, cheap)
        assert market.bought(limit=1000, nonce=1, **keys).state is State.SUCCEEDED
        market.offer, market.provider = dear, FakeProvider(market.clock, dear)
        market.provider.answers = ["refused"]
        assert market.bought(limit=1000 + PRICE, nonce=2, **keys).state is State.NEVER_STARTED
    assert market.ledger.offer(dear.hash).resting == ""


def test_l12_after_a_rest_the_same_three_allowed_buyers_rest_an_offer_again_and_no_one_of_them(
    ledger: Any,
) -> None:
    keys = KEYS[:3]
    access = {"open": False, "keys": [key.public_key().to_base58() for key in keys]}
    world = World(make_offer(**{**BUSY, "access": access}), ledger=ledger)
    world.provider.answers = ["refused"] * 9

    def rests_after(number: int) -> bool:
        over(world, send(world, keys[number], world.clock.now))
        rests = bool(world.ledger.offer(world.offer.hash).resting)
        world.ledger.rest_offer(world.offer.hash, "", until=0)
        return rests

    assert [rests_after(number) for number in (0, 1, 2, 0, 0, 1, 0, 2)] == [
        False,
        False,
        True,
        False,
        False,
        False,
        False,
        True,
    ]


def test_l12_a_refusal_that_no_input_explains_rests_the_offer(ledger: Any) -> None:
    world = World(make_offer(**BUSY), ledger=ledger)
    world.provider = Locked(world.clock, world.offer)
    for number in range(3):
        over(world, send(world, STRANGER, number))
    with pytest.raises(OfferClosed, match=RESTS):
        send(world, BUYER, 1)


def test_l12_refusals_of_three_allowed_buyers_rest_the_offer(ledger: Any) -> None:
    keys = [PrivateKey.from_scalar(7200 + number) for number in range(3)]
    access = {"open": False, "keys": [key.public_key().to_base58() for key in (*keys, BUYER)]}
    world = World(make_offer(**{**BUSY, "access": access}), ledger=ledger)
    world.provider.answers = ["refused"] * 5
    for number in range(3):
        over(world, send(world, keys[0], number))
    assert world.ledger.offer(world.offer.hash).reason == "", "one buyer is one witness"
    for number, key in enumerate(keys[1:]):
        over(world, send(world, key, number))
    with pytest.raises(OfferClosed, match=RESTS):
        send(world, BUYER, 1)


def test_l12_a_busy_runner_rests_no_offer() -> None:
    keys = [PrivateKey.from_scalar(7300 + number) for number in range(4)]
    access = {"open": False, "keys": [key.public_key().to_base58() for key in keys]}
    world = World(make_offer(access=access, limits=limits_value(queue_seconds=60)))
    world.provider.queued = 3000
    for number, key in enumerate(keys):
        record = over(world, send(world, key, number))
        assert record.ending is not None
        assert "no runner took the run" in record.ending.reason
    assert world.ledger.offer(world.offer.hash).reason == ""


def test_l12_refused_starts_are_not_free_they_count_in_their_buyers_hour(ledger: Any) -> None:
    world = World(make_offer(), ledger=ledger)  # ten calls an hour, five of one buyer
    world.provider = Choosy(world.clock, world.offer)
    refused = 0
    for number in range(12):
        try:
            send(world, STRANGER, number, layer="mina")
        except TooMany:
            refused += 1
        world.clock.passes(20)
        world.sweep()
    assert refused == 7
    assert over(world, send(world, BUYER, 1, sender="198.51.100.7")).state is State.SUCCEEDED


def test_l12_the_sellers_fault_gives_the_hour_back_to_buyer_network_and_offer(ledger: Any) -> None:
    world = World(make_offer(quota_per_hour=2), ledger=ledger)  # one call of a buyer, one of a network
    world.provider = Locked(world.clock, world.offer)
    over(world, send(world, STRANGER, 1))
    over(world, send(world, STRANGER, 2))
    world.provider = FakeProvider(world.clock, world.offer)
    assert over(world, send(world, STRANGER, 3)).state is State.SUCCEEDED
    assert send(world, BUYER, 4, sender="198.51.100.7").first


def test_l12_a_network_address_is_not_kept_with_a_call_that_is_over(ledger: Any) -> None:
    world = World(ledger=ledger)
    record = send(world, BUYER, 1).record
    assert "192.0.2.1" not in str(record)
    assert len(record.counted) == 2
    assert world.settle(record.call_hash).counted == ()


def test_l12_one_buyer_has_its_share_of_the_months_minutes(ledger: Any) -> None:
    limits = limits_value(seconds=600, at_once=1000, minutes_per_month=60)
    world = World(make_offer(**{**BUSY, "limits": limits, "access": OPEN}), ledger=ledger)
    for number in range(3):  # of ten minutes each
        send(world, STRANGER, number)
    with pytest.raises(TooMany, match="30 minutes a month of this buyer"):
        send(world, STRANGER, 3)
    assert send(world, BUYER, 1, sender="198.51.100.7").first


def test_l12_what_a_run_did_not_need_of_its_buyers_minutes_is_given_back(ledger: Any) -> None:
    access = {
        "open": True,
        "keys": [],
        "per_buyer": {"per_hour": 1000, "at_once": 1000, "minutes_per_month": 12},
    }
    world = World(make_offer(**{**BUSY, "access": access}), ledger=ledger)
    for number in range(3):
        assert over(world, send(world, STRANGER, number)).state is State.SUCCEEDED
    assert world.provider.starts == 3


def test_l12_fresh_keys_of_one_network_fill_neither_an_offers_places_nor_its_month(ledger: Any) -> None:
    limits = limits_value(seconds=600, at_once=4, minutes_per_month=10_000)
    world = World(make_offer(**{**BUSY, "limits": limits, "access": OPEN}), ledger=ledger)
    taken = 0
    for number in range(4):
        try:
            send(world, PrivateKey.from_scalar(7400 + number), number)
            taken += 1
        except TooMany:
            pass
    assert taken == 2
    assert send(world, BUYER, 1, sender="198.51.100.7").first


def test_l12_runs_that_cannot_be_collected_do_not_hold_up_those_of_others(ledger: Any) -> None:
    """Whoever makes the offer's runs leave more than can be collected in time holds one place, not all."""
    world = World(make_offer(**BUSY), ledger=ledger)
    slow = [send(world, STRANGER, number).record for number in range(4)]
    honest = send(world, BUYER, 9, sender="198.51.100.7").record
    world.clock.passes(90)
    for each in slow:
        record = world.ledger.record(each.call_hash)
        assert world.ledger.save(record, replace(record, spoiled=1, version=record.version + 1))
    times = {"now": world.clock.now, "until": world.clock.now + 900}
    assert world.ledger.take_place(world.offer.hash, 1, **times, spoiled=True)  # one such collection goes on
    world.sweep()
    assert world.ledger.record(honest.call_hash).state is State.SUCCEEDED
    assert not [each for each in slow if world.ledger.record(each.call_hash).state.over]
    world.ledger.leave_place(world.offer.hash, 1, until=times["until"])
    world.sweep()
    assert [each for each in slow if world.ledger.record(each.call_hash).state.over]
