"""Calls that a run made: their receipts lie among its outputs, and each names the call that it is for."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from mina.keys import PrivateKey
from mina.sign import sign_fields
from sealrun.adapters.files.evidence_folder import DiskFolder
from sealrun.calls.call import Parent
from sealrun.encoding.fields import canonical, document_hash
from sealrun.evidence.evidence import disclosure
from sealrun.evidence.index import parse_openings
from sealrun.receipts.receipt import SignedReceipt
from sealrun.runs.run import RunStatus
from sealrun.verification.children import LEFT, MAX_CHILDREN, MAX_PLACES, covered_documents
from sealrun.verification.claims import BrokenClaim, Claim, Verdict
from sealrun.verification.lineage import Link, read_lineage
from sealrun.verification.verify import Trust, Verification, verify
from sealrun_cli.commands.lineage import Form, drawn
from tests.broken.make import write
from tests.sealrun.folder import MemoryFolder, folder_of
from tests.sealrun.world import ORACLE, World, evidence_value, limits_value, make_offer, sign_call

PLACE = "outputs/build/sealrun-children"


class Made(NamedTuple):
    """A call that is over."""

    call: str
    receipt: str  # its hash
    folder: MemoryFolder

    def left(self) -> dict[str, bytes]:
        """What the job that called it leaves of it."""
        return {f"sealrun-children/{self.call}/{name}": self.folder[name] for name in LEFT}


def made(
    nonce: int, *, parent: Parent | None = None, files: Mapping[str, bytes] | None = None, **changes: Any
) -> Made:
    """A call, and what its run left."""
    ends_as = changes.pop("ends_as", RunStatus.SUCCEEDED)
    limits = limits_value(files=200, artifact_bytes=10 << 20)
    world = World(make_offer(limits=limits, **changes))
    world.provider.files = {"dist/out.txt": b"built\n", **(files or {})}
    world.provider.ends_as = ends_as
    record = world.settle(world.call(sign_call(world.offer, nonce=nonce, parent=parent)).record.call_hash)
    receipt = SignedReceipt.parse(record.receipt).receipt
    return Made(record.id, f"{receipt.hash:064x}", folder_of(world, record))


# The call's hash does not depend on what its run leaves, so a child can name it before.
TOP = made(1).call


def top(*children: Made, files: Mapping[str, bytes] | None = None) -> Made:
    """The parent's run, which left these children."""
    found = made(1, files={**{k: v for each in children for k, v in each.left().items()}, **(files or {})})
    assert found.call == TOP
    return found


@pytest.fixture(scope="module")
def child() -> Made:
    return made(2, parent=Parent(TOP, 1), title="Scan")


@pytest.fixture(scope="module")
def parent(child: Made) -> Made:
    return top(child)


def check(folder: MemoryFolder) -> Verification:
    return verify(folder["receipt.json"], folder, Trust())


def claims(folder: MemoryFolder) -> list[Claim]:
    return [claim for claim in check(folder).claims if claim.name == "child"]


def the_claim(folder: MemoryFolder) -> tuple[Verdict, str]:
    (claim,) = claims(folder)
    return claim.verdict, claim.says


def test_a_call_that_the_run_made_hangs_under_its_receipt(parent: Made, child: Made) -> None:
    graph = read_lineage(parent.folder["receipt.json"], parent.folder)
    assert graph.holds
    assert graph.nodes[parent.receipt].calls == (child.receipt,)
    node = graph.nodes[child.receipt]
    assert (node.link, node.title, node.status, node.called) == (Link.FOLLOWED, "Scan", "succeeded", True)
    found = check(parent.folder)
    assert found.holds, found.broken
    verdict, says = the_claim(parent.folder)
    assert verdict is Verdict.HOLDS
    assert f"called at depth 1 for {TOP[:16]}" in says


def test_pictures_tell_calls_from_reads(parent: Made) -> None:
    graph = read_lineage(parent.folder["receipt.json"], parent.folder)
    assert "called 1 offer" in "\n".join(drawn(graph, Form.TREE))
    assert "  n1 -. called .-> n0" in list(drawn(graph, Form.MERMAID))
    assert "  n1 -> n0 [style=dashed label=called];" in list(drawn(graph, Form.DOT))


