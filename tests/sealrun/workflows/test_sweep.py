"""Ten thousand runs are looked at with a few requests for each hundred."""

from collections import Counter
from typing import Any

import pytest

from sealrun.errors import ProviderUnclear
from sealrun.runs.record import GIVE_UP_AFTER, LONGEST_PAUSE, State
from sealrun.workflows.look_at_calls import look_at_calls
from sealrun.workflows.sweep import GROUP, sweep
from tests.sealrun.fakes import FakeLedger
from tests.sealrun.world import BUSY, World, limits_value, make_offer, sign_call

CALLS = 12


class Counts(FakeLedger):
    """Counts what is asked of the ledger."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = Counter[str]()

    def offer(self, offer_hash: int) -> Any:
        self.asked["offer"] += 1
        return super().offer(offer_hash)

    def record(self, call_hash: int) -> Any:
        self.asked["record"] += 1
        return super().record(call_hash)

    def records_of(self, call_hashes: Any) -> Any:
        self.asked["records"] += 1
        return [self.records[each] for each in call_hashes]


@pytest.fixture
def world() -> World:
    """Calls whose runs were seen running; those of every third end later than the others."""
    limits = limits_value(at_once=1000, minutes_per_month=100_000, seconds=3600)
    world = World(make_offer(**{**BUSY, "limits": limits}), ledger=Counts())
    world.provider.duration = 3000
    for nonce in range(CALLS):
        world.call(sign_call(world.offer, nonce=nonce))
    world.clock.passes(200)
    assert set(world.sweep().values()) == {"running"}
    world.provider.calls.clear()
    world.ledger.asked.clear()
    return world


def test_runs_that_did_not_change_cost_one_list_and_the_offer_is_read_once(world: World) -> None:
    world.clock.passes(LONGEST_PAUSE)
    seen = world.sweep()
    assert (len(seen), set(seen.values())) == (CALLS, {"running"})
    assert world.provider.calls == ["changed"]
    assert world.ledger.asked == {"offer": 1, "records": 1}
    for each in world.ledger.records.values():
        assert (each.looked_at, each.lease_until, each.spoiled) == (world.clock.now, 0, 0)
        assert world.clock.now < each.wake_at <= world.clock.now + LONGEST_PAUSE
    assert world.sweep() == {}


def test_a_run_that_changed_is_read_and_collected(world: World) -> None:
    world.clock.passes(LONGEST_PAUSE)
    world.sweep()
    world.provider.cancel(3)
    world.provider.calls.clear()
    world.clock.passes(LONGEST_PAUSE)
    states = Counter(world.sweep().values())
    assert states == {"running": CALLS - 1, "failed": 1}
    assert world.provider.calls.count("changed") == 1
    assert world.provider.calls.count("read") <= 3


def test_what_changed_just_before_the_last_look_is_not_taken_for_unchanged(world: World) -> None:
    """The provider's list may be behind: a change that the last look did not see yet counts at the next."""
    world.clock.passes(LONGEST_PAUSE)
    world.provider.cancel(3)
    changed, world.provider.changed = world.provider.changed, lambda **_: frozenset()
    world.sweep()
    world.provider.changed = changed
    world.clock.passes(LONGEST_PAUSE)
    assert Counter(world.sweep().values())["failed"] == 1


def test_r9_a_run_that_ends_while_another_is_collected_is_not_taken_for_unchanged(world: World) -> None:
    """What was listed before a step of some minutes tells nothing of those minutes."""
    world.clock.passes(LONGEST_PAUSE)
    world.sweep()
    world.provider.cancel(1)

    def collected() -> Any:
        world.clock.passes(10)
        world.provider.cancel(3)
        world.clock.passes(240)
        return project()

    project, world.provider.project = world.provider.project, collected
    world.clock.passes(LONGEST_PAUSE)
    assert Counter(world.sweep().values()) == {"running": CALLS - 1, "failed": 1}
    world.provider.project = project
    for _ in range(2):
        world.clock.passes(LONGEST_PAUSE)
        world.sweep()
    assert Counter(each.state.value for each in world.ledger.records.values())["failed"] == 2


def test_every_run_is_read_where_the_provider_lists_no_changes(world: World) -> None:
    world.provider.lists_changes = False
    world.clock.passes(LONGEST_PAUSE)
    assert set(world.sweep().values()) == {"running"}
    assert world.provider.calls.count("read") == CALLS


def test_every_run_is_read_where_the_list_fails(world: World) -> None:
    def fails(**_: object) -> frozenset[int]:
        raise ProviderUnclear("502")

    world.provider.changed = fails
    world.clock.passes(LONGEST_PAUSE)
    assert set(world.sweep().values()) == {"running"}
    assert world.provider.calls.count("read") == CALLS
    assert len(world.put_off) == 1


def test_l11_a_run_whose_time_is_over_is_stopped_although_it_did_not_change(world: World) -> None:
    world.provider.duration = 10**6
    world.clock.passes(3600)
    world.sweep()
    assert len(world.provider.canceled) == CALLS


def test_a_sweep_hands_groups_of_one_offer_on_and_leaves_them_due(world: World) -> None:
    world.waker.groups = []
    world.clock.passes(LONGEST_PAUSE)
    assert set(sweep(ledger=world.ledger, collector=world.collector, clock=world.clock).values()) == {
        "handed on"
    }
    [group] = world.waker.groups
    assert sorted(group) == sorted(world.ledger.records)
    assert len(group) <= GROUP
    assert world.provider.calls == []
    records = world.ledger.records_of(group)
    for _ in range(2):  # a message may come twice
        look_at_calls([records], ledger=world.ledger, collector=world.collector, clock=world.clock)
        records = world.ledger.records_of(group)
    assert world.provider.calls == ["changed"]


def test_l11_calls_of_an_offer_of_an_older_version_end_after_days_and_wait_for_that_version_until_then(
    world: World,
) -> None:
    world.ledger.older.append(world.ledger.offers.pop(world.offer.hash).offer.hash)
    world.clock.passes(LONGEST_PAUSE)
    assert set(world.sweep().values()) == {"of an older sealrun"}
    assert world.sweep() == {}, "they are not looked at again at once"
    assert {each.state for each in world.ledger.records.values()} == {State.RUNNING}
    world.clock.passes(GIVE_UP_AFTER)
    assert set(world.sweep().values()) == {"failed"}
    for each in world.ledger.records.values():
        assert each.ending is not None
        assert (each.receipt, each.ending.blameless, each.wake_at) == (None, True, 0)
        assert each.ending.reason.startswith("its offer is of an older sealrun")
    world.clock.passes(LONGEST_PAUSE)
    assert world.sweep() == {}


def test_a_call_of_another_services_offer_is_left_to_it(world: World) -> None:
    del world.ledger.offers[world.offer.hash]
    before = dict(world.ledger.records)
    world.clock.passes(2 * GIVE_UP_AFTER)
    assert set(world.sweep().values()) == {"gone"}
    assert world.ledger.records == before


def test_a_call_that_another_function_works_on_is_left_to_it(world: World) -> None:
    world.clock.passes(LONGEST_PAUSE)
    due = world.ledger.unfinished(due_before=world.clock.now, limit=99)
    records = world.ledger.records_of(due)
    world.sweep()
    before = dict(world.ledger.records)
    seen = look_at_calls([records], ledger=world.ledger, collector=world.collector, clock=world.clock)
    assert set(seen.values()) == {"changed meanwhile"}
    assert world.ledger.records == before
    assert all(each.state is State.RUNNING for each in before.values())
