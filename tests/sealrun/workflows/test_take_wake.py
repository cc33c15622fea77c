"""L15: an offer's calls are taken in one place, and what its edge took gets its receipt as any other call."""

from dataclasses import replace
from typing import Any

import pytest

from mina.keys import PrivateKey
from mina.sign import sign_fields
from sealrun.calls.call import SignedCall
from sealrun.calls.ticket import Redemption
from sealrun.calls.wake import wake_fields
from sealrun.encoding.fields import canonical
from sealrun.errors import (
    Conflict,
    Expired,
    InputsRefused,
    Malformed,
    NotAllowed,
    NotFound,
    ProviderUnclear,
    Refused,
    SealrunError,
    TicketUsed,
    TooMany,
)
from sealrun.offers.offer import Offer
from sealrun.runs.record import FIRST_LOOK, Record, State
from sealrun.workflows.take_wake import LATEST_SECONDS, Region, take_wake
from tests.sealrun.calls.test_ticket import AUDIENCE, free_ticket, redemption, send
from tests.sealrun.world import (
    BUYER,
    ORACLE,
    World,
    limits_value,
    make_offer,
    make_paid_offer,
    sign_call,
)

EDGE = PrivateKey.from_scalar(9009)


def edge_offer(**changes: Any) -> Offer:
    return make_offer(**{"edge": EDGE.public_key().to_base58(), **changes})


@pytest.fixture
def world() -> World:
    return World(edge_offer())


def body_of(world: World, request: SignedCall | Redemption, **changes: Any) -> bytes:
    """A wake about a run that the edge has just started."""
    name = "call" if isinstance(request, SignedCall) else "redemption"
    value = {"sealrun": 1, "offer": world.offer.id, "call": None, "redemption": None, name: request.body()}
    now = world.clock.now
    more = {"claimed_at": now, "tried_at": now, "start": "made", "run": 1, "detail": "", "retry_after": 0}
    return canonical({**value, **more, **changes})


def hand_over(world: World, body: bytes, key: PrivateKey = EDGE) -> Record:
    signature = sign_fields(key, wake_fields(world.offer.network, key.public_key(), body)).to_base58()
    region = Region(world.ledger, world.starter, world.clock, AUDIENCE)
    return take_wake(body, signature, region=region)


def start(world: World, call_id: str) -> int:
    """The edge's own start at the provider."""
    return int(world.provider.start(name=call_id, inputs={"layer": "both"}).id)


def test_a_run_that_the_edge_started_gets_its_receipt(world: World) -> None:
    signed = sign_call(world.offer)
    body = body_of(world, signed, run=start(world, signed.call.id))
    taken = hand_over(world, body)
    assert (taken.state, taken.body) == (State.RUNNING, signed.body())
    assert hand_over(world, body) == taken
    assert world.settle(signed.call.hash).state is State.SUCCEEDED
    assert world.provider.starts == 1


def test_a_ticket_that_the_edge_redeemed_is_its_issuers_call_and_used_up(world: World) -> None:
    redeemed = redemption(free_ticket(world.offer), level=3)
    taken = hand_over(world, body_of(world, redeemed, run=start(world, redeemed.call.id)))
    assert taken.holder == BUYER.public_key().to_base58()
    assert world.settle(taken.call_hash).state is State.SUCCEEDED
    other = redemption(free_ticket(world.offer), nonce=2, level=3)
    with pytest.raises(Conflict, match="got another's"):
        hand_over(world, body_of(world, other, run=start(world, other.call.id)))


def test_e4_a_ticket_that_the_edge_redeemed_names_its_call_at_the_region_to_its_holder_alone(
    world: World,
) -> None:
    """There it comes once the edge sells another offer, or is gone."""
    redeemed = redemption(free_ticket(world.offer), level=3)
    taken = hand_over(world, body_of(world, redeemed, run=start(world, redeemed.call.id)))
    again = redemption(free_ticket(world.offer), nonce=2, level=3)
    with pytest.raises(TicketUsed, match=f"used for call {taken.id}") as used:
        send(world, again)
    assert used.value.call == taken.id
    stranger = redemption(free_ticket(world.offer), nonce=3, level=3)
    with pytest.raises(Refused, match="whose edge takes them"):
        send(world, replace(again, proof=stranger.proof))


def test_l15_the_region_takes_no_call_and_no_ticket_of_an_edges_offer(world: World) -> None:
    with pytest.raises(Refused, match="whose edge takes them"):
        world.call()
    with pytest.raises(Refused, match="whose edge takes them"):
        send(world, redemption(free_ticket(world.offer)))
    assert world.provider.starts == 0


