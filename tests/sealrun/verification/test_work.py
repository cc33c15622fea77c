"""Work is bounded before it is done: what a stranger puts into a folder costs no more than its bytes."""

import json
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from sealrun.encoding.fields import canonical
from sealrun.encoding.measure import measure_document
from sealrun.errors import Malformed
from sealrun.evidence.evidence import Item
from sealrun.evidence.index import Disclosure, Index, parse_openings
from sealrun.evidence.leaves import TREE, Kind, Leaf
from sealrun.offers.limits import MAX_LOG_BYTES
from sealrun.ports.folder import Folder
from sealrun.receipts.issuers import PinnedKeys
from sealrun.receipts.receipt import SignedReceipt
from sealrun.verification import derived
from sealrun.verification.claims import Verdict
from sealrun.verification.disclosures import Disclosures
from sealrun.verification.rerun import Left, Ran, check_reruns
from sealrun.verification.tokens import Shown, check_tokens
from sealrun.verification.trees import Opened
from sealrun.verification.verify import Trust, verify
from tests.broken.sale import Files, good_sale
from tests.sealrun.ci_tokens import ci_offer, jwk
from tests.sealrun.fakes import FakeOracle
from tests.sealrun.folder import MemoryFolder
from tests.sealrun.verification.test_rerun import OTHER, both, elsewhere, offer, ran
from tests.sealrun.world import ORACLE, evidence_value, make_offer


def _never(_receipt: bytes, _folder: Folder) -> Left:
    raise AssertionError("nobody named this oracle, so its evidence is not looked at")


def test_e6_a_rerun_of_an_oracle_that_nobody_named_is_not_hashed() -> None:
    first = ran(offer(), ORACLE)
    folder = both(first, ran(elsewhere(), OTHER, nonce=8, salt="cd" * 32))
    signed = SignedReceipt.parse(json.loads(first["receipt.json"]))
    claim, _ = check_reruns(Ran(signed, offer(), folder), Left(), folder.names(), (), _never)
    assert claim.verdict is Verdict.NOT_SHOWN
    assert "nobody said that oracle" in claim.says


@pytest.mark.parametrize(
    "spelling",
    ["https://gitlab.example:443", "https://gitlab.example.", "https://gitlab.example:0443"],
)
def test_e2_the_same_project_by_another_spelling_of_its_origin_is_no_second_one(spelling: str) -> None:
    first = ran(offer(), ORACLE)
    second = ran(elsewhere(origin=spelling, project="42"), OTHER, nonce=8, salt="cd" * 32)
    folder = both(first, second)
    named = (OTHER.public_key().to_base58(),)
    result = verify(first["receipt.json"], folder, Trust(reruns=named))
    assert (result.grade, [claim.name for claim in result.broken]) == (0, ["rerun"])
    assert "expected another than the first's" in result.broken[0].says


@pytest.mark.parametrize("spelling", ["Owner/Name", "owner/name.git", "OWNER/name.GIT"])
def test_e2_the_same_project_by_another_spelling_of_its_name_is_no_second_one(spelling: str) -> None:
    source = offer().source._replace(provider="forgejo", project="owner/name")
    assert source._replace(project=spelling).place == source.place
    assert source._replace(project="owner/other").place != source.place


def test_e2_a_tenant_of_ghe_com_has_one_place_for_both_of_its_apis() -> None:
    """GHE.com answers below `/api/v3` of the tenant's own host, too, as a GitHub Enterprise Server does."""
    source = make_offer().source._replace(provider="github", project="owner/job")
    tenant = source._replace(origin="https://octo.ghe.com").place
    assert (
        source._replace(origin="https://api.octo.ghe.com").place == tenant == "https://octo.ghe.com/owner/job"
    )
    for other in ("https://api.other.ghe.com", "https://api.octo.example", "https://api.octo.ghe.com:8443"):
        assert source._replace(origin=other).place != tenant


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.OUTPUT])
def test_e5_nothing_but_an_output_is_among_the_outputs(kind: Kind) -> None:
    """A line among them would need no file, and a run's document would be shown whatever the offer says."""
    sale = good_sale()
    item = replace(sale.outputs[0], kind=kind, label="build/more", cid="", text=None)
    evidence = replace(sale, outputs=(*sale.outputs, item)).evidence(canonical(sale.run))
    disclosed = canonical(evidence.outputs.disclosure(len(sale.outputs)))
    says = f"outputs: expected leaves of its own kinds, got one of kind {kind.name.lower()}"
    with pytest.raises(Malformed, match=says):
        Index.parse(evidence.index)
    with pytest.raises(Malformed, match=says):
        parse_openings(evidence.openings)
    with pytest.raises(Malformed, match=says):
        Disclosure.parse(disclosed)


