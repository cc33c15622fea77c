"""Recurring tasks go on whatever happens to one of them, and end with the process."""

import queue
from typing import Any

from sealrun.errors import StoreUnavailable
from sealrun.serving.ticks import Task, Ticks

SWEEP, HEALTH = Task("collect", 1, {"sweep": True}), Task("health", 1, {})


def test_what_is_due_is_done_and_what_is_not_is_not() -> None:
    done: queue.Queue[str] = queue.Queue()
    asked: queue.Queue[str] = queue.Queue()

    def take(task: Task) -> bool:
        asked.put(task.name)
        return task is SWEEP

    ticks = Ticks([SWEEP, HEALTH], take=take, do=lambda task: done.put(task.name), failed=never)
    ticks.start()
    assert {asked.get(timeout=30), asked.get(timeout=30)} == {"collect", "health"}
    assert done.get(timeout=30) == "collect"
    assert ticks.stop(seconds=30)
    assert ticks.late() == []
    assert "health" not in list(done.queue)


def test_a_task_that_failed_is_tried_again_and_its_error_is_told() -> None:
    outcomes = iter([StoreUnavailable("database: gone"), RuntimeError("a fault of ours"), None])
    told: queue.Queue[str] = queue.Queue()
    done: queue.Queue[str] = queue.Queue()

    def do(task: Task) -> None:
        if (error := next(outcomes, None)) is not None:
            raise error
        done.put(task.name)

    def failed(task: Task, error: Exception) -> None:
        told.put(f"{task.name}: {error}")

    ticks = Ticks([SWEEP], take=lambda _: True, do=do, failed=failed)
    ticks.start()
    assert told.get(timeout=30) == "collect: database: gone"
    assert told.get(timeout=30) == "collect: a fault of ours"
    assert done.get(timeout=30) == "collect"
    assert ticks.stop(seconds=30)


def never(*_: Any) -> None:
    raise AssertionError("expected no error")
