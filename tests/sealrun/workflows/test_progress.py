"""How a run's jobs stand while it goes on: what looks that are made anyway see, and nobody else asks for."""

from dataclasses import replace
from typing import Any

import pytest

from sealrun.errors import ProviderBusy
from sealrun.runs.record import MAX_JOB_NAME, MAX_JOBS, START_LEASE, State
from sealrun.runs.run import Job, JobResult
from sealrun.runs.stored_record import read_record, record_text
from sealrun.workflows.look_at_calls import LIST_FROM
from sealrun.workflows.read_receipt import read_call
from tests.sealrun.world import BUSY, World, make_offer, sign_call


def job(name: str, result: JobResult = JobResult.UNFINISHED, *, runs: bool = False) -> Job:
    return Job(1, name, "", "a word", "", False, False, "", result=result, runs=runs)  # noqa: FBT003


@pytest.fixture
def world() -> World:
    """A run that goes on, seen once."""
    made = World()
    made.provider.duration = 3000
    made.provider.listed = [
        job("build", JobResult.SUCCEEDED),
        job("test", runs=True),
        job("deploy"),
    ]
    made.call()
    made.clock.passes(START_LEASE)
    made.sweep()
    return made


def shown(world: World) -> Any:
    [record] = world.ledger.records.values()
    return read_call(record.id, ledger=world.ledger)["progress"]


def test_a_call_shows_how_its_jobs_stand_while_its_run_goes_on(world: World) -> None:
    assert shown(world) == {
        "at": world.clock.now,
        "jobs": [
            {"name": "build", "state": "succeeded"},
            {"name": "test", "state": "running"},
            {"name": "deploy", "state": "waiting"},
        ],
        "more": 0,
    }
    [record] = world.ledger.records.values()
    assert read_record(record_text(record)) == record


def test_once_the_run_is_over_the_receipt_tells_of_the_jobs(world: World) -> None:
    [call] = world.ledger.records
    world.provider.listed = None
    world.clock.passes(3000)
    record = world.settle(call)
    assert record.state is State.SUCCEEDED
    assert record.progress is None
    assert shown(world) is None


def test_before_a_run_is_seen_running_nothing_is_said_of_its_jobs() -> None:
    world = World()
    world.provider.queued = 1000
    world.call()
    world.clock.passes(START_LEASE)
    world.sweep()
    assert shown(world) is None
    assert "jobs now" not in world.provider.calls


def test_l14_many_jobs_and_long_names_are_cut(world: World) -> None:
    world.provider.listed = [job(f"{number} " + "x" * 200) for number in range(100)]
    world.clock.passes(START_LEASE)
    world.sweep()
    found = shown(world)
    assert len(found["jobs"]) == MAX_JOBS
    assert found["more"] == 100 - MAX_JOBS
    assert {len(each["name"]) for each in found["jobs"]} == {MAX_JOB_NAME}


def test_a_provider_that_does_not_list_the_jobs_costs_the_look_nothing(world: World) -> None:
    def busy(_run: int) -> list[Job]:
        raise ProviderBusy("429", retry_after=7)

    before, world.provider.jobs_now = shown(world), busy
    world.clock.passes(START_LEASE)
    world.sweep()
    [record] = world.ledger.records.values()
    assert (record.state, record.looked_at) == (State.RUNNING, world.clock.now)
    assert shown(world) == before
    assert world.put_off == []


def test_l2_nobodys_look_at_a_call_asks_the_provider(world: World) -> None:
    asked = list(world.provider.calls)
    for _ in range(10):
        shown(world)
    assert world.provider.calls == asked


def test_of_many_runs_at_once_no_jobs_are_listed() -> None:
    world = World(make_offer(**BUSY))
    world.provider.duration = 3000
    for nonce in range(LIST_FROM):
        world.call(sign_call(world.offer, nonce=nonce), sender=f"192.0.2.{nonce}")
    world.clock.passes(START_LEASE)
    world.sweep()
    assert {each.state for each in world.ledger.records.values()} == {State.RUNNING}
    assert "jobs now" not in world.provider.calls
    first = next(iter(world.ledger.records))
    world.ledger.records[first] = replace(world.ledger.records[first], wake_at=world.clock.now)
    world.sweep()
    assert world.provider.calls.count("jobs now") == 1, "one alone has them listed"
