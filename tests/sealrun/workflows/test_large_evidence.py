"""The evidence of a run within all of its limits can be had, whatever a function's answer holds at most."""

import hashlib
import json
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest

from sealrun.evidence.index import TREES, Index, parse_openings
from sealrun.evidence.leaves import Kind
from sealrun.money.buyer import sign_read
from sealrun.runs.record import Record, State
from sealrun.runs.run import Job, JobResult
from sealrun.workflows.read_receipt import read_evidence, read_statements
from sealrun.workflows.receipt_documents import store_documents
from tests.sealrun.fakes import FakeStore, zipped
from tests.sealrun.gateway import Gateway, load
from tests.sealrun.market import SERVICE, Market
from tests.sealrun.world import BUYER, World, evidence_value, limits_value, make_offer

# Of a function's answer, https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_ANSWER = 6_291_556
JOBS = 330


class SignedUrls(FakeStore):
    """URLs as long as those that a role's session token makes."""

    def url(self, sha256: str, *, seconds: int, filename: str) -> str:
        return f"https://evidence.test/{sha256}?{'x' * 1900}&as={urllib.parse.quote(filename)}"


def large_world() -> tuple[World, Record]:
    limits = limits_value(artifact_bytes=10**9, files=1000)
    world = World(make_offer(limits=limits, evidence=evidence_value(outputs=["*"])), store=SignedUrls())

    @contextmanager
    def artifacts(job: int) -> Iterator[Iterator[bytes]]:
        names = ("out/" + "報告書" * 22 + f"{number}.pdf" for number in range(3))
        yield iter([zipped({name: f"{job}-{name[-5]}".encode() for name in names})])

    names = [f"test: [linux, {number}]" for number in range(JOBS)]
    world.provider.jobs = lambda _: [
        Job(number, name, "test", "success", "", False, True, "r", result=JobResult.SUCCEEDED)  # noqa: FBT003
        for number, name in enumerate(names, start=1)
    ]
    world.provider.artifacts = artifacts
    return world, world.settle(world.call().record.call_hash)


def world_of_dense_documents() -> World:
    """Each document has less than 512 KiB, full of what takes most room as JSON within JSON."""
    limits = limits_value(artifact_bytes=10**9, files=1000, log_bytes=10**6)
    evidence = evidence_value(inputs="public", outputs=[], log=['"*'])
    world = World(make_offer(limits=limits, evidence=evidence), store=SignedUrls())
    ran = Job(1, "build", "test", "success", "", False, True, "r", result=JobResult.SUCCEEDED)  # noqa: FBT003
    skipped = replace(ran, has_artifacts=False, has_log=False, result=JobResult.SKIPPED, may_fail=True)
    names = ['"' * 250 + str(number) for number in range(740)]
    others = [replace(skipped, id=number, name=name) for number, name in enumerate(names, start=3)]
    world.provider.listed = [ran, replace(ran, id=2, name="check", has_artifacts=False), *others]
    world.provider.files = {f"{'😀' * 57}/{'😀' * 58}{n}": b"%d" % n for n in range(650)}
    logs = {1: b"\x01" * (127 << 10), 2: (b'"' * 2000 + b"\n") * 80}

    @contextmanager
    def log(job: int) -> Iterator[Iterator[bytes]]:
        yield iter([logs[job]])

    world.provider.log = log
    return world


def right_to_read(world: World, record: Record) -> dict[str, str]:
    """The buyer's, for ten minutes."""
    until, account = world.clock.now + 600, BUYER.public_key()
    network = world.offer.network
    signed = sign_read(BUYER, network, account, record.call_hash, expires_at=until, service=SERVICE)
    return {"expires_at": str(until), "signature": signed["Sealrun-Signature"]}


def pages(world: World, record: Record, right: dict[str, str]) -> Iterator[dict[str, Any]]:
    after = 0
    while after is not None:
        services: dict[str, Any] = {"service": SERVICE, "ledger": world.ledger, "store": world.store}
        page = read_evidence(record.id, right, now=world.clock.now, after=after, **services)
        yield page
        after = page["next"]


