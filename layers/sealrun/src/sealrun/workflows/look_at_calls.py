"""Look at many calls at once: what did not change at the provider is known from one list of what did."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from sealrun.errors import ProviderError, SealrunError
from sealrun.offers.stored_offer import StoredOffer
from sealrun.ports.calls import Ledger
from sealrun.runs.record import Record, without_offer
from sealrun.workflows.collect_run import Collector, take_step
from sealrun.workflows.deadline import Deadline, InTime
from sealrun.workflows.watch_run import LOOK_SECONDS, may_be_unchanged, unchanged

# No step begins later, so that the last one ends within a function's 900 s: one that collects takes minutes.
BEGIN_WITHIN = 60
# Fewer runs than this are read one by one.
LIST_FROM = 4
# How far the provider's clock and lists may be behind: what changed that long before the last look counts.
BEHIND_SECONDS = 120


def look_at_calls(
    groups: Sequence[Sequence[Record]], *, ledger: Ledger, collector: Collector, clock: Callable[[], int]
) -> dict[int, str]:
    """Take the next step of each call that is due; each group is of one offer, which is read once.

    What cannot begin in time is woken in functions of its own, so a slow provider keeps no other offer
    waiting (L11). A fault of ours is raised once the others had their turn.

    Returns:
        Each call hash with its state then, or the type of the error that stopped it.
    """
    look = _Look(ledger, collector, clock, begin_by=clock() + BEGIN_WITHIN)
    outcomes: dict[int, str] = {}
    for group in groups:
        outcomes.update(look.at(group))
    if look.faults:
        raise look.faults[0]
    return outcomes


@dataclass(frozen=True)
class _Look:
    ledger: Ledger
    collector: Collector
    clock: Callable[[], int]
    begin_by: int
    faults: list[Exception] = field(default_factory=list)

    def at(self, group: Sequence[Record]) -> Iterator[tuple[int, str]]:
        """Each call with what came of it; one call's trouble does not stop the others."""
        now = self.clock()
        due = [each for each in group if not (each.state.over or each.leased(now)) and each.wake_at <= now]
        if not due:
            return
        try:
            stored = self.ledger.offer(due[0].offer_hash)
            same = self._unchanged(due, stored) if stored else frozenset[int]()
        except SealrunError as error:
            self.collector.starter.put_off(due[0].call_hash, error)
            yield from ((each.call_hash, error.type) for each in due)
            return
        # Of many runs at once none has its jobs listed, which would take a request for each.
        collector = replace(self.collector, lists_jobs=len(due) < LIST_FROM)
        for record in due:
            try:
                yield record.call_hash, self._step(record, stored, same, collector, now)
            except SealrunError as error:
                self.collector.starter.put_off(record.call_hash, error)
                yield record.call_hash, error.type
            except Exception as error:  # noqa: BLE001
                self.faults.append(error)

    def _step(
        self,
        record: Record,
        stored: StoredOffer | None,
        same: frozenset[int],
        collector: Collector,
        listed_at: int,
    ) -> str:
        if stored is None:
            return self._without_offer(record)
        if record.run_id in same:
            # Not now: a step of another call may have taken minutes, of which the list tells nothing.
            after = unchanged(record, stored, now=listed_at)
            return after.state.value if self.ledger.save(record, after) else "changed meanwhile"
        if self.clock() >= self.begin_by:
            self.collector.starter.waker.wake(record.call_hash)
            return "woken"
        return take_step(
            record, stored, ledger=self.ledger, collector=collector, clock=self.clock
        ).state.value

    def _without_offer(self, record: Record) -> str:
        """One of an older sealrun, or of another service that shares the ledger, which looks after it."""
        if record.offer_hash not in self.ledger.published():
            return "gone"
        after = without_offer(record, now=self.clock())
        self.ledger.save(record, after)
        return after.state.value if after.state.over else "of an older sealrun"

    def _unchanged(self, due: Sequence[Record], stored: StoredOffer) -> frozenset[int]:
        """Ids of the runs that the provider does not list as changed since they were looked at."""
        now, starter = self.clock(), self.collector.starter
        seen = [each for each in due if may_be_unchanged(each, stored, now=now)]
        if len(seen) < LIST_FROM or now >= self.begin_by:
            return frozenset()
        since = min(each.looked_at for each in seen) - BEHIND_SECONDS
        started = min(each.started_at for each in seen) - BEHIND_SECONDS
        try:
            provider = InTime(starter.open_provider(stored), Deadline(now + LOOK_SECONDS, self.clock))
            changed = provider.changed(since=since, started=started)
        except ProviderError as error:  # then each run is read, and each call tells its own trouble
            starter.put_off(due[0].call_hash, error)
            return frozenset()
        return frozenset() if changed is None else frozenset(each.run_id for each in seen) - changed