@pytest.mark.parametrize(
    ("start_word", "detail", "reason"),
    [
        ("refused", "gitlab answered 403: no", "the provider refused: gitlab answered 403: no"),
        (
            "refused",
            "gitlab answered 400: `name` input: `Ada` cannot be used",
            "the provider refused: gitlab answered 400, in words that may repeat the buyer's inputs",
        ),
    ],
)
def test_a_start_that_was_refused_ends_with_a_receipt(
    world: World, start_word: str, detail: str, reason: str
) -> None:
    signed = sign_call(world.offer)
    taken = hand_over(world, body_of(world, signed, start=start_word, run=0, detail=detail))
    assert taken.ending is not None
    assert taken.ending.reason == reason
    assert world.waker.woken == [taken.call_hash]
    assert world.settle(taken.call_hash).state is State.NEVER_STARTED


def test_r3_an_unclear_start_is_looked_for_by_its_name_and_not_sent_again(world: World) -> None:
    signed = sign_call(world.offer)
    run = start(world, signed.call.id)
    taken = hand_over(world, body_of(world, signed, start="unclear", run=0))
    assert (taken.state, taken.run_id) == (State.TRIGGERING, 0)
    done = world.settle(taken.call_hash)
    assert (done.state, done.run_id, world.provider.starts) == (State.SUCCEEDED, run, 1)


def test_a_run_that_is_over_or_was_found_late_is_looked_at_soon(world: World) -> None:
    """Its delivery may have come before anyone here knew of it."""
    signed = sign_call(world.offer)
    begun = body_of(world, signed, run=start(world, signed.call.id))
    world.clock.passes(2 * FIRST_LOOK)
    late = hand_over(world, begun)
    assert (late.state, late.wake_at) == (State.RUNNING, world.clock.now + FIRST_LOOK)
    world.provider.duration = 0
    signed = sign_call(world.offer, nonce=2)
    over = hand_over(world, body_of(world, signed, run=start(world, signed.call.id)))
    assert (over.state, over.wake_at) == (State.RUNNING, world.clock.now + FIRST_LOOK)


def test_a_provider_that_was_busy_gets_the_start_from_the_region(world: World) -> None:
    taken = hand_over(world, body_of(world, sign_call(world.offer), start="busy", run=0, retry_after=7))
    assert (taken.state, taken.wake_at) == (State.CLAIMED, world.clock.now + 7)
    assert world.settle(taken.call_hash).state is State.SUCCEEDED
    assert world.provider.starts == 1


def test_a_provider_that_cannot_be_asked_now_loses_no_run(world: World) -> None:
    signed = sign_call(world.offer)
    run = start(world, signed.call.id)
    read, world.provider.read = world.provider.read, _unclear
    taken = hand_over(world, body_of(world, signed, run=run))
    world.provider.read = read
    assert taken.state is State.TRIGGERING
    assert world.settle(taken.call_hash).run_id == run


def _unclear(_run: int) -> Any:
    raise ProviderUnclear("gitlab answered 502")


def test_r4_a_run_of_another_commit_is_stopped_and_closes_the_offer(world: World) -> None:
    signed = sign_call(world.offer)
    run = start(world, signed.call.id)
    world.provider.runs[run] = replace(world.provider.runs[run], sha="9" * 40)
    hand_over(world, body_of(world, signed, run=run))
    stored = world.ledger.offer(world.offer.hash)
    assert "commit" in stored.closed


def test_l15_a_run_of_another_call_is_neither_taken_over_nor_stopped(world: World) -> None:
    """Another offer of the project may allow its runs less time than the one whose run a wake names."""
    first, second = sign_call(world.offer), sign_call(world.offer, nonce=8)
    run = start(world, first.call.id)
    hand_over(world, body_of(world, first, run=run))
    world.clock.passes(30)
    assert hand_over(world, body_of(world, second, run=run)).run_id == 0
    assert list(world.ledger.runs.values()) == [first.call.hash]
    assert world.settle(first.call.hash).state is State.SUCCEEDED
    assert world.settle(second.call.hash).run_id != run
    assert run not in world.provider.canceled


def test_l15_an_identifier_that_the_account_used_at_another_offer_leaves_no_run_behind(world: World) -> None:
    """The edge knows the identifiers of its own offer's calls only."""
    elsewhere, name = World(make_offer(title="Another"), ledger=world.ledger), "the-same-identifier"
    elsewhere.call(sign_call(elsewhere.offer, identifier=name))
    signed = sign_call(world.offer, identifier=name)
    taken = hand_over(world, body_of(world, signed, run=start(world, signed.call.id)))
    assert (taken.call_hash, taken.state) == (signed.call.hash, State.RUNNING)


