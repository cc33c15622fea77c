"""What a trial run shows: its source, how it ended, what it left, and what of that anyone would see."""

import os
import secrets
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from sealrun.adapters.files.archives import unpack_zip
from sealrun.adapters.files.evidence_store import FolderEvidenceStore
from sealrun.adapters.files.signed_urls import SignedUrls
from sealrun.adapters.files.spool import spooled
from sealrun.errors import ProviderBusy, ProviderUnclear
from sealrun.evidence.secret_scan import Scanner
from sealrun.offers.offer import Offer
from sealrun.ports.provider import Issuers
from sealrun.providers.issuers import PinnedIssuers
from sealrun.providers.kind import Opening, kind_of
from sealrun.receipts.grade import Grade
from sealrun.receipts.receipt import Outcome
from sealrun.runs.document import RunReport
from sealrun.runs.judge import configuration_changed, foreign, source_changed
from sealrun.runs.record import Ending
from sealrun.runs.run import Job, Run
from sealrun.transport.http import Client
from sealrun.workflows.collect_run import COLLECT_SECONDS
from sealrun.workflows.deadline import Deadline
from sealrun.workflows.gather import Gathered, gather
from sealrun.workflows.gather_logs import still_to_come
from sealrun.workflows.receipt_documents import SmallLogs
from sealrun_cli.lib.findings import Finding, bad, good, tried, unknown
from sealrun_cli.lib.outgoing import ARTIFACT_ORIGINS, open_guarded
from sealrun_cli.lib.output import Output
from sealrun_cli.lib.service import LOOPBACK
from sealrun_cli.lib.trial import LOOK_SECONDS, Trial
from sealrun_cli.lib.units import size

# Names in one line.
SHOWN = 12


class _FirstUse:
    """``sealrun.ports.calls.TokenBook``: a trial is no call, so its tokens count for no other."""

    def take_token(self, issuer: str, jti: str, *, call_hash: int) -> bool:  # noqa: ARG002  nothing is kept
        return True


@dataclass(frozen=True)
class RunCheck:
    """A trial, and what it takes to look at what it left."""

    trial: Trial
    issuers: Issuers
    token: str = field(repr=False)

    @property
    def interrupted(self) -> bool:
        """True once somebody pressed Ctrl-C."""
        return self.trial.interrupted

    def run(self, inputs: Mapping[str, object]) -> Iterator[Finding]:
        """Take one run, and say all that it shows."""
        run = self.trial.take(inputs)
        yield good("run", run.url)
        if self.trial.interrupted or not run.status.over:
            yield _stopped(run)
            return
        yield from tried("source", lambda: self._source(run))
        gathered = self._gathered(run)
        yield _outcome(gathered.ending)
        yield from _jobs(gathered.report.jobs)
        if not gathered.ending.bare:
            yield from _left(gathered)
            yield _token(gathered, self.trial.offer)

    def _source(self, run: Run) -> Iterator[Finding]:
        """Is it found by its name, and of the offer's commit and file?"""
        trial, offer = self.trial, self.trial.offer
        runs = [each.id for each in trial.provider.find(trial.record.id, since=trial.record.claimed_at)]
        if runs == [run.id]:
            yield good("name", f"the run is found as `{run.name}`")
        else:
            said = f"expected run {run.id} alone under the call's name, got {len(runs)} runs"
            yield bad(
                "name",
                said,
                kind_of(offer.source.provider).form(offer.source.inputs_as).pipeline.run_name_advice,
            )
        changed = foreign(run, trial.record, offer) or source_changed(run, offer)
        yield _held("commit", f"{run.ref} at {run.sha[:12]}…, as the offer says", changed)
        project = trial.provider.project()
        file = offer.source.configuration.path
        told = f"{file}, as the offer says" if project.configuration else f"{file}; no other is set"
        yield _held("file", told, configuration_changed(project, offer))

    def _gathered(self, run: Run) -> Gathered:
        """How the run ended and what it left, looked at as the functions do; its files are deleted after."""
        trial = self.trial
        while True:
            try:
                with tempfile.TemporaryDirectory(prefix="sealrun-") as folder:
                    return self._gathered_in(Path(folder), run)
            except (ProviderBusy, ProviderUnclear) as error:
                if not still_to_come(run, trial.record, now=trial.clock()):
                    raise
                trial.out.progress(f"not all is there yet: {error.detail}")
                trial.sleep(LOOK_SECONDS)

    def _gathered_in(self, folder: Path, run: Run) -> Gathered:
        trial, end = self.trial, self.trial.ending(run)
        if end.bare:
            return Gathered(end, RunReport(run, trial.provider.jobs(run.id)))
        urls = SignedUrls("", secrets.token_bytes(32), trial.clock)  # nobody is given any
        return gather(
            trial.record,
            end,
            run,
            trial.provider.jobs(run.id),
            offer=trial.offer,
            provider=trial.provider,
            store=FolderEvidenceStore(folder, urls=urls),
            unpack=unpack_zip,
            spool=spooled,
            ledger=_FirstUse(),
            issuers=self.issuers,
            scanner=Scanner([self.token.encode()]),
            small=SmallLogs(),
            in_time=Deadline(trial.clock() + COLLECT_SECONDS, trial.clock),
            put_off=lambda _, error: trial.out.progress(f"a second run was not stopped: {error.detail}"),
        )


