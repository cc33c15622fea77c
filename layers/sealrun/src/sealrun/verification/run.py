"""The document of how the call went, against the receipt and the offer."""

from collections.abc import Iterator, Mapping
from typing import Any

from sealrun.calls.call import MAX_UNIX_SECONDS
from sealrun.encoding import read
from sealrun.encoding.json_limits import parse_object
from sealrun.errors import Malformed, SealrunError
from sealrun.offers.offer import Offer
from sealrun.receipts.receipt import Outcome, Receipt
from sealrun.runs.document import LABEL, not_pinned
from sealrun.runs.judge import run_name
from sealrun.verification.claims import BrokenClaim, Claim, Folder, broken, expect, holds, not_shown
from sealrun.verification.trees import Opened, covered_document

OPERATOR = "the operator's word"
MAX_RUN_BYTES = 8 << 20
# No stack pins at more services than these.
MAX_PINS = 10
# The claim that something was not pinned there.
IPFS = "ipfs"
_KEY = ("profile", LABEL)
_NAMES = ("call", "outcome", "reason", "statement_key", "samples", "not_pinned", "run")
_WORDS = ("call", "outcome", "reason", "statement_key")
_TEXTS = ("project", "name", "ref", "sha", "source", "url", "status")
_NUMBERS = ("id", "user", "created_at", "started_at", "finished_at")


def read_run(receipt: Receipt, opened: Opened, folder: Folder) -> tuple[Mapping[str, Any], list[Claim]]:
    """run.json, if it tells the same end of the same call as the receipt; empty if it is not here.

    Not checked: that the run was so. At grade 0 that is the operator's word.
    """
    try:
        leaf = opened.leaves.get(_KEY)
        document = covered_document(folder, f"profile/{LABEL}", leaf) if leaf else None
        if document is None:
            return {}, [not_shown("run", f"{LABEL} is not here", rests_on=OPERATOR, grade=0)]
        found = _parsed(document)
        expect("the run document's call", f"{receipt.call_hash:064x}", found["call"])
        expect("the run document's outcome", receipt.status.name.lower(), found["outcome"])
    except SealrunError as error:
        return {}, [broken("run", error, rests_on=OPERATOR, grade=0)]
    return found, [holds("run", f"{found['outcome']}: {found['reason']}", rests_on=OPERATOR, grade=0)]


def _parsed(document: bytes) -> Mapping[str, Any]:
    """What is read of the document has its form; what else stands in it is let be.

    Raises:
        Malformed: it has not.
    """
    found = parse_object(document, at_most=MAX_RUN_BYTES)
    read.only(found, _NAMES, where=LABEL, optional=tuple(found))
    if missing := [name for name in (*_WORDS, "samples", "not_pinned", "run") if name not in found]:
        raise Malformed(f"{LABEL}: expected {missing[0]}, got none")
    for name in _WORDS:
        read.text(found, name, pattern="(?s).{0,2000}", says="text")
    if not isinstance(found["samples"], dict) or not isinstance(found["not_pinned"], list):
        raise Malformed("samples, not_pinned: expected an object and a list, got something else")
    run = found["run"]
    if run is not None:
        read.only(run, (*_TEXTS, *_NUMBERS), where="run")
        for name in _TEXTS:
            read.text(run, name, pattern="(?s).{0,2000}", says="text")
        for name in _NUMBERS:
            read.whole(run, name, low=0, high=MAX_UNIX_SECONDS)
    return found


def check_run(receipt: Receipt, offer: Offer, found: Mapping[str, Any]) -> Claim:
    """The run that is named was of the offer's project, ref and commit, and bears its name (R3, R4)."""
    run, source = found.get("run"), offer.source
    if run is None:
        return _no_run(receipt)
    try:
        if receipt.status is not Outcome.SOURCE_CHANGED:
            wanted = {"project": source.project, "ref": source.ref, "sha": source.commit, "user": source.user}
            wanted["name"] = run_name(f"{receipt.call_hash:064x}")
            for name, expected in wanted.items():
                expect(f"the run's {name}", expected, run.get(name))
        if receipt.status is Outcome.SUCCEEDED:
            expect("the run's status", "succeeded", run.get("status"))
            expect("the run's end", receipt.finished_at, run.get("finished_at"))
    except SealrunError as error:
        return broken("commit", error, rests_on=OPERATOR, grade=0)
    return holds("commit", f"run {run.get('id')} at commit {run.get('sha')}", rests_on=OPERATOR, grade=0)


def check_pinned(offer: Offer, found: Mapping[str, Any]) -> Claim:
    """The run was of the offer's configuration file, and what nothing pins is named as such (R4)."""
    path, ran = offer.source.configuration.path, found.get("configuration")
    try:
        if found["outcome"] == Outcome.SUCCEEDED.name.lower() and ran is not None:
            expect("the project's configuration", path, ran)
        named = not_pinned(offer, str(ran or ""))
        expect("what is not pinned", ", ".join(named), ", ".join(map(str, found["not_pinned"])))
    except SealrunError as error:
        return broken("pinned", error, rests_on=OPERATOR, grade=0)
    return holds("pinned", f"not pinned, and named: {', '.join(named)}", rests_on=OPERATOR, grade=0)


def check_ipfs(found: Mapping[str, Any]) -> Iterator[Claim]:
    """What IPFS services did not hold when the document was signed; nothing is said of what they hold now."""
    pins = found.get("pins")
    for one in pins[:MAX_PINS] if isinstance(pins, list) else ():
        match one:
            case {"service": str(service), "pinned": int(pinned), "failed": int(failed)} if failed > 0:
                held = f"{service[:40]!a} held {pinned} of {pinned + failed} public items at the signing"
                says = f"{held}; `sealrun pin` pins the others"
                yield not_shown(IPFS, says, rests_on=OPERATOR, grade=0)


def _no_run(receipt: Receipt) -> Claim:
    if receipt.status in (Outcome.NEVER_STARTED, Outcome.UNREACHABLE):
        return holds("commit", "no run was there to look at", rests_on=OPERATOR, grade=0)
    error = BrokenClaim(f"the run: expected one for status {receipt.status.name.lower()}, got none")
    return broken("commit", error, rests_on=OPERATOR, grade=0)


def check_times(receipt: Receipt, found: Mapping[str, Any]) -> Claim:
    """The run began before it ended."""
    run = found.get("run") or {}
    try:
        for name in ("created_at", "started_at"):
            if run.get(name, 0) > receipt.finished_at:
                raise BrokenClaim(
                    f"the run's {name}: expected at most {receipt.finished_at}, got {run[name]}"
                )
    except SealrunError as error:
        return broken("times", error, rests_on=OPERATOR, grade=0)
    return holds("times", f"finished at {receipt.finished_at} (Unix seconds)", rests_on=OPERATOR, grade=0)
