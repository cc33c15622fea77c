"""A job's log: stored as it came, but for secrets, up to the offer's limit; and the lines that it shows."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from sealrun.encoding.measure import measure, measure_document
from sealrun.errors import ProviderRefused, TookTooLong
from sealrun.evidence.evidence import Item, label
from sealrun.evidence.leaves import Kind
from sealrun.evidence.log_lines import read_lines
from sealrun.evidence.secret_scan import Count, Scanner
from sealrun.offers.evidence_policy import EvidencePolicy
from sealrun.ports.evidence import Content, EvidenceStore, Spool
from sealrun.ports.provider import Provider
from sealrun.runs.record import Record
from sealrun.runs.run import Job, Run
from sealrun.workflows.deadline import Deadline
from sealrun.workflows.receipt_documents import SmallLogs

MAX_LINES = 100
# A log that is not there this long after its run was seen to be over is named as missing.
LOG_WAIT = 300
# Of all the jobs of a run: a tree has room for 4,096 items, and an index for 8 MiB.
MAX_RUN_LINES, MAX_RUN_BYTES = 500, 1 << 20
NAME = "job.log"
NO_TIME = "log: expected to read and mask it within the time for all logs, got no further"


@dataclass(frozen=True)
class Log:
    """The items of one job's log, whether it is longer than the offer's limit, and what was masked in it."""

    items: tuple[Item, ...]
    cut: bool
    masked: int


def gather_log(
    job: Job,
    provider: Provider,
    store: EvidenceStore,
    spool: Spool,
    policy: EvidencePolicy,
    scanner: Scanner,
    small: SmallLogs,
    *,
    limit: int,
    in_time: Deadline,
) -> Log:
    """Keep the job's log among the small ones or store it, what may be a secret in it masked.

    Raises:
        ProviderRefused: the provider has none, or an empty one, as GitLab gives where it has none.
        TookTooLong: there was no time to read and mask it.
    """
    in_time.check()
    count = Count()
    with provider.log(job.id) as chunks:
        cut = _Cut(scanner.masked(in_time.on(chunks), count), limit)
        with spool(cut) as content:
            measured = measure(content())
            if not measured.size:
                raise ProviderRefused("log: expected what the job's runner wrote, got nothing")
            if not small.take(f"profile/{label(job.name, NAME)}", content, measured.size):
                store.put(content, measured, media_type="text/plain; charset=utf-8")
            lines = tuple(_lines(job, content, policy, scanner, in_time))
    public = "*" in policy.log.patterns
    cid = measured.cid if public else ""
    whole = Item(Kind.LOG, label(job.name, NAME), measured.sha256, measured.size, public, cid)
    return Log((whole, *lines), cut.was_cut, count.found)


def still_to_come(run: Run, record: Record, *, now: int) -> bool:
    """True where what a run left may still come: GitHub hands some out minutes after the run is over (R9).

    Where nobody told of its end, the run was seen to be over some time after it was, and asked for no sooner.
    """
    return now < max(run.finished_at, record.looked_at) + LOG_WAIT


def first_lines(items: Sequence[Item]) -> list[Item]:
    """The logs of a run's jobs with the first of their lines, as many as an index takes."""
    kept: list[Item] = []
    lines, size = 0, 0
    for item in items:
        if item.kind is Kind.LINE:
            lines, size = lines + 1, size + item.size
        if item.kind is not Kind.LINE or (lines <= MAX_RUN_LINES and size <= MAX_RUN_BYTES):
            kept.append(item)
    return kept


class _Cut:
    """The first ``limit`` bytes of a stream, and whether there were more."""

    def __init__(self, chunks: Iterable[bytes], limit: int) -> None:
        self._chunks, self._left = chunks, limit
        self.was_cut = False

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self.was_cut = len(chunk) > self._left
            yield chunk[: self._left]
            self._left -= min(len(chunk), self._left)
            if self.was_cut:
                return


def _lines(
    job: Job, content: Content, policy: EvidencePolicy, scanner: Scanner, in_time: Deadline
) -> Iterator[Item]:
    """The first lines that the policy names, of those that there is time to read.

    The decoration that was taken off may have hidden a secret.
    """
    if not policy.log.patterns:
        return
    named = (line for line in read_lines(in_time.on(content())) if policy.log.match(line.text))
    with suppress(TookTooLong):
        for line in itertools.islice(named, MAX_LINES):
            data = line.text.encode()
            measured = measure_document(data)
            name = label(job.name, f"{NAME}:{line.number}")
            public = not scanner.holds([data])
            shown = line.text if public else None
            yield Item(Kind.LINE, name, measured.sha256, measured.size, public, text=shown)
