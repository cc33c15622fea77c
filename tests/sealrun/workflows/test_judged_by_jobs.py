"""R8: a run is judged by its jobs, and what is said of them is true."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from sealrun.errors import Malformed, ProviderRefused, ProviderTooLong
from sealrun.evidence.index import Index
from sealrun.evidence.leaves import Kind
from sealrun.receipts.receipt import Outcome, SignedReceipt
from sealrun.runs.record import LONGEST_PAUSE, Fault, Record, State
from sealrun.runs.run import Job, JobResult, RunStatus, unread
from sealrun.transport.rest import MAX_TEXT
from sealrun.verification.claims import Verdict
from sealrun.verification.run import check_jobs
from sealrun.verification.verify import Trust, verify
from sealrun.workflows.gather_logs import LOG_WAIT
from tests.sealrun.fakes import FakeProvider
from tests.sealrun.folder import folder_of
from tests.sealrun.world import BUSY, World, make_offer, sign_call

BUILD = Job(10, "build", "build", "success", "", False, True, "r", result=JobResult.SUCCEEDED)  # noqa: FBT003


def job(name: str, result: JobResult, **members: Any) -> Job:
    word = {JobResult.SUCCEEDED: "success"}.get(result, result.value)
    values = {"failure_reason": "", "retried": False, "has_artifacts": False, "runner": "", "has_log": False}
    return Job(
        **{"id": 11, "name": name, "stage": "test", "status": word, "result": result, **values, **members}
    )


FAILED = job("test", JobResult.FAILED, failure_reason="script_failure", may_fail=True)
BROKEN = replace(FAILED, failure_reason="runner_system_failure")
MANUAL = job("sign", JobResult.MANUAL, may_fail=True)
SKIPPED = job("scan", JobResult.SKIPPED)
DID = "every job that must succeed did; others: "
CHILD = job("kid", JobResult.FAILED, status="failed, pipeline 77 that it started")


def ended(*jobs: Job, success: Any = None) -> tuple[World, Record]:
    world = World(make_offer(**({} if success is None else {"success": {"jobs": success}})))
    world.provider.listed = jobs
    return world, world.settle(world.call().record.call_hash)


LATE = job("late", JobResult.UNFINISHED, status="in_progress")


@pytest.mark.parametrize("seconds", [200, 10**6])
def test_r9_a_job_whose_end_is_told_after_its_runs_is_waited_for(seconds: int) -> None:
    world = World(make_offer())
    world.provider.listed = [BUILD, LATE]
    call = world.call().record.call_hash
    told = world.clock.now + world.provider.duration + seconds
    while not (record := world.ledger.record(call)).state.over:
        world.clock.passes(15)
        if world.clock.now >= told:
            world.provider.listed = [BUILD, job("late", JobResult.SUCCEEDED)]
        assert world.clock.now < record.started_at + 900
        world.sweep()
    reason = "the pipeline says success, but late: in_progress"
    wanted = {200: (Outcome.SUCCEEDED, "every job succeeded"), 10**6: (Outcome.FAILED, reason)}[seconds]
    assert (record.ending.outcome, record.ending.reason) == wanted


@pytest.mark.parametrize("first", [0, 3600])
@pytest.mark.parametrize(
    ("success", "told", "reason"),
    [(None, [], "no job succeeded"), (["build", "test"], [BUILD], "test: no such job ran")],
)
@pytest.mark.parametrize("ever", [True, False])
def test_r9_jobs_that_are_not_listed_at_first_are_no_end_of_a_good_run(
    success: Any, told: list[Job], reason: str, *, first: int, ever: bool
) -> None:
    """GitHub lists a job half a minute after its start, at times: https://github.com/qoomon/actions--context/pull/189."""
    world = World(make_offer(**({} if success is None else {"success": {"jobs": success}})))
    world.provider.listed = told
    call = world.call().record.call_hash
    world.clock.passes(world.provider.duration + first)
    world.sweep_one(call)
    assert world.ledger.record(call).state is State.RUNNING
    if ever:
        world.provider.listed = [BUILD, job("test", JobResult.SUCCEEDED)]
    record = world.settle(call, within=LOG_WAIT + LONGEST_PAUSE + 30)
    assert record.ending is not None
    wanted = (Outcome.FAILED, f"the pipeline says success, but {reason}")
    told_all = (Outcome.SUCCEEDED, "every job succeeded")
    assert (record.ending.outcome, record.ending.reason) == (told_all if ever else wanted)


