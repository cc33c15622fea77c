"""Gather the evidence of a run that is over: logs always, files only of a run that succeeded."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sealrun.errors import (
    NoArchive,
    ProviderRefused,
    ProviderTooLong,
    ProviderUnclear,
    SecretFound,
    TookTooLong,
    UnsafeArchive,
)
from sealrun.evidence.evidence import Item, label
from sealrun.evidence.leaves import Kind
from sealrun.evidence.places import Places
from sealrun.evidence.secret_scan import Scanner
from sealrun.offers.offer import Offer
from sealrun.ports.calls import TokenBook
from sealrun.ports.evidence import EvidenceStore, Spool, Unpack
from sealrun.ports.provider import Issuers, Provider
from sealrun.receipts.grade import Grade
from sealrun.receipts.receipt import Outcome
from sealrun.runs.document import RunReport
from sealrun.runs.judge import configuration_changed, foreign, source_changed, unmet_jobs
from sealrun.runs.record import Ending, Fault, Record
from sealrun.runs.run import Job, Project, Run
from sealrun.workflows.deadline import Deadline
from sealrun.workflows.gather_files import Files, gather_files
from sealrun.workflows.gather_logs import NAME, NO_TIME, Log, first_lines, gather_log, still_to_come
from sealrun.workflows.gather_tokens import check_tokens
from sealrun.workflows.look_into import Look
from sealrun.workflows.receipt_documents import SmallLogs
from sealrun.workflows.start_run import PutOff, cancel_quietly

MAX_WHY = 200
# Of a collection's time, in seconds: files that are not searched by then are stored, and kept back from the
# public; and logs that are not masked are missing, where an earlier collection did not come to its end.
LEFT_TO_STORE = 240


@dataclass(frozen=True)
class Gathered:
    """The items of both trees, what is told of the run, and how the call ends now that all was looked at."""

    ending: Ending
    report: RunReport
    outputs: Sequence[Item] = ()
    profile: Sequence[Item] = ()
    grade: Grade = Grade.OPERATOR


def gather(
    record: Record,
    ending: Ending,
    run: Run,
    jobs: Sequence[Job],
    *,
    offer: Offer,
    provider: Provider,
    store: EvidenceStore,
    unpack: Unpack,
    spool: Spool,
    ledger: TokenBook,
    issuers: Issuers,
    scanner: Scanner,
    small: SmallLogs,
    in_time: Deadline,
    put_off: PutOff,
) -> Gathered:
    """Stream logs and files into the store; logs that are small are kept in ``small`` as long as it has room.

    Raises:
        ProviderError: the provider could not be asked; nothing is lost, gather again.
        StoreUnavailable: likewise for the store.
    """
    duplicates = _stop_duplicates(record, run, provider, put_off)
    project = _project(provider)
    ending = _of_the_offers_file(ending, project, offer)
    ending = _as_read_again(ending, run, jobs, record, offer)
    places = Places()
    search_by = in_time.sooner(LEFT_TO_STORE)
    mask_by = search_by if record.spoiled > 1 else in_time  # this collection counts already

    def may_come() -> bool:
        return still_to_come(run, record, now=in_time.clock())

    logs, missing = _logs(
        jobs, may_come, provider, store, spool, offer, scanner, small, in_time, mask_by, places
    )
    logged = first_lines([item for log in logs.values() for item in log.items])
    look = Look(scanner, unpack, spool, search_by)
    files = Files(offer.evidence, store, look, places)
    if ending.outcome is Outcome.SUCCEEDED:
        try:
            files = gather_files(jobs, offer, provider, store, unpack, look, places)
        except (UnsafeArchive, SecretFound, ProviderRefused) as error:
            if _passes(error) and may_come():
                raise ProviderUnclear(f"an archive is not there yet: {error.detail}") from error
            ending = _unreadable(ending, error)
    tokens = check_tokens(
        files.tokens,
        record=record,
        run=run,
        jobs=jobs,
        offer=offer,
        store=store,
        ledger=ledger,
        issuers=issuers,
        may_come=may_come(),
    )
    grade, why = tokens.grade(files.outputs)
    if ending.outcome is Outcome.SUCCEEDED and grade < offer.evidence.grade:
        ending = _too_low(ending, offer, grade, why)
        files.unpaid()
    report = RunReport(
        run=run,
        jobs=jobs,
        duplicates=duplicates,
        configuration=project.configuration,
        samples=files.samples,
        tokens=tokens.report,
        logs_cut=[name for name, log in logs.items() if log.cut],
        logs_missing=missing,
        masked={label(name, NAME): log.masked for name, log in logs.items() if log.masked},
        withheld=[*_withheld_lines(logged), *files.withheld],
    )
    profile = [*logged, *files.profile, *tokens.items]
    return Gathered(ending, report, files.outputs, profile, grade)


def _logs(
    jobs: Sequence[Job],
    may_come: Callable[[], bool],
    provider: Provider,
    store: EvidenceStore,
    spool: Spool,
    offer: Offer,
    scanner: Scanner,
    small: SmallLogs,
    in_time: Deadline,
    mask_by: Deadline,
    places: Places,
) -> tuple[dict[str, Log], dict[str, str]]:
    """The jobs' logs, and why not the others; both by the jobs' names.

    Raises:
        ProviderUnclear: one is not there, and may come.
        TookTooLong: the collection's time is over.
    """
    limit = offer.limits.log_bytes
    logs: dict[str, Log] = {}
    missing: dict[str, str] = {}
    for job in jobs:
        if not job.has_log:
            continue
        place = f"profile/{label(job.name, NAME)}"
        if not places.has_room_for(place):
            other = "of this name" if job.name in logs else "whose name differs in nothing but case"
            missing[job.name] = f"another job {other} has one"
            continue
        try:
            logs[job.name] = gather_log(
                job, provider, store, spool, offer.evidence, scanner, small, limit=limit, in_time=mask_by
            )
            places.add(place)
        except TookTooLong:
            if in_time.over:
                raise
            missing[job.name] = NO_TIME
        except ProviderRefused as error:
            if job.result.ran and may_come():
                raise ProviderUnclear(f"the log of {job.name} is not there yet: {error.detail}") from error
            missing[job.name] = error.detail[:MAX_WHY]
    return logs, missing


def _passes(error: Exception) -> bool:
    """True where the provider, or its storage, refuses an archive that it may hand out a moment later (R9).

    An archive is listed, and its storage answers 403 or 404 for it at times, or with nothing, or with a page
    of maintenance. What is refused here stays so.
    """
    return isinstance(error, NoArchive) or (isinstance(error, ProviderRefused) and error.answered > 0)


def _project(provider: Provider) -> Project:
    """The project's settings; nothing of them where the provider does not show them to this credential."""
    try:
        return provider.project()
    except ProviderRefused:
        return Project(private=False, configuration="")


