"""Whatever a run's jobs are called and leave, the call ends with a receipt that holds, and tells no name."""

from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from sealrun.evidence.evidence import MAX_JOB, job_of, label
from sealrun.evidence.leaves import Kind, checked_label
from sealrun.receipts.receipt import Outcome
from sealrun.runs.run import Job, JobResult
from sealrun.verification.verify import Trust, verify
from sealrun.workflows import gather_files
from sealrun.workflows.gather_logs import MAX_LINES, MAX_RUN_BYTES, MAX_RUN_LINES
from sealrun.workflows.receipt_documents import MAX_LOGS, SmallLogs
from tests.sealrun.fakes import FakeProvider
from tests.sealrun.folder import folder_of
from tests.sealrun.workflows.test_collect_run import index_of, over, run_of
from tests.sealrun.world import World, evidence_value, limits_value, make_offer, offer_value


class Jobs(FakeProvider):
    """A provider whose runs have many jobs, each with the same log and files."""

    names: tuple[str, ...] = ()

    def jobs(self, run_id: int) -> list[Job]:
        self._called("jobs")
        return [
            Job(
                run_id * 10_000 + at,
                name,
                "build",
                "success",
                "",
                retried=False,
                has_artifacts=bool(self.files),
                runner="runner",
                result=JobResult.SUCCEEDED,
            )
            for at, name in enumerate(self.names)
        ]


class LastLeaves(Jobs):
    """Only the last of the jobs leaves files."""

    def jobs(self, run_id: int) -> list[Job]:
        return [replace(job, has_artifacts=job.name == self.names[-1]) for job in super().jobs(run_id)]


def world_of(*names: str, **evidence: Any) -> World:
    limits = {**offer_value()["limits"], "log_bytes": 64 << 20, "files": 1000}
    world = World(make_offer(evidence=evidence_value(inputs="public", **evidence), limits=limits))
    world.provider = Jobs(world.clock, world.offer)
    world.provider.names = names
    return world


@pytest.mark.parametrize("line", [b"built\n", b"x" * 4000 + b"\n"])
def test_many_jobs_with_many_shown_lines_end_in_a_receipt(line: bytes) -> None:
    world = world_of(*(f"job {n}" for n in range(50)), log=["*"])
    world.provider.files, world.provider.log_text = {}, line * MAX_LINES
    record, signed = over(world)
    assert signed.receipt.status is Outcome.SUCCEEDED
    lines = [entry for entry in index_of(world, record).trees["profile"] if entry.kind is Kind.LINE]
    assert len(lines) == min(MAX_RUN_LINES, MAX_RUN_BYTES // (len(line) - 1))
    folder = folder_of(world, record)
    assert verify(folder["receipt.json"], folder, Trust()).holds


@pytest.mark.parametrize("name", ["a:b", "..", "a/b", "x" * 255, "é" * 255, "\U0001f600" * 63 + ": [1, 2]"])
def test_a_job_may_have_any_name(name: str) -> None:
    world = world_of(name, f"{name}2", log=["*"])
    record, signed = over(world)
    assert signed.receipt.status is Outcome.SUCCEEDED
    folder = folder_of(world, record)
    assert verify(folder["receipt.json"], folder, Trust()).holds
    place = checked_label(label(name, "x" * 255))
    assert len(job_of(place)) <= MAX_JOB
    assert job_of(place) != job_of(label(f"{name}2", "x"))


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("dist/aux.txt", "dist/%61ux.txt"),
        ("CON/NUL", "%43ON/%4EUL"),
        ("com1.tar.gz", "%63om1.tar.gz"),
        ("lpt\xb9", "%6Cpt\xb9"),
        ("prn .txt", "%70rn .txt"),
        ("conout$", "%63onout$"),
        ("a:b", "a%3Ab"),
        ("nul:x", "nul%3Ax"),
        ('<a>|"b"?*', "%3Ca%3E%7C%22b%22%3F%2A"),
        ("end./end /end..", "end%2E/end%20/end.%2E"),
        ("a/.../b", "a/..%2E/b"),
        ("console/auxiliary.txt", "console/auxiliary.txt"),
        (".hidden/a.b c", ".hidden/a.b c"),
    ],
)
def test_e5_a_file_lies_where_windows_can_hold_it_too(name: str, place: str) -> None:
    world = world_of("build", outputs=["*"])
    world.provider.files = {name: b"x"}
    record, signed = over(world)
    assert signed.receipt.status is Outcome.SUCCEEDED
    outputs = [entry for entry in index_of(world, record).trees["outputs"] if entry.leaf]
    assert [entry.leaf.label for entry in outputs if entry.leaf] == [f"build/{place}"]
    folder = folder_of(world, record)
    assert verify(folder["receipt.json"], folder, Trust()).holds


