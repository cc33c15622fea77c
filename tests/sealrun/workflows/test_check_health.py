"""L8: an offer that cannot run, or cannot be paid, takes no call and says why."""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from mina.keys import PublicKey
from sealrun.chain.account import Pinned
from sealrun.errors import NodeUnavailable, OfferClosed, SealrunError
from sealrun.offers.stored_offer import StoredOffer
from sealrun.offers.terms import Terms
from sealrun.ports.node import Answer
from sealrun.runs.record import State
from sealrun.service.problems import problem
from sealrun.service.views import offer_view, public_view
from sealrun.workflows.check_health import OFFER_SECONDS, Health, check_health
from sealrun.workflows.publish_offer import UNSEEN_PRICES
from sealrun.workflows.read_contract import OfferContracts
from tests.sealrun.fake_chain import (
    PINNED_OFFER,
    TERMS,
    FakeChain,
    account_answer,
    contract_answer,
    token_answer,
)
from tests.sealrun.fakes import FakeProvider
from tests.sealrun.gateway import load
from tests.sealrun.market import Market
from tests.sealrun.offers.test_prices import both, credit
from tests.sealrun.world import (
    PRICE,
    World,
    evidence_value,
    make_chain_offer,
    make_offer,
    make_paid_offer,
    sign_call,
    terms_value,
)


def checked(world: World, *, pinned: Pinned | None = PINNED_OFFER) -> Health:
    market = world if isinstance(world, Market) else None
    found = check_health(
        ledger=world.ledger,
        open_provider=world._open_provider,
        payments=market.payments if market else None,
        clock=world.clock,
        contracts=OfferContracts(market.chain, pinned) if market and pinned else None,
    )
    return found[world.offer.id]


@pytest.mark.parametrize("world", [World(), Market()], ids=["free", "paid"])
def test_l8_an_offer_that_is_as_it_was_stays_open(world: World) -> None:
    assert checked(world) == Health(shows_runs=False)
    assert world.ledger.offer(world.offer.hash).suspended == ""


def slot(seconds: int) -> dict[str, Any]:
    answer = account_answer()
    answer["daemonStatus"]["consensusConfiguration"]["slotDuration"] = seconds * 1000
    return answer


TROUBLE: dict[str, tuple[Callable[[Market], object], str]] = {
    "token": (lambda m: setattr(m.provider, "token_refused", True), "401 Unauthorized"),
    "provider": (lambda m: setattr(m.provider, "down", True), "the provider does not show it: 502"),
    "credential": (lambda m: setattr(m, "opens", False), "key service: down"),
    "node": (lambda m: setattr(m.chain, "down", True), "node: expected an answer, got none"),
    "sync": (lambda m: m.chain.answer.update(syncStatus="BOOTSTRAP"), "syncStatus SYNCED, got BOOTSTRAP"),
    "seller": (lambda m: m.chain.answer.update(seller=None), "seller: expected the account"),
    "operator": (lambda m: m.chain.answer.update(operator=None), "operator: expected the account"),
    "slots": (lambda m: setattr(m.chain, "answer", slot(20)), "an exit delay of at least"),
}


@pytest.mark.parametrize("trouble", TROUBLE)
def test_l8_an_offer_in_trouble_is_paused_with_the_reason_until_it_is_over(trouble: str) -> None:
    market = Market()
    running = market.pay(market.sign(limit=PRICE)).record
    change, text = TROUBLE[trouble]
    change(market)
    market.clock.passes(60)
    assert text in checked(market).suspended
    with pytest.raises(OfferClosed, match="suspended: ") as refused:
        market.pay(market.sign(limit=2 * PRICE, nonce=8))
    status, _, body = problem(refused.value)
    assert (status, text in body) == (503, True)

    market.provider.token_refused = market.provider.down = market.chain.down = False
    market.opens, market.chain.answer = True, account_answer()
    market.clock.passes(60)
    assert checked(market) == Health(shows_runs=False)
    assert market.pay(market.sign(limit=2 * PRICE, nonce=8)).first
    assert market.settle(running.call_hash).state is State.SUCCEEDED


