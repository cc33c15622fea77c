"""A run is first looked at late where its provider's deliveries come, and soon where none does."""

from sealrun.runs.record import LONGEST_PAUSE, START_LEASE, Record
from sealrun.workflows.collect_run import NOTED_EVERY
from sealrun.workflows.start_run import DELIVERED_WITHIN
from tests.sealrun.world import World, limits_value, make_offer, sign_call


def call(world: World, nonce: int) -> Record:
    expires_at = world.clock.now + 600
    return world.call(sign_call(world.offer, nonce=nonce, expires_at=expires_at)).record


def delivered(world: World) -> World:
    """One run is over, and its delivery woke the collector at once."""
    record = call(world, 1)
    world.clock.passes(world.provider.duration)
    after = world.sweep_one(record.call_hash)
    assert after is not None
    assert after.state.over
    return world


def noted(world: World) -> int:
    stored = world.ledger.offer(world.offer.hash)
    return 0 if stored is None else stored.delivered_at


def first_look(world: World, nonce: int) -> int:
    return call(world, nonce).wake_at - world.clock.now


def test_without_a_delivery_a_run_is_looked_at_when_a_lost_start_would_have_been() -> None:
    assert first_look(World(), 1) == START_LEASE


def test_where_deliveries_come_the_first_look_is_as_late_as_any_other() -> None:
    world = delivered(World())
    assert noted(world) == world.clock.now
    world.provider.duration = 200
    record = call(world, 2)
    world.clock.passes(200)
    assert world.sweep() == {}
    world.clock.passes(LONGEST_PAUSE - 200)
    assert world.sweep() == {record.call_hash: "succeeded"}


def test_a_run_that_a_sweep_found_over_says_nothing_of_deliveries() -> None:
    world = World()
    record = call(world, 1)
    world.clock.passes(START_LEASE)
    assert world.sweep() == {record.call_hash: "succeeded"}
    late = call(world, 2)
    world.clock.passes(START_LEASE)
    world.sweep_one(late.call_hash)  # due by now, as a sweep that had no time left has it looked at
    assert noted(world) == 0


def test_a_delivery_about_a_run_that_goes_on_is_not_waited_for_again() -> None:
    world = World()
    record = call(world, 1)
    world.sweep_one(record.call_hash)
    assert noted(world) == 0


def test_deliveries_are_noted_now_and_then_and_forgotten_after_a_day_without_one() -> None:
    world = delivered(World())
    first = noted(world)
    world.clock.passes(NOTED_EVERY // 2)
    second = call(world, 2)
    world.clock.passes(world.provider.duration)
    world.sweep_one(second.call_hash)
    assert noted(world) == first
    world.clock.passes(first + DELIVERED_WITHIN - world.clock.now)
    assert first_look(world, 3) == START_LEASE


def test_l11_a_run_whose_time_may_be_over_before_is_looked_at_then() -> None:
    for name in ("seconds", "queue_seconds"):
        world = delivered(World(offer=make_offer(limits=limits_value(**{name: 120}))))
        assert first_look(world, 2) == 120
