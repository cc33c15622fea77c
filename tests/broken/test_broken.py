"""Broken receipts, each refused for its own reason, and the good one, which passes."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealrun.encoding.fields import canonical
from sealrun.encoding.measure import Measured, measure_document
from sealrun.evidence.evidence import disclosure
from sealrun.evidence.index import parse_openings
from sealrun.verification.claims import Verdict
from sealrun.verification.verify import Trust, Verification, verify
from sealrun_cli.lib.verifying import verify_file
from tests.broken.fault import Fault
from tests.broken.make import FAULTS, HERE, kept, made, whole, write
from tests.broken.sale import OPENED, Files, good_sale, sale_of, sold
from tests.sealrun.world import ORACLE

NAMED = ORACLE.public_key().to_base58()


class Handed:
    """A folder in memory."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files

    def names(self) -> list[str]:
        return sorted(self._files)

    def document(self, name: str) -> bytes | None:
        return self._files.get(name)

    def read(self, name: str) -> Iterator[bytes]:
        yield self.document(name) or b""

    def measure(self, name: str, *, size: int | None = None) -> Measured:
        return measure_document(self._files[name])


def checked(files: Files, oracle: str = NAMED) -> Verification:
    return verify(files["receipt.json"], Handed(files), Trust(oracle))


@pytest.fixture(scope="module")
def good() -> Files:
    return kept("good")


def test_the_script_makes_exactly_the_files_that_are_kept() -> None:
    """If this fails after faults were changed: ``python -m tests.broken.make``, and read the difference."""
    again = made(good_sale())
    assert {path.name for path in HERE.iterdir()} == set(again)
    for name, files in again.items():
        assert kept(name) == files, name


def test_a_folder_made_of_its_parts_is_what_the_workflows_make_and_it_holds() -> None:
    world, record = sold()
    fresh = sale_of(world, record).folder()
    documents = world.kept(record)
    stored = {
        "index.json": documents.index,
        "openings.json": documents.openings,
        "receipt.intoto.jsonl": documents.statements,
    }
    assert {name: fresh[name] for name in stored} == stored
    assert json.loads(fresh["receipt.json"]) == record.receipt
    assert {claim.verdict for claim in checked(fresh).claims} == {Verdict.HOLDS}


def test_the_good_folder_holds_on_disk_with_nothing_left_unshown(tmp_path: Path) -> None:
    write(kept("good"), tmp_path)
    found = verify_file(tmp_path / "receipt.json", tmp_path, NAMED)
    assert found.holds
    assert [claim.name for claim in found.claims if claim.verdict is not Verdict.HOLDS] == []
    assert found.grade == 0


def test_a_run_that_was_kept_before_it_told_in_our_words_how_each_job_ended_holds_all_the_same(
    tmp_path: Path,
) -> None:
    sale = good_sale()
    jobs = [{name: each for name, each in job.items() if name != "result"} for job in sale.run["jobs"]]
    write(replace(sale, run={**sale.run, "jobs": jobs}).folder(), tmp_path)
    found = verify_file(tmp_path / "receipt.json", tmp_path, NAMED)
    assert found.holds
    assert [claim.name for claim in found.claims if claim.verdict is not Verdict.HOLDS] == ["jobs"]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_e1_e2_e3_e5_r3_r4_a_broken_folder_is_refused_for_its_own_reason(
    fault: Fault, tmp_path: Path
) -> None:
    write(whole(fault.name), tmp_path)
    found = verify_file(tmp_path / "receipt.json", tmp_path, NAMED if fault.named else "")
    assert not found.holds
    first = found.broken[0]
    assert (first.name, fault.says in first.says) == (fault.claim, True), first


# What may break first when a byte of a file is another. In the index a byte may be anything's; where it is a
# hidden leaf's, the buyer's openings or a disclosure do not fit it any more.
BREAKS = {
    "receipt.json": ("form", "signature"),
    "receipt.intoto.jsonl": ("statements",),
    "offer.json": ("offer",),
    "call.json": ("call",),
    "inputs.json": ("inputs",),
    "index.json": ("index", "policy", "file", "line", "openings", "disclosure"),
    "openings.json": ("openings",),
    "disclosures": ("disclosure",),
    "outputs": ("file",),
    "profile": ("file", "run"),
}