def test_l8_l11_a_fault_over_one_offer_suspends_it_alone_and_is_told() -> None:
    offers = [make_offer(title=f"offer {number}") for number in range(6)]
    world = World(offers[0])
    for offer in offers[1:]:
        world.ledger.publish(StoredOffer(offer, "", b"", b"", b""))
        world.ledger.suspend_offer(offer.hash, "the node was out of reach for a moment")

    def opened(stored: StoredOffer) -> FakeProvider:
        if stored.offer.hash == offers[0].hash:
            raise RecursionError
        return FakeProvider(world.clock, stored.offer)

    with pytest.raises(RecursionError):
        check_health(ledger=world.ledger, open_provider=opened, payments=None, clock=world.clock)
    assert "a fault of the service" in world.ledger.offer(offers[0].hash).suspended
    assert not any(world.ledger.offer(offer.hash).suspended for offer in offers[1:])


def test_r4_a_source_that_changed_closes_the_offer_for_ever() -> None:
    market = Market()
    market.provider.tag = "2f" * 20
    assert checked(market).closed.startswith("source: expected refs/tags/v1.0.0 at 1f1f")
    market.provider.tag = None
    assert (
        check_health(
            ledger=market.ledger,
            open_provider=market._open_provider,
            payments=market.payments,
            clock=market.clock,
        )
        == {}
    )
    with pytest.raises(SealrunError, match="closed: source: expected"):
        market.pay(market.sign(limit=PRICE))


def chain_market(**changes: Any) -> Market:
    """A market whose offer has a contract, told of with changes."""
    market = Market(make_chain_offer())
    market.chain.answer = contract_answer(market.offer, b"document", **changes)
    return market


def test_l8_an_offer_whose_contract_is_its_own_and_open_stays_open() -> None:
    assert checked(chain_market()) == Health(shows_runs=False)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"closed": 1}, "contract: expected state.closed 0, got 1: the seller closed the offer"),
        ({"zkappState": ["1"] * 8}, "contract: expected state.offerHash "),
    ],
)
def test_l8_a_contract_that_is_closed_or_anothers_closes_the_offer_for_ever(
    changes: dict[str, Any], text: str
) -> None:
    market = chain_market(**changes)
    assert text in checked(market).closed
    assert text in market.ledger.offer(market.offer.hash).closed
    with pytest.raises(OfferClosed, match="closed: contract"):
        market.pay(market.sign(limit=PRICE))


def test_l8_a_contract_out_of_reach_pauses_the_offer() -> None:
    market = chain_market()
    assert "expected a stack that pins the code" in checked(market, pinned=None).suspended
    market.chain.down = True
    assert checked(market).suspended == "node: expected an answer, got none"
    market.chain.down = False
    good, market.chain.answer = market.chain.answer, {**account_answer(), "account": None}
    assert "to exist, got none" in checked(market).suspended
    market.clock.passes(60)
    market.chain.answer = {**good, "account": {**good["account"], "verificationKey": {"hash": "1"}}}
    assert "verificationKey.hash: expected 25869, got 1" in checked(market).suspended
    market.clock.passes(60)
    market.chain.answer = good
    assert checked(market) == Health(shows_runs=False)
    assert market.ledger.offer(market.offer.hash).suspended == ""


def test_a3_an_offer_of_another_ledger_is_paused() -> None:
    market = Market(make_paid_offer(terms=terms_value(ledger="8")))
    assert "the ledger of this stack" in checked(market).suspended


def test_l8_a_stack_without_a_chain_pauses_only_what_has_a_price() -> None:
    market = Market()
    market.ledger.publish(World(make_offer()).ledger.offer(make_offer().hash))
    found = check_health(
        ledger=market.ledger, open_provider=market._open_provider, payments=None, clock=market.clock
    )
    assert found[market.offer.id].suspended == "this stack sells for nothing only"
    assert found[make_offer().id] == Health(shows_runs=False)


def test_the_handler_counts_what_is_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    market = Market()
    module = load("health", market, monkeypatch, open_provider=market._open_provider)
    assert module.handler({}, None) == {"checked": 1, "fine": 1}
    market.chain.down = True
    market.clock.passes(60)
    assert module.handler({}, None) == {"checked": 1, "fine": 0}


