"""What a call read is followed by signed hashes, as deep as it goes, and what does not fit is told."""

import json
import re
from typing import Any

import pytest
from typer.testing import CliRunner

from mina.sign import sign_fields
from sealrun.encoding.fields import canonical
from sealrun.receipts.receipt import SignedReceipt
from sealrun.verification.claims import Verdict
from sealrun.verification.lineage import Lineage, Link, read_lineage
from sealrun.verification.verify import Trust, Verification, verify
from sealrun_cli.commands.lineage import Form, drawn
from sealrun_cli.main import app
from tests.broken.make import write
from tests.sealrun.folder import MemoryFolder, folder_of
from tests.sealrun.world import BUYER, ORACLE, World, make_offer, sign_call


def bought(nonce: int, *reads: str, title: str = "Build the layers") -> tuple[str, MemoryFolder]:
    """A call that takes up earlier ones: its receipt's hash and its folder."""
    world = World(make_offer(title=title))
    record = world.settle(world.call(sign_call(world.offer, nonce=nonce, reads=reads)).record.call_hash)
    return f"{SignedReceipt.parse(record.receipt).receipt.hash:064x}", folder_of(world, record)


def call_of(folder: MemoryFolder) -> str:
    return f"{SignedReceipt.parse(json.loads(folder['receipt.json'])).receipt.call_hash:064x}"


def with_reads(folder: MemoryFolder, *earlier: MemoryFolder) -> MemoryFolder:
    """The folder with the earlier ones under reads/."""
    found = MemoryFolder(folder)
    for each in earlier:
        found.update({f"reads/{call_of(each)}/{name}": data for name, data in each.items()})
    return found


@pytest.fixture(scope="module")
def chain() -> list[tuple[str, MemoryFolder]]:
    """A source, two that read it, and one that reads both."""
    first = bought(1, title="Sources")
    left, right = bought(2, first[0], title="Left"), bought(3, first[0], title="Right")
    return [first, left, right, bought(4, left[0], right[0], title="Both")]


def follow(folder: MemoryFolder) -> Lineage:
    return read_lineage(folder["receipt.json"], folder)


def check(folder: MemoryFolder) -> Verification:
    return verify(folder["receipt.json"], folder, Trust())


def lineage_claims(found: Verification) -> list[tuple[Verdict, str]]:
    return [(claim.verdict, claim.says) for claim in found.claims if claim.name == "lineage"]


def test_a_receipt_leads_to_all_that_lies_before_it(chain: list[tuple[str, MemoryFolder]]) -> None:
    (first, _), (left, _), (right, _), (root, folder) = chain
    whole = with_reads(folder, *(each for _, each in chain[:3]))
    graph = follow(whole)
    assert (graph.root, graph.holds, graph.strays) == (root, True, [])
    assert {name: node.reads for name, node in graph.nodes.items()} == {
        root: (left, right),
        left: (first,),
        right: (first,),
        first: (),
    }
    assert {node.link for node in graph.nodes.values()} == {Link.FOLLOWED}
    found = check(whole)
    assert found.holds, found.broken
    assert [verdict for verdict, _ in lineage_claims(found)] == [Verdict.HOLDS] * 3
    assert all(f"signed by {ORACLE.public_key().to_base58()}" in says for _, says in lineage_claims(found))


def test_a_receipt_that_is_not_here_is_missing_and_nothing_is_broken(
    chain: list[tuple[str, MemoryFolder]],
) -> None:
    graph = follow(with_reads(chain[3][1], chain[1][1]))
    assert graph.holds
    assert graph.nodes[chain[2][0]].link is Link.MISSING
    assert graph.nodes[chain[0][0]].link is Link.MISSING
    found = check(with_reads(chain[3][1], chain[1][1]))
    assert found.holds
    assert sum(verdict is Verdict.NOT_SHOWN for verdict, _ in lineage_claims(found)) == 2


def test_what_a_receipt_read_is_sealed_with_its_inputs(chain: list[tuple[str, MemoryFolder]]) -> None:
    public = MemoryFolder({k: v for k, v in chain[1][1].items() if k != "inputs.json"})
    graph = follow(with_reads(chain[3][1], public, chain[2][1], chain[0][1]))
    assert (graph.holds, graph.nodes[chain[1][0]].link) == (True, Link.SEALED)