def test_a_childs_own_child_hangs_under_the_child(child: Made) -> None:
    below = made(3, parent=Parent(child.call, 2), title="Unpack")
    found = top(child, below)
    graph = read_lineage(found.folder["receipt.json"], found.folder)
    assert graph.holds
    assert graph.nodes[found.receipt].calls == (child.receipt,)
    assert graph.nodes[child.receipt].calls == (below.receipt,)
    lines = list(drawn(graph, Form.TREE))
    assert [len(line) - len(line.lstrip()) for line in lines] == [0, 2, 4]


def test_r12_a_child_whose_run_failed_is_shown_as_failed() -> None:
    failed = made(2, parent=Parent(TOP, 1), ends_as=RunStatus.FAILED)
    found = top(failed)
    assert check(found.folder).holds
    assert read_lineage(found.folder["receipt.json"], found.folder).nodes[failed.receipt].status == "failed"


@pytest.mark.parametrize(
    ("strange", "says"),
    [
        (lambda: made(2), "parent: expected inputs that name the parent call"),
        (lambda: made(2, parent=Parent("0c" * 32, 1)), "expected a call of this run, got one made for 0c0c"),
        (lambda: made(2, parent=Parent(TOP, 3)), "the child's depth: expected 1, got 3"),
        (lambda: made(2, parent=Parent(TOP, 1), network="mina:mainnet"), "the child's network"),
    ],
)
def test_r12_a_receipt_that_is_not_a_child_of_this_run_breaks_the_claim(strange: Any, says: str) -> None:
    found = top(strange())
    verdict, said = the_claim(found.folder)
    assert verdict is Verdict.BROKEN
    assert says in said
    assert not check(found.folder).holds


def test_r12_e5_a_receipt_that_somebody_adds_is_covered_by_nothing(child: Made) -> None:
    alone = top()
    folder = MemoryFolder(alone.folder)
    folder.update({f"outputs/build/{name}": data for name, data in child.left().items()})
    assert the_claim(folder)[0] is Verdict.BROKEN
    assert "expected a file that the receipt covers" in the_claim(folder)[1]
    assert not read_lineage(folder["receipt.json"], folder).holds


def test_r12_e5_a_document_that_was_exchanged_is_found_by_lineage_too(parent: Made, child: Made) -> None:
    folder = MemoryFolder(parent.folder)
    other = made(4, parent=Parent(TOP, 1))
    folder[f"{PLACE}/{child.call}/receipt.json"] = other.folder["receipt.json"]
    assert not check(folder).holds
    assert not read_lineage(folder["receipt.json"], folder).holds
    folder = MemoryFolder(parent.folder)
    place = f"{PLACE}/{child.call}/call.json"
    folder[place] = folder[place][::-1]  # which nothing but its leaf speaks against
    assert not check(folder).holds
    assert not read_lineage(folder["receipt.json"], folder).holds


def test_r12_without_its_inputs_nobody_can_tell_for_which_run_a_child_was_made(child: Made) -> None:
    left = {name: data for name, data in child.left().items() if not name.endswith("inputs.json")}
    found = top(files=left)
    verdict, says = the_claim(found.folder)
    assert verdict is Verdict.NOT_SHOWN
    assert "whose run made it is sealed" in says
    assert check(found.folder).holds


def test_r12_without_its_offer_nobody_can_tell_who_may_sign_a_child(child: Made) -> None:
    left = {name: data for name, data in child.left().items() if not name.endswith("offer.json")}
    assert the_claim(top(files=left).folder)[0] is Verdict.NOT_SHOWN


