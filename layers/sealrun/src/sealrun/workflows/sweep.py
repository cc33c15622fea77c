"""Take the next step of every call that nobody else looks after."""

from collections.abc import Callable

from sealrun.errors import SealrunError
from sealrun.ports.calls import Ledger
from sealrun.workflows.collect_run import Collector, advance

# What one sweep looks after; the next one takes the rest.
AT_MOST = 25
# No step begins later, so that the last one ends within a function's 900 s: one that collects takes minutes.
BEGIN_WITHIN = 60


def sweep(*, ledger: Ledger, collector: Collector, clock: Callable[[], int]) -> dict[int, str]:
    """Advance what is due, offers in turn; one call's trouble does not stop the others.

    What cannot begin in time is woken in functions of its own, so a slow provider keeps no other offer
    waiting (L11). A fault of ours is raised once the others had their turn.

    Returns:
        Each call hash with its state then, or the type of the error that stopped it.
    """
    outcomes: dict[int, str] = {}
    faults: list[Exception] = []
    begin_by = clock() + BEGIN_WITHIN
    for call_hash in ledger.unfinished(due_before=clock(), limit=AT_MOST):
        try:
            if clock() >= begin_by:
                collector.starter.waker.wake(call_hash)
                outcomes[call_hash] = "woken"
                continue
            record = advance(call_hash, ledger=ledger, collector=collector, clock=clock)
            outcomes[call_hash] = record.state.value if record else "gone"
        except SealrunError as error:
            collector.starter.put_off(call_hash, error)
            outcomes[call_hash] = error.type
        except Exception as error:  # noqa: BLE001
            faults.append(error)
    if faults:
        raise faults[0]
    return outcomes
