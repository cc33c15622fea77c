"""What a call must be to be taken, in which order it is checked (L2), and that it is taken once."""

from dataclasses import replace
from typing import Any

import pytest

from sealrun.adapters.memory.throttle import Throttle
from sealrun.calls.call import SignedCall
from sealrun.encoding.fields import canonical
from sealrun.errors import (
    Conflict,
    Expired,
    InputsRefused,
    Malformed,
    NotAllowed,
    NotFound,
    OfferClosed,
    Refused,
    SealrunError,
    StoreUnavailable,
    TooMany,
)
from sealrun.offers.offer import Offer
from sealrun.ports.calls import Rate
from sealrun.runs.record import Record, State
from sealrun.workflows.accept_call import REQUESTS_PER_MINUTE
from tests.sealrun.fakes import FakeLedger, Remembers
from tests.sealrun.world import BUSY, BUYER, ORACLE, World, make_offer, sign_call


@pytest.fixture
def world() -> World:
    return World()


def body(world: World, **changes: Any) -> bytes:
    return canonical({**sign_call(world.offer).body(), **changes})


def test_a_signed_call_starts_one_run_and_names_it_at_once(world: World) -> None:
    accepted = world.call()
    assert accepted.first
    assert accepted.record.state is State.RUNNING
    assert accepted.record.run_url == "https://gitlab.example/runs/1"
    assert world.provider.inputs == {"layer": "both"}


def test_the_same_call_twice_answers_with_the_first_state_and_starts_nothing(world: World) -> None:
    first = world.call()
    world.settle(first.record.call_hash)
    again = world.call()
    assert not again.first
    assert again.record.state is State.SUCCEEDED
    assert world.provider.starts == 1