@pytest.mark.parametrize(
    ("name", "link"),
    [("offer.json", Link.FOLLOWED), ("call.json", Link.FOLLOWED), ("inputs.json", Link.SEALED)],
)
def test_r12_e5_a_document_of_a_child_that_is_left_out_is_not_shown_and_breaks_no_lineage(
    name: str, link: Link, tmp_path: Path
) -> None:
    """Who hands a folder on may leave out what only its opening shows."""
    hidden = evidence_value(outputs=[])
    child = made(2, parent=Parent(made(1, evidence=hidden).call, 1))
    run = made(1, evidence=hidden, files=child.left())
    write(
        {each: data for each, data in run.folder.items() if each != f"{PLACE}/{child.call}/{name}"}, tmp_path
    )
    folder = DiskFolder(tmp_path)
    receipt = run.folder["receipt.json"]
    assert verify(receipt, folder, Trust()).holds
    graph = read_lineage(receipt, folder)
    assert graph.holds
    assert graph.nodes[child.receipt].link is link
    (tmp_path / PLACE / child.call / name).write_bytes(b"{}")
    assert not read_lineage(receipt, folder).holds


@pytest.mark.parametrize("index", [True, False])
def test_r12_e5_a_child_whose_documents_the_buyer_disclosed_is_shown_by_lineage_too(*, index: bool) -> None:
    """Whoever is handed single items of a run finds its calls, also without the index."""
    hidden = evidence_value(outputs=[])
    child = made(2, parent=Parent(made(1, evidence=hidden).call, 1))
    run = made(1, evidence=hidden, files=child.left())
    place = f"{PLACE}/{child.call}"
    leaves = parse_openings(run.folder["openings.json"])[1]["outputs"]
    ours = [leaf for leaf in leaves if f"outputs/{leaf.label}".startswith(f"{place}/")]
    kept = ["receipt.json", "offer.json", *(["index.json", "profile/run.json"] if index else [])]
    folder = MemoryFolder({name: run.folder[name] for name in kept})
    for leaf in ours:
        document = canonical(disclosure("outputs", leaves, leaf.index))
        folder[f"disclosures/{leaf.index}.json"] = document
        folder[f"outputs/{leaf.label}"] = run.folder[f"outputs/{leaf.label}"]
    assert check(folder).holds, check(folder).broken
    assert the_claim(folder)[0] is Verdict.HOLDS
    graph = read_lineage(folder["receipt.json"], folder)
    assert graph.holds
    assert graph.nodes[child.receipt].link is Link.FOLLOWED
    other = MemoryFolder({**folder, f"{place}/offer.json": run.folder["offer.json"]})
    assert not read_lineage(other["receipt.json"], other).holds
    taken = {name: data for name, data in folder.items() if not name.startswith("disclosures/")}
    assert not read_lineage(taken["receipt.json"], MemoryFolder(taken)).holds


@pytest.mark.parametrize("index", [True, False])
@pytest.mark.parametrize("depth", [1, 2])
def test_r12_e5_a_call_of_a_call_that_is_left_out_is_not_shown(*, index: bool, depth: int) -> None:
    """Whoever is handed the inner receipt alone cannot tell for whose run it was made; nothing is wrong."""
    hidden = evidence_value(outputs=[])
    child = made(2, parent=Parent(made(1, evidence=hidden).call, 1))
    below = made(3, parent=Parent(child.call, depth))
    run = made(1, evidence=hidden, files={**child.left(), **below.left()})
    leaves = parse_openings(run.folder["openings.json"])[1]["outputs"]
    kept = ["receipt.json", "offer.json", *(["index.json", "profile/run.json"] if index else [])]
    folder = MemoryFolder({name: run.folder[name] for name in kept})
    for leaf in leaves:
        if leaf.label.startswith(f"build/sealrun-children/{below.call}/"):
            document = canonical(disclosure("outputs", leaves, leaf.index))
            folder[f"disclosures/{leaf.index}.json"] = document
            folder[f"outputs/{leaf.label}"] = run.folder[f"outputs/{leaf.label}"]
    # No call of a call is as deep as one of the run's own.
    wanted, link = (Verdict.BROKEN, Link.BROKEN) if depth == 1 else (Verdict.NOT_SHOWN, Link.SEALED)
    verdict, says = the_claim(folder)
    assert verdict is wanted
    assert f"for {child.call[:16]}…" in says
    assert check(folder).holds is (depth > 1)
    graph = read_lineage(folder["receipt.json"], folder)
    assert graph.holds is (depth > 1)
    assert graph.nodes[below.receipt].link is link


