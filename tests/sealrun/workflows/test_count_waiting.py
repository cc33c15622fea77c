"""What waits, and what should be over by now."""

from sealrun.workflows.count_waiting import Waiting, count_waiting
from tests.sealrun.world import World


def counted(world: World) -> Waiting:
    return count_waiting(ledger=world.ledger, clock=world.clock)


def test_a_run_waits_until_it_is_over() -> None:
    world = World()
    assert counted(world) == Waiting(runs=0, late=0)
    call = world.call().record.call_hash
    assert counted(world) == Waiting(runs=1, late=0)
    world.settle(call)
    assert counted(world) == Waiting(runs=0, late=0)


def test_a_receipt_is_late_after_start_window_time_limit_and_one_collection() -> None:
    world = World()
    world.call()
    world.clock.passes(900 + world.offer.limits.longest + 960)
    assert counted(world) == Waiting(runs=1, late=0)
    world.clock.passes(1)
    assert counted(world) == Waiting(runs=1, late=1)
