"""Collections in the background: a bounded queue, and a few threads that empty it."""

import queue
import threading
import time
from collections.abc import Callable, Sequence

from sealrun.errors import StoreUnavailable

# More calls than this wait for the sweep, which looks at everything that is due.
MAX_WAITING = 1000


class Wakes:
    """``sealrun.ports.waker.Waker`` in this process; a call that waits already is not queued twice."""

    def __init__(self, collect: Callable[[int], None], *, threads: int) -> None:
        """``collect`` takes a call's hash and handles its own errors. Nothing runs before ``start``."""
        self._collect = collect
        self._waiting: queue.Queue[int | None] = queue.Queue(MAX_WAITING)
        self._queued: set[int] = set()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        named = [f"collect-{number}" for number in range(threads)]
        self._threads = [threading.Thread(target=self._run, name=name, daemon=True) for name in named]

    def wake(self, call_hash: int) -> None:
        """Raises StoreUnavailable when too many wait; the sweep collects all the same."""
        with self._lock:
            if call_hash in self._queued or self._stopping.is_set():
                return
            try:
                self._waiting.put_nowait(call_hash)
            except queue.Full:
                raise StoreUnavailable(
                    f"waker: expected at most {MAX_WAITING} calls waiting, got more"
                ) from None
            self._queued.add(call_hash)

    def look(self, groups: Sequence[Sequence[int]]) -> bool:  # noqa: ARG002
        """The sweep looks itself, in a thread of its own."""
        return False

    def waiting(self) -> int:
        """How many wait for a thread."""
        return self._waiting.qsize()

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self, *, seconds: float) -> bool:
        """Begin no further collection, and wait for those under way; False if the time was too short.

        What was queued is left to the next sweep, here or in another process.
        """
        self._stopping.set()
        end = time.monotonic() + seconds
        for _ in self._threads:
            self._wake_up()
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _wake_up(self) -> None:
        try:
            self._waiting.put_nowait(None)
        except queue.Full:  # then no thread waits for an entry
            return

    def _run(self) -> None:
        while not self._stopping.is_set():
            call_hash = self._waiting.get()
            if call_hash is None or self._stopping.is_set():
                return
            with self._lock:
                self._queued.discard(call_hash)
            self._collect(call_hash)