@pytest.mark.parametrize(
    ("job", "folder"), [("aux", "%61ux"), ("Nul.x", "%4Eul.x"), ("a.", "a%2E"), ("a ", "a%20")]
)
def test_e5_a_job_s_folder_is_one_that_windows_can_hold(job: str, folder: str) -> None:
    assert label(job, "x") == f"{folder}/x"


def test_e5_two_files_that_windows_takes_for_one_are_told_apart() -> None:
    assert label("build", "x.") != label("build", "x")
    world = world_of("build", outputs=["*"])
    world.provider.files = {"x.": b"1", "x%2E": b"2"}
    _, signed = over(world)
    assert signed.receipt.status is Outcome.OUTPUTS_REFUSED, "both would lie at one place"


@pytest.mark.parametrize(
    "name", ["/".join(["\u6c34" * 80] * 3), "../jane-doe", "jane\\doe"], ids=["long", "out", "other"]
)
def test_e1_a_file_s_name_that_cannot_be_taken_ends_the_call_and_is_not_told(name: str) -> None:
    world = world_of("build", outputs=[])
    world.provider.files = {name: b"x"}
    record, signed = over(world)
    assert signed.receipt.status is Outcome.OUTPUTS_REFUSED
    reason = run_of(world, record)["reason"]
    assert reason.startswith("archive: expected names")
    assert "jane" not in reason
    assert reason.isascii()


@pytest.mark.parametrize(
    ("jobs", "files"),
    [
        (("build",), ("out/x", "out/X")),
        (("build",), ("Out/x", "out/y")),
        (("build",), ("caf\u00e9", "cafe\u0301")),
        (("build",), ("stra\u00dfe", "STRASSE")),
        (("Build", "build"), ("x",)),
        (("build", "build"), ("x",)),
        (("build", "build"), ("sealrun-profile/more",)),
    ],
)
def test_e5_names_that_no_two_files_of_some_disks_can_have_end_the_call(
    jobs: tuple[str, ...], files: tuple[str, ...]
) -> None:
    """The buyer of a run that was paid for could not keep its evidence on such a disk, so that it holds."""
    world = world_of(*jobs, outputs=[])
    world.provider.files = {name: name.encode() for name in files}
    record, signed = over(world)
    assert signed.receipt.status is Outcome.OUTPUTS_REFUSED
    assert run_of(world, record)["reason"] == (
        "archive: expected names that differ in more than case and Unicode form, got two that do not"
    )
    folder = folder_of(world, record)
    assert verify(folder["receipt.json"], folder, Trust()).holds


def test_r9_of_jobs_of_one_name_one_log_is_kept_and_the_others_are_named() -> None:
    world = world_of("build", "build", log=["*"])
    world.provider.files = {}
    record, _ = over(world)
    assert run_of(world, record)["logs_missing"] == {"build": "another job of this name has one"}
    folder = folder_of(world, record)
    assert verify(folder["receipt.json"], folder, Trust()).holds


@pytest.mark.parametrize("names", [("Build", "build", "BUILD"), ("build", "Build", "check")])
def test_e5_of_logs_that_no_two_files_of_some_disks_can_be_one_is_kept_and_the_others_are_named(
    names: tuple[str, ...],
) -> None:
    """A log is kept of a run that failed, too, so that it cannot end a call as a file does."""
    world = world_of(*names, log=["*"])
    world.provider.files = {}
    record, signed = over(world)
    assert signed.receipt.status is Outcome.SUCCEEDED
    folder = folder_of(world, record)
    logs = [name for name in folder.names() if name.endswith("/job.log")]
    assert len({name.casefold() for name in logs}) == len(logs) == len({name.casefold() for name in names})
    assert set(run_of(world, record)["logs_missing"]) == {
        name for name in names if f"profile/{name}/job.log" not in logs
    }
    assert verify(folder["receipt.json"], folder, Trust()).holds


@pytest.mark.parametrize(
    ("file", "outcome"),
    [("sealrun-profile/more", Outcome.OUTPUTS_REFUSED), ("more", Outcome.SUCCEEDED)],
)
def test_e5_a_file_of_the_probe_s_lies_in_no_folder_of_another_job_s_log(file: str, outcome: Outcome) -> None:
    """On such a disk both are one folder, and one of its names is missing; outputs lie in another one."""
    world = world_of("Build", "build", log=["*"])
    world.provider = LastLeaves(world.clock, world.offer)
    world.provider.names, world.provider.files = ("Build", "build"), {file: b"x"}
    record, signed = over(world)
    assert signed.receipt.status is outcome
    folder = folder_of(world, record)
    assert verify(folder["receipt.json"], folder, Trust()).holds


