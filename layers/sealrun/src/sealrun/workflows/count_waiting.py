"""Count the calls that are not over, for whoever watches the stack."""

from collections.abc import Callable
from dataclasses import dataclass

from sealrun.ports.calls import Ledger
from sealrun.runs.record import COLLECT_LEASE, START_WINDOW


@dataclass(frozen=True)
class Waiting:
    """Calls that are not over, and those of them whose receipt should be there by now."""

    runs: int
    late: int  # of each offer those beyond 1,000 are not counted


def count_waiting(*, ledger: Ledger, clock: Callable[[], int]) -> Waiting:
    """Late is a call past its start window, its offer's time limit and one collection.

    An offer takes a constant number of requests, whatever waits.

    Raises:
        StoreUnavailable: the ledger is out of reach.
    """
    now, runs, late = clock(), 0, 0
    for offer in filter(None, map(ledger.document, ledger.published())):
        runs += ledger.totals(offer).unfinished
        in_time = START_WINDOW + offer.limits.longest + COLLECT_LEASE
        late += ledger.count_late(offer, claimed_before=now - in_time)
    return Waiting(runs, late)