@pytest.mark.parametrize("gone", ["", "inputs.json"])
def test_r12_e5_what_was_called_for_a_call_that_is_not_shown_is_not_shown(gone: str) -> None:
    """Another run's child and that one's own, left among the outputs, are no calls of this run."""
    other = made(2, parent=Parent("0c" * 32, 1 if gone else 2))
    depth = 2 if gone else 3
    below = made(3, parent=Parent(other.call, depth))
    left = {**other.left(), **below.left()}
    if gone:
        del left[f"sealrun-children/{other.call}/{gone}"]
    found = top(files=left)
    assert [claim.verdict for claim in claims(found.folder)] == [Verdict.NOT_SHOWN] * 2
    graph = read_lineage(found.folder["receipt.json"], found.folder)
    assert graph.holds
    assert graph.nodes[below.receipt].link is Link.SEALED
    assert "nobody can tell for which run" in graph.nodes[below.receipt].says


def test_r12_e5_leaving_out_a_childs_inputs_makes_no_depth_of_its_own_child_right(child: Made) -> None:
    below = made(3, parent=Parent(child.call, 1))
    left = {**child.left(), **below.left()}
    assert not check(top(files=left).folder).holds
    del left[f"sealrun-children/{child.call}/inputs.json"]
    assert not check(top(files=left).folder).holds


def test_e6_no_document_of_a_child_is_measured_that_is_longer_than_one_may_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The size in a disclosure is its holder's word, and a file of holes costs him nothing."""
    hidden = evidence_value(outputs=[])
    child = made(2, parent=Parent(made(1, evidence=hidden).call, 1))
    run = made(1, evidence=hidden, files=child.left())
    place = f"{PLACE}/{child.call}/call.json"
    leaves = parse_openings(run.folder["openings.json"])[1]["outputs"]
    leaf = next(each for each in leaves if f"outputs/{each.label}" == place)
    told = disclosure("outputs", leaves, leaf.index)
    told["opening"]["size"] = 1 << 33
    folder = MemoryFolder({name: run.folder[name] for name in ("receipt.json", "offer.json", place)})
    folder[f"disclosures/{leaf.index}.json"] = canonical(told)
    measured: list[str] = []
    monkeypatch.setattr(MemoryFolder, "measure", lambda _, name, **_size: measured.append(name))
    with pytest.raises(BrokenClaim, match=r"call\.json: expected at most 65536 bytes, got 8589934592"):
        covered_documents(
            SignedReceipt.parse(json.loads(run.folder["receipt.json"])).receipt,
            folder,
            [(place.removesuffix("/call.json"), child.call)],
        )
    assert measured == []


def test_r12_a_child_that_its_offers_oracle_did_not_sign_is_broken(child: Made) -> None:
    signed = SignedReceipt.parse(json.loads(child.folder["receipt.json"]))
    key = PrivateKey.from_scalar(4711)
    forged = SignedReceipt(signed.receipt, sign_fields(key, signed.receipt.fields()), key.public_key())
    left = {**child.left(), f"sealrun-children/{child.call}/receipt.json": canonical(forged.document())}
    verdict, says = the_claim(top(files=left).folder)
    assert verdict is Verdict.BROKEN
    assert "the offer's oracle" in says


def test_r12_a_cycle_cannot_be_hashed(child: Made) -> None:
    inputs = json.loads(child.folder["inputs.json"])
    inputs["parent"]["call"] = child.call
    left = {**child.left(), f"sealrun-children/{child.call}/inputs.json": canonical(inputs)}
    verdict, says = the_claim(top(files=left).folder)
    assert verdict is Verdict.BROKEN
    assert "inputs.json" in says


