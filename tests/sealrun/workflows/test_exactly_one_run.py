"""Exactly one accepted run and one receipt per call, wherever a function dies (R3)."""

import contextlib
from collections.abc import Callable
from typing import Any

import pytest

from sealrun.errors import ProviderUnclear
from sealrun.runs.judge import foreign
from sealrun.runs.record import COLLECT_LEASE, UNREACHABLE_AFTER, State, looking
from tests.sealrun.market import Market
from tests.sealrun.world import PRICE, World, sign_call

PORTS = ("ledger", "provider", "store", "oracle", "waker")
ANSWERS = ("ok", "lost", "late", "doubled", "nothing", "busy")


class Stopped(BaseException):
    """The function died here."""


class Stops:
    """Wraps the ports and dies at one chosen call, before or after it took effect."""

    def __init__(self, at: int, when: str) -> None:
        self.at, self.when, self.count, self.stopped = at, when, 0, False

    def wrap(self, port: Any) -> Any:
        stops = self

        class Wrapped:
            def __getattr__(self, name: str) -> Any:
                value = getattr(port, name)
                return stops.guard(value) if callable(value) else value

        return Wrapped()

    def guard(self, method: Any) -> Any:
        def guarded(*args: Any, **kwargs: Any) -> Any:
            self.count += 1
            dies = self.count == self.at and not self.stopped
            if dies and self.when == "before":
                self.stopped = True
                raise Stopped
            try:
                return method(*args, **kwargs)
            finally:
                if dies:  # also when the answer is an error
                    self.stopped = True
                    raise Stopped

        return guarded


def story(answer: str, at: int, when: str) -> tuple[World, Stops]:
    """One call, sent again by its buyer until it is taken, then sweeps; one port call is deadly."""
    world = World()
    world.provider.answers = [answer]
    stops, ledger = Stops(at, when), world.ledger
    fakes = {name: getattr(world, name) for name in PORTS}
    for name, fake in fakes.items():
        setattr(world, name, stops.wrap(fake))
    signed = sign_call(world.offer)
    while ledger.record(signed.call.hash) is None:
        with contextlib.suppress(Stopped):
            world.call(signed)
    for _ in range(400):
        world.clock.passes(15)
        with contextlib.suppress(Stopped):
            world.sweep()
        if ledger.record(signed.call.hash).state.over:
            break
    for name, fake in fakes.items():
        setattr(world, name, fake)
    return world, stops


def check(world: World, where: str) -> None:
    """One accepted run, one receipt, and every other run stopped."""
    (record,) = world.ledger.records.values()
    assert record.state is State.SUCCEEDED, (where, record)
    assert len({tuple(fields) for fields in world.oracle.signed}) == 1, where
    ours = [run for run in world.provider.runs.values() if not foreign(run, record, world.offer)]
    assert record.run_id in {run.id for run in ours}, where
    assert world.provider.finished() == [record.run_id], where
    assert list(world.ledger.runs.values()) == [record.call_hash], where


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("answer", ANSWERS)
def test_r3_a_function_that_dies_at_any_port_call_leaves_one_run_and_one_receipt(
    answer: str, when: str
) -> None:
    at, stops = 0, None
    while stops is None or stops.stopped:
        at += 1
        world, stops = story(answer, at, when)
        check(world, f"{answer}, died {when} port call {at}")
    assert at > 20, "expected the story to have more port calls than that"


def test_r3_a_run_that_was_already_over_when_it_was_found_counts() -> None:
    world = World()
    world.provider.answers = ["lost"]
    world.provider.duration = 1
    record = world.settle(world.call().record.call_hash)
    assert record.state is State.SUCCEEDED
    assert world.provider.starts == 1


@pytest.mark.parametrize("seconds", [89, 130])
@pytest.mark.parametrize("answer", ["ok", "late"])
def test_r3_a_start_whose_credential_was_long_in_coming_is_not_sent_while_others_look_for_its_run(
    answer: str, seconds: int
) -> None:
    """The collector lives for 15 minutes; a key service or an archive may take one of them to answer."""
    world, slow = World(), [seconds]
    world.provider.answers = ["busy", answer]
    record = world.call().record
    opened = world._open_provider

    def open_provider(_stored: Any) -> Any:
        end = world.clock.now + (slow.pop() if slow else 0)
        while world.clock.now < end:
            world.clock.passes(1)
            world.sweep()
        return opened(_stored)

    world._open_provider = open_provider  # type: ignore[method-assign]
    world.clock.passes(10)
    assert world.settle(record.call_hash, every=1).state is State.SUCCEEDED
    assert len(world.provider.runs) == 1


def test_a_call_that_cannot_be_read_keeps_no_other_from_its_receipt() -> None:
    world = World()
    broken, sound = (world.call(sign_call(world.offer, nonce=nonce)).record for nonce in (1, 2))
    read = world.ledger.record

    def record(call_hash: int) -> Any:
        if call_hash == broken.call_hash:
            raise TypeError("written by a later version")
        return read(call_hash)

    world.ledger.record = record
    world.clock.passes(90)
    with pytest.raises(TypeError, match="later version"):
        world.sweep()
    assert read(sound.call_hash).state is State.SUCCEEDED


def slept_while_another_ended_it(wakes: Callable[[Market], None]) -> tuple[Market, int]:
    """A paid call, whose collector slept past its lease before it had the jobs; and what it met on waking."""
    market = Market()
    call_hash = market.pay(market.sign(limit=PRICE)).record.call_hash
    jobs = market.provider.jobs

    def slept(run_id: int) -> Any:
        market.provider.jobs = jobs
        market.clock.passes(COLLECT_LEASE)
        market.settle(call_hash)
        wakes(market)
        return jobs(run_id)

    market.provider.jobs = slept
    market.clock.passes(60)
    market.sweep_one(call_hash)
    return market, call_hash


def test_r3_a_collector_that_slept_while_another_ended_its_call_leaves_the_one_receipt() -> None:
    """As on a machine that was suspended: its connection is lost when it wakes."""

    def lost(market: Market) -> None:
        market.clock.passes(UNREACHABLE_AFTER)
        raise ProviderUnclear("connection lost")

    market, call_hash = slept_while_another_ended_it(lost)
    ended = market.ledger.record(call_hash)
    assert (ended.state, ended.ending.reason) == (State.SUCCEEDED, "every job succeeded")
    market.clock.passes(900)
    market.sweep()
    assert market.ledger.record(call_hash) == ended
    assert len({tuple(fields) for fields in market.oracle.signed}) == 1


def test_r6_a_collector_that_slept_gives_back_no_lease_of_another() -> None:
    world = World()
    call_hash = world.call().record.call_hash

    def slept(_run_id: int) -> Any:
        world.clock.passes(COLLECT_LEASE)
        record = world.ledger.record(call_hash)
        assert world.ledger.save(record, looking(record, now=world.clock()))
        raise ProviderUnclear("connection lost")

    world.provider.jobs = slept
    world.clock.passes(60)
    world.sweep_one(call_hash)
    assert world.ledger.record(call_hash).leased(world.clock())


def test_r3_a_collector_that_slept_does_not_collect_anew_what_another_ended() -> None:
    """The provider may have removed a log since."""

    def erased(market: Market) -> None:
        market.provider.log_text = b"erased\n"

    market, call_hash = slept_while_another_ended_it(erased)
    assert market.ledger.record(call_hash).state is State.SUCCEEDED
    assert len({tuple(fields) for fields in market.oracle.signed}) == 1
