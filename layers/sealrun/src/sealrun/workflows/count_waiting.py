"""Count the calls that are not over, for whoever watches the stack."""

from collections.abc import Callable
from dataclasses import dataclass

from sealrun.ports.calls import Ledger
from sealrun.runs.record import COLLECT_LEASE, START_WINDOW

# More waiting calls than this are not counted; an alarm rings long before.
AT_MOST = 100
# Every unfinished call is looked at again within days.
FAR = 30 * 24 * 3600


@dataclass(frozen=True)
class Waiting:
    """Calls that are not over, and those of them whose receipt should be there by now; at most 100 each."""

    runs: int
    late: int


def count_waiting(*, ledger: Ledger, clock: Callable[[], int]) -> Waiting:
    """Late is a call past its start window, its offer's time limit and one collection.

    Raises:
        StoreUnavailable: the ledger is out of reach.
    """
    now = clock()
    waiting = ledger.unfinished(due_before=now + FAR, limit=AT_MOST)
    return Waiting(len(waiting), sum(1 for call_hash in waiting if _late(call_hash, ledger, now)))


def _late(call_hash: int, ledger: Ledger, now: int) -> bool:
    record = ledger.record(call_hash)
    stored = ledger.offer(record.offer_hash) if record else None
    if record is None or stored is None or record.state.over:
        return False
    return now > record.claimed_at + START_WINDOW + stored.offer.limits.longest + COLLECT_LEASE
