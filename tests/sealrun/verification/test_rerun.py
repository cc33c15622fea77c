"""Grade 2 takes a second receipt of another oracle over the same outputs, and says so only then."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from mina.keys import PrivateKey
from sealrun.offers.offer import Offer
from sealrun.receipts.receipt import SignedReceipt
from sealrun.runs.run import RunStatus
from sealrun.verification.claims import RERUNS, BrokenClaim, Verdict
from sealrun.verification.nested import MAX_NESTED
from sealrun.verification.rerun import MAX_VERIFIED, check_offers
from sealrun.verification.verify import Trust, Verification, verify
from tests.sealrun.fakes import FakeOracle
from tests.sealrun.folder import MemoryFolder, folder_of
from tests.sealrun.world import (
    OPERATOR,
    ORACLE,
    World,
    evidence_value,
    make_offer,
    make_paid_offer,
    offer_value,
    sign_call,
)

OTHER = PrivateKey.from_scalar(2003)
SOURCE = offer_value()["source"]
FILES = {"dist/a.txt": b"a\n", "dist/b.txt": b"b\n"}


def offer(key: PrivateKey = ORACLE, *, deterministic: bool = True, **changes: Any) -> Offer:
    evidence = evidence_value(deterministic=deterministic)
    return make_offer(oracle=key.public_key().to_base58(), evidence=evidence, **changes)


def elsewhere(**changes: Any) -> Offer:
    """The same source at another project, under another oracle."""
    source = {**SOURCE, "origin": "https://gitlab.other", "project": "77", **changes}
    return offer(OTHER, source=source)


def ran(sold: Offer, key: PrivateKey, files: dict[str, bytes] = FILES, **call: Any) -> MemoryFolder:
    """The buyer's folder of one run of the offer."""
    world = World(sold, oracle=FakeOracle(key))
    world.provider.files = files
    if call.pop("fails", False):
        world.provider.ends_as = RunStatus.FAILED
    record = world.settle(world.call(sign_call(sold, **call)).record.call_hash)
    return folder_of(world, record)


def both(first: MemoryFolder, second: MemoryFolder) -> MemoryFolder:
    signed = SignedReceipt.parse(json.loads(second["receipt.json"]))
    prefix = f"reruns/{signed.receipt.call_hash:064x}"
    return MemoryFolder({**first, **{f"{prefix}/{name}": data for name, data in second.items()}})


def check(folder: MemoryFolder, *oracles: PrivateKey) -> Verification:
    named = tuple(key.public_key().to_base58() for key in oracles)
    return verify(folder["receipt.json"], folder, Trust(ORACLE.public_key().to_base58(), reruns=named))


def rerun_claim(found: Verification) -> tuple[Verdict, str]:
    (claim,) = [claim for claim in found.claims if claim.name == "rerun"]
    return claim.verdict, claim.says


@pytest.fixture(scope="module")
def first() -> MemoryFolder:
    return ran(offer(), ORACLE)


@pytest.fixture(scope="module")
def second() -> MemoryFolder:
    return ran(elsewhere(), OTHER, nonce=8, salt="cd" * 32)


def test_e2_the_same_outputs_by_another_oracle_are_grade_2(first: MemoryFolder, second: MemoryFolder) -> None:
    folder = both(first, second)
    one, other = (SignedReceipt.parse(json.loads(each["receipt.json"])).receipt for each in (first, second))
    assert one.outputs_hash != other.outputs_hash, "salted, so only the opened outputs can be compared"
    found = check(folder, OTHER)
    assert (found.grade, found.holds) == (2, True), found.broken
    assert rerun_claim(found)[0] is Verdict.HOLDS
    assert "2 outputs are the same at https://gitlab.other" in rerun_claim(found)[1]


def test_e2_an_oracle_that_the_verifier_did_not_name_shows_nothing(
    first: MemoryFolder, second: MemoryFolder
) -> None:
    for named in ((), (ORACLE,)):
        found = check(both(first, second), *named)
        assert (found.grade, found.holds) == (0, True)
        assert rerun_claim(found)[0] is Verdict.NOT_SHOWN
        assert "nobody said that oracle" in rerun_claim(found)[1]


