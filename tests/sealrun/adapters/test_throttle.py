"""Rates that one process keeps in memory."""

from sealrun.adapters.memory import throttle as throttles
from sealrun.adapters.memory.throttle import Throttle
from sealrun.ports.calls import Rate


def test_each_source_has_its_own_count_and_each_minute_begins_anew() -> None:
    throttle = Throttle()
    assert [throttle(Rate("a", 1, 2)) for _ in range(3)] == [True, True, False]
    assert throttle(Rate("b", 1, 2))
    assert not throttle(Rate("a", 1, 2))
    assert throttle(Rate("a", 2, 2))


def test_its_memory_is_bounded() -> None:
    throttle = Throttle()
    for number in range(3 * throttles.MAX_SOURCES):
        throttle(Rate(str(number), 1, 2))
    assert len(throttle._counts) <= throttles.MAX_SOURCES