def test_a_cycle_is_told_as_what_no_receipt_can_sign(chain: list[tuple[str, MemoryFolder]]) -> None:
    first = MemoryFolder(chain[0][1])
    first["inputs.json"] = canonical({**json.loads(first["inputs.json"]), "reads": [chain[3][0]]})
    whole = with_reads(chain[3][1], chain[1][1], chain[2][1], first)
    graph = follow(whole)
    assert graph.nodes[chain[0][0]].link is Link.CYCLE
    assert "a cycle, and not what it signs" in graph.nodes[chain[0][0]].says
    assert not check(whole).holds


def _signature(folder: MemoryFolder) -> None:
    receipt = json.loads(folder["receipt.json"])
    receipt["data"]["grade"] = 1
    folder["receipt.json"] = canonical(receipt)


def _another_key(folder: MemoryFolder) -> None:
    """The same eleven fields, which the later call names, in a stranger's hand."""
    signed = SignedReceipt.parse(json.loads(folder["receipt.json"]))
    by_stranger = sign_fields(BUYER, signed.receipt.fields())
    folder["receipt.json"] = canonical(
        SignedReceipt(signed.receipt, by_stranger, BUYER.public_key()).document()
    )


def _inputs(folder: MemoryFolder) -> None:
    folder["inputs.json"] = folder["inputs.json"].replace(b"both", b"mina")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (_signature, "signature: expected one that holds"),
        (_another_key, "the offer's oracle: expected"),
        (_inputs, "inputs.json: expected"),
        (lambda folder: folder.update({"receipt.json": b"{}"}), "receipt: expected"),
    ],
)
def test_an_earlier_receipt_that_was_changed_breaks_the_lineage(
    chain: list[tuple[str, MemoryFolder]], change: Any, text: str
) -> None:
    call, left = call_of(chain[1][1]), MemoryFolder(chain[1][1])
    whole = with_reads(chain[3][1], chain[2][1], chain[0][1])
    change(left)
    whole.update({f"reads/{call}/{name}": data for name, data in left.items()})
    found = check(whole)
    assert not found.holds
    assert any(claim.name == "lineage" and text in claim.says for claim in found.broken), found.broken


def test_a_receipt_under_another_call_s_name_and_one_that_nobody_reads_are_broken(
    chain: list[tuple[str, MemoryFolder]],
) -> None:
    stray = with_reads(chain[0][1], chain[1][1])
    assert follow(stray).strays == [chain[1][0]]
    assert "expected only receipts that are read" in lineage_claims(check(stray))[0][1]
    renamed = MemoryFolder(chain[1][1])
    renamed.update({f"reads/{'0' * 64}/{name}": data for name, data in chain[0][1].items()})
    assert "the receipt's call: expected 0000" in str(check(renamed).broken)


def test_e5_a_copy_of_the_receipt_itself_is_read_by_none(chain: list[tuple[str, MemoryFolder]]) -> None:
    """Anything could lie beside the copy, because the first receipt's own documents were looked at."""
    name, folder = chain[0]
    copied = with_reads(folder, folder)
    copied[f"reads/{call_of(folder)}/inputs.json"] = b"junk"
    assert follow(copied).strays == [name]
    assert lineage_claims(check(copied)) == [
        (Verdict.BROKEN, f"reads: expected only receipts that are read, got {name}")
    ]


def test_the_command_draws_it_as_a_tree_for_mermaid_and_for_graphviz(
    chain: list[tuple[str, MemoryFolder]], tmp_path: Any
) -> None:
    whole = with_reads(chain[3][1], *(each for _, each in chain[:3]))
    write(whole, tmp_path)
    done = CliRunner().invoke(app, ["lineage", str(tmp_path)])
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert [line[: len(line) - len(line.lstrip())] for line in lines] == ["", "  ", "    ", "  ", "    "]
    assert [word for line in lines for word in ("Both", "Left", "Right", "Sources") if word in line] == [
        "Both", "Left", "Sources", "Right", "Sources",
    ]  # fmt: skip
    told = json.loads(CliRunner().invoke(app, ["lineage", str(tmp_path), "--json"]).stdout)
    assert (told["root"], len(told["nodes"])) == (chain[3][0], 4)
    mermaid = CliRunner().invoke(app, ["lineage", str(tmp_path), "--as", "mermaid"]).stdout
    assert mermaid.startswith("flowchart BT\n")
    assert mermaid.count("-->") == 4
    dot = CliRunner().invoke(app, ["lineage", str(tmp_path), "--as", "dot"]).stdout
    assert (dot.count(" -> "), dot.rstrip()[-1]) == (4, "}")


