"""Faults that this GitLab commits on request, each a given number of times.

    server.faults.add("create_pipeline", "lost")
    server.faults.add("read_pipeline", "busy", retry_after=7, times=2)

A route is the name that the route has in the tables of ``api_*.py``, or ``webhook``. On a route:

    busy        429 with Retry-After; nothing is done
    throttled   400 in GitLab's words for too many pipelines in a minute; nothing is done
    error       502 before anything is done
    refused     the connection is closed before anything is done
    error_after the request is done, then 502 is answered
    lost        the request is done, then the connection is closed without an answer
    garbage     the request is done, then 201 is answered with a body that is no JSON
    doubled     the request is done twice, the second answer is given
    slow        the request is done ``seconds`` late
    late        504 is answered at once and the request is done ``seconds`` later

On ``webhook``: lost, doubled, slow.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

ROUTE_KINDS = frozenset(
    {
        "busy",
        "throttled",
        "error",
        "refused",
        "error_after",
        "lost",
        "garbage",
        "doubled",
        "slow",
        "late",
    }
)
WEBHOOK_KINDS = frozenset({"lost", "doubled", "slow"})

Answer = TypeVar("Answer")


class NoAnswer(ConnectionAbortedError):
    """The connection is to be closed without an answer, as ``LoopbackServer`` does then."""


@dataclass
class Fault:
    """One fault and how often it is still to happen."""

    route: str
    kind: str
    times: int
    seconds: float
    retry_after: int


class Faults:
    """The faults to come."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(
        self, route: str, kind: str, *, times: int = 1, seconds: float = 1.0, retry_after: int = 5
    ) -> None:
        """Commit this fault the next ``times`` times that the route is used.

        Raises:
            ValueError: there is no such kind for the route.
        """
        kinds = WEBHOOK_KINDS if route == "webhook" else ROUTE_KINDS
        if kind not in kinds:
            raise ValueError(f"kind: expected one of {', '.join(sorted(kinds))}, got {kind}")
        with self._lock:
            self._faults.append(Fault(route, kind, times, seconds, retry_after))

    def take(self, route: str) -> Fault | None:
        """The fault to commit now, counted down."""
        with self._lock:
            for fault in self._faults:
                if fault.route == route and fault.times > 0:
                    fault.times -= 1
                    return fault
        return None

    def clear(self) -> None:
        """Forget all of them."""
        with self._lock:
            self._faults.clear()


def committed(fault: Fault, handle: Callable[[], Answer], answers: Mapping[str, Answer]) -> Answer:
    """Commit a fault on a route: ``handle`` does what the request asks, ``answers`` are the fault's own.

    Raises:
        NoAnswer: the fault is to give none.
    """
    if fault.kind in ("busy", "throttled", "error"):
        return answers[fault.kind]
    if fault.kind == "refused":
        raise NoAnswer
    if fault.kind == "late":
        threading.Timer(fault.seconds, handle).start()
        return answers[fault.kind]
    if fault.kind == "slow":
        time.sleep(fault.seconds)
    response = handle()
    if fault.kind == "lost":
        raise NoAnswer
    return handle() if fault.kind == "doubled" else answers.get(fault.kind, response)
