"""L13: a difference that may pass suspends an offer, and only another commit or another file closes it."""

from dataclasses import replace
from typing import Any

import pytest

from sealrun.runs.record import State
from sealrun.runs.run import Run
from sealrun.workflows.check_health import check_health
from tests.sealrun.fakes import FakeProvider
from tests.sealrun.world import World


class Differs(FakeProvider):
    """Its runs differ from what is asked for."""

    changes: Any = None

    def _create(self, name: str, *, delay: int = 0) -> Run:
        run = super()._create(name, delay=delay)
        self.runs[run.id] = replace(self.runs[run.id], **self.changes(run))
        return self.runs[run.id]


def world_with(changes: Any) -> World:
    world = World()
    world.provider = Differs(world.clock, world.offer)
    world.provider.changes = changes
    return world


@pytest.mark.parametrize("behind", [60, 119, 121, 180, 86_400])
def test_l13_a_clock_that_is_behind_suspends_and_the_call_is_served(behind: int) -> None:
    world = world_with(lambda run: {"created_at": run.created_at - behind})
    record = world.call().record
    stored = world.ledger.offer(world.offer.hash)
    assert stored.closed == ""
    assert ("clock" in stored.suspended) == (behind > 120)
    world.provider.runs[1] = replace(world.provider.runs[1], created_at=world.clock.now)
    assert world.settle(record.call_hash).state is State.SUCCEEDED
    check_health(ledger=world.ledger, open_provider=world._open_provider, payments=None, clock=world.clock)
    assert world.ledger.offer(world.offer.hash).state == "open"


@pytest.mark.parametrize("change", [{"user": 8}, {"ref": "refs/heads/v1.0.0"}, {"source": "push"}], ids=str)
def test_l13_another_account_or_ref_is_stopped_unpaid_and_only_suspends(change: dict[str, Any]) -> None:
    world = world_with(lambda _: change)
    record = world.settle(world.call().record.call_hash)
    stored = world.ledger.offer(world.offer.hash)
    assert (record.state, stored.closed, stored.state) == (State.FAILED, "", "suspended")
    assert list(world.provider.canceled) == [1]


def test_l13_another_commit_closes_for_ever() -> None:
    world = world_with(lambda _: {"sha": "2e" * 20})
    world.settle(world.call().record.call_hash)
    assert world.ledger.offer(world.offer.hash).state == "closed"


@pytest.mark.parametrize("spelling", [".gitlab-ci.yml", "./.gitlab-ci.yml", "/.gitlab-ci.yml", ""])
@pytest.mark.parametrize("head", ["", "1F" * 20, "1f" * 20])
def test_l13_a_missing_answer_suspends_and_another_spelling_is_the_same(spelling: str, head: str) -> None:
    world = World()
    world.provider.configuration, world.provider.tag = spelling, head
    check_health(ledger=world.ledger, open_provider=world._open_provider, payments=None, clock=world.clock)
    assert world.ledger.offer(world.offer.hash).state == ("open" if head else "suspended")
