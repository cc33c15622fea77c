"""What looks like a secret is masked in logs and kept back where anyone could see it."""

import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest

from sealrun.adapters.files import spool
from sealrun.evidence.call_stacks import parse
from sealrun.evidence.leaves import Kind, Leaf
from sealrun.evidence.log_lines import read_lines
from sealrun.evidence.secret_scan import MASK, Count, Scanner
from sealrun.receipts.receipt import Outcome
from sealrun.runs.record import Record
from sealrun.workflows import gather_files, gather_logs
from sealrun.workflows.deadline import TOO_LONG
from tests.sealrun.evidence.test_secret_scan import PLANTED
from tests.sealrun.workflows.test_collect_run import index_of, openings_of, over, run_of
from tests.sealrun.world import API_TOKEN, WEBHOOK_SECRET, World, evidence_value, make_offer

SECRET = PLANTED["gitlab"]


def world_of(**evidence: Any) -> World:
    return World(make_offer(evidence=evidence_value(**evidence)))


def kept_log(world: World, record: Record, leaf: Leaf) -> bytes:
    """The log as the store has it, which is small and lies with the documents."""
    log = world.kept(record).logs[f"profile/{leaf.label}"].encode()
    assert hashlib.sha256(log).hexdigest() == leaf.sha256
    return log


def public_bytes(world: World, record: Record) -> bytes:
    """All that anyone may see of the call's evidence."""
    index = world.kept(record).index
    leaves = [entry.leaf for tree in index_of(world, record).trees.values() for entry in tree if entry.leaf]
    files = [world.store.bytes.get(leaf.sha256, b"") for leaf in leaves]
    labels = [leaf.label.encode() for leaf in leaves]
    return b"\n".join([index, world.kept(record).statements, *files, *labels])


@pytest.mark.parametrize("secret", [*PLANTED.values(), API_TOKEN, WEBHOOK_SECRET])
def test_secrets_in_a_log_are_masked_before_it_is_stored(secret: bytes) -> None:
    world = world_of(log=["*"], inputs="public")
    world.provider.log_text = b"$ env\nX=" + secret + b"\nbuilt\n"
    record, _ = over(world)
    log = next(leaf for leaf in openings_of(world, record)["profile"] if leaf.kind is Kind.LOG)
    assert kept_log(world, record, log) == b"$ env\nX=" + MASK + b"\nbuilt\n"
    assert run_of(world, record)["masked"] == {"build/job.log": 1}
    assert all(secret not in stored for stored in world.store.bytes.values())


def test_a_secret_at_the_log_s_limit_is_not_left_in_half() -> None:
    world = world_of()
    world.provider.log_text = b"x" * 990 + b" " + SECRET
    record, _ = over(world)
    log = next(leaf for leaf in openings_of(world, record)["profile"] if leaf.kind is Kind.LOG)
    assert kept_log(world, record, log).endswith(b" " + MASK[:9])


@pytest.mark.parametrize("secret", PLANTED.values())
def test_a_public_output_with_a_secret_is_a_black_box_named_by_its_kind_only(secret: bytes) -> None:
    world = world_of()
    world.provider.files = {"dist/out.txt": b"built\n", "dist/config.json": b'{"x": "' + secret + b'"}'}
    record, _ = over(world)
    shown, hidden = index_of(world, record).trees["outputs"]
    assert shown.leaf is not None
    assert (hidden.kind, hidden.leaf, hidden.cid) == (Kind.OUTPUT, None, "")
    assert run_of(world, record)["withheld"] == ["output"]
    assert b"config.json" not in public_bytes(world, record)
    assert secret not in public_bytes(world, record)


def test_an_output_that_only_the_buyer_sees_is_not_looked_into() -> None:
    world = world_of(outputs=[])
    world.provider.files = {"dist/config.json": SECRET}
    record, _ = over(world)
    assert run_of(world, record)["withheld"] == []