@pytest.mark.parametrize("size", [1, 2, 3])
def test_r12_children_that_only_name_each_other_are_no_children_of_this_run(child: Made, size: int) -> None:
    """Their oracle may sign any call's hash, so that each names another of them; none hangs under the run."""
    calls = [f"{number:064x}" for number in range(1, size + 1)]
    left: dict[str, bytes] = {}
    for at, call in enumerate(calls):
        parent = Parent(calls[at - 1], at + 1)
        inputs = canonical({**json.loads(child.folder["inputs.json"]), "parent": parent.value()})
        hashed = document_hash("sealrun:inputs", inputs)
        signed = SignedReceipt.parse(json.loads(child.folder["receipt.json"]))
        receipt = signed.receipt._replace(call_hash=int(call, 16), inputs_hash=hashed)
        by_oracle = SignedReceipt(receipt, sign_fields(ORACLE, receipt.fields()), ORACLE.public_key())
        documents = {"receipt.json": canonical(by_oracle.document()), "inputs.json": inputs}
        documents["offer.json"] = child.folder["offer.json"]
        left |= {f"sealrun-children/{call}/{name}": document for name, document in documents.items()}
    found = top(files=left)
    assert Verdict.BROKEN in [claim.verdict for claim in claims(found.folder)]
    assert not read_lineage(found.folder["receipt.json"], found.folder).holds


@pytest.mark.parametrize("depth", [0, 5, 100])
def test_r12_inputs_of_another_depth_than_calls_have_are_malformed(child: Made, depth: int) -> None:
    inputs = json.loads(child.folder["inputs.json"])
    inputs["parent"]["depth"] = depth
    left = {**child.left(), f"sealrun-children/{child.call}/inputs.json": canonical(inputs)}
    assert the_claim(top(files=left).folder)[0] is Verdict.BROKEN


def test_r12_one_child_in_two_places_is_one(child: Made) -> None:
    again = {f"again/{name}": data for name, data in child.left().items()}
    assert the_claim(top(child, files=again).folder)[0] is Verdict.HOLDS


def test_r12_a_folder_of_another_call_than_its_receipts_is_refused(child: Made) -> None:
    left = {f"sealrun-children/{'0d' * 32}/{name}": child.folder[name] for name in LEFT}
    verdict, says = the_claim(top(files=left).folder)
    assert verdict is Verdict.BROKEN
    assert "the receipt's call" in says


def test_r12_junk_in_a_childs_place_breaks_the_claim_and_nothing_else_is_raised() -> None:
    for junk in (b"", b"[]", b"{" * 5000, b"\xff", b'{"data": 1}'):
        found = top(files={f"sealrun-children/{'0d' * 32}/receipt.json": junk})
        assert the_claim(found.folder)[0] is Verdict.BROKEN


@pytest.mark.parametrize("count", [MAX_CHILDREN + 1, 10_000])
def test_r12_e6_no_more_children_are_looked_at_than_runs_make(parent: Made, count: int) -> None:
    folder = MemoryFolder(parent.folder)
    folder.update({f"{PLACE}/{number:064x}/receipt.json": b"" for number in range(1, count)})
    verdict, says = the_claim(folder)
    assert verdict is Verdict.NOT_SHOWN
    assert f"expected at most {MAX_CHILDREN} receipts, got {count}" in says
    assert not check(folder).holds, "nothing covers them"


def test_r12_outputs_of_a_child_that_has_many_children_break_no_claim_of_its_parent(child: Made) -> None:
    many = {
        f"got/outputs/x/sealrun-children/{number:064x}/receipt.json": child.folder["receipt.json"]
        for number in range(1, MAX_CHILDREN + 1)
    }
    found = top(child, files=many)
    assert the_claim(found.folder)[0] is Verdict.NOT_SHOWN
    assert check(found.folder).holds, check(found.folder).broken


def test_r12_e6_one_child_in_more_places_than_runs_leave_is_not_looked_at(child: Made) -> None:
    receipt = child.folder["receipt.json"]
    places = [f"{at}/sealrun-children/{child.call}/receipt.json" for at in range(MAX_PLACES + 1)]
    assert the_claim(top(files=dict.fromkeys(places, receipt)).folder)[0] is Verdict.NOT_SHOWN
    two = {f"{at}/{name}": data for at in range(2 * MAX_CHILDREN) for name, data in child.left().items()}
    assert the_claim(top(files=two).folder)[0] is Verdict.HOLDS