def test_r4_an_offer_closes_when_its_project_is_set_to_run_another_file() -> None:
    world = World()
    world.provider.configuration = "other.yml@seller/elsewhere"
    health = checked(world)
    assert "set to run other.yml@seller/elsewhere, the offer names .gitlab-ci.yml" in health.closed
    assert world.ledger.offer(world.offer.hash).closed == health.closed


def test_r7_private_inputs_need_a_private_project() -> None:
    world = World()
    world.provider.private = False
    assert "expected a private one" in checked(world).suspended
    shown = World(make_offer(evidence=evidence_value(inputs="public")))
    shown.provider.private = False
    assert not checked(shown).suspended


def test_l11_one_request_of_a_slow_provider_takes_no_longer_than_its_offers_time() -> None:
    """A request that drips may take 45 s and is asked again, which is more than the function has for all."""
    world, bounds = World(), list[float]()

    @contextmanager
    def bounded(seconds: float) -> Iterator[None]:
        bounds.append(seconds)
        yield
        bounds.append(0)

    asked = world.provider.head

    def head() -> Any:
        assert bounds == [OFFER_SECONDS]
        return asked()

    world.provider.head = head
    services: dict[str, Any] = {"open_provider": world._open_provider, "payments": None}
    checked = check_health(ledger=world.ledger, clock=world.clock, bounded=bounded, **services)
    assert checked == {world.offer.id: Health(shows_runs=False)}
    assert bounds == [OFFER_SECONDS, 0]


def test_buyers_are_told_whether_anyone_may_open_the_page_of_a_run() -> None:
    world = World(make_offer(evidence=evidence_value(inputs="public")))
    assert offer_view(world.ledger.offer(world.offer.hash))["runs_public"] is False, "not looked at yet"
    for private in (False, True):
        world.provider.private = private
        checked(world)
        assert offer_view(world.ledger.offer(world.offer.hash))["runs_public"] is not private
        record = world.call(sign_call(world.offer, nonce=int(private))).record
        assert public_view(record)["run"]["public"] is not private


TOKEN = str(credit()["asset"])


class EachAsset(FakeChain):
    """Answers by the asset of the terms."""

    def look(self, address: PublicKey | None, terms: Terms, **how: Any) -> Answer:
        answer = copy.deepcopy(self.answer)
        for name in ("seller", "operator"):
            answer[name]["token"] = terms.asset.id
        return Answer(answer, self.clock.now)


def of_both_assets(**changes: Any) -> Market:
    market = Market(make_paid_offer(prices=both()))
    market.chain = EachAsset(market.clock, account_answer(terms=TERMS) | {"token": token_answer(**changes)})
    market.ledger.suspend_offer(market.offer.hash, UNSEEN_PRICES)
    return market


def test_a15_an_offer_in_a_token_opens_once_all_of_the_token_was_added_up() -> None:
    market = of_both_assets()
    market.chain.circulating = 2
    assert checked(market).dropped == {TOKEN: "token.accounts: sum: expected 2, got 3"}
    market.chain.circulating = 3
    assert checked(market).suspended == ""
    assert market.chain.supplies == 2
    assert checked(market).suspended == ""
    assert market.chain.supplies == 2


def test_l8_a15_a_token_that_is_paused_leaves_an_offer_open_that_has_another_price() -> None:
    market = of_both_assets(paused=1)
    assert checked(market) == Health(
        dropped={TOKEN: "token: expected one that moves, got RUN, which is paused"}, shows_runs=False
    )
    alone = Market(make_paid_offer(prices=[credit()]))
    alone.chain = EachAsset(alone.clock, market.chain.answer)
    assert checked(alone).suspended == "token: expected one that moves, got RUN, which is paused"


def test_a15_a_node_that_does_not_tell_all_accounts_keeps_a_new_offers_token_unsold() -> None:
    market = of_both_assets()
    market.chain.supply = no_answer
    assert checked(market).dropped == {TOKEN: "node: expected all accounts, got none"}


def no_answer(*_asset: object, **_nodes: object) -> None:
    raise NodeUnavailable("node: expected all accounts, got none")