@pytest.mark.parametrize("outputs", [["*"], []], ids=["public", "the buyer's"])
@pytest.mark.parametrize("secret", [API_TOKEN, WEBHOOK_SECRET, WEBHOOK_SECRET.removeprefix(b"whsec_")])
@pytest.mark.parametrize("name", ["dist/config.json", "sealrun-profile/profile.json"])
def test_a_file_with_the_operator_s_own_secret_goes_to_nobody(
    outputs: list[str], secret: bytes, name: str
) -> None:
    world = world_of(outputs=outputs)
    world.provider.files = {"dist/out.txt": b"built\n", name: b"x" * 3_000 + secret}
    record, signed = over(world)
    assert signed.receipt.status is Outcome.OUTPUTS_REFUSED
    assert run_of(world, record)["reason"].startswith("file: expected none of the operator's own secrets")
    assert all(secret not in stored for stored in world.store.bytes.values())
    assert index_of(world, record).trees["outputs"] == ()


def test_a_public_archive_with_a_secret_in_it_is_kept_back() -> None:
    world = world_of()
    tar = b"PAX" + bytes(600) + SECRET + bytes(600)
    world.provider.files = {
        "dist/sources.tar.gz": gzip.compress(tar),
        "dist/built.tar.gz": gzip.compress(b"x"),
    }
    record, _ = over(world)
    hidden, shown = index_of(world, record).trees["outputs"]
    assert (hidden.leaf, shown.leaf is None) == (None, False)
    assert run_of(world, record)["withheld"] == ["output"]