def _over(world: World, calls: list[int], *, at_most: int) -> None:
    """Sweep until these calls are over."""
    began = world.clock.now
    while not all(world.ledger.record(call).state.over for call in calls):
        assert world.clock.now < began + at_most
        world.clock.passes(15)
        world.sweep()


def _five(limit: int, duration: int) -> tuple[World, list[int]]:
    """Runs of one offer that are read only where the provider lists them as changed."""
    world = World(make_offer(**{**BUSY, "limits": {**BUSY["limits"], "seconds": limit}}))
    world.provider.duration = duration
    calls = [sign_call(world.offer, salt=f"{number:064x}") for number in range(5)]
    return world, [world.call(signed).record.call_hash for signed in calls]


@pytest.mark.parametrize("jobs", [[BUILD, LATE], [LATE]])
def test_r9_many_runs_whose_jobs_end_is_told_late_are_all_looked_at_again(jobs: list[Job]) -> None:
    world, calls = _five(limit=7200, duration=20)
    world.provider.listed = jobs
    _over(world, calls, at_most=20 + LOG_WAIT + LONGEST_PAUSE + 30)


def test_r9_runs_that_ended_while_their_provider_was_out_of_reach_are_looked_at_again() -> None:
    world, calls = _five(limit=7200, duration=700)
    while world.clock.now < world.provider.runs[1].created_at + 1500:
        world.clock.passes(15)
        world.provider.down = world.clock.now > world.provider.runs[1].created_at + 400
        world.sweep()
    world.provider.down = False
    _over(world, calls, at_most=LONGEST_PAUSE + 30)
    assert {world.ledger.record(call).ending.outcome for call in calls} == {Outcome.SUCCEEDED}


def test_l12_a_run_without_any_job_is_no_failed_run_of_its_buyer() -> None:
    """GitHub makes no job where it refuses the workflow's file: the run is a startup_failure."""
    for jobs, blameless in (
        ((), True),
        ((job("dist", JobResult.ARCHIVE),), True),
        ((job("x", JobResult.FAILED),), False),
    ):
        world = World(make_offer())
        world.provider.listed, world.provider.ends_as = jobs, RunStatus.FAILED
        record = world.settle(world.call().record.call_hash)
        assert record.ending is not None
        assert (record.ending.outcome, record.ending.blameless) == (Outcome.FAILED, blameless)
        assert record.ending.fault is (Fault.POSSIBLE if blameless else Fault.NONE)


@pytest.mark.parametrize(
    ("jobs", "success", "blameless"),
    [
        ([BUILD, BROKEN], ["build", "test"], True),
        ([BROKEN], None, True),
        ([BROKEN, SKIPPED], ["scan"], True),
        # A script's failure is its buyer's, whatever broke beside it.
        ([BUILD, FAILED], ["build", "test"], False),
        ([FAILED], None, False),
        ([FAILED, replace(BROKEN, name="other"), SKIPPED], ["scan"], False),
        ([BUILD, CHILD, BROKEN], None, False),  # nobody knows why the pipeline failed that it started
        ([BUILD, BROKEN, unread(1000)], None, False),
    ],
)
def test_l12_a_job_that_may_fail_and_was_needed_is_no_buyers_failed_run_where_its_runner_broke(
    jobs: list[Job], success: Any, *, blameless: bool
) -> None:
    """GitLab calls such a run good, and the offer does not."""
    _, record = ended(*jobs, success=success)
    assert record.ending is not None
    assert (record.ending.outcome, record.ending.blameless) == (Outcome.FAILED, blameless)
    assert record.ending.fault is (Fault.POSSIBLE if blameless else Fault.NONE)


def test_l12_a_script_that_failed_in_a_job_that_the_offer_names_is_its_buyers_failed_run() -> None:
    world = World(make_offer(success={"jobs": ["test"]}))
    broken = job("build", JobResult.FAILED, failure_reason="runner_system_failure")
    world.provider.listed, world.provider.ends_as = [broken, FAILED], RunStatus.FAILED
    record = world.settle(world.call().record.call_hash)
    assert record.ending is not None
    assert not record.ending.blameless


