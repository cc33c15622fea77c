"""The page's verification beside the command's, on the kept folders that are broken in one way each."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sealrun.encoding.fields import canonical
from sealrun.encoding.measure import measure_document
from sealrun.evidence.evidence import Item
from sealrun.evidence.leaves import Kind
from sealrun.verification.claims import Verdict
from sealrun.verification.verify import Trust, verify
from tests import nodejs
from tests.broken.make import FAULTS, kept, whole, write
from tests.broken.sale import Files, Sale, good_sale
from tests.broken.test_broken import Handed
from tests.sealrun.folder import folder_of
from tests.sealrun.verification.test_work import many_names_and_lines
from tests.sealrun.workflows.test_token_grade import collected, world_of
from tests.sealrun.world import ORACLE

pytestmark = pytest.mark.peers
SCRIPT = Path(__file__).with_name("verify_folders.mjs")
NAMED = ORACLE.public_key().to_base58()
JOB = {"name": "build", "status": "success", "failure_reason": "", "result": "succeeded", "may_fail": False}
# The page's claims about these are never anything but "not shown".
SAID = {"derived", "statements", "token", "disclosure", "lineage", "rerun"}
# What the page says that it does not check, by the beginnings of the faults' names: evidence that is handed
# on in files, in-toto statements, parts that were made of other items, and text with half a character.
ELSEWHERE = (
    "disclosure-",
    "index-with-another-hidden-",
    "line-",
    "probe-that",
    "run-with-half-a-character",
    "stacks-that",
    "statements-",
    "two-outputs-of-one-name-of-which-one-is-disclosed",
)


def _forms() -> dict[str, tuple[Files, bool]]:
    """Folders whose parts JSON, text or CIDs may say in several ways, and whether each holds."""
    sale = good_sale()
    run = {**sale.run, "jobs": [JOB]}
    text = json.dumps(run)
    number, created = f'"id": {sale.run["run"]["id"]}', f'"created_at": {sale.run["run"]["created_at"]}'
    more = text[:-1]
    runs = {
        "an id with a point": (text.replace(number, number + ".0"), True),
        "a time with an exponent": (text.replace(created, created + "e0"), True),
        "an id with a fraction": (text.replace(number, number + ".5"), False),
        "an integer that no double has": (more + ', "more": 9007199254740993}', False),
        "a large number": (more + ', "more": 1e300}', True),
        "another number's sign": (more + ', "more": -0}', True),
        "a name twice": (more + ', "more": {"a": 1, "\\u0061": 2}}', False),
        "a name of JavaScript's own": (more + ', "__proto__": {"run": null}}', True),
        "a BOM": ("\ufeff" + text, False),
        "2,000 characters outside of the first plane": (
            json.dumps({**run, "reason": "\U0001f600" * 2000}),
            True,
        ),
        "2,001 characters": (json.dumps({**run, "reason": "\U0001f600" * 2001}), False),
        "a job's name as long as one is read": (
            json.dumps({**run, "jobs": [{**JOB, "name": "\U0001f600" * 4096}]}),
            True,
        ),
        "a job's name that nobody reads": (json.dumps({**run, "jobs": [{**JOB, "name": "n" * 5001}]}), False),
        "lists in place of words": (
            json.dumps({**run, "not_pinned": [[one] for one in run["not_pinned"]]}),
            False,
        ),
        "a number in place of a path": (json.dumps({**run, "configuration": 5}), False),
        "no path, and nothing of that": (json.dumps({**run, "configuration": None}), False),
    }
    forms = {name: (_with_run(sale, document.encode()), holds) for name, (document, holds) in runs.items()}
    large = measure_document(b"x" * (3 << 20))
    for name, cid, holds in (
        ("its CID", large.cid, True),
        ("another CID", measure_document(b"x").cid, False),
    ):
        item = Item(Kind.OUTPUT, "build/dist/large", large.sha256, large.size, public=True, cid=cid)
        outputs, left = (*sale.outputs, item), {**sale.left, large.sha256: b"x" * large.size}
        folder = replace(sale, outputs=outputs, left=left, run=run).folder()
        forms[f"a large file and {name}"] = (folder, holds)
    return forms


def _with_run(sale: Sale, document: bytes) -> Files:
    """The folder with exactly these bytes as the run's document."""
    trees = sale.evidence(document)
    files = sale.folder(profile_hash=trees.profile.hash)
    del files["receipt.intoto.jsonl"]
    own = {"profile/run.json": document, "index.json": trees.index, "openings.json": trees.openings}
    return {**files, **own}


