"""Recurring tasks: of all processes that serve one ledger, one does what is due."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# How often a process asks whether something is due, in seconds, at most.
LONGEST_PAUSE = 1.0


@dataclass(frozen=True)
class Task:
    """A function to run every so many seconds, with an event."""

    name: str
    every: int
    event: Mapping[str, Any]


class Ticks:
    """One thread a task, so that a long one delays no other."""

    def __init__(
        self,
        tasks: Sequence[Task],
        *,
        take: Callable[[Task], bool],
        do: Callable[[Task], None],
        failed: Callable[[Task, Exception], None],
    ) -> None:
        """Nothing runs before ``start``.

        Args:
            tasks: what recurs.
            take: true for one process when the task is due.
            do: does it.
            failed: is told what went wrong; the task is tried again when it is due.
        """
        self._take, self._do, self._failed = take, do, failed
        self._stopping = threading.Event()
        self._looked = dict.fromkeys([task.name for task in tasks], time.monotonic())
        self._tasks = tasks
        self._threads = [
            threading.Thread(target=self._run, args=(task,), name=f"tick-{task.name}", daemon=True)
            for task in tasks
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def late(self) -> list[str]:
        """The tasks whose thread has not asked for a long time: one hangs, or the ledger does not answer."""
        now = time.monotonic()
        return [task.name for task in self._tasks if now > self._looked[task.name] + 900 + task.every]

    def stop(self, *, seconds: float) -> bool:
        """Begin no further task, and wait for those under way; False if the time was too short."""
        self._stopping.set()
        end = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _run(self, task: Task) -> None:
        while not self._stopping.is_set():
            try:
                if self._take(task):
                    self._do(task)
                self._looked[task.name] = time.monotonic()
            except Exception as error:  # noqa: BLE001  a task that ended would never be done again
                self._failed(task, error)
            self._stopping.wait(min(LONGEST_PAUSE, task.every))