def test_e6_files_that_nobody_has_the_time_to_search_are_kept_back_and_the_run_is_paid(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A function of 512 MB has a third of a core, on which 1 GiB of a public archive takes nine minutes."""
    world, files = world_of(), {f"dist/{number}": b"built\n" for number in range(8)}
    world.provider.files = files
    search = Scanner.holds

    def slowly(scanner: Scanner, chunks: Iterable[bytes]) -> bool:
        read = [*chunks]
        world.clock.passes(100 if read == [b"built\n"] else 0)
        return search(scanner, read)

    monkeypatch.setattr(Scanner, "holds", slowly)
    record, signed = over(world)
    assert signed.receipt.status is Outcome.SUCCEEDED
    assert [entry.leaf is not None for entry in index_of(world, record).trees["outputs"]] == [
        True,
        True,
        True,
        *[False] * 5,
    ]
    assert run_of(world, record)["withheld"] == ["output"] * 5


def with_jobs(world: World, number: int) -> None:
    listed = world.provider.jobs
    world.provider.jobs = lambda run_id: [
        replace(job, id=at, name=f"job {at}") for at in range(number) for job in listed(run_id)
    ]


@pytest.mark.parametrize(("seconds", "kept"), [(50, 8), (100, 3)])
def test_e6_logs_that_nobody_has_the_time_to_mask_are_named_and_the_run_is_paid(
    monkeypatch: pytest.MonkeyPatch, seconds: int, kept: int
) -> None:
    """On a third of a core, 64 MiB of coloured text full of assigned values take two and a half minutes.

    A first collection gives logs all of its time: those of a thousand jobs at GitHub take six minutes.
    """
    world, mask = world_of(), Scanner.masked
    with_jobs(world, 8)
    world.provider.files = {}

    def slowly(scanner: Scanner, chunks: Iterable[bytes], count: Count) -> Iterator[bytes]:
        for piece in mask(scanner, chunks, count):
            world.clock.passes(seconds)
            yield piece

    monkeypatch.setattr(Scanner, "masked", slowly)
    record, signed = over(world)
    assert signed.receipt.status is Outcome.SUCCEEDED
    assert {*world.kept(record).logs} == {f"profile/job {at}/job.log" for at in range(kept)}
    assert run_of(world, record)["logs_missing"] == {
        f"job {at}": gather_logs.NO_TIME for at in range(kept, 8)
    }


def test_e6_a_log_that_there_is_no_time_to_mask_to_its_end_is_not_kept_in_part(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = world_of()

    def pieces() -> Iterator[bytes]:
        for _ in range(5):
            world.clock.passes(100)
            yield b"built\n"

    monkeypatch.setattr(world.provider, "log", lambda _: nullcontext(pieces()))
    record, signed = over(world)
    assert signed.receipt.status is Outcome.SUCCEEDED
    assert world.kept(record).logs == {}
    assert run_of(world, record)["logs_missing"] == {"build": gather_logs.NO_TIME}


def test_e6_of_a_log_that_takes_long_to_read_only_the_first_lines_are_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On a third of a core, 64 MiB of line feeds take 13 minutes, and a function has 15."""
    world = world_of(log=["built*"], inputs="public")
    world.provider.log_text = b"built one\n" * 8

    def dripping(chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            world.clock.passes(100)
            yield chunk

    monkeypatch.setattr(spool, "CHUNK", len(b"built one\n"))
    monkeypatch.setattr(gather_logs, "read_lines", lambda chunks: read_lines(dripping(chunks)))
    record, signed = over(world)
    assert signed.receipt.status is Outcome.SUCCEEDED
    assert [*world.kept(record).logs.values()] == [world.provider.log_text.decode()]
    kinds = [leaf.kind for leaf in openings_of(world, record)["profile"]]
    assert kinds == [Kind.RUN, Kind.LOG, Kind.LINE, Kind.LINE]


def test_e6_stacks_that_there_is_no_time_to_redact_are_kept_back_and_the_run_is_paid(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On a third of a core, a file of 4 MiB takes up to 26 s, and there may be a thousand."""
    world = world_of(symbols=["main"])
    world.provider.files = {"sealrun-profile/profile.folded": b"main;work 1\n"}
    with_jobs(world, 8)

    def slowly(text: bytes) -> dict[tuple[str, ...], int]:
        world.clock.passes(100)
        return parse(text)

    monkeypatch.setattr(gather_files, "parse", slowly)
    record, signed = over(world)
    assert signed.receipt.status is Outcome.SUCCEEDED
    kinds = [leaf.kind for leaf in openings_of(world, record)["profile"]]
    assert (kinds.count(Kind.STACKS), kinds.count(Kind.PROFILE)) == (3, 8)
    refused = {name: sample.get("refused") for name, sample in run_of(world, record)["samples"].items()}
    assert refused == {f"job {at}": None if at < 3 else f"profile.folded: {TOO_LONG}" for at in range(8)}


def test_an_output_whose_name_is_a_secret_is_kept_back() -> None:
    world = world_of()
    world.provider.files = {f"dist/{SECRET.decode()}": b"built\n"}
    record, _ = over(world)
    assert SECRET not in public_bytes(world, record)
    assert run_of(world, record)["withheld"] == ["output"]


def test_a_secret_in_stacks_probes_and_profile_is_kept_back() -> None:
    world = world_of(symbols=["*"], probes=["seen"])
    world.provider.files = {
        "sealrun-profile/profile.folded": b"main;" + SECRET + b" 3\n",
        "sealrun-profile/probes.json": json.dumps({"probes": {"seen": SECRET.decode()}}).encode(),
    }
    record, _ = over(world)
    assert sorted(run_of(world, record)["withheld"]) == ["probe", "profile", "stacks"]
    assert SECRET not in public_bytes(world, record)


def test_a_secret_between_colours_is_masked_in_the_line_that_is_shown() -> None:
    world = world_of(log=["deploy*"], inputs="public")
    world.provider.log_text = b"deploy one\ndeploy " + SECRET[:9] + b"\x1b[0m" + SECRET[9:] + b"\n"
    record, _ = over(world)
    lines = [entry for entry in index_of(world, record).trees["profile"] if entry.kind is Kind.LINE]
    assert [line.text for line in lines] == ["deploy one", "deploy [masked by sealrun]"]
    assert SECRET not in public_bytes(world, record)


def test_digests_of_an_ordinary_build_are_shown() -> None:
    world = world_of()
    world.provider.files = {"dist/SHA256SUMS": f"{'0a1b' * 16}  mina.zip\n{'c3d4' * 16}  x.zip\n".encode()}
    record, _ = over(world)
    assert run_of(world, record)["withheld"] == []