def test_e6_disclosures_of_one_tree_hash_no_node_twice() -> None:
    """Each path has twelve nodes; of 200 neighbours all but some 400 are shared."""
    sale = good_sale()
    items = tuple(Item(Kind.OUTPUT, f"build/{at}", f"{at:064x}", 1, public=False) for at in range(200))
    sale = replace(sale, outputs=items)
    evidence = sale.evidence(canonical(sale.run))
    receipt = sale._signed(evidence, FakeOracle(ORACLE), {}).receipt
    documents = [canonical(evidence.outputs.disclosure(at)) for at in range(200)]
    start = time.process_time()
    for _ in range(400):
        TREE.node(1, 2)
    nodes = time.process_time() - start
    leaves = sum(_seconds(leaf) for leaf in evidence.outputs.leaves)
    check, start = Disclosures(receipt, None), time.process_time()
    for document in documents:
        check.one("disclosures/one", document)
    assert time.process_time() - start < 3 * (nodes + leaves)


def _seconds(leaf: Leaf) -> float:
    start = time.process_time()
    assert replace(leaf).hash == leaf.hash
    return time.process_time() - start


@pytest.mark.parametrize("named", [True, False])
def test_e6_after_some_disclosures_that_open_nothing_no_more_is_looked_at(named: bool) -> None:  # noqa: FBT001
    """A whole way to the root is hashed for each, and anyone can put thousands into a folder."""
    files = MemoryFolder(good_sale().folder())
    if not named:
        del files["index.json"], files["openings.json"]
    value = json.loads(files["disclosures/notes.json"])
    for at in range(100):
        siblings = [str(at + 1), *value["siblings"][1:]]
        files[f"disclosures/{at:03}.json"] = canonical({**value, "siblings": siblings})
    read = _Read(files)
    broken = [claim.says for claim in verify(files["receipt.json"], read, Trust()).broken]
    said = [says for says in broken if "disclosure" in says]
    assert len(said) == 21
    assert said[-1] == "expected disclosures that hold, got 20 that do not; no more are read"
    assert max(name for name in read.names_read if name.startswith("disclosures/0")) == "disclosures/019.json"


def test_e6_a_file_of_many_probes_is_parsed_once() -> None:
    sale = good_sale()
    probes = canonical({"probes": {f"p{at}": at for at in range(300)}})
    values = {f"p{at}": b"%d" % at for at in range(300)}
    left = {measure_document(data).sha256: data for data in (probes, *values.values())}
    others = [one for one in sale.profile if one.kind is not Kind.PROBE and "probes" not in one.label]
    items = [("sealrun-profile/probes.json", Kind.PROFILE, probes)]
    items += [(f"probes/{name}", Kind.PROBE, data) for name, data in values.items()]
    profile = [*others, *(_item(f"build/{label}", kind, data) for label, kind, data in items)]
    files = replace(sale, profile=tuple(profile), left={**sale.left, **left}).folder()
    read = _Read(files)
    claims = verify(files["receipt.json"], read, Trust()).claims
    assert [claim.verdict for claim in claims if claim.name == "derived"] == [Verdict.HOLDS]
    assert read.names_read.count("profile/build/sealrun-profile/probes.json") == 1
    wrong = {**files, "profile/build/probes/p7": b"8"}
    assert not verify(files["receipt.json"], MemoryFolder(wrong), Trust()).holds


def test_e5_one_value_of_many_that_the_probe_did_not_take_is_named() -> None:
    sale = good_sale()
    values = {"steps": b"[1,2,3]", "more": b"7"}
    items = [_item(f"build/probes/{name}", Kind.PROBE, data) for name, data in values.items()]
    others = [one for one in sale.profile if one.kind is not Kind.PROBE]
    left = {measure_document(data).sha256: data for data in values.values()}
    files = replace(sale, profile=(*others, *items), left={**sale.left, **left}).folder()
    broken = [claim.says for claim in verify(files["receipt.json"], MemoryFolder(files), Trust()).broken]
    says = "build/probes/more: expected the value in build/sealrun-profile/probes.json, got another"
    assert says in broken


def _item(label: str, kind: Kind, data: bytes) -> Item:
    measured = measure_document(data)
    return Item(kind, label, measured.sha256, measured.size, public=False)