@pytest.mark.parametrize("missing", ["offer.json", "inputs.json", "reruns/CALL/offer.json"])
def test_e5_inputs_of_a_second_run_are_compared_also_where_another_document_is_left_out(
    first: MemoryFolder, second: MemoryFolder, missing: str
) -> None:
    folder = both(first, second)
    (inputs,) = [name for name in folder if name.startswith("reruns/") and name.endswith("/inputs.json")]
    del folder[missing.replace("reruns/CALL", inputs.removesuffix("/inputs.json"))]
    assert check(folder, OTHER).holds
    folder[inputs] = first["inputs.json"].replace(b"salt", b"Salt")
    assert [claim.name for claim in check(folder, OTHER).broken] == ["rerun"]


def test_e5_files_of_a_second_run_that_was_not_verified_are_said_not_to_be_measured(
    first: MemoryFolder, second: MemoryFolder
) -> None:
    forged = MemoryFolder({**second, "outputs/build/dist/more.txt": b"of nobody"})
    assert not check(both(first, forged), OTHER).holds
    assert "rerun files" not in {claim.name for claim in check(both(first, second), OTHER).claims}
    found = check(both(first, forged))
    (claim,) = [claim for claim in found.claims if claim.name == "rerun files"]
    assert claim.verdict is Verdict.NOT_SHOWN
    assert f"{len(forged) - 3} files of reruns/" in claim.says


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: ran(elsewhere(), OTHER, {**FILES, "dist/b.txt": b"B\n"}), "1 that differ: build/dist/b.txt"),
        (lambda: ran(elsewhere(), OTHER, {"dist/a.txt": b"a\n"}), "1 that differ: build/dist/b.txt"),
        (lambda: ran(elsewhere(), OTHER, {**FILES, "dist/c.txt": b""}), "1 that differ: build/dist/c.txt"),
        (lambda: ran(elsewhere(commit="2e" * 20), OTHER), "the second run's commit: expected the first's"),
        (lambda: ran(elsewhere(tree="2e" * 20), OTHER), "the second run's tree: expected the first's"),
        (
            lambda: ran(elsewhere(configuration={**SOURCE["configuration"], "sha256": "5c" * 32}), OTHER),
            "the second run's configuration: expected the first's",
        ),
        (
            lambda: ran(offer(source={**SOURCE, "project": "77"}), ORACLE),
            "expected no party of the first's terms",
        ),
        (
            lambda: ran(offer(OTHER), OTHER),
            "project: expected another than the first's, got 42 at https://gitlab",
        ),
        (lambda: ran(elsewhere(), OTHER, inputs={"layer": "mina"}), "the second run's inputs: expected"),
        (lambda: ran(elsewhere(), OTHER, reads=("0a" * 32,)), "the second run's inputs: expected"),
    ],
)
def test_e2_a_second_run_that_differs_is_told_and_is_no_grade_2(
    first: MemoryFolder, make: Callable[[], MemoryFolder], text: str
) -> None:
    found = check(both(first, make()), OTHER, ORACLE)
    assert (found.grade, found.holds) == (0, False)
    assert rerun_claim(found)[0] is Verdict.BROKEN
    assert text in rerun_claim(found)[1]