def _of_the_offers_file(ending: Ending, project: Project, offer: Offer) -> Ending:
    """A run of another file than the offer's is not what was sold, whatever came of it (R4)."""
    changed = configuration_changed(project, offer)
    return replace(ending, outcome=Outcome.SOURCE_CHANGED, reason=changed) if changed else ending


def _as_read_again(ending: Ending, run: Run, jobs: Sequence[Job], record: Record, offer: Offer) -> Ending:
    """Nobody pays for a success that run and jobs do not show when they are read for the evidence (R8)."""
    if ending.outcome is not Outcome.SUCCEEDED:
        return ending
    if changed := foreign(run, record, offer) or source_changed(run, offer):
        return replace(ending, outcome=Outcome.SOURCE_CHANGED, reason=changed, blameless=True)
    if unmet := list(unmet_jobs(jobs, offer.success)):
        reason = f"the jobs succeeded, and then the provider told otherwise: {'; '.join(unmet)}"
        return replace(ending, outcome=Outcome.FAILED, reason=reason[:500], blameless=True)
    return ending


def _unreadable(ending: Ending, error: UnsafeArchive | SecretFound | ProviderRefused) -> Ending:
    """An archive that the provider does not hand out is no buyer's fault; what is in one may be (L12)."""
    refused = replace(ending, outcome=Outcome.OUTPUTS_REFUSED, reason=error.detail[:500])
    if isinstance(error, ProviderRefused) and not isinstance(error, ProviderTooLong):
        return replace(refused, blameless=True, fault=Fault.POSSIBLE)
    return refused


def _too_low(ending: Ending, offer: Offer, grade: Grade, why: str) -> Ending:
    """The run did what it should, but what it left does not show enough of it (E2)."""
    reason = f"the offer demands grade {offer.evidence.grade}, the run reached {grade}: {why}"
    return replace(ending, outcome=Outcome.GRADE_NOT_REACHED, reason=reason[:500])


def _withheld_lines(logged: Sequence[Item]) -> list[str]:
    """Lines are items only where the policy names them; one that is not shown looks like a secret."""
    lines = [item for item in logged if item.kind is Kind.LINE and not item.public]
    return [line.kind.name.lower() for line in lines]


def _stop_duplicates(record: Record, run: Run, provider: Provider, put_off: PutOff) -> list[int]:
    """Of several runs of one call only the accepted one counts; the others are stopped and named (R3)."""
    try:
        found = provider.find(record.id, since=record.claimed_at, known=run.id)
        others = [each.id for each in found if each.id != run.id]
    except ProviderRefused:  # a provider that cannot search still has to end in a receipt
        return []
    for other in others:
        cancel_quietly(provider, other, record, put_off)
    return others