@pytest.mark.parametrize("name", sorted(kept("good")))
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_a_changed_byte_anywhere_breaks_the_right_claim(name: str, data: st.DataObject) -> None:
    good = kept("good")
    at = data.draw(st.integers(0, len(good[name]) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != good[name][at]))
    files = {**good, name: good[name][:at] + bytes([byte]) + good[name][at + 1 :]}
    found = checked(files)
    assert found.broken, f"{name}: byte {at} as {byte}"
    assert found.broken[0].name in BREAKS[name.split("/", maxsplit=1)[0]]


@pytest.mark.parametrize("name", sorted(kept("good")))
def test_a_byte_more_or_less_breaks_a_claim(name: str, good: Files) -> None:
    for data in (good[name] + b"\n", good[name][:-1], b""):
        assert checked({**good, name: data}).broken, data[-20:]


def test_a_run_document_without_one_of_its_names_is_broken(good: Files) -> None:
    for name in (b"outcome", b"samples", b"run"):
        other = good["profile/run.json"].replace(b'"%s":' % name, b'"%s_":' % name)
        assert checked({**good, "profile/run.json": other}).broken


def test_each_file_that_is_missing_is_broken_or_not_shown(good: Files) -> None:
    """A disclosure may be missing where the buyer's openings say the same."""
    for name in sorted(set(good) - {"receipt.json", OPENED}):
        found = checked({other: data for other, data in good.items() if other != name})
        assert {claim.verdict for claim in found.claims} != {Verdict.HOLDS}, name


def test_e5_without_the_offer_each_claim_that_takes_it_is_said_not_to_be_shown() -> None:
    for name in ("jobs-that-failed-as-a-success", "run-of-another-configuration"):
        files = whole(name)
        del files["offer.json"]
        found = checked(files)
        said = {claim.name for claim in found.claims if claim.verdict is Verdict.NOT_SHOWN}
        assert found.holds
        assert {claim.name for claim in checked(whole(name)).claims} == {claim.name for claim in found.claims}
        assert {"offer", "source", "minimum grade", "policy", "commit", "pinned", "jobs"} < said


def test_e3_e5_an_oracle_that_buys_from_itself_is_told_without_the_offer() -> None:
    files = whole("call-by-the-oracle-itself")
    del files["offer.json"]
    assert [claim.name for claim in checked(files).broken] == ["call"]


@pytest.mark.parametrize(
    ("name", "part", "data", "origin"),
    [
        ("line-that-its-log-lacks", "build/job.log:2", b"built by others", "build/job.log"),
        (
            "stacks-that-the-profile-does-not-give",
            "build/profile.public.folded",
            b"main;honest 99\n",
            "build/sealrun-profile/profile.folded",
        ),
        (
            "probe-that-the-probe-did-not-take",
            "build/probes/steps",
            b"[1,2,4]",
            "build/sealrun-profile/probes.json",
        ),
    ],
)
def test_e5_disclosed_parts_are_compared_with_what_they_came_from_without_an_index(
    name: str, part: str, data: bytes, origin: str
) -> None:
    files = {**whole(name), f"profile/{part}": data}
    leaves = parse_openings(files["openings.json"])[1]["profile"]
    handed = {each: files[each] for each in ("receipt.json", "offer.json", "call.json", "inputs.json")}
    for leaf in leaves:
        if leaf.label in (part, origin):
            handed[f"disclosures/{leaf.index}.json"] = canonical(disclosure("profile", leaves, leaf.index))
            handed[f"profile/{leaf.label}"] = files[f"profile/{leaf.label}"]
    assert [claim.name for claim in checked(handed).broken] == ["derived"]
    del handed[f"profile/{origin}"]
    (claim,) = [claim for claim in checked(handed).claims if claim.name == "derived"]
    assert (claim.verdict, f"profile/{origin} is not here" in claim.says) == (Verdict.NOT_SHOWN, True)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=20, deadline=None)
@given(
    name=st.sampled_from(["run", *good_sale().run]),
    inner=st.sampled_from(["", *good_sale().run["run"]]),
    value=JSON,
)
def test_whatever_an_oracle_signs_as_the_run_ends_in_claims(name: str, inner: str, value: object) -> None:
    sale = good_sale()
    run = {**sale.run, name: {**sale.run["run"], inner: value} if name == "run" and inner else value}
    document = canonical(run)
    trees = sale.evidence(document)
    files = sale.folder(profile_hash=trees.profile.hash)
    files |= {"profile/run.json": document, "index.json": trees.index, "openings.json": trees.openings}
    assert checked(files).claims