@pytest.mark.parametrize(
    ("jobs", "success", "outcome", "reason"),
    [
        ([BUILD], None, Outcome.SUCCEEDED, "every job succeeded"),
        (
            [BUILD, FAILED, MANUAL],
            None,
            Outcome.SUCCEEDED,
            f"{DID}test: failed, script_failure (allowed to fail); sign: manual (allowed to fail)",
        ),
        ([BUILD, SKIPPED], None, Outcome.FAILED, "the pipeline says success, but scan: skipped"),
        (
            [BUILD, SKIPPED],
            ["build"],
            Outcome.SUCCEEDED,
            f"{DID}scan: skipped",
        ),
        (
            [BUILD, FAILED],
            ["build", "test"],
            Outcome.FAILED,
            "the pipeline says success, but test: failed, script_failure (allowed to fail)",
        ),
        ([BUILD], ["built"], Outcome.FAILED, "the pipeline says success, but built: no such job ran"),
        ([FAILED], None, Outcome.FAILED, "the pipeline says success, but no job succeeded"),
        ([], None, Outcome.FAILED, "the pipeline says success, but no job succeeded"),
        (
            [BUILD, CHILD],
            None,
            Outcome.FAILED,
            "the pipeline says success, but kid: failed, pipeline 77 that it started",
        ),
        (
            [BUILD, unread(1000)],
            ["build"],
            Outcome.FAILED,
            "the pipeline says success, but jobs beyond the first 1000: unread",
        ),
    ],
)
def test_r8_a_run_is_judged_by_the_jobs_that_must_succeed(
    jobs: list[Job], success: Any, outcome: Outcome, reason: str
) -> None:
    _, record = ended(*jobs, success=success)
    assert record.ending is not None
    assert (record.ending.outcome, record.ending.reason) == (outcome, reason)


class LateLog(FakeProvider):
    """Until some time after the run's end GitHub answers 404 for a job's log, and GitLab an empty one."""

    comes_after: int = 60
    empty: bool = False

    @contextmanager
    def log(self, job_id: int) -> Iterator[Iterator[bytes]]:
        ended = self.runs[1].created_at + self.duration
        if self.clock.now < ended + self.comes_after:
            if self.empty:
                yield iter([])
                return
            raise ProviderRefused("github answered 404: BlobNotFound")
        with super().log(job_id) as pieces:
            yield pieces


@pytest.mark.parametrize(
    ("empty", "comes_after", "missing"),
    [
        (False, 200, {}),
        (False, 10**6, {"build": "github answered 404: BlobNotFound"}),
        (True, 200, {}),
        (True, 10**6, {"build": "log: expected what the job's runner wrote, got nothing"}),
    ],
)
def test_r9_a_log_that_is_late_is_asked_for_again_and_a_missing_one_is_named(
    comes_after: int, missing: dict[str, str], *, empty: bool
) -> None:
    world = World(make_offer())
    world.provider = LateLog(world.clock, world.offer)
    world.provider.comes_after, world.provider.empty = comes_after, empty
    record = world.settle(world.call().record.call_hash)
    assert record.ending is not None
    assert record.ending.outcome is Outcome.SUCCEEDED
    trees = Index.parse(world.kept(record).index).trees
    assert trees["profile"][0].leaf is not None
    run = json.loads(world.kept(record).run(trees["profile"][0].leaf.sha256))
    assert run["logs_missing"] == missing
    assert len([entry for entry in trees["profile"] if entry.kind is Kind.LOG]) == (not missing)
    assert list(world.kept(record).logs.values()) == ([] if missing else [world.provider.log_text.decode()])


class LateFiles(FakeProvider):
    """For some time after the run's end the storage refuses an archive that the provider lists.

    https://github.com/actions/download-artifact/issues/140 and 249
    """

    comes_after: int = 200
    refusal: ProviderRefused

    @contextmanager
    def artifacts(self, job_id: int) -> Iterator[Iterator[bytes]]:
        if self.clock.now < self.runs[1].created_at + self.duration + self.comes_after:
            self._called("artifacts")
            yield self._at_first()
            return
        with super().artifacts(job_id) as pieces:
            yield pieces

    def _at_first(self) -> Iterator[bytes]:
        raise self.refusal


