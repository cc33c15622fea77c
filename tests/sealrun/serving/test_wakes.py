"""Collections in the background: bounded, each call once in the queue, and finished before the end."""

import queue
import threading
from typing import Any

import pytest

from sealrun.errors import StoreUnavailable
from sealrun.serving import wakes as waking
from sealrun.serving.wakes import Wakes


class Collecting:
    """A collection that goes on until it is told to end."""

    def __init__(self) -> None:
        self.began: queue.Queue[int] = queue.Queue()
        self.go_on = threading.Semaphore(0)

    def __call__(self, call_hash: int) -> None:
        self.began.put(call_hash)
        assert self.go_on.acquire(timeout=30)


@pytest.fixture
def collecting() -> Collecting:
    return Collecting()


def started(collecting: Collecting, threads: int = 1) -> Wakes:
    wakes = Wakes(collecting, threads=threads)
    wakes.start()
    return wakes


def test_a_call_that_waits_is_not_queued_twice_and_one_under_way_is(collecting: Collecting) -> None:
    wakes = started(collecting)
    wakes.wake(1)
    assert collecting.began.get(timeout=30) == 1
    for call_hash in (1, 2, 2, 1):
        wakes.wake(call_hash)
    assert wakes.waiting() == 2
    collecting.go_on.release(3)
    assert [collecting.began.get(timeout=30) for _ in range(2)] == [1, 2]
    assert wakes.stop(seconds=30)


def test_l11_no_more_than_so_many_wait(collecting: Collecting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waking, "MAX_WAITING", 2)
    wakes = Wakes(collecting, threads=1)
    wakes.wake(1)
    wakes.wake(2)
    with pytest.raises(StoreUnavailable, match="waker: expected at most 2 calls waiting, got more"):
        wakes.wake(3)


def test_the_end_waits_for_what_is_under_way_and_leaves_the_rest_to_the_sweep(
    collecting: Collecting,
) -> None:
    wakes = started(collecting, threads=2)
    for call_hash in (1, 2, 3):
        wakes.wake(call_hash)
    assert {collecting.began.get(timeout=30) for _ in range(2)} == {1, 2}
    ended: list[Any] = []
    stopping = threading.Thread(target=lambda: ended.append(wakes.stop(seconds=30)))
    stopping.start()
    collecting.go_on.release(2)
    stopping.join()
    assert (ended, collecting.began.empty()) == ([True], True)


def test_an_end_that_takes_too_long_is_told(collecting: Collecting) -> None:
    wakes = started(collecting)
    wakes.wake(1)
    collecting.began.get(timeout=30)
    assert not wakes.stop(seconds=0)
    collecting.go_on.release()