@pytest.mark.parametrize("name", ["run.json", "Run.JSON"])
def test_e5_a_job_takes_the_place_of_no_document(name: str) -> None:
    world = world_of(name, log=["*"])
    record, _ = over(world)
    labels = [entry.leaf.label for entry in index_of(world, record).trees["profile"] if entry.leaf]
    assert [label.lower() for label in labels][:2] == ["run.json", "run%2ejson/job.log"]


def test_more_of_the_probe_s_than_a_tree_takes_ends_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gather_files, "MAX_PROFILE", 5)
    world = world_of("build", "check", "more")
    world.provider.files = {"sealrun-profile/profile.json": b"{}", "sealrun-profile/profile.folded": b""}
    record, signed = over(world)
    assert signed.receipt.status is Outcome.OUTPUTS_REFUSED
    assert "profile: expected at most 5 items" in run_of(world, record)["reason"]


def test_e1_where_every_symbol_is_shown_probes_that_are_not_named_are_not() -> None:
    world = world_of("build", symbols=["*"], probes=["steps"])
    world.provider.files = {
        "sealrun-profile/probes.json": b'{"probes":{"steps":[1],"weight":[4]}}',
        "sealrun-profile/profile.json": b"{}",
    }
    record, _ = over(world)
    shown = [entry.leaf.label for entry in index_of(world, record).trees["profile"] if entry.leaf]
    assert shown == ["run.json", "build/probes/steps", "build/sealrun-profile/profile.json"]
    folder = folder_of(world, record, buyer=False)
    assert verify(folder["receipt.json"], folder, Trust()).holds


@pytest.mark.parametrize(
    ("log", "number"),
    [
        (b"2026-05-22T12:43:46.962646Z 00O $ make\n2026-05-22T12:43:46.962646Z 01O built dist\n", 2),
        (b"2026-05-22T12:43:46.962646Z 01O bui\n2026-05-22T12:43:46.962646Z 01O+lt dist\n", 1),
        (b"section_start:1560896352:build[collapsed=true]\r\x1b[0K\x1b[32;1mbuilt dist\x1b[0;m\n", 1),
        (b"\xef\xbb\xbf2026-05-22T12:43:46.9626460Z ##[group]built dist\n", 1),
        (b"%5d %%\r" * 900 + b"\x1b]8;;https://a.example\x07built dist\x1b]8;;\x07\r\n", 1),
    ],
    ids=["GitLab", "continued", "section", "GitHub", "progress and link"],
)
def test_r10_patterns_match_lines_without_their_decoration_and_the_log_stays(log: bytes, number: int) -> None:
    world = world_of("build", log=["built*"])
    world.provider.files, world.provider.log_text = {}, log
    record, _ = over(world)
    (line,) = [entry for entry in index_of(world, record).trees["profile"] if entry.kind is Kind.LINE]
    assert line.leaf is not None
    assert (line.text, line.leaf.label) == ("built dist", f"build/job.log:{number}")
    assert world.kept(record).logs["profile/build/job.log"].encode() == log
    folder = folder_of(world, record)
    assert verify(folder["receipt.json"], folder, Trust()).holds


@pytest.mark.parametrize("log", [b"caf\xe9\n", b"x" * (MAX_LOGS + 1)], ids=["no UTF-8", "large"])
def test_a_log_that_is_large_or_no_text_lies_alone_in_the_store(log: bytes) -> None:
    world = World(make_offer(limits=limits_value(log_bytes=1 << 20)))
    world.provider.log_text = log
    record, _ = over(world)
    assert not world.kept(record).logs
    assert world.store.get(sha256(log).hexdigest()) == log
    folder = folder_of(world, record)
    assert folder["profile/build/job.log"] == log
    assert verify(folder["receipt.json"], folder, Trust()).holds


def test_logs_lie_with_the_documents_as_long_as_they_have_room_together() -> None:
    half = b"x" * (MAX_LOGS // 2)
    small = SmallLogs()
    taken = [small.take(place, lambda: [half], len(half)) for place in ("a", "b", "c")]
    assert (taken, sorted(small.texts)) == ([True, True, False], ["a", "b"])
