"""Faults that the oracle signed: everything fits together but what it says."""

import json
from dataclasses import replace
from typing import Any

from sealrun.encoding.fields import canonical, document_hash
from sealrun.encoding.measure import Measured, measure_document
from sealrun.evidence.evidence import Item
from sealrun.evidence.leaves import Kind
from sealrun.receipts.receipt import Outcome
from sealrun.receipts.statements import open_envelopes
from tests.broken.fault import Fault, Make, lean, strangers
from tests.broken.sale import OPENED, POLICY, Files, Sale, envelope_of
from tests.sealrun.fakes import FakeOracle
from tests.sealrun.world import BUYER, ORACLE, make_offer, offer_value

NOW = 1_800_000_020


def _receipt(**changes: Any) -> Make:
    """Other values in the receipt, signed over and stated."""
    return lambda sale, _: sale.folder(**changes)


def _run(**changes: Any) -> Make:
    """Another document of the run."""
    return lean(lambda sale, _: replace(sale, run={**sale.run, **changes}).folder())


def _ran(**changes: Any) -> Make:
    """Another run in the document."""
    return lean(
        lambda sale, _: replace(sale, run={**sale.run, "run": {**sale.run["run"], **changes}}).folder()
    )


def _jobs(*jobs: dict[str, Any] | None) -> Make:
    """Other jobs in the document of the run: each as the good one's, but for the values named."""
    good = {"id": 10, "name": "build", "stage": "build", "status": "success", "failure_reason": ""}
    good |= {"runner": "runner", "result": "succeeded", "may_fail": False}
    return _run(jobs=[{**good, **(changes or {})} for changes in jobs])


def _call(**changes: Any) -> Make:
    """A call that the receipt names, and that is not of this offer and these inputs."""

    def make(sale: Sale, _: Files) -> Files:
        named = {
            "offer_hash": sale.offer.hash,
            "network": "mina:devnet",
            "inputs_hash": sale.call.inputs_hash,
        }
        return sale.of(replace(sale.call, **changes)).folder(**named)

    return lean(make)


def _inputs(document: bytes) -> Make:
    """Inputs that the call's hash covers."""

    def make(sale: Sale, _: Files) -> Files:
        call = replace(sale.call, inputs_hash=document_hash("sealrun:inputs", document))
        return sale.of(call, inputs=document).folder()

    return lean(make)


def _offer(**changes: Any) -> Make:
    """Another offer, with a call and a run of its own."""

    def make(sale: Sale, _: Files) -> Files:
        offer = make_offer(**{"evidence": POLICY, **changes})
        return sale.of(replace(sale.call, offer_hash=offer.hash), offer=offer).folder()

    return lean(make)


def _shown(label: str) -> Make:
    """An item that the policy keeps back, in the open."""

    def shown(items: tuple[Item, ...]) -> tuple[Item, ...]:
        return tuple(replace(item, public=item.public or item.label == label) for item in items)

    return lambda sale, _: replace(sale, outputs=shown(sale.outputs), profile=shown(sale.profile)).folder()


def _every_probe(sale: Sale, _: Files) -> Files:
    """All of the probe's values, where the offer shows every symbol."""
    offer = make_offer(evidence={**POLICY, "symbols": ["*"]})
    shown = tuple(
        replace(item, public=item.public or item.label.endswith("/probes.json")) for item in sale.profile
    )
    return sale.of(replace(sale.call, offer_hash=offer.hash), offer=offer, profile=shown).folder()


def _twice(sale: Sale, _: Files) -> Files:
    """Two outputs under one name."""
    measured = measure_document(b"built\n")
    more = Item(
        Kind.OUTPUT, "build/dist/again.txt", measured.sha256, measured.size, public=True, cid=measured.cid
    )
    return replace(sale, outputs=(*sale.outputs, more)).folder()


