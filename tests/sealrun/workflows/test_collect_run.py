"""How a run becomes a receipt: judged once, by the right run, whatever it left."""

import contextlib
import json
from dataclasses import replace
from typing import Any

import pytest

from mina.sign import sign_fields
from sealrun.calls.call import read_fields
from sealrun.encoding.measure import measure_document
from sealrun.errors import NotAllowed, NotFound, ProviderRefused
from sealrun.evidence.index import Index, parse_openings
from sealrun.evidence.leaves import Kind, Leaf, tree_hash
from sealrun.receipts.receipt import Outcome, SignedReceipt
from sealrun.runs.record import Record, State
from sealrun.runs.run import Job, JobResult, Run, RunStatus
from sealrun.verification.verify import Trust, verify
from sealrun.workflows.read_receipt import read_call, read_evidence, read_receipt
from tests.sealrun.fakes import zipped
from tests.sealrun.folder import folder_of
from tests.sealrun.market import SERVICE, Market
from tests.sealrun.workflows.test_exactly_one_run import Stopped
from tests.sealrun.world import BUYER, ORACLE, PRICE, World, make_offer, offer_value, sign_call


def over(world: World) -> tuple[Record, SignedReceipt]:
    record = world.settle(world.call().record.call_hash)
    assert record.receipt is not None
    return record, SignedReceipt.parse(record.receipt)


def index_of(world: World, record: Record) -> Index:
    return Index.parse(world.kept(record).index)


def openings_of(world: World, record: Record) -> dict[str, tuple[Leaf, ...]]:
    return parse_openings(world.kept(record).openings)[1]


def run_of(world: World, record: Record) -> dict[str, Any]:
    leaf = index_of(world, record).trees["profile"][0].leaf
    assert leaf is not None
    assert leaf.kind is Kind.RUN
    document: dict[str, Any] = json.loads(world.kept(record).run(leaf.sha256))
    return document


def test_a_receipt_is_signed_over_what_the_run_left() -> None:
    world = World()
    record, signed = over(world)
    assert signed.holds()
    assert signed.public_key == ORACLE.public_key()
    receipt = signed.receipt
    assert (receipt.status, receipt.grade) == (Outcome.SUCCEEDED, 0)
    assert receipt.call_hash == record.call_hash == sign_call(world.offer).call.hash
    assert receipt.offer_hash == world.offer.hash
    assert receipt.source_hash == world.offer.source_hash
    index = index_of(world, record)
    assert index.call == record.id
    for name, signed_hash in (("outputs", receipt.outputs_hash), ("profile", receipt.profile_hash)):
        hashes = [entry.hash for entry in index.trees[name]]
        assert tree_hash(f"sealrun:{name}", hashes) == signed_hash
    (output,) = index.trees["outputs"]
    assert output.leaf is not None
    assert (output.leaf.label, output.leaf.size) == ("build/dist/out.txt", 6)
    assert world.store.get(output.leaf.sha256) == b"built\n"
    assert output.cid == measure_document(b"built\n").cid


@pytest.mark.parametrize("name", ["call_hash", "status", "grade", "finished_at", "outputs_hash"])
def test_a_receipt_with_one_value_changed_does_not_hold(name: str) -> None:
    _, signed = over(World())
    value = getattr(signed.receipt, name)
    changes: dict[str, Any] = {name: Outcome.FAILED if name == "status" else value + 1}
    changed = signed.receipt._replace(**changes)
    assert not signed._replace(receipt=changed).holds()


@pytest.mark.parametrize(
    ("status", "outcome", "state"),
    [
        (RunStatus.FAILED, Outcome.FAILED, State.FAILED),
        (RunStatus.CANCELED, Outcome.CANCELED, State.FAILED),
        (RunStatus.SKIPPED, Outcome.SKIPPED, State.FAILED),
    ],
)
def test_a_run_that_did_not_succeed_ends_in_a_signed_failure_without_outputs(
    status: RunStatus, outcome: Outcome, state: State
) -> None:
    world = World()
    world.provider.ends_as = status
    record, signed = over(world)
    assert (signed.receipt.status, record.state) == (outcome, state)
    assert index_of(world, record).trees["outputs"] == ()
    assert signed.holds()
    assert record.ending is not None
    assert record.ending.reason


def test_a_call_that_the_provider_refuses_ends_in_a_signed_never_started() -> None:
    world = World()
    world.provider.answers = ["refused"]
    accepted = world.call()
    assert world.waker.woken == [accepted.record.call_hash]
    record, signed = over(world)
    assert signed.receipt.status is Outcome.NEVER_STARTED
    assert record.state is State.NEVER_STARTED
    assert "Reference not found" in str(record.ending)


