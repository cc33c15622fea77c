"""Public evidence is pinned once it is stored; what cannot be pinned is told, and costs no receipt."""

import json
from typing import Any

import pytest

from sealrun.encoding.measure import Measured, measure_document
from sealrun.errors import PinFailed, StoreUnavailable
from sealrun.evidence.evidence import Item
from sealrun.evidence.index import Index
from sealrun.evidence.leaves import Kind
from sealrun.ports.evidence import Content
from sealrun.receipts.receipt import Outcome, SignedReceipt
from sealrun.runs.document import MAX_REASONS, Pins
from sealrun.runs.record import Record
from sealrun.workflows.pin_items import BYTES_PER_SECOND, MOST_SECONDS, SECONDS, Pinning, pin_items
from tests.sealrun.fakes import FakeClock, FakePinner, FakeStore
from tests.sealrun.world import World, evidence_value, make_offer


def pinned_world(*pinners: Any, seconds: int = 30, **evidence: Any) -> World:
    offer = make_offer(evidence=evidence_value(**evidence))
    return World(offer, pinning=Pinning(pinners, seconds=seconds))


def collected(world: World) -> Record:
    record = world.settle(world.call().record.call_hash)
    assert SignedReceipt.parse(record.receipt).receipt.status is Outcome.SUCCEEDED
    return record


def run_json(world: World, record: Record) -> bytes:
    index = Index.parse(world.kept(record).index)
    leaf = index.trees["profile"][0].leaf
    assert leaf is not None
    document: bytes = world.kept(record).run(leaf.sha256)
    return document


def pins_of(world: World, record: Record) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run_json(world, record))["pins"]
    return found


def test_public_items_are_pinned_under_the_cids_of_the_index() -> None:
    pinner = FakePinner()
    world = pinned_world(pinner)
    record = collected(world)
    trees = Index.parse(world.kept(record).index).trees
    cids = {entry.cid for name in trees for entry in trees[name] if entry.cid}
    assert set(pinner.pins) == cids
    assert set(pinner.pins.values()) == {b"built\n", run_json(world, record)}
    assert pins_of(world, record) == [{"service": "fake", "pinned": 2, "failed": 0, "why": {}}]


def test_e1_hidden_items_are_never_pinned() -> None:
    pinner = FakePinner()
    world = pinned_world(pinner, outputs=[], log=[])
    record = collected(world)
    assert list(pinner.pins.values()) == [run_json(world, record)]


def test_without_a_pinner_the_cids_stand_in_the_index_all_the_same() -> None:
    world = pinned_world()
    record = collected(world)
    (output,) = Index.parse(world.kept(record).index).trees["outputs"]
    assert output.cid == measure_document(b"built\n").cid
    assert pins_of(world, record) == []


def test_the_same_bytes_are_pinned_once() -> None:
    pinner = FakePinner()
    world = pinned_world(pinner)
    world.provider.files = {"a": b"same", "b": b"same"}
    collected(world)
    assert pinner.tries == len(pinner.pins) == 2


def test_what_a_service_refuses_is_told_and_costs_no_receipt() -> None:
    pinner, other = FakePinner(refuses={b"built\n"}), FakePinner("other")
    world = pinned_world(pinner, other)
    why = {"build/dist/out.txt": "answer: expected a success, got status 500"}
    assert pins_of(world, collected(world)) == [
        {"service": "fake", "pinned": 1, "failed": 1, "why": why},
        {"service": "other", "pinned": 2, "failed": 0, "why": {}},
    ]
    assert pinner.tries == 3, "expected two tries of the one and one of run.json"


def test_a_run_document_that_is_not_pinned_everywhere_says_so_of_itself() -> None:
    class Full(FakePinner):
        def pin(self, content: Content, measured: Measured, *, seconds: float) -> None:
            if self.pins:
                raise PinFailed("answer: expected a success, got status 507")
            super().pin(content, measured, seconds=seconds)

    full, other = Full("full"), FakePinner("other")
    world = pinned_world(full, other)
    record = collected(world)
    why = {"run.json": "answer: expected a success, got status 507"}
    assert pins_of(world, record) == [
        {"service": name, "pinned": 1, "failed": 1, "why": why} for name in ("full", "other")
    ]
    assert run_json(world, record) not in other.pins.values()


def test_a_service_that_takes_too_long_is_given_up_and_the_receipt_is_signed() -> None:
    class Slow(FakePinner):
        def pin(self, content: Content, measured: Measured, *, seconds: float) -> None:
            self.tries += 1
            world.clock.passes(int(seconds))
            raise PinFailed("upload: expected it done in time, got no further")

    slow = Slow()
    world = pinned_world(slow)
    world.provider.files = {"a": b"one", "b": b"two"}
    (told,) = pins_of(world, collected(world))
    assert (told["pinned"], told["failed"]) == (0, 3)
    assert told["why"]["build/b"] == "no time was left"
    assert slow.tries == 2, "expected one try of the first file and one of run.json"


def test_more_bytes_have_more_time_and_all_services_together_a_limit() -> None:
    given: list[tuple[str, float]] = []

    class Slow(FakePinner):
        def pin(self, content: Content, measured: Measured, *, seconds: float) -> None:
            given.append((self.name, seconds))
            clock.passes(int(seconds))

    clock, store = FakeClock(), FakeStore()
    item = Item(Kind.OUTPUT, "build/a", "ab" * 32, 100 * BYTES_PER_SECOND, public=True, cid="b")
    pinning = Pinning([Slow(name) for name in "abc"])
    told = pin_items([item], pinning=pinning, store=store, clock=clock)
    assert given == [("a", SECONDS + 100), ("b", SECONDS + 100), ("c", MOST_SECONDS - 2 * (SECONDS + 100))]
    assert [pins.pinned for pins in told] == [1, 1, 1]


def test_a_store_that_does_not_give_the_bytes_back_costs_no_receipt() -> None:
    world = pinned_world(FakePinner())

    def read(_sha256: str) -> Any:
        raise StoreUnavailable("bucket: expected an answer to GetObject, got AccessDenied")

    world.store.read = read
    (told,) = pins_of(world, collected(world))
    assert set(told["why"]) == {"build/dist/out.txt", "run.json"}


@pytest.mark.parametrize("count", [MAX_REASONS, MAX_REASONS + 1])
def test_reasons_are_bounded(count: int) -> None:
    told = Pins("fake", 0, {f"f{n}": "no" for n in range(count)}).shown()
    assert (told["failed"], len(told["why"])) == (count, MAX_REASONS)