def _disclosed_twice(sale: Sale, _: Files) -> Files:
    """A second, hidden output under the name of a shown one, opened by a disclosure."""
    measured = measure_document(b"another\n")
    more = Item(Kind.OUTPUT, "build/dist/out.txt", measured.sha256, measured.size, public=False)
    left = {**sale.left, measured.sha256: b"another\n"}
    other = replace(sale, outputs=(*sale.outputs, more), left=left)
    files = strangers(lambda sale, _: sale.folder())(other, {})
    disclosed = other.evidence(canonical(sale.run)).outputs.disclosure(len(sale.outputs))
    return {**files, "outputs/build/dist/out.txt": b"built\n", OPENED: canonical(disclosed)}


def _made_up(label: str, data: bytes) -> Make:
    """Other bytes in an item that the collector makes of another one."""

    def make(sale: Sale, _: Files) -> Files:
        measured = measure_document(data)
        profile = tuple(_with(item, measured, data) if item.label == label else item for item in sale.profile)
        return replace(sale, profile=profile, left={**sale.left, measured.sha256: data}).folder()

    return make


def _with(item: Item, measured: Measured, data: bytes) -> Item:
    text = None if item.text is None else data.decode()
    cid = measured.cid if item.cid else ""
    return replace(item, sha256=measured.sha256, size=measured.size, cid=cid, text=text)


def _line_of_another_log(sale: Sale, _: Files) -> Files:
    """A line of a job that left no log."""
    profile = tuple(
        replace(item, label="test/job.log:2") if item.kind is Kind.LINE else item for item in sale.profile
    )
    return replace(sale, profile=profile).folder()


def _another_statement(_: Sale, good: Files) -> Files:
    """The oracle's second key signs a provenance of something else."""
    oracle = FakeOracle(ORACLE)
    first, second = open_envelopes(good["receipt.intoto.jsonl"], key=oracle.statement_key)
    other = first.replace(b"dist/out.txt", b"dist/0ut.txt")
    lines = envelope_of(other, oracle) + envelope_of(second, oracle)
    return {**good, "receipt.intoto.jsonl": lines}


def _another_statement_key(_: Sale, good: Files) -> Files:
    """Another key than the one that the run's document names signs the statements."""
    lines = open_envelopes(good["receipt.intoto.jsonl"], key=FakeOracle(ORACLE).statement_key)
    return {**good, "receipt.intoto.jsonl": b"".join(envelope_of(line, FakeOracle(BUYER)) for line in lines)}


def _of_another_sale(file: str) -> Make:
    """One file of the same job's next call, which is just as good."""
    return lambda sale, good: {**good, file: sale.of(replace(sale.call, nonce=8)).folder()[file]}


def _half_a_character(sale: Sale, _: Files) -> Files:
    """A document of the run with a name that no UTF-8 can hold."""
    document = json.dumps({**sale.run, "samples": {"\ud800": {}}}).encode()
    trees = sale.evidence(document)
    files = sale.folder(profile_hash=trees.profile.hash)
    return {**files, "profile/run.json": document, "index.json": trees.index, "openings.json": trees.openings}


def _source(commit: str) -> int:
    return make_offer(source={**offer_value()["source"], "commit": commit}, evidence=POLICY).source_hash


PRETTY = b'{"inputs": {"layer": "both"}, "salt": "' + b"ab" * 32 + b'"}'
LAYER = canonical({"inputs": {"layer": "none"}, "salt": "ab" * 32})
TEXT = canonical({"inputs": "layer", "salt": "ab" * 32})
READS = canonical({"inputs": {"layer": "both"}, "salt": "ab" * 32, "reads": 5})