def test_a_provider_that_is_always_busy_ends_in_never_started_when_the_window_is_over() -> None:
    world = World()
    world.provider.answers = ["busy"] * 1000
    record, signed = over(world)
    assert signed.receipt.status is Outcome.NEVER_STARTED
    assert not world.provider.runs
    assert record.ending is not None
    assert record.ending.finished_at >= record.claimed_at + 15 * 60


def test_a_run_past_the_offers_time_is_stopped_and_the_call_expires_once_it_has_stopped() -> None:
    world = World(make_offer(limits={"seconds": 60, "log_bytes": 10, "artifact_bytes": 10, "files": 1}))
    world.provider.duration = 10_000
    record, signed = over(world)
    assert signed.receipt.status is Outcome.TIME_LIMIT
    assert record.state is State.EXPIRED
    assert list(world.provider.canceled) == [record.run_id]


def test_a_provider_that_is_gone_for_days_ends_in_a_signed_receipt() -> None:
    world = World()
    record = world.call().record
    world.provider.down = True
    record = world.settle(record.call_hash, within=9 * 24 * 3600, every=600)
    assert SignedReceipt.parse(record.receipt).receipt.status is Outcome.UNREACHABLE
    assert record.ending is not None
    assert record.ending.finished_at >= record.claimed_at + 7 * 24 * 3600


def test_l7_a_run_over_which_every_collector_dies_frees_its_reserve_in_the_end() -> None:
    """Lambda ends a function after 15 minutes, or when its memory is used up, and no error is seen."""
    market, tries = Market(), []

    def log(job_id: int) -> Any:
        tries.append(job_id)
        raise Stopped

    market.provider.log = log
    call_hash = market.pay(market.sign(limit=PRICE)).record.call_hash
    for _ in range(9 * 24 * 2):
        market.clock.passes(1800)
        with contextlib.suppress(Stopped):
            market.sweep()
    record = market.ledger.record(call_hash)
    assert record.state.over
    assert SignedReceipt.parse(record.receipt).receipt.status is Outcome.UNREACHABLE
    assert (market.ledger.standing(record.account).committed, len(tries)) == (0, 6)


def test_r4_a_run_of_another_commit_is_stopped_unpaid_and_closes_the_offer() -> None:
    world = World()
    world.provider.sha = "2e" * 20
    _, signed = over(world)
    assert signed.receipt.status is Outcome.SOURCE_CHANGED
    assert list(world.provider.canceled) == [1]
    assert "2e2e" in world.ledger.offer(world.offer.hash).closed


def test_r4_the_profile_names_what_is_not_pinned() -> None:
    world = World()
    record, _ = over(world)
    assert run_of(world, record)["not_pinned"] == ["job images", "project variables", "runners"]
    file = {"path": "ci/x.yml", "sha256": "4b" * 32, "includes": ["local:a.yml", "remote:https://ci.test/b"]}
    other = World(make_offer(source={**offer_value()["source"], "configuration": file}))
    other.provider.configuration = ""
    record, _ = over(other)
    assert run_of(other, record)["not_pinned"][:2] == [
        "included configuration remote:https://ci.test/b",
        "which configuration file the project is set to run",
    ]


def test_r4_a_run_of_another_configuration_file_is_not_what_was_sold() -> None:
    world = World()
    world.provider.configuration = "other.yml"
    _, signed = over(world)
    assert signed.receipt.status is Outcome.SOURCE_CHANGED


def test_r3_a_found_run_that_somebody_else_started_does_not_count() -> None:
    world = World()
    world.provider.answers = ["nothing"]
    record = world.call().record
    theirs = world.provider._create(record.id)
    world.provider.runs[theirs.id] = replace(theirs, user=666)
    world.settle(record.call_hash)
    assert world.provider.starts == 2
    assert world.ledger.record(record.call_hash).run_id == 2
    assert list(world.provider.canceled) == [theirs.id]


def test_r5_a_job_that_ran_twice_does_not_count_as_a_success() -> None:
    world = World()
    world.provider.retried = True
    record, signed = over(world)
    assert signed.receipt.status is Outcome.FAILED
    assert "build ran more than once" in str(record.ending)


