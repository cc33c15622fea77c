"""Waits for the network that end in time: none goes past the deadline of its request (L11).

A socket's own time limit is for one read each: a server that sends one header line every few seconds would
keep a request open for ever. Here every connect, handshake, read and write gets what is left of the deadline.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Monotonic = Callable[[], float]

# In seconds of the clock that ``within`` was given; a context variable, for a client serves several threads.
_ENDS: ContextVar[tuple[float, Monotonic] | None] = ContextVar("sealrun-deadline", default=None)


@contextmanager
def within(seconds: float, *, clock: Monotonic = time.monotonic) -> Iterator[None]:
    """Waits on these connections end within so many seconds, or with an outer deadline if that is sooner."""
    ends, around = clock() + seconds, _ENDS.get()
    token = _ENDS.set((min(ends, around[0]), clock) if around else (ends, clock))
    try:
        yield
    finally:
        _ENDS.reset(token)


def each_within(
    pieces: Iterable[bytes], seconds: float, *, clock: Monotonic = time.monotonic
) -> Iterator[bytes]:
    """The pieces, all of them within so many seconds. What the reader does with a piece counts as well."""
    iterator, ends = iter(pieces), clock() + seconds
    while True:
        with within(ends - clock(), clock=clock):
            try:
                piece = next(iterator)
            except StopIteration:
                return
        yield piece


def left(seconds: float) -> float:
    """How long a wait may take that would take so many seconds if there were no deadline.

    Raises:
        TimeoutError: no time is left.
    """
    if (deadline := _ENDS.get()) is None:
        return seconds
    ends, clock = deadline
    if (rest := ends - clock()) <= 0:
        raise TimeoutError("the request's time is over")
    return min(seconds, rest)