class _Read(MemoryFolder):
    """Tells which documents were read."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        super().__init__(files)
        self.names_read: list[str] = []

    def document(self, name: str) -> bytes | None:
        self.names_read.append(name)
        return super().document(name)


class _Jobs(list[dict[str, object]]):
    """The jobs of a run's document; counts how many were looked at."""

    looked_at = 0

    def __iter__(self) -> Iterator[dict[str, object]]:
        for job in super().__iter__():
            self.looked_at += 1
            yield job


class _Leaves(dict[tuple[str, str], Leaf]):
    """The opened leaves; counts how many were looked at, one after the other."""

    looked_at = 0

    def items(self) -> Any:
        for each in super().items():
            self.looked_at += 1
            yield each


@pytest.mark.parametrize(("tokens", "jobs"), [(1, 3000), (200, 3000), (200, 1)])
def test_e6_work_does_not_grow_as_tokens_times_jobs(tokens: int, jobs: int) -> None:
    """Whoever signs with a key of their own can write both lists: each token asked every job."""
    sale, many = good_sale(), _Jobs({"name": f"j{at}", "id": at} for at in range(jobs))
    claims = canonical({"sealrun": 1, "claims": {}, "key": jwk()})
    more = [_item(f"j{at}/token.claims.json", Kind.CLAIMS, claims) for at in range(tokens)]
    more += [_item(f"j{at}/sealrun-profile/token.jwt", Kind.TOKEN, b"x") for at in range(tokens)]
    public = [replace(one, public=one.kind is Kind.CLAIMS) for one in more]
    evidence = replace(sale, profile=tuple(public)).evidence(canonical(sale.run))
    index = Index.parse(evidence.index)
    leaves = _Leaves({("profile", leaf.label): leaf for leaf in evidence.profile.leaves})
    places = {f"profile/{one.label}": claims if one.kind is Kind.CLAIMS else b"x" for one in more}
    read, run = _Read(MemoryFolder(places)), {**sale.run, "jobs": many}
    receipt = sale._signed(evidence, FakeOracle(ORACLE), {}).receipt
    shown = Shown(receipt, ci_offer(), index, Opened(leaves, {}, {}), run, read, PinnedKeys())
    ground = check_tokens(shown)
    assert len(ground.claims) == tokens
    assert many.looked_at == jobs
    assert leaves.looked_at == len(leaves)
    assert max(Counter(read.names_read).values()) == 1


def test_l14_a_job_named_by_half_a_surrogate_pair_is_no_crash() -> None:
    sale = good_sale()
    document = json.dumps({**sale.run, "jobs": [{"name": "\ud800", "id": 1}]}).encode()
    trees = sale.evidence(document)
    files = MemoryFolder(sale.folder(profile_hash=trees.profile.hash))
    files.update({"profile/run.json": document, "index.json": trees.index, "openings.json": trees.openings})
    assert verify(files["receipt.json"], files, Trust()).claims


def test_e6_a_log_longer_than_any_offer_allows_is_not_split_into_lines() -> None:
    """Every line of it takes its time, and anyone can sign a receipt with a key of their own."""
    sale, log = good_sale(), b"\n" * (MAX_LOG_BYTES + 1)
    measured = measure_document(log)
    profile = tuple(
        replace(one, sha256=measured.sha256, size=measured.size) if one.kind is Kind.LOG else one
        for one in sale.profile
    )
    files = MemoryFolder(replace(sale, profile=profile, left={**sale.left, measured.sha256: log}).folder())
    start = time.process_time()
    broken = [claim.says for claim in verify(files["receipt.json"], files, Trust()).broken]
    assert "build/job.log: expected a log of at most 67108864 bytes, got 67108865" in broken
    assert time.process_time() - start < 10


