"""Are the offer's tag and file in the clone, and is the pipeline fit to be sold?"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from sealrun.offers.offer import Offer
from sealrun.offers.provider_rules import PROVIDERS, rules_of
from sealrun.offers.source import Source
from sealrun.providers.gitlab.job_rules import seconds as duration
from sealrun.providers.kind import PipelineWords, kind_of
from sealrun.providers.pipeline import Pipeline, Uncertain
from sealrun.receipts.grade import Grade
from sealrun.receipts.issuers import issuer_of
from sealrun.runs.judge import CALL_INPUT
from sealrun_cli.lib.ci_files import read_pipeline
from sealrun_cli.lib.findings import Finding, bad, good, unknown
from sealrun_cli.lib.repository import Repository
from sealrun_cli.lib.schemas import differences
from sealrun_cli.lib.units import lasting, size

CALL_PATTERN = "^[0-9a-f]{64}$"
# A name that holds an input's value, other than the call's hash.
_NAMED_BY_INPUT = re.compile(
    rf"\$(?:\[\[(?:(?!\]\]).)*|\{{\{{(?:(?!\}}\}}).)*)\binputs\b(?!\.{CALL_INPUT}\b)", re.DOTALL
)
AGAIN = "run `sealrun init --force` for the new commit: it is a new offer"


@dataclass(frozen=True)
class SourceCheck:
    """One offer, looked at in its clone."""

    offer: Offer
    clone: Repository

    def in_clone(self) -> Iterator[Finding]:
        """The tag names the offer's commit, tree and file; and that file's content."""
        source = self.offer.source
        tagged = self.clone.tagged(source.ref)
        for what, expected, got in (
            ("commit", source.commit, tagged.commit),
            ("tree", source.tree, tagged.tree),
        ):
            if expected != got:
                yield bad(what, f"expected {source.ref} at {expected}, got {got}", AGAIN)
                return
        yield good("tag", f"{source.ref} is commit {source.commit[:12]} in the clone")
        content = self.clone.file(source.commit, source.configuration.path)
        if hashlib.sha256(content).hexdigest() != source.configuration.sha256:
            yield bad("file", f"{source.configuration.path}: expected the offer's digest, got another", AGAIN)
        pipeline = read_pipeline(source.provider, content, source.inputs_as)
        yield from pipeline_findings(self.offer, pipeline)


def pipeline_findings(offer: Offer, pipeline: Pipeline) -> Iterator[Finding]:
    """What the pipeline's own file says against the offer: R2, R3, R4 and R5."""
    words = kind_of(offer.source.provider).form(offer.source.inputs_as).pipeline
    yield from _call_input(words, pipeline)
    for trouble in pipeline.troubles:
        yield bad("pipeline", *split_trouble(trouble))
    if pipeline.cancels_itself:
        detail = "a newer commit may cancel a run that was paid for"
        yield bad("pipeline", detail, f"write {words.no_cancel_advice} in it")
    yield from success_findings(offer, pipeline)
    yield from _public_names(offer, pipeline)
    if pipeline.unread:
        detail = f"not looked at: the jobs of {', '.join(pipeline.unread)[:200]}"
        yield unknown("workflows", detail, "see that none is retried, waits for a person or may fail")
    mismatches = list(differences(offer.inputs.schema, pipeline))
    for difference in mismatches:
        yield bad("inputs", difference, "run `sealrun init --force`, or edit [inputs]")
    if not mismatches:
        yield good("inputs", ", ".join(offer.inputs.names) or "none to set")
    yield from _not_pinned(offer)
    yield from _limits(offer, pipeline)
    yield from _grade(offer, words, pipeline)
    yield from last_job_findings(offer, pipeline, merged=False)


def last_job_findings(offer: Offer, pipeline: Pipeline, *, merged: bool) -> Iterator[Finding]:
    """The last job's token names the call done, which is what a proved offer's money waits for.

    Args:
        offer: what is sold; only one that proofs settle must have a last job.
        pipeline: what the file declares.
        merged: included files were looked at, too.
    """
    elsewhere = bool(pipeline.includes) and not merged
    if not pipeline.last_job and elsewhere and offer.proved:
        yield unknown("last job", "perhaps in an included file: looked at with --token-file")
    elif offer.proved or pipeline.last_job:
        for trouble in pipeline.last_job_troubles:
            yield bad("last job", *split_trouble(trouble))
        if not pipeline.last_job_troubles:
            yield good("last job", "its CI token names call and outputs, when all others succeeded")
    if offer.proved:
        yield from (bad("runners", *split_trouble(trouble)) for trouble in pipeline.own_runners)


def success_findings(offer: Offer, pipeline: Pipeline) -> Iterator[Finding]:
    """A buyer pays for jobs: those that the offer names, or all that must succeed (R8)."""
    for name in offer.success:
        if name in pipeline.spread:
            detail = f"expected a name that runs have, got {name}, whose runs have names of their own"
            yield bad("success", detail, "write them as a trial run shows them: sealrun check --run")
        elif pipeline.jobs and not pipeline.more_jobs and not any(_named(pipeline, name)):
            detail = f"expected the job {name}, which must succeed, got {', '.join(pipeline.jobs)[:200]}"
            yield bad("success", detail, "correct [success] jobs in offer.toml")
    sold = {each for name in offer.success for each in _named(pipeline, name)}
    needed = [each for each in pipeline.uncertain if not offer.success or each.job in sold]
    unsure: dict[str, str] = {}
    for each in needed:
        if not _is_sure(each, offer.source):
            unsure.setdefault(each.job, each.why)
    for name, why in unsure.items():
        detail = f"{name} {why}, so a run that is good otherwise may lack it"
        yield bad("success", detail, "change the job, or name the jobs that must succeed in [success] jobs")
    if not unsure:
        yield good("success", ", ".join(offer.success) or "every job must succeed")