BAD_SIGNATURE = sign_call(make_offer(), nonce=9).body()["signature"]
FAULTS: list[tuple[str, dict[str, Any], type[SealrunError], list[str]]] = [
    ("depth", {"inputs": {"a": [[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}}, Malformed, []),
    ("expiry", {"expires_at": 1_700_000_000}, Expired, ["document", "look"]),
    ("expiry at the beginning of time", {"expires_at": 0}, Expired, ["document", "look"]),
    ("far expiry", {"expires_at": 1_800_086_401}, Expired, []),
    ("closed", {}, OfferClosed, ["document", "look"]),
    ("closed and malformed", {"tip": 1}, OfferClosed, ["document", "look"]),
    ("unknown name", {"tip": 1}, Malformed, ["document", "look"]),
    ("no call", {"nonce": 1}, Malformed, ["document", "offer"]),
    ("rate", {"signature": BAD_SIGNATURE}, TooMany, ["document", "look"]),
    ("signature", {"signature": BAD_SIGNATURE}, NotAllowed, ["document", "look"]),
    ("schema", {"inputs": {"layer": "rm"}}, InputsRefused, ["document", "look"]),
]


@pytest.mark.parametrize(("fault", "changes", "error", "asked"), FAULTS, ids=[fault[0] for fault in FAULTS])
def test_l2_each_check_comes_before_the_dearer_ones(
    fault: str, changes: dict[str, Any], error: type[SealrunError], asked: list[str]
) -> None:
    world = World(ledger=Remembers())
    if fault.startswith("closed"):
        world.ledger.close_offer(world.offer.hash, "the source changed")
    if fault == "rate":
        for _ in range(REQUESTS_PER_MINUTE):
            world.throttle(Rate("192.0.2.1", world.clock.now // 60, REQUESTS_PER_MINUTE))
    sent = body(world, **changes)
    if fault == "schema":  # signed well, so that only the schema is wrong
        sent = canonical(sign_call(world.offer, inputs={"layer": "rm"}).body())
    world.ledger.asked.clear()
    with pytest.raises(error):
        world.call(body=sent)
    assert world.ledger.asked == asked
    assert world.provider.starts == 0


def test_l2_the_table_counts_what_other_processes_let_through() -> None:
    world = World(make_offer(**BUSY))
    for nonce in range(REQUESTS_PER_MINUTE):
        world.throttle = Throttle()
        world.call(sign_call(world.offer, nonce=nonce))
    world.throttle = Throttle()
    with pytest.raises(TooMany, match="fewer in a minute") as refused:
        world.call(sign_call(world.offer, nonce=REQUESTS_PER_MINUTE))
    assert refused.value.retry_after == 60
    assert world.provider.starts == REQUESTS_PER_MINUTE


def test_l2_a_known_call_is_answered_also_when_the_rate_is_used_up(world: World) -> None:
    assert world.call().first
    for _ in range(REQUESTS_PER_MINUTE):
        world.throttle(Rate("192.0.2.1", world.clock.now // 60, REQUESTS_PER_MINUTE))
    assert not world.call().first


@pytest.mark.parametrize("since", ["closed", "suspended", "paused", "quota", "expiry", "signature"])
def test_l10_a_call_that_was_taken_is_answered_whatever_came_since(since: str) -> None:
    world = World(make_offer(quota_per_hour=1))
    first = world.call().record
    sent = body(world)
    if since in ("closed", "suspended", "paused"):
        stored = world.ledger.offers[world.offer.hash]
        world.ledger.offers[world.offer.hash] = replace(stored, **{since: "the tag moved"})
    if since == "expiry":
        world.clock.passes(2 * 24 * 3600)
    if since == "signature":  # a duplicate proves nothing, and is told only what anyone may know
        sent = body(world, signature=BAD_SIGNATURE)
    again = world.call(body=sent)
    assert (again.first, again.record.call_hash, world.provider.starts) == (False, first.call_hash, 1)


@pytest.mark.parametrize("refused_by", ["quota", "rate", "table"])
def test_l10_a_duplicate_that_overlaps_the_claim_is_told_its_state(refused_by: str) -> None:
    world = World(make_offer(quota_per_hour=1))

    class Overtaken(FakeLedger):
        """The same call is claimed by another function just before this one claims it."""

        def claim(self, record: Record, offer: Offer, **more: Any) -> bool:
            if record.call_hash in self.records:
                return super().claim(record, offer, **more)
            super().claim(record, offer, **more)
            if refused_by == "table":
                raise StoreUnavailable("table: expected a claim, got in the way of other calls")
            raise TooMany("calls: expected fewer, got more", retry_after=1)

    world.ledger = Overtaken()
    world.__post_init__()
    again = world.call()
    assert (again.first, again.record.state) == (False, State.TRIGGERING)


def test_l2_size_comes_before_json(world: World) -> None:
    with pytest.raises(Malformed, match="at most 65536 bytes, got 65537"):
        world.call(body=b"[" * 65537)


def test_l3_the_same_identifier_with_another_call_is_a_conflict(world: World) -> None:
    first = sign_call(world.offer, identifier="payment-0123456789")
    other = sign_call(world.offer, identifier="payment-0123456789", nonce=8)
    assert world.call(first).first
    assert not world.call(first).first
    with pytest.raises(Conflict, match="no other call of this account"):
        world.call(other)
    assert world.provider.starts == 1


def test_l3_a_refused_call_stores_no_identifier(world: World) -> None:
    refused = sign_call(world.offer, inputs={"layer": "rm"}, identifier="payment-0123456789")
    with pytest.raises(InputsRefused):
        world.call(refused)
    assert world.call(sign_call(world.offer, identifier="payment-0123456789")).first


def test_l3_two_buyers_may_use_one_identifier(world: World) -> None:
    other = BUYER.from_scalar(1002)
    assert world.call(sign_call(world.offer, identifier="payment-0123456789")).first
    assert world.call(sign_call(world.offer, buyer=other, identifier="payment-0123456789")).first


def test_l6_an_offer_with_an_allow_list_takes_no_other_key() -> None:
    allowed = World(make_offer(access={"open": False, "keys": [BUYER.public_key().to_base58()]}))
    assert allowed.call().first
    other = World(make_offer(access={"open": False, "keys": []}))
    with pytest.raises(NotAllowed, match="a key that the offer allows"):
        other.call()


def test_l6_the_account_is_the_signers_own_key(world: World) -> None:
    sent = body(world, account=BUYER.from_scalar(5).public_key().to_base58())
    with pytest.raises(NotAllowed, match="the account's signature"):
        world.call(body=sent)


def test_l6_an_hours_quota_is_kept_and_starts_anew() -> None:
    world = World(make_offer(**{**BUSY, "quota_per_hour": 2}))
    world.call(sign_call(world.offer, nonce=1))
    world.call(sign_call(world.offer, nonce=2))
    with pytest.raises(TooMany, match="at most 2 an hour"):
        world.call(sign_call(world.offer, nonce=3))
    assert world.provider.starts == 2
    world.clock.passes(3600)
    assert world.call(sign_call(world.offer, nonce=3, expires_at=world.clock.now + 60)).first


def test_l6_an_offer_of_price_0_takes_no_limit(world: World) -> None:
    with pytest.raises(Refused, match="expected 0 for an offer of price 0, got 5"):
        world.call(sign_call(world.offer, limit=5))


def test_l8_a_closed_offer_takes_no_call_and_running_calls_finish(world: World) -> None:
    running = world.call().record
    world.ledger.close_offer(world.offer.hash, "the seller closed it")
    with pytest.raises(OfferClosed, match="the seller closed it"):
        world.call(sign_call(world.offer, nonce=8))
    assert world.settle(running.call_hash).state is State.SUCCEEDED


def test_l8_a_provider_out_of_reach_leaves_the_call_claimed_and_it_goes_on_later(world: World) -> None:
    world.opens = False
    accepted = world.call()
    assert accepted.record.state is State.CLAIMED
    world.opens = True
    assert world.settle(accepted.record.call_hash).state is State.SUCCEEDED


def test_e3_the_oracles_own_key_buys_nothing(world: World) -> None:
    with pytest.raises(NotAllowed, match="the oracle's own"):
        world.call(sign_call(world.offer, buyer=ORACLE))


def test_e3_the_nonce_is_128_bits(world: World) -> None:
    for nonce in ("1", "ab" * 17, "AB" * 16):
        with pytest.raises(Malformed, match="nonce: expected 32 lower-case hex digits"):
            world.call(body=body(world, nonce=nonce))


def test_an_unknown_offer_is_not_found(world: World) -> None:
    world.ledger.offers.clear()
    with pytest.raises(NotFound, match="one that is sold here"):
        world.call()


@pytest.mark.parametrize(
    "missing", ["account", "inputs", "salt", "nonce", "expires_at", "limit", "signature"]
)
def test_a_call_without_one_of_its_names_is_refused_by_that_name(world: World, missing: str) -> None:
    value = sign_call(world.offer).body()
    del value[missing]
    with pytest.raises(Malformed, match=f"expected {missing}, got nothing"):
        world.call(body=canonical(value))


def test_a_signed_call_reads_back_from_its_body(world: World) -> None:
    signed = sign_call(world.offer, identifier="payment-0123456789")
    assert SignedCall.parse(signed.body(), world.offer) == signed