def test_e2_more_second_runs_than_anybody_buys_are_not_verified(
    first: MemoryFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(MAX_NESTED, RERUNS, 3)
    names = {f"reruns/{at:064x}/receipt.json": b"{}" for at in range(4)}
    found = check(MemoryFolder({**first, **names}), OTHER)
    assert rerun_claim(found) == (Verdict.BROKEN, "reruns: expected at most 3 receipts, got 4")


def _many(first: MemoryFolder, count: int) -> MemoryFolder:
    """Second runs of one oracle that all hold."""
    folder = first
    for at in range(count):
        folder = both(folder, ran(elsewhere(), OTHER, nonce=100 + at, salt="cd" * 32))
    return folder


@pytest.fixture(scope="module")
def many(first: MemoryFolder) -> MemoryFolder:
    return _many(first, MAX_VERIFIED + 2)


def test_e6_of_many_second_runs_some_are_verified_and_the_others_are_said_not_to_be(
    many: MemoryFolder,
) -> None:
    """Each costs a whole verification."""
    found = check(many, OTHER)
    verdicts = Counter(claim.verdict for claim in found.claims if claim.name == "rerun")
    assert verdicts == {Verdict.HOLDS: MAX_VERIFIED, Verdict.NOT_SHOWN: 2}
    assert (found.grade, found.holds) == (2, True)
    left = [claim for claim in found.claims if claim.name == "rerun files"]
    assert [claim.verdict for claim in left] == [Verdict.NOT_SHOWN] * 2


def test_e6_after_a_second_run_that_does_not_hold_no_more_is_verified(many: MemoryFolder) -> None:
    calls = sorted({name.split("/")[1] for name in many.names() if name.startswith(RERUNS)})
    for spoiled in (0, 1):
        name = f"{RERUNS}/{calls[spoiled]}/outputs/build/dist/a.txt"
        found = check(MemoryFolder({**many, name: b"c\n"}), OTHER)
        verdicts = Counter(claim.verdict for claim in found.claims if claim.name == "rerun")
        assert verdicts[Verdict.BROKEN] == 1
        assert verdicts[Verdict.HOLDS] == spoiled
        assert (found.grade, found.holds) == (0, False)


def test_e2_a_job_that_is_not_declared_deterministic_has_no_grade_2(second: MemoryFolder) -> None:
    found = check(both(ran(offer(deterministic=False), ORACLE), second), OTHER)
    assert (found.grade, found.holds) == (0, False)
    assert "expected an offer that is declared deterministic" in rerun_claim(found)[1]


def _without(name: str) -> Callable[[MemoryFolder], MemoryFolder]:
    return lambda folder: MemoryFolder({each: data for each, data in folder.items() if each != name})


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (_without("offer.json"), "offer.json of the second run is not here"),
        (_without("inputs.json"), "the inputs of one of the runs are not here"),
    ],
)
def test_e2_what_is_not_here_leaves_it_open(
    first: MemoryFolder, second: MemoryFolder, change: Callable[[MemoryFolder], MemoryFolder], text: str
) -> None:
    found = check(both(first, change(second)), OTHER)
    assert (found.grade, found.holds) == (0, True), found.broken
    assert text in rerun_claim(found)[1]


def test_e2_a_second_run_that_failed_says_nothing(first: MemoryFolder) -> None:
    found = check(both(first, ran(elsewhere(), OTHER, fails=True)), OTHER)
    assert (found.grade, found.holds) == (0, True)
    assert "did not succeed: failed" in rerun_claim(found)[1]


@pytest.mark.parametrize(
    "name", ["receipt.json", "offer.json", "call.json", "outputs/build/dist/a.txt", "openings.json"]
)
def test_e2_a_byte_changed_in_the_second_run_s_folder_is_found(
    first: MemoryFolder, second: MemoryFolder, name: str
) -> None:
    changed = MemoryFolder(second)
    middle = len(changed[name]) // 2
    changed[name] = changed[name][:middle] + bytes([changed[name][middle] ^ 1]) + changed[name][middle + 1 :]
    folder = both(first, second)
    place = next(each for each in folder if each.startswith("reruns/") and each.endswith(f"/{name}"))
    folder[place] = changed[name]
    found = check(folder, OTHER)
    assert (found.grade, found.holds) == (0, False)


def test_e2_a_second_receipt_under_another_call_s_name_is_broken(
    first: MemoryFolder, second: MemoryFolder
) -> None:
    folder = MemoryFolder({**first, **{f"reruns/{'0' * 64}/{name}": data for name, data in second.items()}})
    assert "the receipt's call: expected 0000" in rerun_claim(check(folder, OTHER))[1]


def test_e2_a_run_without_outputs_shows_nothing_by_being_repeated() -> None:
    folder = both(ran(offer(), ORACLE, {}), ran(elsewhere(), OTHER, {}))
    found = check(folder, OTHER)
    assert (found.grade, found.holds) == (0, True)
    assert "neither run left an output" in rerun_claim(found)[1]


def test_e2_two_runs_within_one_set_of_terms_are_one_word() -> None:
    """The second oracle's key is a party of the first's own terms."""
    paid = make_paid_offer(evidence=evidence_value(deterministic=True))
    second = replace(paid, oracle=OPERATOR.public_key().to_base58(), payment=None)
    for one, other in ((paid, second), (second, paid)):
        with pytest.raises(BrokenClaim, match="expected no party of the first's terms"):
            check_offers(one, other)