@pytest.mark.parametrize("name", ["offer.json", "inputs.json"])
def test_e5_a_childs_receipt_under_reads_hides_no_document_beside_it(
    parent: Made, child: Made, name: str
) -> None:
    """The child among the outputs is the one that is followed; anybody can put a copy under reads/."""
    folder = MemoryFolder(parent.folder)
    copied = ("receipt.json", "offer.json", "inputs.json")
    folder.update({f"reads/{child.call}/{each}": child.folder[each] for each in copied})
    assert check(folder).holds
    assert read_lineage(folder["receipt.json"], folder).holds
    folder[f"reads/{child.call}/{name}"] = parent.folder[name]
    assert [claim.name for claim in check(folder).broken] == ["lineage"]
    graph = read_lineage(folder["receipt.json"], folder)
    assert [node.hash for node in graph.nodes.values() if node.bad] == [f"reads/{child.call}"]


def test_e5_a_copy_of_a_childs_receipt_that_a_stranger_signed_is_broken(parent: Made, child: Made) -> None:
    """Without the offer beside it nothing there says who may sign; the child among the outputs does."""
    stranger, folder = PrivateKey.from_scalar(777), MemoryFolder(parent.folder)
    document = json.loads(child.folder["receipt.json"])
    signature = sign_fields(stranger, SignedReceipt.parse(document).receipt.fields()).to_base58()
    signed = {**document, "publicKey": stranger.public_key().to_base58(), "signature": signature}
    folder[f"reads/{child.call}/receipt.json"] = canonical(signed)
    assert [claim.name for claim in check(folder).broken] == ["lineage"]
    graph = read_lineage(folder["receipt.json"], folder)
    assert [node.hash for node in graph.nodes.values() if node.bad] == [f"reads/{child.call}"]


@pytest.mark.parametrize("again", ["z", "a"])
@pytest.mark.parametrize("what", ["key", "key without an offer", "offer.json", "inputs.json"])
def test_e5_a_childs_receipt_in_a_second_place_hides_no_document_beside_it(
    parent: Made, child: Made, again: str, what: str
) -> None:
    """Outputs of another child may bring it, before or after the place of the one that the run left."""
    left = child.left()
    document = f"sealrun-children/{child.call}/{what}"
    if document in left:
        left[document] = parent.folder[what]
    else:
        left[f"sealrun-children/{child.call}/receipt.json"] = by_a_stranger(child)
    if what == "key without an offer":
        del left[f"sealrun-children/{child.call}/offer.json"]
    found = top(child, files={f"{again}/{name}": data for name, data in left.items()})
    assert {claim.name for claim in check(found.folder).broken} == {"child"}
    assert not read_lineage(found.folder["receipt.json"], found.folder).holds


@pytest.mark.parametrize("name", ["receipt.json", "offer.json", "inputs.json"])
def test_e5_a_childs_document_that_is_another_one_when_it_is_read_breaks_the_claim(
    parent: Made, child: Made, name: str
) -> None:
    """It is measured first: a gateway may give other bytes each time, and a file may change meanwhile."""
    folder = Changing(parent.folder)
    place = f"{PLACE}/{child.call}"
    folder.read_as = {f"{place}/{name}": parent.folder[name]}
    if name == "receipt.json":
        folder.read_as = {f"{place}/receipt.json": by_a_stranger(child), f"{place}/offer.json": None}
    assert [claim.name for claim in check(folder).broken] == ["child"]
    assert "SHA-256: expected" in check(folder).broken[0].says
    assert not read_lineage(folder["receipt.json"], folder).holds


class Changing(MemoryFolder):
    """A folder that gives other bytes where a document is read than where it is measured."""

    read_as: Mapping[str, bytes | None] = {}

    def document(self, name: str) -> bytes | None:
        return self.read_as.get(name, super().document(name))


def by_a_stranger(child: Made) -> bytes:
    """The child's receipt, signed by another key."""
    stranger = PrivateKey.from_scalar(777)
    receipt = SignedReceipt.parse(json.loads(child.folder["receipt.json"])).receipt
    signed = SignedReceipt(receipt, sign_fields(stranger, receipt.fields()), stranger.public_key())
    return canonical(signed.document())
