"""The demo's numbered steps with their times, and the one error for everything that goes wrong."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx

Say = Callable[[str], None]


class DemoFailed(Exception):
    """A step did not have the expected result."""


class Progress:
    """Numbered steps with their times."""

    def __init__(self, steps: int) -> None:
        self._steps, self._number, self._start = steps, 0, time.monotonic()

    @contextmanager
    def step(self, what: str) -> Iterator[Say]:
        """One step; its messages stand indented below it."""
        self._number += 1
        start = time.monotonic()
        print(f"[{self._number}/{self._steps}] {what}", flush=True)
        yield lambda line: print(f"      {line}", flush=True)
        print(f"      ({time.monotonic() - start:.1f} s)", flush=True)

    def total(self) -> float:
        """Seconds since the first step."""
        return time.monotonic() - self._start


def ok(answer: httpx.Response) -> Any:
    """The answer's JSON, if its status is a good one."""
    if not answer.is_success:
        request = answer.request
        raise DemoFailed(f"{request.method} {request.url}: got {answer.status_code} {answer.text[:500]}")
    return answer.json()


def must(holds: bool, what: str, expected: object, got: object) -> None:  # noqa: FBT001
    """Raise DemoFailed if the condition does not hold."""
    if not holds:
        raise DemoFailed(f"{what}: expected {expected}, got {got}")
