"""Find the calls that are due for their next step, and have them looked at."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TypeVar

from sealrun.errors import SealrunError
from sealrun.ports.calls import Ledger
from sealrun.runs.record import Record
from sealrun.workflows.collect_run import Collector
from sealrun.workflows.look_at_calls import look_at_calls

# What one sweep looks after; the next one takes the rest.
AT_MOST = 2500
# As many calls as a ledger reads, and as a provider lists runs, in one request.
GROUP = 100

_T = TypeVar("_T")


def sweep(*, ledger: Ledger, collector: Collector, clock: Callable[[], int]) -> dict[int, str]:
    """Advance what is due, offers in turn; one call's trouble does not stop the others.

    Groups of calls, each of one offer, are looked at in other invocations where the waker takes them. A fault
    of ours is raised once the others had their turn.

    Returns:
        Each call hash with its state then, or the type of the error that stopped it.
    """
    read = _read(ledger.unfinished(due_before=clock(), limit=AT_MOST), ledger, collector)
    groups = [[each.call_hash for each in group] for group in read.groups()]
    if groups and collector.starter.waker.look(groups):
        return read.with_outcomes({each: "handed on" for group in groups for each in group})
    return _look_at(read, ledger, collector, clock)


def look_at(
    call_hashes: Sequence[int], *, ledger: Ledger, collector: Collector, clock: Callable[[], int]
) -> dict[int, str]:
    """Advance those of these calls that are due; returns and raises what ``sweep`` does."""
    return _look_at(_read(call_hashes, ledger, collector), ledger, collector, clock)


@dataclass(frozen=True)
class _Read:
    """Records, and what came of those that could not be read."""

    records: list[Record] = field(default_factory=list)
    outcomes: dict[int, str] = field(default_factory=dict)
    faults: list[Exception] = field(default_factory=list)

    def groups(self) -> Iterator[Sequence[Record]]:
        """The first group of each offer, then the second of each, and so on (L11)."""
        by_offer: dict[int, list[Record]] = {}
        for record in self.records:
            by_offer.setdefault(record.offer_hash, []).append(record)
        for in_turn in zip_longest(*([*_pages(calls)] for calls in by_offer.values())):
            yield from (group for group in in_turn if group)

    def with_outcomes(self, outcomes: dict[int, str]) -> dict[int, str]:
        """Those of all calls; raises the first fault."""
        if self.faults:
            raise self.faults[0]
        return {**self.outcomes, **outcomes}


def _look_at(read: _Read, ledger: Ledger, collector: Collector, clock: Callable[[], int]) -> dict[int, str]:
    seen = look_at_calls(list(read.groups()), ledger=ledger, collector=collector, clock=clock)
    return read.with_outcomes(seen)


def _read(call_hashes: Sequence[int], ledger: Ledger, collector: Collector) -> _Read:
    """The calls, a hundred in a request; where one of these cannot be read, each by itself."""
    read = _Read()
    for page in _pages(call_hashes):
        try:
            read.records.extend(ledger.records_of(page))
        except Exception:  # noqa: BLE001  it is met again, and told, below
            for call_hash in page:
                _read_one(call_hash, read, ledger, collector)
    return read


def _read_one(call_hash: int, read: _Read, ledger: Ledger, collector: Collector) -> None:
    try:
        record = ledger.record(call_hash)
    except SealrunError as error:
        collector.starter.put_off(call_hash, error)
        read.outcomes[call_hash] = error.type
    except Exception as error:  # noqa: BLE001
        read.faults.append(error)
    else:
        read.records.extend([record] if record else [])


def _pages(items: Sequence[_T]) -> Iterator[Sequence[_T]]:
    return (items[start : start + GROUP] for start in range(0, len(items), GROUP))
