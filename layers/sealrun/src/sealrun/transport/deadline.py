"""Connections that end in time: no wait for a byte goes past the deadline of its request (L11).

httpx's own timeouts are for one read each: a server that sends one header line every few seconds keeps a
request open for ever. Here every connect, handshake, read and write gets what is left of the deadline.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from ssl import SSLContext
from typing import Any

import httpcore

Monotonic = Callable[[], float]

# In seconds of the clock that ``within`` was given; a context variable, for a pool serves several threads.
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


class DeadlineBackend(httpcore.NetworkBackend):
    """Connects as httpcore does, in the time that is left."""

    def __init__(self, inner: httpcore.NetworkBackend | None = None) -> None:
        self._inner = inner or httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        options = {"local_address": local_address, "socket_options": socket_options}
        return _DeadlineStream(self._inner.connect_tcp(host, port, timeout=left, **options))  # type: ignore[arg-type]

    def sleep(self, seconds: float) -> None:
        self._inner.sleep(seconds)


class _DeadlineStream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return _DeadlineStream(self._inner.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _left(timeout: float | None, error: type[httpcore.TimeoutException]) -> float | None:
    deadline = _ENDS.get()
    if deadline is None:
        return timeout
    ends, clock = deadline
    if (left := ends - clock()) <= 0:
        raise error("the request's time is over")
    return left if timeout is None else min(timeout, left)
