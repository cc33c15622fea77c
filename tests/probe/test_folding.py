"""What the probe leaves is what the collector takes, whatever names a program gives its functions."""

import os
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealrun.encoding import json_limits
from sealrun.evidence import call_stacks as stacks
from sealrun.offers.evidence_policy import Globs
from sealrun.workflows import gather_files
from sealrun_probe import folding, leave
from sealrun_probe.folding import Stacks, fold, frame, stack
from sealrun_probe.run import ORDER

NAMES = st.lists(st.text(max_size=20), min_size=1, max_size=6)


def test_probe_and_collector_have_the_same_bounds_and_names() -> None:
    bounds = ("MAX_BYTES", "MAX_STACKS", "MAX_DEPTH")
    assert [getattr(folding, name) for name in bounds] == [getattr(stacks, name) for name in bounds]
    names = ("STACKS", "SUMMARY", "PROBES")
    assert [getattr(leave, name) for name in names] == [getattr(gather_files, name) for name in names]
    assert f"{leave.FOLDER}/" == gather_files.PROBE_FOLDER
    assert ORDER == gather_files.SAMPLERS
    assert leave.MAX_PROBES_BYTES < json_limits.MAX_BODY_BYTES


@given(st.dictionaries(NAMES.map(stack), st.integers(1, 10**9), max_size=8))
def test_any_names_fold_into_what_the_collector_reads(counted: dict[tuple[str, ...], int]) -> None:
    assert stacks.parse(fold(counted)) == counted


@given(st.one_of(st.text(max_size=60), st.binary(max_size=60).map(os.fsdecode)))
def test_a_frame_decodes_to_its_name(name: str) -> None:
    held = frame(name)
    assert stacks.parse(f"{held} 1\n".encode()) == {(held,): 1}
    if name:
        assert os.fsdecode(unquote_to_bytes(held.encode())) == name


@pytest.mark.parametrize(
    ("name", "held", "shown"),
    [
        ("std::map<int, long>::at (map.h)", None, None),
        ("operator% (a%b c%)", None, None),
        ("Lcom/foo/Bar;::baz", "Lcom/foo/Bar%3B::baz", None),
        ("%3B", "%253B", None),
        (" a  b ", "%20a %20b%20", None),
        ("a\nb\t\x1b[1m", "a%0Ab%09%1B[1m", "a%0Ab%09%1B[1m"),
        (os.fsdecode(b"\xff;"), "%FF%3B", "%FF%3B"),
        ("", "(unnamed)", "(unnamed)"),
    ],
)
def test_a_name_is_encoded_where_it_would_break_a_line(
    name: str, held: str | None, shown: str | None
) -> None:
    assert frame(name) == (held or name)
    assert stacks.name_of(frame(name)) == (shown or name)


def test_a_policy_names_functions_as_people_know_them() -> None:
    read = stacks.parse(fold({("java", frame("Lcom/foo/Bar;::baz")): 2}))
    assert stacks.redact(read, Globs(("Lcom/foo/Bar;*",))) == {(stacks.BLACK_BOX, "Lcom/foo/Bar%3B::baz"): 2}


def test_a_stack_that_is_too_deep_keeps_its_outer_frames() -> None:
    deep = stack([f"f{n}" for n in range(600)])
    assert (len(deep), deep[510], deep[511]) == (512, "f510", "(deeper)")


def test_the_rarest_of_too_many_stacks_become_one() -> None:
    many: Stacks = {("root", f"f{n:05}"): 30_000 - n for n in range(25_000)}
    read = stacks.parse(fold(many))
    assert len(read) == folding.MAX_STACKS
    assert read["root", "f00000"] == 30_000
    assert sum(read.values()) == sum(many.values())
    assert read[(folding.OTHERS,)] == sum(sorted(many.values())[:5001])


def test_stacks_of_long_names_stay_within_the_bytes() -> None:
    long = {("é" * 256, *["x" * 256] * 40, str(n)): 1 for n in range(1000)}
    text = fold(long)
    assert len(text) <= stacks.MAX_BYTES
    assert sum(stacks.parse(text).values()) == 1000


def test_no_samples_are_no_bytes() -> None:
    assert fold({("f",): 0}) == b""