def _is_sure(job: Uncertain, source: Source) -> bool:
    """True if it is uncertain for other offers alone. No case counts, as in GitHub's conditions."""
    project, ref = f"{source.project}/".lower(), source.ref.lower()
    begin = [project.startswith(each) or ref.startswith(each) for each in map(str.lower, job.beginnings)]
    return bool(begin) and all(begin)


def _named(pipeline: Pipeline, name: str) -> Iterator[str]:
    """The jobs of the file whose runs may have this name."""
    for job in pipeline.jobs:
        pattern = pipeline.spread.get(job)
        if (name == job) if pattern is None else re.fullmatch(pattern, name, re.DOTALL):
            yield job


def _public_names(offer: Offer, pipeline: Pipeline) -> Iterator[Finding]:
    """Everybody sees the names of a run's jobs, stages and archives, in its call's state or evidence (R7)."""
    if offer.evidence.inputs != "buyer":
        return
    if taking := [name for name, handed in pipeline.handed if _NAMED_BY_INPUT.search(handed)]:
        detail = f"private inputs are handed to {', '.join(taking)[:200]}, whose names were not looked at"
        yield unknown("jobs", detail, "see that they name no job, stage or archive: everybody sees these")
    told = [name for name in (*pipeline.jobs, *pipeline.shown) if _NAMED_BY_INPUT.search(name)]
    if told:
        detail = (
            f"expected names without private inputs, for everybody sees them, got {', '.join(told)[:200]}"
        )
        yield bad("jobs", detail, 'name them otherwise, or write inputs = "public" in [evidence]')


def _grade(offer: Offer, words: PipelineWords, pipeline: Pipeline) -> Iterator[Finding]:
    """An offer that demands grade 1 needs a public issuer, and a job that asks for its token (E2)."""
    if offer.evidence.grade < Grade.TOKEN:
        return
    if issuer_of(offer.source, unsafe_loopback=True) is None:
        detail = f"grade 1: expected jobs at {_public_origins()}, got {offer.source.origin}"
        yield bad("grade", detail, "write grade = 0 in [evidence]")
    elif not pipeline.with_token:
        yield bad("grade", f"grade 1: expected {words.job_token}, got none", words.job_token_advice)
    else:
        yield good("grade", f"grade 1: {', '.join(pipeline.with_token)} with the job's own token")


def _public_origins() -> str:
    tokens = [rules_of(name).token for name in PROVIDERS]
    return " or ".join(origin for token in tokens if token for origin in token.public)


def _call_input(words: PipelineWords, pipeline: Pipeline) -> Iterator[Finding]:
    """The pipeline takes the call's hash and names its runs by it, so that a lost run can be found (R3)."""
    declared = pipeline.inputs.get(CALL_INPUT)
    if declared is None:
        detail = f"expected an input {CALL_INPUT} for the call's hash, got none"
        yield bad("pipeline", detail, f"declare it, with regex: {CALL_PATTERN}")
    elif declared.kind != "string" or declared.options:
        got = f"options: {', '.join(declared.options)}"[:60] if declared.options else declared.kind
        yield bad(
            "pipeline", f"{CALL_INPUT}: expected any text, got {got}", "write type: string, without options"
        )
    elif words.call_regex and declared.regex != CALL_PATTERN:
        detail = f"{CALL_INPUT}: expected the regex {CALL_PATTERN}, got {declared.regex[:60] or 'none'}"
        yield bad("pipeline", detail, f"write regex: {CALL_PATTERN}")
    if not re.fullmatch(words.run_name, pipeline.name):
        detail = f"expected runs to be named by the call's hash, got {pipeline.name[:60]!r}"
        yield bad("pipeline", detail, f"write {words.run_name_advice}")
    elif declared is not None:
        yield good("pipeline", f"takes {CALL_INPUT} and names its runs by it")


def _not_pinned(offer: Offer) -> Iterator[Finding]:
    if loose := offer.source.configuration.not_pinned:
        named, advice = (
            ", ".join(loose)[:200],
            "include by a full commit hash, or put the file into the project",
        )
        if offer.proved:
            yield bad("includes", f"expected pinned ones, whose word money is paid on, got {named}", advice)
        else:
            yield unknown(
                "includes", f"not pinned, and so named in every receipt's evidence: {named}", advice
            )


def _limits(offer: Offer, pipeline: Pipeline) -> Iterator[Finding]:
    seconds = offer.limits.seconds
    longer = [f"{name} ({text})" for name, text in pipeline.timeouts.items() if duration(text) > seconds]
    if longer:
        detail = f"expected jobs within the offer's {lasting(seconds)}, got {', '.join(longer)[:200]}"
        yield bad("limits", detail, "raise limits.seconds in offer.toml, or lower the timeout")
    else:
        yield good("limits", f"{lasting(seconds)}, {size(offer.limits.artifact_bytes)} of artifacts")


def split_trouble(trouble: str) -> tuple[str, str]:
    detail, _, following = trouble.partition("; ")
    return detail, following