@contextmanager
def opened(offer: Offer, token: str, out: Output) -> Iterator[RunCheck]:
    """The offer's provider by the functions' own client; the token goes to the offer's origin alone."""
    source = offer.source
    host = httpx.URL(source.origin).host
    files_from = os.environ.get(ARTIFACT_ORIGINS, "").split()
    with ExitStack() as clients:

        def client(origins: Sequence[str]) -> Client:
            return clients.enter_context(open_guarded({source.origin, *files_from}, public=origins))

        provider = kind_of(source.provider).open(Opening(source, token, client, files_from))
        issuers = PinnedIssuers(
            lambda origin: client([origin]), clock=time.time, unsafe_loopback=host in LOOPBACK
        )
        yield RunCheck(Trial(offer, provider, out), issuers, token)


def _held(what: str, said: str, wrong: str) -> Finding:
    return (
        bad(what, wrong, "run `sealrun init` again for the tag that you mean to sell")
        if wrong
        else good(what, said)
    )


def _stopped(run: Run) -> Finding:
    """Of a run that was stopped by hand, and of one that could not be stopped."""
    if run.status.over:
        return bad("outcome", f"you stopped the trial; the run is {run.status}", "run it again")
    return bad("outcome", "the run was asked to stop, and goes on", f"stop it at {run.url}")


def _outcome(end: Ending) -> Finding:
    said = f"{end.outcome.name.lower().replace('_', ' ')}: {end.reason}"
    if end.outcome is Outcome.SUCCEEDED:
        return good("outcome", said)
    return bad(
        "outcome", said, "read the run's log, and mend pipeline, inputs or limits: nobody pays for such a run"
    )


def _jobs(jobs: Sequence[Job]) -> Iterator[Finding]:
    """How many ended how, and which; whether that is enough, the outcome says."""
    by_result: dict[str, list[str]] = {}
    for job in jobs:
        by_result.setdefault(job.result.value, []).append(job.name)
    for result, names in sorted(by_result.items()):
        yield unknown("jobs", f"{len(names)} {result}: {_listed(names)}")


def _left(gathered: Gathered) -> Iterator[Finding]:
    """Files and logs by who may see them, and what of them is missing, cut or kept back."""
    report, items = gathered.report, [*gathered.outputs, *gathered.profile]
    for said, public in (("anyone sees", True), ("only the buyer sees", False)):
        named = [f"{item.label} ({size(item.size)})" for item in items if item.public is public]
        yield unknown("evidence", f"{said} {_listed(named)}")
    if report.withheld:
        said = f"{len(report.withheld)} that the policy shows are kept back: they look like secrets"
        yield bad("evidence", said, "keep secrets out of files and logs, or narrow [evidence]")
    for name, why in report.logs_missing.items():
        yield unknown("log", f"{name}: {why}")
    if report.logs_cut:
        yield unknown("log", f"longer than the offer's limit: {_listed(report.logs_cut)}")
    if report.masked:
        yield unknown("log", f"what looks like a secret is masked: {_listed(list(report.masked))}")


def _token(gathered: Gathered, offer: Offer) -> Finding:
    """Whether the run reached grade 1."""
    tokens = gathered.report.tokens
    verified = [token["job"] for token in tokens if token["verified"]]
    if gathered.grade is Grade.TOKEN:
        return good("grade", f"1, by the CI token of {_listed(verified)}")
    refused = [f"{token['job']}: {token['reason']}" for token in tokens if not token["verified"]]
    why = _listed(refused) if refused else f"CI tokens came from {_listed(verified)}"
    if offer.evidence.grade > gathered.grade:
        return bad(
            "grade", f"0, the offer demands {offer.evidence.grade}; {why}", "have each job leave its token"
        )
    return unknown("grade", f"0; {why}")


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return (", ".join(names[:SHOWN]) or "nothing") + more
