"""Rates of one process: what refuses a flood before it costs a signature check or a write to the table."""

from sealrun.ports.calls import Rate

# More sources than this in one minute are forgotten; the table's own counters still hold.
MAX_SOURCES = 10_000


class Throttle:
    """Counts the requests of the minute that runs, in memory; each process of a function has its own."""

    def __init__(self) -> None:
        self._minute = 0
        self._counts: dict[str, int] = {}

    def __call__(self, rate: Rate) -> bool:
        """Count one request; False when the limit is passed."""
        if rate.minute != self._minute or len(self._counts) >= MAX_SOURCES:
            self._minute, self._counts = rate.minute, {}
        self._counts[rate.source] = self._counts.get(rate.source, 0) + 1
        return self._counts[rate.source] <= rate.limit
