"""When a client should look at its call again: each look costs a request, and most of them come too early.

A process remembers how long those calls took that it has shown, from claim to the run's end. It stores
nothing for that: a process that knows nothing yet lets a client look again when the call is an eighth older.
"""

from collections.abc import Mapping
from typing import Any

# Clients also show the states of a run's jobs, so none is told to wait longer. The service looks at one when
# it is twice as old as at the last look: asking more often would mostly show the same.
LONGEST = 120
# From the end of a run to its receipt.
COLLECTION = 3


class Looks:
    """What one process knows of how long calls take; offers are few, and only real ones are remembered."""

    def __init__(self) -> None:
        self._usual: dict[str, int] = {}  # seconds, by offer

    def wait(self, view: Mapping[str, Any], *, now: int) -> int | None:
        """Seconds after which to look again at a call, by its public view; None if it is over."""
        offer, claimed_at = str(view["offer"]), int(view["claimed_at"])
        if view["receipt"] is not None:
            took = max(0, int(view["receipt"]["data"]["finished_at"]) - claimed_at)
            self._usual[offer] = (3 * self._usual.get(offer, took) + took) // 4
            return None
        age = max(0, now - claimed_at)
        left = self._usual[offer] + COLLECTION - age if offer in self._usual else 0
        return min(left if left > 0 else age // 8, LONGEST)