def test_e5_the_page_and_the_command_read_the_same_out_of_every_form(tmp_path: Path) -> None:
    forms = _forms()
    for at, (files, _) in enumerate(forms.values()):
        write(files, tmp_path / str(at))
    found = nodejs.ask(SCRIPT, [[str(tmp_path / str(at)), NAMED] for at in range(len(forms))])
    page = {name: answer["holds"] for name, answer in zip(forms, found, strict=True)}
    ours = {
        name: verify(files["receipt.json"], Handed(files), Trust(NAMED)).holds
        for name, (files, _) in forms.items()
    }
    wanted = {name: holds for name, (_, holds) in forms.items()}
    assert ours == wanted
    assert page == wanted


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The page's verdict on every kept folder."""
    folder, names = tmp_path_factory.mktemp("folders"), ["good", *(fault.name for fault in FAULTS)]
    for name in names:
        (folder / name).mkdir()
        write(kept("good") if name == "good" else whole(name), folder / name)
    asked = [[str(folder / name), NAMED] for name in names]
    return dict(zip(names, nodejs.ask(SCRIPT, asked), strict=True))


def test_e5_the_good_folder_holds_with_the_same_claims_as_the_commands(
    answers: dict[str, dict[str, Any]],
) -> None:
    found = {claim["name"]: claim["verdict"] for claim in answers["good"]["claims"]}
    assert answers["good"]["holds"] is True
    files = kept("good")
    ours = verify(files["receipt.json"], Handed(files), Trust(NAMED)).claims
    theirs = {claim.name: str(claim.verdict) for claim in ours}
    not_shown = {name for name, verdict in found.items() if verdict == Verdict.NOT_SHOWN}
    assert not_shown == {"derived", "statements", "disclosure"}
    same = (found.keys() & theirs.keys()) - SAID
    assert {"signature", "oracle", "offer", "source", "call", "inputs", "policy", "run", "jobs"} <= same
    assert {name: found[name] for name in same} == {name: theirs[name] for name in same}


def test_e1_e2_e3_e5_the_page_refuses_what_the_command_refuses_but_for_what_it_says_that_it_does_not_check(
    answers: dict[str, dict[str, Any]],
) -> None:
    for name, answer in answers.items():
        broken = [claim for claim in answer["claims"] if claim["verdict"] == Verdict.BROKEN]
        assert answer["holds"] is not bool(broken), name
    passed = {name for name, answer in answers.items() if answer["holds"]}
    assert passed == {"good", *(fault.name for fault in FAULTS if fault.name.startswith(ELSEWHERE))}
    for name in passed:
        says = [claim["says"] for claim in answers[name]["claims"] if claim["name"] in SAID]
        assert says, name
        assert all("`sealrun verify` checks it" in each for each in says)


def test_e6_the_page_matches_an_index_with_the_offers_patterns_up_to_the_commands_bound(
    tmp_path: Path,
) -> None:
    for name, (lines, outputs) in {"less": (5, 40), "lines": (28, 0), "names": (0, 240)}.items():
        write(many_names_and_lines(lines, outputs), tmp_path / name)
    found = nodejs.ask(SCRIPT, [[str(tmp_path / name), NAMED] for name in ("less", "lines", "names")])
    policy = [claim["verdict"] for each in found for claim in each["claims"] if claim["name"] == "policy"]
    assert policy == [Verdict.HOLDS, Verdict.NOT_SHOWN, Verdict.NOT_SHOWN]


@pytest.mark.parametrize("buyer", [True, False])
def test_e2_e5_the_page_and_the_command_refuse_grade_1_of_an_index_that_hides_its_tokens_claims(
    tmp_path: Path, *, buyer: bool
) -> None:
    """An index always shows them; where it is not here at all, nobody can tell."""
    world = world_of()
    files = folder_of(world, collected(world), buyer=buyer)
    index = json.loads(files["index.json"])
    kept_back = {"opening", "cid", "text"}
    for tree in ("outputs", "profile"):
        index[tree] = [{name: each[name] for name in each.keys() - kept_back} for each in index[tree]]
    hidden = {**files, "index.json": canonical(index)}
    opened = {name: data for name, data in hidden.items() if buyer or "/" not in name}
    without = {name: data for name, data in files.items() if "/" not in name and name != "index.json"}
    handed = {"shown": files, "hidden": opened, "without": without}
    for name, each in handed.items():
        write(each, tmp_path / name)
    asked = [[str(tmp_path / name), NAMED] for name in handed]
    page = [answer["holds"] for answer in nodejs.ask(SCRIPT, asked)]
    ours = [verify(each["receipt.json"], Handed(each), Trust(NAMED)).holds for each in handed.values()]
    assert (page, ours) == ([True, False, True], [True, False, True])


def test_e2_e5_the_page_says_that_it_checks_neither_tokens_nor_other_calls(tmp_path: Path) -> None:
    handed = {
        "token": folder_of(world := world_of(), collected(world)),
        "lineage": {**kept("good"), f"reads/{'0' * 64}/receipt.json": b"{}"},
        "rerun": {**kept("good"), f"reruns/{'0' * 64}/receipt.json": b"{}"},
    }
    for name, files in handed.items():
        write(files, tmp_path / name)
    found = nodejs.ask(SCRIPT, [[str(tmp_path / name), NAMED] for name in handed])
    for name, answer in zip(handed, found, strict=True):
        (claim,) = [claim for claim in answer["claims"] if claim["name"] == name]
        assert claim["verdict"] == Verdict.NOT_SHOWN
