"""Places of the offers among the requests that one process answers at once."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class Shares:
    """How many requests of one offer may wait for its provider at once.

    An offer may hold as many places as are free, so one has half of them, a second one half of the rest, and
    some are left for others. (Choudhury and Hahne, "Dynamic queue length thresholds for shared-memory packet
    switches", 1998.)
    """

    def __init__(self, places: int) -> None:
        """``places`` are the threads that answer requests."""
        self._free = places
        self._held: Counter[int] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def take(self, offer_hash: int) -> Iterator[bool]:
        """Hold a place; False, without one, where the offer has its share."""
        has_place = self._take(offer_hash)
        try:
            yield has_place
        finally:
            if has_place:
                self._leave(offer_hash)

    def _take(self, offer_hash: int) -> bool:
        with self._lock:
            if self._held[offer_hash] >= self._free:
                return False
            self._held[offer_hash] += 1
            self._free -= 1
            return True

    def _leave(self, offer_hash: int) -> None:
        with self._lock:
            self._free += 1
            self._held[offer_hash] -= 1
            if not self._held[offer_hash]:
                del self._held[offer_hash]