def test_the_command_ends_with_1_where_something_is_wrong(
    chain: list[tuple[str, MemoryFolder]], tmp_path: Any
) -> None:
    write(with_reads(chain[0][1], chain[1][1]), tmp_path)
    done = CliRunner().invoke(app, ["lineage", str(tmp_path)])
    assert (done.exit_code, "STRAY: " in done.stdout) == (1, True)
    empty = CliRunner().invoke(app, ["lineage", str(tmp_path / "reads")])
    assert (empty.exit_code, "expected an evidence folder" in empty.stderr) == (1, True)


def test_quotes_in_a_title_do_not_end_a_label() -> None:
    _, folder = bought(1, title='a "quoted" title')
    for form in (Form.MERMAID, Form.DOT):
        (label,) = [line for line in drawn(follow(folder), form) if "quoted" in line]
        assert label.count('"') == 2


@pytest.mark.parametrize(
    "title",
    [
        "<img src=x onerror=alert(1)> &lt; #lt;",
        "`**bold**",
        "1. a list",
        "%%{init: {'themeCSS': '.broken *{stroke:green}'}}%% good",
        "%%{wrap",
        r"good\nholds",
        "$$x^2$$ fa:fa-check",
    ],
)
def test_a_title_is_text_where_mermaid_draws_it(title: str) -> None:
    """Neither HTML, Markdown nor a formula; a directive would restyle the whole picture, or end it."""
    _, folder = bought(1, title=title)
    (label,) = [line for line in drawn(follow(folder), Form.MERMAID) if line.startswith("  n0[")]
    shown = re.fullmatch(r'  n0\["((?:[A-Za-z0-9 ]|#[0-9]{2,3};)+)"\]', label)
    assert shown
    text = re.sub(r"#([0-9]+);", lambda match: chr(int(match[1])), shown[1])
    assert text.startswith(f"{title} ")


def test_a_title_is_no_html_where_graphviz_draws_it() -> None:
    _, folder = bought(1, title="<img src=x onerror=alert(1)> &lt; #lt;")
    (label,) = [line for line in drawn(follow(folder), Form.DOT) if "img" in line]
    assert "<img src=x onerror=alert(1)> &lt; #lt;" in label


def test_e5_an_earlier_receipt_without_its_offer_may_be_anybodys(
    chain: list[tuple[str, MemoryFolder]],
) -> None:
    """A receipt's hash does not cover its key: a stranger can sign the same eleven fields."""
    resigned = MemoryFolder(chain[0][1])
    _another_key(resigned)
    for change, verdict in (
        (lambda folder: folder.pop("offer.json"), Verdict.NOT_SHOWN),
        (lambda folder: folder.update({"offer.json": chain[1][1]["offer.json"]}), Verdict.BROKEN),
        (lambda folder: folder.update({"offer.json": b"{}"}), Verdict.BROKEN),
        (lambda _: None, Verdict.BROKEN),
    ):
        earlier = MemoryFolder(resigned)
        change(earlier)
        claims = lineage_claims(check(with_reads(chain[1][1], earlier)))
        assert [one for one, _ in claims] == [verdict], claims


def test_e5_other_evidence_of_an_earlier_receipt_is_said_not_to_be_looked_at(
    chain: list[tuple[str, MemoryFolder]],
) -> None:
    found = check(with_reads(chain[1][1], chain[0][1]))
    (claim,) = [claim for claim in found.claims if claim.name == "earlier files"]
    assert claim.verdict is Verdict.NOT_SHOWN
    assert f"{len(chain[0][1]) - 3} files of reads/" in claim.says
