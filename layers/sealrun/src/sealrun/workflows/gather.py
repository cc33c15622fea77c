"""Store what a run left: logs always, files only of a run that succeeded."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sealrun.errors import ProviderRefused, UnsafeArchive
from sealrun.evidence import Evidence, Log, Output, profile
from sealrun.offers import Offer
from sealrun.ports import EvidenceStore, Job, Provider, Run, Unpack
from sealrun.receipts import Outcome
from sealrun.records import Ending, Record
from sealrun.workflows.start_run import cancel_quietly


@dataclass(frozen=True)
class Gathered:
    """The evidence, and how the call ends now that the outputs were looked at."""

    evidence: Evidence
    ending: Ending


def gather(
    record: Record,
    ending: Ending,
    run: Run,
    *,
    offer: Offer,
    provider: Provider,
    store: EvidenceStore,
    unpack: Unpack,
) -> Gathered:
    """Stream logs and files into the store and write the profile.

    Raises:
        ProviderError: the provider could not be asked; nothing is lost, gather again.
        StoreUnavailable: likewise for the store.
    """
    duplicates = _stop_duplicates(record, run, provider)
    jobs = provider.jobs(run.id)
    logs = [(job, _log(job, provider, store, limit=offer.limits.log_bytes)) for job in jobs]
    outputs: tuple[Output, ...] = ()
    if ending.outcome is Outcome.SUCCEEDED:
        try:
            outputs = tuple(_outputs(jobs, offer, provider, store, unpack))
        except (UnsafeArchive, ProviderRefused) as error:
            ending = replace(ending, outcome=Outcome.OUTPUTS_REFUSED, reason=error.detail[:500])
    said = profile(
        record,
        outcome=ending.outcome.name.lower(),
        reason=ending.reason,
        run=run,
        jobs=logs,
        duplicates=duplicates,
    )
    return Gathered(Evidence(outputs, said), ending)


def _stop_duplicates(record: Record, run: Run, provider: Provider) -> list[int]:
    """Of several runs of one call only the accepted one counts; the others are stopped and named (R3)."""
    try:
        others = [found.id for found in provider.find(record.id) if found.id != run.id]
    except ProviderRefused:  # a provider that cannot search still has to end in a receipt
        return []
    for other in others:
        cancel_quietly(provider, other)
    return others


def _log(job: Job, provider: Provider, store: EvidenceStore, *, limit: int) -> Log | None:
    """The job's log up to the limit; None where the provider has none."""
    try:
        with provider.log(job.id) as chunks:
            cut = _Cut(chunks, limit)
            stored = store.put(cut, media_type="text/plain; charset=utf-8")
    except ProviderRefused:
        return None
    return Log(stored, cut.was_cut)


class _Cut:
    """The first ``limit`` bytes of a stream, and whether there were more."""

    def __init__(self, chunks: Iterator[bytes], limit: int) -> None:
        self._chunks, self._left = chunks, limit
        self.was_cut = False

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self.was_cut = len(chunk) > self._left
            yield chunk[: self._left]
            self._left -= min(len(chunk), self._left)
            if self.was_cut:
                return


def _outputs(
    jobs: list[Job], offer: Offer, provider: Provider, store: EvidenceStore, unpack: Unpack
) -> Iterator[Output]:
    """The files of every job's archive; the offer's bounds hold for all of them together."""
    bytes_left, files_left = offer.limits.artifact_bytes, offer.limits.files
    for job in jobs:
        if not job.has_artifacts:
            continue
        with provider.artifacts(job.id) as chunks:
            for name, content in unpack(chunks, max_bytes=bytes_left, max_files=files_left):
                stored = store.put(content, media_type="application/octet-stream")
                bytes_left, files_left = bytes_left - stored.size, files_left - 1
                yield Output(f"{job.name}/{name}", stored)


def nothing_gathered(record: Record, ending: Ending) -> Gathered:
    """The evidence of a call whose run never was, or could not be asked for: a profile that says so."""
    return Gathered(
        Evidence((), profile(record, outcome=ending.outcome.name.lower(), reason=ending.reason)), ending
    )
