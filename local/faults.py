"""Faults that these peers commit on request, each a given number of times.

    server.faults.add("create_pipeline", "lost")
    server.faults.add("read_pipeline", "busy", retry_after=7, times=2)

A route is the name that the route has in the tables of ``api_*.py`` and ``routes_*.py``, or ``webhook``. On a
route, without doing what the request asks:

    busy        429 with Retry-After in seconds
    busy_until  429 with Retry-After as an HTTP date
    throttled   GitLab's 400 for too many pipelines in a minute, or GitHub's 403
    maintenance 503 with a page of HTML, as a server or a proxy that is being upgraded
    read_only   403, as GitLab answers what would change something in its maintenance mode
    missing     404, such as for a log that is not stored yet
    gone        410, such as for a log or an archive that has expired
    error       502
    refused     the connection is closed

After it was done, or while it is:

    error_after 502 is answered
    lost        the connection is closed without an answer
    garbage     201 is answered with a body that is no JSON
    doubled     the request is done twice, the second answer is given
    slow        the request is done ``seconds`` late
    late        504 is answered at once and the request is done ``seconds`` later
    unpaged     the headers that tell of further pages are taken off, as some proxies do
    links_only  further pages stand in the header Link alone
    decorated   a log has GitLab's sections and colours
    timestamped a log also has a time and a stream before each line, as GitLab Runner writes it since 18.7

On ``webhook``: lost, doubled, slow.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

# What is answered without doing anything, and how an answer is changed.
INSTEAD = frozenset(
    {"busy", "busy_until", "throttled", "maintenance", "read_only", "missing", "gone", "error"}
)
CHANGED = frozenset({"unpaged", "links_only", "decorated", "timestamped"})
OTHERS = frozenset({"refused", "error_after", "lost", "garbage", "doubled", "slow", "late"})
ROUTE_KINDS = INSTEAD | CHANGED | OTHERS
WEBHOOK_KINDS = frozenset({"lost", "doubled", "slow"})

Answer = TypeVar("Answer")


class NoAnswer(ConnectionAbortedError):
    """``LoopbackServer`` closes the connection without an answer when it meets this error."""


@dataclass
class Fault:
    """One fault, and how many more times it is committed."""

    route: str
    kind: str
    times: int
    seconds: float
    retry_after: int


class Faults:
    """The faults that are still to be committed."""

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
        """Take the fault that is to be committed now, if there is one, and count it down."""
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


def committed(
    fault: Fault,
    handle: Callable[[], Answer],
    answers: Mapping[str, Answer],
    changes: Mapping[str, Callable[[Answer], Answer]],
) -> Answer:
    """Commit a fault on a route.

    Args:
        fault: what to commit.
        handle: does what the request asks.
        answers: the fault's own answers by kind.
        changes: how a kind changes an answer.

    Raises:
        NoAnswer: the fault is to give none.
        KeyError: this server does not have the kind.
    """
    if fault.kind in INSTEAD:
        return answers[fault.kind]
    if fault.kind in CHANGED:
        return changes[fault.kind](handle())
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
