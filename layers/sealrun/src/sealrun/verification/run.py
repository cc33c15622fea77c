"""The document of how the call went, against the receipt and the offer."""

from collections.abc import Iterator, Mapping
from typing import Any

from sealrun.calls.call import MAX_UNIX_SECONDS
from sealrun.encoding import read
from sealrun.encoding.json_limits import parse_object
from sealrun.errors import Malformed, SealrunError
from sealrun.offers.offer import Offer
from sealrun.ports.folder import Folder
from sealrun.receipts.grade import Grade
from sealrun.receipts.receipt import Outcome, Receipt
from sealrun.runs.document import LABEL, not_pinned
from sealrun.runs.judge import run_name, unmet_jobs
from sealrun.runs.run import Job, JobResult
from sealrun.verification.claims import BrokenClaim, Claim, broken, holds, not_shown, require, require_equal
from sealrun.verification.files import covered_document
from sealrun.verification.trees import Opened

OPERATOR = Grade.OPERATOR.rests_on
MAX_RUN_BYTES = 8 << 20
# No stack pins at more services than these.
MAX_PINS = 10
# More than any provider's client reads: 1,000, with those that stand for the rest.
MAX_JOBS = 5000
# In characters. Of a provider's words a client reads 4,096, and may put an id behind a job's name.
_PROVIDERS = "(?s).{0,5000}"
# The claim about items that were not pinned.
IPFS = "ipfs"
_KEY = ("profile", LABEL)
_NAMES = ("call", "outcome", "reason", "statement_key", "samples", "not_pinned", "run")
_WORDS = ("call", "outcome", "reason", "statement_key")
_TEXTS = ("project", "name", "ref", "sha", "source", "url", "status")
_JOB_WORDS = ("name", "status", "failure_reason", "result")
_JOB = (*_JOB_WORDS, "may_fail")
_NUMBERS = ("id", "user", "created_at", "started_at", "finished_at")


def read_run(receipt: Receipt, opened: Opened, folder: Folder) -> tuple[Mapping[str, Any], list[Claim]]:
    """run.json, if it tells the same end of the same call as the receipt; empty if it is not here.

    Not checked: that the run was so. At grade 0 that is the operator's word.
    """
    try:
        leaf = opened.leaves.get(_KEY)
        document = covered_document(folder, f"profile/{LABEL}", leaf) if leaf else None
        if document is None:
            missing = not_shown("run", f"{LABEL} is not here", rests_on=OPERATOR, grade=Grade.OPERATOR)
            return {}, [missing]
        # Step 7.1
        run = _parsed(document)
        require_equal("the run document's call", f"{receipt.call_hash:064x}", run["call"])
        require_equal("the run document's outcome", receipt.status.name.lower(), run["outcome"])
    except SealrunError as error:
        return {}, [_broken("run", error)]
    return run, [_holds("run", f"{run['outcome']}: {run['reason']}")]


def _holds(name: str, says: str) -> Claim:
    return holds(name, says, rests_on=OPERATOR, grade=Grade.OPERATOR)


def _broken(name: str, error: SealrunError) -> Claim:
    return broken(name, error, rests_on=OPERATOR, grade=Grade.OPERATOR)


def _parsed(document: bytes) -> Mapping[str, Any]:
    """Every value that is read of the document is well formed; the others are left alone.

    Raises:
        Malformed: one is malformed.
    """
    value = parse_object(document, at_most=MAX_RUN_BYTES)
    read.only(value, _NAMES, where=LABEL, optional=tuple(value))
    for name in _WORDS:
        read.text(value, name, pattern="(?s).{0,2000}", says="text")
    if not isinstance(value["samples"], dict) or not isinstance(value["not_pinned"], list):
        raise Malformed("samples, not_pinned: expected an object and a list, got something else")
    if not all(isinstance(one, str) for one in (*value["not_pinned"], _path(value))):
        raise Malformed("not_pinned, configuration: expected texts, got something else")
    run = value["run"]
    if run is not None:
        read.only(run, (*_TEXTS, *_NUMBERS), where="run")
        for name in _TEXTS:
            read.text(run, name, pattern=_PROVIDERS, says="text")
        for name in _NUMBERS:
            read.whole(run, name, low=0, high=MAX_UNIX_SECONDS)
    return value


def _path(document: Mapping[str, Any]) -> Any:
    """The file that the project is set to run; empty where the provider did not tell."""
    path = document.get("configuration")
    return "" if path is None else path


def check_run(receipt: Receipt, offer: Offer, document: Mapping[str, Any]) -> Claim:
    """The run was of the offer's project, ref and commit, and bears the call's name (R3, R4)."""
    run, source = document.get("run"), offer.source
    if run is None:
        return _no_run(receipt)
    try:
        # Step 7.4
        if receipt.status is not Outcome.SOURCE_CHANGED:
            wanted = {"project": source.project, "ref": source.ref, "sha": source.commit, "user": source.user}
            wanted["name"] = run_name(f"{receipt.call_hash:064x}")
            for name, expected in wanted.items():
                require_equal(f"the run's {name}", expected, run.get(name))
        if receipt.status is Outcome.SUCCEEDED:
            require_equal("the run's status", "succeeded", run.get("status"))
            require_equal("the run's end", receipt.finished_at, run.get("finished_at"))
    except SealrunError as error:
        return _broken("commit", error)
    return _holds("commit", f"run {run.get('id')} at commit {run.get('sha')}")