BY_THE_ORACLE = [
    Fault(
        "oracle-not-the-named-one",
        "oracle",
        "oracle: expected B62",
        lambda sale, _: replace(sale, oracle=BUYER).folder(),
    ),
    Fault(
        "offer-of-another-oracle",
        "offer",
        "the offer's oracle: expected",
        lambda sale, _: replace(sale, oracle=BUYER).folder(),
        named=False,
    ),
    Fault(
        "offer-for-another-network",
        "offer",
        "network: expected mina:mainnet",
        _receipt(network="mina:mainnet"),
    ),
    Fault("offer-of-another-sale", "offer", "offer hash: expected", _receipt(offer_hash=5)),
    Fault(
        "source-of-another-commit",
        "source",
        "source hash: expected",
        _receipt(source_hash=_source("2e" * 20)),
    ),
    Fault(
        "grade-below-the-offers",
        "minimum grade",
        "the offer's grade: expected at least 1, got 0",
        _offer(evidence={**POLICY, "grade": 1}),
    ),
    Fault("call-of-another-sale", "call", "call hash: expected", _of_another_sale("call.json")),
    Fault("call-for-another-offer", "call", "the call's offer: expected", _call(offer_hash=5)),
    Fault(
        "call-under-other-terms", "call", "the call's terms: expected the offer's, got 5", _call(terms_hash=5)
    ),
    Fault(
        "call-on-another-network",
        "call",
        "the call's network: expected mina:devnet",
        _call(network="mina:mainnet"),
    ),
    Fault("call-with-other-inputs", "call", "the call's inputs: expected", _call(inputs_hash=5)),
    Fault(
        "call-by-the-oracle-itself",
        "call",
        "the call's account: expected a buyer's",
        _call(account=ORACLE.public_key()),
    ),
    Fault("inputs-signed-in-another-form", "inputs", "inputs: expected canonical JSON", _inputs(PRETTY)),
    Fault("inputs-outside-the-schema", "inputs", "layer", _inputs(LAYER)),
    Fault("inputs-that-are-a-text", "inputs", "inputs: expected an object, got str", _inputs(TEXT)),
    Fault("inputs-that-read-a-number", "inputs", "reads: expected a list", _inputs(READS)),
    Fault("index-of-another-sale", "index", "the index's call: expected", _of_another_sale("index.json")),
    Fault(
        "index-with-a-label-twice",
        "index",
        "expected every label once, got build/dist/again.txt twice",
        _twice,
    ),
    Fault(
        "two-outputs-of-one-name-of-which-one-is-disclosed",
        "disclosure",
        "outputs: expected every label once, got build/dist/out.txt twice",
        _disclosed_twice,
    ),
    Fault(
        "line-that-its-log-lacks",
        "derived",
        "build/job.log:2: expected line 2 of the log",
        _made_up("build/job.log:2", b"built by others"),
    ),
    Fault(
        "line-of-a-log-that-is-not-there",
        "derived",
        "expected test/job.log among the items, got none",
        _line_of_another_log,
    ),
    Fault(
        "stacks-that-the-profile-does-not-give",
        "derived",
        "profile.public.folded: expected what the offer shows of",
        _made_up("build/profile.public.folded", b"main;honest 99\n"),
    ),
    Fault(
        "probe-that-the-probe-did-not-take",
        "derived",
        "build/probes/steps: expected the value in",
        _made_up("build/probes/steps", b"[1,2,4]"),
    ),
    Fault(
        "openings-of-another-sale",
        "openings",
        "the openings' call: expected",
        _of_another_sale("openings.json"),
    ),
    Fault(
        "disclosure-of-another-sale",
        "disclosure",
        "outputs hash: expected",
        _of_another_sale("disclosures/notes.json"),
    ),
    Fault(
        "policy-shows-a-hidden-output",
        "policy",
        "expected build/notes.txt (output) kept back",
        _shown("build/notes.txt"),
    ),
    Fault(
        "policy-shows-the-log", "policy", "expected build/job.log (log) kept back", _shown("build/job.log")
    ),
    Fault(
        "policy-shows-every-symbol",
        "policy",
        "profile.folded (profile) kept back",
        _shown("build/sealrun-profile/profile.folded"),
    ),
    Fault("policy-shows-every-probe", "policy", "probes.json (profile) kept back", _every_probe),
    Fault("run-of-another-call", "run", "the run document's call: expected", _run(call="0" * 64)),
    Fault(
        "run-with-another-outcome",
        "run",
        "the run document's outcome: expected succeeded, got failed",
        _run(outcome="failed"),
    ),
    Fault(
        "run-that-failed-as-a-success",
        "run",
        "the run document's outcome: expected succeeded",
        _run(outcome="failed", reason="build: script_failure"),
    ),
    Fault("run-of-no-form", "run", "run: expected", _run(run=[])),
    Fault("run-with-half-a-character", "statements", "RFC 8785 can hold", _half_a_character),
    Fault("run-by-an-account-in-words", "run", "user: expected a whole number", _ran(user="seven")),
    Fault("run-that-is-missing", "commit", "expected one for status succeeded, got none", _run(run=None)),
    Fault("run-of-another-commit", "commit", "the run's sha: expected 1f1f", _ran(sha="2e" * 20)),
    Fault(
        "run-of-another-ref",
        "commit",
        "the run's ref: expected refs/tags/v1.0.0",
        _ran(ref="refs/heads/main"),
    ),
    Fault("run-of-another-project", "commit", "the run's project: expected 42, got 43", _ran(project="43")),
    Fault("run-by-another-account", "commit", "the run's user: expected 7, got 8", _ran(user=8)),
    Fault("run-under-another-name", "commit", "the run's name: expected sealrun", _ran(name="nightly")),
    Fault(
        "run-that-did-not-succeed",
        "commit",
        "the run's status: expected succeeded, got canceled",
        _ran(status="canceled"),
    ),
    Fault(
        "run-with-another-end",
        "commit",
        "the run's end: expected 1800000020, got 1800000019",
        _ran(finished_at=NOW - 1),
    ),
    Fault(
        "jobs-that-failed-as-a-success",
        "jobs",
        "the jobs: expected those that must succeed to do so, got test: failed, script_failure",
        _jobs(
            None, {"name": "test", "status": "failed", "failure_reason": "script_failure", "result": "failed"}
        ),
    ),
    Fault(
        "jobs-of-a-child-that-wait-for-a-person",
        "jobs",
        "got kid/sign: manual",
        _jobs(None, {"name": "kid/sign", "status": "manual", "result": "manual"}),
    ),
    Fault(
        "jobs-that-were-not-read",
        "jobs",
        "got jobs beyond the first 1000: unread",
        _jobs(None, {"name": "jobs beyond the first 1000", "status": "unread", "result": "unread"}),
    ),
    Fault(
        "jobs-that-may-all-fail", "jobs", "no job succeeded", _jobs({"result": "failed", "may_fail": True})
    ),
    Fault("jobs-that-are-none", "jobs", "no job succeeded", _run(jobs=[])),
    Fault("jobs-of-no-form", "jobs", "jobs: expected a list of at most 5000", _run(jobs={})),
    Fault("jobs-with-a-result-of-no-kind", "jobs", "result: expected", _jobs({"result": "fine"})),
    Fault(
        "run-that-began-after-its-end",
        "times",
        "the run's started_at: expected at most",
        _ran(started_at=NOW + 1),
    ),
    Fault(
        "run-of-another-configuration",
        "pinned",
        "the project's configuration: expected .gitlab-ci.yml",
        _run(configuration="evil.yml"),
    ),
    Fault(
        "run-that-hides-what-is-not-pinned",
        "pinned",
        "what is not pinned: expected job images",
        _run(not_pinned=[]),
    ),
    Fault(
        "status-without-its-run",
        "run",
        "the run document's outcome: expected skipped",
        _receipt(status=Outcome.SKIPPED),
    ),
    Fault(
        "statements-about-something-else",
        "statements",
        "provenance: expected the statement",
        _another_statement,
    ),
    Fault("statements-by-another-key", "statements", "expected the signature of key", _another_statement_key),
    Fault(
        "statements-of-another-sale",
        "statements",
        "provenance: expected the statement",
        _of_another_sale("receipt.intoto.jsonl"),
    ),
    Fault("grade-1-without-a-token", "grade", "expected evidence for grade 1, got none", _receipt(grade=1)),
    Fault(
        "grade-2-without-a-second-oracle",
        "grade",
        "expected evidence for grade 2, got none",
        _receipt(grade=2),
    ),
    Fault(
        "grade-3-without-a-verifier", "grade", "expected evidence for grade 3, got none", _receipt(grade=3)
    ),
]