@pytest.mark.parametrize(
    ("refusal", "comes_after", "outcome", "asked_once"),
    [
        (ProviderRefused("github answered 403", answered=403), 200, Outcome.SUCCEEDED, False),
        (ProviderRefused("github answered 403", answered=403), 10**6, Outcome.OUTPUTS_REFUSED, False),
        (ProviderRefused("gitlab answered 404", answered=404), 200, Outcome.SUCCEEDED, False),
        (ProviderRefused("file: got a web page", answered=200), 200, Outcome.SUCCEEDED, False),
        (ProviderRefused("redirect: expected an allowed origin"), 200, Outcome.OUTPUTS_REFUSED, True),
        (ProviderTooLong("github: body: expected at most 9 bytes"), 200, Outcome.OUTPUTS_REFUSED, True),
    ],
)
def test_r9_an_archive_that_is_refused_at_first_is_asked_for_again(
    refusal: ProviderRefused, comes_after: int, outcome: Outcome, *, asked_once: bool
) -> None:
    world = World(make_offer())
    world.provider = LateFiles(world.clock, world.offer)
    world.provider.comes_after, world.provider.refusal = comes_after, refusal
    record = world.settle(world.call().record.call_hash)
    assert record.ending is not None
    assert record.ending.outcome is outcome
    succeeded = outcome is Outcome.SUCCEEDED
    assert record.ending.reason == ("every job succeeded" if succeeded else refusal.detail)
    assert (world.provider.calls.count("artifacts") == 1) == asked_once
    # L12: only an archive that is too large may be its buyer's doing.
    assert record.counts_as_failed == isinstance(refusal, ProviderTooLong)
    withheld = not succeeded and not record.counts_as_failed
    assert record.ending.fault is (Fault.POSSIBLE if withheld else Fault.NONE)


class InPlaceOfFiles(LateFiles):
    """For some time after the run's end something else comes in an archive's place, with success."""

    given: bytes

    def _at_first(self) -> Iterator[bytes]:
        return iter([self.given])


@pytest.mark.parametrize(
    ("given", "comes_after", "outcome", "asked_once"),
    [
        (b"", 200, Outcome.SUCCEEDED, False),
        (b"PK", 200, Outcome.SUCCEEDED, False),
        (b'{"message": "try later"}', 200, Outcome.SUCCEEDED, False),
        (b"upstream busy", 10**6, Outcome.OUTPUTS_REFUSED, False),
        (b"PK\x03\x04 and no more", 200, Outcome.OUTPUTS_REFUSED, True),
    ],
)
def test_r9_what_comes_in_place_of_an_archive_at_first_is_no_end_of_a_good_run(
    given: bytes, comes_after: int, outcome: Outcome, *, asked_once: bool
) -> None:
    world = World(make_offer())
    world.provider = InPlaceOfFiles(world.clock, world.offer)
    world.provider.given, world.provider.comes_after = given, comes_after
    record = world.settle(world.call().record.call_hash)
    assert record.ending is not None
    assert record.ending.outcome is outcome
    assert (world.provider.calls.count("artifacts") == 1) == asked_once
    # L12: what stays may be what the job itself left.
    assert record.counts_as_failed == (outcome is not Outcome.SUCCEEDED)


@pytest.mark.parametrize("first", [290, 400, 3600])
def test_r9_what_is_first_asked_for_long_after_the_runs_end_is_asked_for_again(first: int) -> None:
    """Where nobody tells of a run's end, as at Forgejo, or between two ticks, a look sees it later."""
    for provider in (InPlaceOfFiles, LateFiles, LateLog):
        world = World(make_offer())
        world.provider = provider(world.clock, world.offer)
        world.provider.given, world.provider.comes_after = b"", first + 10
        world.provider.refusal = ProviderRefused("github answered 403", answered=403)
        call = world.call().record.call_hash
        world.clock.passes(world.provider.duration + first)
        world.sweep()
        assert world.ledger.record(call).state is State.COLLECTING
        record = world.settle(call, within=LOG_WAIT + LONGEST_PAUSE)
        assert record.state is State.SUCCEEDED
        (run, *_) = Index.parse(world.kept(record).index).trees["profile"]
        assert run.leaf is not None
        assert json.loads(world.kept(record).run(run.leaf.sha256))["logs_missing"] == {}