def test_r5_the_first_terminal_state_stays_even_if_the_run_changes_before_the_receipt() -> None:
    world = World()
    world.provider.ends_as = RunStatus.FAILED
    record = world.call().record
    world.clock.passes(60)
    fails = world.provider.log
    world.provider.log = lambda _: (_ for _ in ()).throw(NotFound("the function died here"))
    with pytest.raises(NotFound):
        world.sweep_one(record.call_hash)
    world.provider.log, world.provider.ends_as = fails, RunStatus.SUCCEEDED
    record = world.settle(record.call_hash)
    assert SignedReceipt.parse(record.receipt).receipt.status is Outcome.FAILED


def _touched(run: Run) -> Run:
    return replace(run, status=RunStatus.RUNNING, finished_at=run.finished_at + 5000)


def _timeless(run: Run) -> Run:
    return replace(run, finished_at=0)


def _far_ahead(run: Run) -> Run:
    return replace(run, created_at=253402300000, started_at=253402300000, finished_at=253402300799)


def _long_ago(run: Run) -> Run:
    return replace(run, started_at=1, finished_at=5)


@pytest.mark.parametrize("first", [None, _timeless, _far_ahead, _long_ago])
@pytest.mark.parametrize("later", [_touched, _timeless, _far_ahead, _long_ago])
def test_r5_l13_a_receipt_holds_whatever_a_provider_tells_of_a_runs_end(first: Any, later: Any) -> None:
    world = World()
    world.provider.interrupts = 1
    told, read, reads = [first, later], world.provider.read, []

    def changes(run_id: int) -> Run:
        run = read(run_id)
        if run.status.over:
            reads.append(run_id)
            tells = told[min(len(reads), 2) - 1]
            return tells(run) if tells else run  # type: ignore[no-any-return]
        return run  # type: ignore[no-any-return]

    world.provider.read = changes
    record = world.settle(world.call().record.call_hash)
    receipt = SignedReceipt.parse(record.receipt).receipt
    assert len(reads) > 1
    assert receipt.status is Outcome.SUCCEEDED
    assert record.claimed_at <= receipt.finished_at <= world.clock.now
    folder = folder_of(world, record)
    assert verify(folder["receipt.json"], folder, Trust()).holds


@pytest.mark.parametrize(
    "changed", [{"sha": "2e" * 20}, {"name": "sealrun x"}, {"user": 8}, {"project": "43"}]
)
def test_r4_r8_a_run_that_the_provider_tells_otherwise_later_is_no_paid_success(
    changed: dict[str, Any],
) -> None:
    world = World()
    world.provider.interrupts = 1
    read, reads = world.provider.read, []

    def changes(run_id: int) -> Run:
        run: Run = read(run_id)
        reads.extend([run_id] if run.status.over else [])
        return replace(run, **changed) if len(reads) > 1 else run

    world.provider.read = changes
    record = world.settle(world.call().record.call_hash)
    assert SignedReceipt.parse(record.receipt).receipt.status is Outcome.SOURCE_CHANGED
    folder = folder_of(world, record)
    assert verify(folder["receipt.json"], folder, Trust()).holds


def test_r8_jobs_that_the_provider_tells_otherwise_later_are_no_paid_success() -> None:
    world = World()
    world.provider.interrupts = 1
    jobs, asked = world.provider.jobs, []

    def changes(run_id: int) -> list[Job]:
        asked.append(run_id)
        found = jobs(run_id)
        return (
            [replace(job, status="failed", result=JobResult.FAILED) for job in found] if asked[1:] else found
        )

    world.provider.jobs = changes
    record = world.settle(world.call().record.call_hash)
    assert SignedReceipt.parse(record.receipt).receipt.status is Outcome.FAILED
    assert record.ending is not None
    assert record.ending.blameless
    assert "told otherwise: build: failed" in record.ending.reason


def test_what_a_run_was_judged_by_is_read_once_where_one_function_collects_it() -> None:
    world = World()
    over(world)
    assert [world.provider.calls.count(name) for name in ("read", "jobs")] == [1, 1]


def test_a_provider_that_cannot_search_still_ends_in_a_receipt() -> None:
    world = World()

    def refuses(_name: str, **_: int) -> list[Run]:
        raise ProviderRefused("name is invalid")

    world.provider.find = refuses
    assert over(world)[0].state is State.SUCCEEDED


def test_a_fault_of_ours_is_reported_and_does_not_keep_the_lease() -> None:
    world = World()
    record = world.call().record
    world.clock.passes(60)
    puts, world.store.put = world.store.put, lambda *_, **__: 1 / 0
    with pytest.raises(ZeroDivisionError):
        world.sweep_one(record.call_hash)
    world.store.put = puts
    assert world.settle(record.call_hash, within=60).state is State.SUCCEEDED