def test_l15_only_the_edge_that_the_offer_names_is_believed(world: World) -> None:
    body = body_of(world, sign_call(world.offer))
    with pytest.raises(NotAllowed, match="that of the offer's edge"):
        hand_over(world, body, key=BUYER)
    other = World(make_offer())
    with pytest.raises(NotAllowed, match="names none"):
        hand_over(other, body_of(other, sign_call(other.offer)))
    region = Region(world.ledger, world.starter, world.clock, AUDIENCE)
    for signature in ("", "7mX"):
        with pytest.raises(NotAllowed):
            take_wake(body, signature, region=region)
    changed = body.replace(b'"run":1', b'"run":2')
    signature = sign_fields(EDGE, wake_fields(world.offer.network, EDGE.public_key(), body)).to_base58()
    with pytest.raises(NotAllowed):
        take_wake(changed, signature, region=region)


def foreign_call(world: World) -> SignedCall:
    return sign_call(world.offer)._replace(signature=sign_call(world.offer, nonce=8).signature)


@pytest.mark.parametrize(
    ("make", "changes", "error"),
    [
        (foreign_call, {}, NotAllowed),
        (lambda w: sign_call(w.offer, buyer=ORACLE), {}, NotAllowed),
        (lambda w: sign_call(w.offer, inputs={"layer": "none"}), {}, InputsRefused),
        (lambda w: sign_call(w.offer, identifier="ticket-" + "0" * 64), {}, Refused),
        (lambda w: sign_call(w.offer, expires_at=w.clock.now - 1), {}, Expired),
        (lambda w: redemption(free_ticket(w.offer, audience="https://other.test")), {}, NotAllowed),
        (lambda _: redemption(free_ticket(edge_offer(title="Another"))), {}, Malformed),
        (lambda w: sign_call(w.offer), {"offer": "0" * 64}, NotFound),
        (lambda w: sign_call(w.offer), {"redemption": {}}, Malformed),
        (lambda w: sign_call(w.offer), {"run": 0}, Malformed),
        (lambda w: sign_call(w.offer), {"start": "unclear"}, Malformed),
        (lambda w: sign_call(w.offer), {"detail": "a\nb"}, Malformed),
        (lambda w: sign_call(w.offer), {"tried_at": 5}, Malformed),
        (lambda w: sign_call(w.offer), {"retry_after": 601}, Malformed),
        (lambda w: sign_call(w.offer), {"tried_at": 1_900_000_000}, Expired),
    ],
)
def test_an_edge_cannot_hand_over_what_the_region_would_refuse(
    world: World, make: Any, changes: dict[str, Any], error: type[SealrunError]
) -> None:
    request = make(world)
    with pytest.raises(error):
        hand_over(world, body_of(world, request, **changes))
    assert world.ledger.record(request.call.hash) is None


def test_a_call_may_be_handed_over_days_later_and_not_for_ever(world: World) -> None:
    signed = sign_call(world.offer)
    body = body_of(world, signed, start="unclear", run=0)
    world.clock.passes(LATEST_SECONDS)
    assert hand_over(world, body).state is State.TRIGGERING
    late = body_of(world, sign_call(world.offer, nonce=9, expires_at=world.clock.now + 60))
    world.clock.passes(LATEST_SECONDS + 1)
    with pytest.raises(Expired):
        hand_over(world, late)


def test_l12_what_runs_at_once_holds_for_the_edge_too() -> None:
    world = World(edge_offer(limits=limits_value(at_once=1)))
    first, second = sign_call(world.offer), sign_call(world.offer, nonce=8)
    body = body_of(world, second, start="unclear", run=0)
    hand_over(world, body_of(world, first, run=start(world, first.call.id)))
    with pytest.raises(TooMany):
        hand_over(world, body)
    world.settle(first.call.hash)
    assert hand_over(world, body).state is State.TRIGGERING


def test_a3_an_offer_that_has_a_price_names_no_edge_and_none_is_its_oracle() -> None:
    with pytest.raises(Malformed, match="expected none for an offer that has a price"):
        make_paid_offer(edge=EDGE.public_key().to_base58())
    with pytest.raises(Malformed, match="got the oracle's"):
        edge_offer(edge=ORACLE.public_key().to_base58())