def check_jobs(receipt: Receipt, offer: Offer, document: Mapping[str, Any]) -> Claim:
    """By the document's own jobs the run is what the receipt says that it is: a success (R8).

    A job that ran more than once is named. Not checked: that each job ended so.
    """
    if receipt.status is not Outcome.SUCCEEDED:
        return _holds("jobs", "the receipt does not say that the jobs succeeded")
    listed = document.get("jobs")
    if _tells_no_results(listed):
        says = f"{LABEL} has the provider's words only, as before sealrun 0.2.0: neither a job's result nor"
        says += " whether it may fail"
        return not_shown("jobs", says, rests_on=OPERATOR, grade=Grade.OPERATOR)
    try:
        # Step 7.6
        jobs = _jobs(listed)
        unmet = "; ".join(unmet_jobs(jobs, offer.success))
        require(not unmet, f"the jobs: expected those that must succeed to do so, got {unmet[:500]}")
    except SealrunError as error:
        return _broken("jobs", error)
    again = ", ".join(job.name[:80] for job in jobs if job.retried)
    repeated = f"; ran more than once: {again[:500]}" if again else ""
    return _holds("jobs", f"every job that must succeed did{repeated}")


def _tells_no_results(listed: Any) -> bool:
    """True for a document of a sealrun that only wrote the provider's own words down."""
    jobs = listed if isinstance(listed, list) else []
    return bool(jobs) and all(isinstance(job, dict) and "result" not in job for job in jobs)


def _jobs(listed: Any) -> list[Job]:
    """The document's jobs, as far as they are judged.

    Raises:
        Malformed: they are of no such form.
    """
    if not isinstance(listed, list) or len(listed) > MAX_JOBS:
        raise Malformed(f"jobs: expected a list of at most {MAX_JOBS}, got something else")
    return [_job(value) for value in listed]


def _job(value: Any) -> Job:
    read.with_others(value, _JOB, where="job")
    may_fail = read.truth(value, "may_fail")
    words = {name: read.text(value, name, pattern=_PROVIDERS, says="text") for name in _JOB_WORDS}
    read.one_of(value, "result", tuple(JobResult))
    return Job(
        id=0,
        name=words["name"],
        stage="",
        status=words["status"],
        failure_reason=words["failure_reason"],
        retried="retried" in value and read.truth(value, "retried"),
        has_artifacts=False,
        runner="",
        result=JobResult(words["result"]),
        may_fail=may_fail,
    )


def check_pinned(offer: Offer, document: Mapping[str, Any]) -> Claim:
    """The run was of the offer's configuration file, and everything that is not pinned is named (R4)."""
    path, ran = offer.source.configuration.path, document.get("configuration")
    try:
        # Step 7.5
        if document["outcome"] == Outcome.SUCCEEDED.name.lower() and ran is not None:
            require_equal("the project's configuration", path, ran)
        named = not_pinned(offer, ran or "")
        require_equal("what is not pinned", ", ".join(named), ", ".join(document["not_pinned"]))
    except SealrunError as error:
        return _broken("pinned", error)
    return _holds("pinned", f"not pinned, and named: {', '.join(named)}")


def check_ipfs(document: Mapping[str, Any]) -> Iterator[Claim]:
    """The items that IPFS services lacked when the document was signed; what they hold now is not checked."""
    # Step 7.3
    pins = document.get("pins")
    for one in pins[:MAX_PINS] if isinstance(pins, list) else ():
        match one:
            case {"service": str(service), "pinned": int(pinned), "failed": int(failed)} if failed > 0:
                status = f"{service[:40]!a} held {pinned} of {pinned + failed} public items at the signing"
                says = f"{status}; `sealrun pin` pins the others"
                yield not_shown(IPFS, says, rests_on=OPERATOR, grade=Grade.OPERATOR)


def _no_run(receipt: Receipt) -> Claim:
    if receipt.status in (Outcome.NEVER_STARTED, Outcome.UNREACHABLE):
        return _holds("commit", "no run was there to look at")
    error = BrokenClaim(f"the run: expected one for status {receipt.status.name.lower()}, got none")
    return _broken("commit", error)


def check_times(receipt: Receipt, document: Mapping[str, Any]) -> Claim:
    """The run began before it ended."""
    run, end = document.get("run") or {}, receipt.finished_at
    try:
        # Step 7.2
        for name in ("created_at", "started_at"):
            time = run.get(name, 0)
            require(time <= end, f"the run's {name}: expected at most {end}, got {time}")
    except SealrunError as error:
        return _broken("times", error)
    return _holds("times", f"finished at {end} (Unix seconds)")