@pytest.mark.parametrize("provider", [InPlaceOfFiles, LateFiles])
def test_l11_an_archive_that_never_comes_is_asked_for_no_longer_than_five_minutes(provider: Any) -> None:
    world = World(make_offer())
    world.provider = provider(world.clock, world.offer)
    world.provider.given, world.provider.comes_after = b"", 10**6
    world.provider.refusal = ProviderRefused("github answered 403", answered=403)
    call = world.call().record.call_hash
    world.clock.passes(world.provider.duration + 3600)
    world.sweep()
    record = world.settle(call, within=LOG_WAIT + LONGEST_PAUSE)
    assert record.ending is not None
    assert record.ending.outcome is Outcome.OUTPUTS_REFUSED


def test_r8_every_job_is_named_with_how_it_ended() -> None:
    world, record = ended(BUILD, FAILED, SKIPPED)
    (run, *_) = Index.parse(world.kept(record).index).trees["profile"]
    assert run.leaf is not None
    told = json.loads(world.kept(record).run(run.leaf.sha256))["jobs"]
    assert [(one["name"], one["result"], one["may_fail"]) for one in told] == [
        ("build", "succeeded", False),
        ("test", "failed", True),
        ("scan", "skipped", False),
    ]


def test_r5_a_job_that_was_run_again_once_the_run_was_judged_is_told_as_such() -> None:
    world = World()
    world.provider.interrupts = 1
    record = world.call().record
    lists = world.provider.jobs

    def again(run_id: int) -> list[Job]:
        jobs: list[Job] = lists(run_id)
        world.provider.retried = True  # somebody presses the button between judgement and evidence
        return jobs

    world.provider.jobs = again
    record = world.settle(record.call_hash)
    (run, *_) = Index.parse(world.kept(record).index).trees["profile"]
    assert run.leaf is not None
    told = json.loads(world.kept(record).run(run.leaf.sha256))
    assert (told["outcome"], [job["retried"] for job in told["jobs"]]) == ("succeeded", [True])
    folder = folder_of(world, record)
    found = verify(folder["receipt.json"], folder, Trust())
    (claim,) = [claim for claim in found.claims if claim.name == "jobs"]
    assert (claim.verdict, claim.says) == (
        Verdict.HOLDS,
        "every job that must succeed did; ran more than once: build",
    )


def test_r8_a_document_without_results_is_told_to_be_of_before() -> None:
    world, record = ended(BUILD)
    (run, *_) = Index.parse(world.kept(record).index).trees["profile"]
    assert run.leaf is not None
    told = json.loads(world.kept(record).run(run.leaf.sha256))
    told["jobs"] = [{"name": "build", "status": "success"}]
    signed = SignedReceipt.parse(record.receipt)
    claim = check_jobs(signed.receipt, world.offer, told)
    assert claim.verdict is Verdict.NOT_SHOWN
    assert "the provider's words only, as before sealrun 0.2.0" in claim.says


@pytest.mark.parametrize(
    ("success", "said"),
    [
        ([], "success: expected 1 to 20 names"),
        (["x"] * 21, "success: expected 1 to 20 names"),
        ("build", "success: expected 1 to 20 names"),
        (["a\nb"], r"jobs\[0\]: expected a job's name"),
        ([7], r"jobs\[0\]: expected a job's name"),
    ],
)
def test_r8_an_offer_names_its_jobs_in_a_bounded_list(success: Any, said: str) -> None:
    with pytest.raises(Malformed, match=said):
        make_offer(success={"jobs": success})


def test_r8_a_job_of_the_longest_name_that_is_read_breaks_no_receipt() -> None:
    world, record = ended(replace(BUILD, name="n" * MAX_TEXT))
    files = folder_of(world, record)
    assert verify(files["receipt.json"], files, Trust()).broken == []