def test_evidence_of_a_run_within_its_limits_comes_in_pages_that_fit_an_answer() -> None:
    world, record = large_world()
    assert record.state is State.SUCCEEDED
    right = right_to_read(world, record)
    found, files = list[dict[str, Any]](), dict[str, Any]()
    for shown in ({}, right):
        found = list(pages(world, record, shown))
        assert max(len(json.dumps({"body": json.dumps(page)})) for page in found) < MAX_ANSWER / 2
        files = {file["name"]: file for page in found for file in page["files"]}
        assert len(files) == sum(len(page["files"]) for page in found) >= 3 * JOBS
        assert "offer.json" in found[0]["documents"]
    _, trees = parse_openings(world.kept(record).openings)
    leaves = [(tree, leaf) for tree in TREES for leaf in trees[tree] if leaf.kind is not Kind.LINE]
    assert {f"{tree}/{leaf.label}" for tree, leaf in leaves} <= files.keys() | found[0]["documents"].keys()


def test_documents_fit_an_answer_whatever_characters_they_are_full_of() -> None:
    """A seller whose jobs are named so was paid, and its buyer could never read what the run left."""
    world = world_of_dense_documents()
    record = world.settle(world.call().record.call_hash)
    assert record.state is State.SUCCEEDED
    kept = world.kept(record)
    assert max(map(len, (kept.index, kept.openings, kept.statements))) < 512 << 10
    found = list(pages(world, record, right_to_read(world, record)))
    assert max(len(json.dumps({"body": json.dumps(page)})) for page in found) < MAX_ANSWER
    named = {file["name"]: file["sha256"] for page in found for file in page["files"]}
    for name, document in (("index", kept.index), ("openings", kept.openings)):
        assert found[0][name] is None
        assert named[f"{name}.json"] == hashlib.sha256(document).hexdigest()
        assert world.store.get(named[f"{name}.json"]) == document
    assert len([name for name in named if name.startswith("outputs/")]) == 650


def test_pages_of_evidence_are_asked_for_by_after_and_nothing_else_is_taken_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world, record = large_world()
    module = load("receipt", Market(ledger=world.ledger, clock=world.clock), monkeypatch)
    module.services.store = world.store
    gateway, url = Gateway(module), f"https://calls.test/calls/{record.id}/evidence"
    page, names = gateway.answer(httpx.Request("GET", url)).json(), set[str]()
    while page["next"] is not None:
        names |= {file["name"] for file in page["files"]}
        page = gateway.answer(httpx.Request("GET", f"{url}?after={page['next']}")).json()
    names |= {file["name"] for file in page["files"]}
    assert len([name for name in names if name.startswith("outputs/")]) == 3 * JOBS
    beyond = gateway.answer(httpx.Request("GET", f"{url}?after={10**6}")).json()
    assert (beyond["files"], beyond["next"]) == ([], None)
    for text in ("-1", "x", "1e3", "", "9" * 4000, "%00"):
        wrong = gateway.answer(httpx.Request("GET", f"{url}?after={text}"))
        assert wrong.status_code == 400, text


def test_documents_that_are_too_large_for_an_answer_stand_among_the_files() -> None:
    world, record = large_world()
    record = _with_statements(world, record, world.kept(record).statements + b" " * (600 << 10))
    (page, *_) = pages(world, record, {})
    assert "receipt.intoto.jsonl" in {file["name"] for file in page["files"]}


def test_statements_that_are_too_large_for_an_answer_are_had_elsewhere() -> None:
    world, record = large_world()
    found = read_statements(record.id, ledger=world.ledger, store=world.store)
    assert isinstance(found, bytes)
    record = _with_statements(world, record, b"x" * (5 << 20))
    found = read_statements(record.id, ledger=world.ledger, store=world.store)
    assert isinstance(found, str)
    assert record.statements in found


def _with_statements(world: World, record: Record, document: bytes) -> Record:
    kept, run = world.kept(record), Index.parse(world.kept(record).index).trees["profile"][0].leaf
    assert run is not None
    documents = {"index": kept.index, "openings": kept.openings, "run": kept.run(run.sha256)}
    together = store_documents(world.store, {**documents, "statements": document})
    changed = replace(record, statements=hashlib.sha256(document).hexdigest(), together=together)
    world.ledger.records[record.call_hash] = changed
    return changed