@pytest.mark.parametrize(
    ("log", "number"),
    [(b"\n" * 700, 7), (b"\x1b[0m" * (700 * 32 // 4), 1)],
    ids=["line feeds", "colours in one line"],
)
def test_e6_logs_and_stacks_of_many_jobs_are_compared_up_to_a_bound_and_then_said_not_to_be(
    log: bytes, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand links to one log of line feeds took a day, and to one of colours an hour or two."""
    sale, stacks = good_sale(), b"main 1\n"
    left = {measure_document(data).sha256: data for data in (log, stacks, b"")}
    more = [_item(f"j{at}/job.log", Kind.LOG, log) for at in range(5)]
    more += [
        replace(_item(f"j{at}/job.log:{number}", Kind.LINE, b""), text="", public=True) for at in range(5)
    ]
    more += [_item("j9/sealrun-profile/profile.folded", Kind.PROFILE, stacks)]
    more += [_item("j9/profile.public.folded", Kind.STACKS, stacks)]
    files = replace(sale, profile=(*sale.profile, *more), left={**sale.left, **left}).folder()
    assert _derived(files) == [(Verdict.HOLDS, "9 shown parts")]
    monkeypatch.setattr(derived, "MAX_WORK", 1500)
    assert _derived(files) == [
        *((Verdict.NOT_SHOWN, f"profile/j{at}/job.log is not compared") for at in (2, 3, 4)),
        (Verdict.HOLDS, "6 shown parts"),
    ]
    monkeypatch.setattr(derived, "MAX_WORK", 0)
    said = _derived(files)
    assert (Verdict.NOT_SHOWN, "profile/build/sealrun-profile/profile.folded is not compared") in said
    assert all(verdict is Verdict.NOT_SHOWN for verdict, _ in said)


def test_e6_call_stacks_are_compared_with_as_many_patterns_as_the_bound_has_room_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Thirty links to 4 MB of stacks, and fifty long patterns for them, took twenty minutes."""
    sale = good_sale()
    stacks, public = ";".join(f"{at}{'a' * 4000}" for at in range(5)).encode() + b" 1\n", b"[black box] 1\n"
    patterns = [f"*{'a' * 180}b{at}" for at in range(50)]
    more = [_item(f"j{at}/sealrun-profile/profile.folded", Kind.PROFILE, stacks) for at in range(3)]
    more += [_item(f"j{at}/profile.public.folded", Kind.STACKS, public) for at in range(3)]
    left = {measure_document(data).sha256: data for data in (stacks, public)}
    for symbols, shown in (patterns[:1], 3), (patterns, 1):
        offered = make_offer(evidence=evidence_value(symbols=symbols))
        profile = tuple(one for one in sale.profile if one.kind is Kind.RUN)
        files = replace(sale, offer=offered, profile=(*profile, *more), left={**sale.left, **left}).folder()
        monkeypatch.setattr(derived, "MAX_WORK", 200_000)
        assert _derived(files)[-1] == (Verdict.HOLDS, f"{shown} shown parts")
        assert [verdict for verdict, _ in _derived(files)].count(Verdict.NOT_SHOWN) == 3 - shown


def many_names_and_lines(lines: int, outputs: int) -> Files:
    """An index that shows as many lines of 4,000 characters and names of 500, beside 50 long patterns."""
    patterns = [*(f"*{'a' * 197}{at}" for at in range(10, 59)), "*"]
    policy = evidence_value(inputs="public", **{"log" if lines else "outputs": patterns})
    sale, text = good_sale(), "a" * 4000
    line, name = measure_document(text.encode()), f"{'a' * 245}/{'a' * 245}"
    more = tuple(
        Item(Kind.LINE, f"build/job.log:{at + 1}", line.sha256, line.size, public=True, text=text)
        for at in range(lines)
    )
    named = tuple(replace(_item(f"{name}{at:04}", Kind.OUTPUT, b"x"), public=True) for at in range(outputs))
    left = {**sale.left, measure_document(b"x").sha256: b"x"}
    return replace(sale, offer=make_offer(evidence=policy), outputs=named, profile=more, left=left).folder()


@pytest.mark.parametrize(("lines", "outputs"), [(28, 0), (0, 240)], ids=["lines", "names"])
def test_e6_an_index_is_matched_with_the_offers_patterns_up_to_a_bound_and_then_said_not_to_be(
    lines: int, outputs: int
) -> None:
    """8 MiB of lines and fifty long patterns took a minute, and several on the page."""
    for files, verdict in (
        (many_names_and_lines(lines, outputs), Verdict.NOT_SHOWN),
        (many_names_and_lines(lines // 4, outputs // 4), Verdict.HOLDS),
    ):
        claims = verify(files["receipt.json"], MemoryFolder(files), Trust()).claims
        assert [claim.verdict for claim in claims if claim.name == "policy"] == [verdict]


def _derived(files: Mapping[str, bytes]) -> list[tuple[Verdict, str]]:
    """The claims about what was made of other items, with the beginning of what they say."""
    claims = verify(files["receipt.json"], MemoryFolder(files), Trust()).claims
    found = [claim for claim in claims if claim.name == "derived"]
    return [
        (claim.verdict, told[0])
        for claim in found
        if (told := re.match(r"\d+ shown parts|.* compared|", claim.says))
    ]


def test_verify_says_how_far_it_is() -> None:
    files, told = MemoryFolder(good_sale().folder()), []
    verify(files["receipt.json"], files, Trust(), progress=lambda *report: told.append(report))
    assert ("files", 11, 11) in told
    assert all(done <= total for _, done, total in told)
