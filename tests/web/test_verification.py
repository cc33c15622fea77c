"""The page's verification beside the command's, on the kept folders that are broken in one way each."""

from pathlib import Path
from typing import Any

import pytest

from sealrun.verification.claims import Verdict
from sealrun.verification.verify import Trust, verify
from tests import nodejs
from tests.broken.make import FAULTS, kept, whole, write
from tests.broken.test_broken import Handed
from tests.sealrun.world import ORACLE

pytestmark = pytest.mark.peers
SCRIPT = Path(__file__).with_name("verify_folders.mjs")
NAMED = ORACLE.public_key().to_base58()
# What the page says that it does not check, by the beginnings of the faults' names: evidence that is handed
# on in files, in-toto statements, parts that were made of other items, and text with half a character.
ELSEWHERE = (
    "disclosure-",
    "file-of-nobody-beside",
    "file-of-nobody-in-a-second",
    "file-of-nobody-under-re",
    "index-with-another-hidden-",
    "line-",
    "probe-that",
    "run-with-half-a-character",
    "stacks-that",
    "statements-",
    "two-outputs-of-one-name-of-which-one-is-disclosed",
)


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
    same = found.keys() & theirs.keys()
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