def test_r6_two_wakes_at_once_collect_once() -> None:
    world = World()
    record = world.call().record
    world.clock.passes(60)
    during: list[str] = []
    read = world.provider.read

    def woken_again(run_id: int) -> object:
        if not during:
            during.append("started")
            before = len(world.provider.calls)
            world.sweep_one(record.call_hash)
            during.append(str(len(world.provider.calls) - before))
        return read(run_id)

    world.provider.read = woken_again
    world.sweep_one(record.call_hash)
    assert during == ["started", "0"], "expected the second wake to ask the provider nothing"
    assert len(world.oracle.signed) == 1


@pytest.mark.parametrize(
    ("files", "text"),
    [
        ({"big": b"x" * 100_001}, "at most 100000 bytes"),
        ({f"f{n}": b"" for n in range(11)}, "at most 10 files, got 11"),
        ({"../out": b""}, "within the folder"),
        ({"/etc/passwd": b""}, "within the folder"),
    ],
)
def test_outputs_that_are_too_large_or_unsafe_end_in_a_signed_refusal(
    files: dict[str, bytes], text: str
) -> None:
    world = World()
    world.provider.files = files
    record, signed = over(world)
    assert signed.receipt.status is Outcome.OUTPUTS_REFUSED
    assert text in str(record.ending)


def test_a_log_is_cut_at_the_offers_limit_and_says_so() -> None:
    world = World()
    world.provider.log_text = b"x" * 5000
    record, _ = over(world)
    log = next(leaf for leaf in openings_of(world, record)["profile"] if leaf.kind is Kind.LOG)
    assert log.size == 1000
    assert run_of(world, record)["logs_cut"] == ["build"]


def test_l5_state_and_receipt_are_public_and_inputs_are_not() -> None:
    world = World()
    signed = sign_call(world.offer, inputs={"layer": "sealrun"})
    record = world.settle(world.call(signed).record.call_hash)
    view = read_call(record.id, ledger=world.ledger)
    assert view["receipt"] == read_receipt(record.id, ledger=world.ledger)
    assert "inputs" not in json.dumps({**view, "receipt": None})
    assert signed.call.salt not in json.dumps(view)


def test_l5_the_log_needs_a_fresh_signature_of_the_buyer() -> None:
    world = World()
    record, _ = over(world)
    now = world.clock.now

    def read(right: dict[str, str]) -> dict[str, object]:
        return read_evidence(
            record.id, right, service=SERVICE, ledger=world.ledger, store=world.store, now=now
        )

    def right(key: object, until: int) -> dict[str, str]:
        fields = read_fields("mina:devnet", BUYER.public_key(), record.call_hash, until, service=SERVICE)
        return {"expires_at": str(until), "signature": sign_fields(key, fields).to_base58()}  # type: ignore[arg-type]

    def names(found: dict[str, object]) -> list[str]:
        inline = [name for name in found["documents"] if "/" in name]  # type: ignore[attr-defined]
        return sorted([*inline, *(file["name"] for file in found["files"])])  # type: ignore[attr-defined]

    assert names(read({})) == ["outputs/build/dist/out.txt", "profile/run.json"], "the offer says no more"
    assert read({})["openings"] is None
    assert "profile/build/job.log" in names(read(right(BUYER, now + 60)))
    assert read(right(BUYER, now + 60))["openings"]
    with pytest.raises(NotAllowed, match="expected the buyer's"):
        read(right(ORACLE, now + 60))
    with pytest.raises(Exception, match="expected later than"):
        read(right(BUYER, now))
    with pytest.raises(Exception, match="at most"):
        read(right(BUYER, now + 3601))
    voucher = sign_call(world.offer).body()["signature"]
    with pytest.raises(NotAllowed, match="expected the buyer's"):
        read({"expires_at": str(now + 60), "signature": voucher})


def test_there_is_no_receipt_before_the_run_is_over() -> None:
    world = World()
    record = world.call().record
    with pytest.raises(NotFound, match="got one that is running"):
        read_receipt(record.id, ledger=world.ledger)


def test_a_zip_that_is_no_zip_is_refused() -> None:
    world = World()
    assert zipped({"a": b""})[:2] == b"PK"
    world.provider.artifacts = world.provider.log
    _, signed = over(world)
    assert signed.receipt.status is Outcome.OUTPUTS_REFUSED
