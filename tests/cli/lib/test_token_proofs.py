"""``token.proof.json`` beside a receipt: which file it is, what is said of it, and which program is asked."""

import json
from pathlib import Path

import pytest

from sealrun.receipts.grade import PROVED, Grade
from sealrun.receipts.issuers import PinnedKeys
from sealrun.receipts.receipt import SignedReceipt
from sealrun.receipts.token_proof import PROOF_NAME, TokenProof
from sealrun.verification.claims import Verdict
from sealrun.verification.verify import Verification
from sealrun_cli.lib import contracts
from sealrun_cli.lib.output import Output
from sealrun_cli.lib.token_proofs import program
from sealrun_cli.lib.verifying import check_beside, lines, verify_file
from tests.broken.make import write
from tests.sealrun.ci_tokens import jwk
from tests.sealrun.folder import folder_of
from tests.sealrun.verification.test_token_proof import CALLED, FACTS, document
from tests.sealrun.workflows.test_token_grade import collected, world_of

KEYS = PinnedKeys((jwk(),))


@pytest.fixture(params=["in the evidence", "beside it"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A receipt's file with a proof of its call in the same folder."""
    world = world_of()
    files = dict(folder_of(world, collected(world)))
    evidence = tmp_path if request.param == "in the evidence" else tmp_path / "evidence"
    write(files, evidence)
    (tmp_path / "receipt.json").write_bytes(files["receipt.json"])
    receipt = SignedReceipt.parse(json.loads(files["receipt.json"])).receipt
    facts = {**FACTS, "pipeline_source": "api"}
    (tmp_path / PROOF_NAME).write_bytes(
        document(receipt, facts, statement={"audience": CALLED.format(receipt.call_hash)})
    )
    return tmp_path / "receipt.json"


def check(place: Path, *, held: bool = True) -> Verification:
    inside = place.parent / "evidence"
    evidence = inside if inside.is_dir() else place.parent
    found = verify_file(place, evidence, keys=KEYS, proof_holds=lambda _: held)
    return found.with_more(check_beside(place.parent, evidence))


def test_a_proof_is_a_claim_of_its_own_and_no_file_of_nobody(place: Path) -> None:
    found = check(place)
    assert [claim.verdict for claim in found.claims if claim.name == "token, proved"] == [Verdict.HOLDS]
    assert found.holds, found.broken
    assert f"proved   {PROVED}" in [line.text for line in lines(found, place.parent)]


def test_a_proof_that_does_not_hold_breaks_the_receipt_and_adds_nothing(place: Path) -> None:
    found = check(place, held=False)
    assert [claim.name for claim in found.broken] == ["token, proved"]
    assert found.grade is Grade.OPERATOR
    assert not any(PROVED in line.text for line in lines(found, place.parent))


def test_a_proof_through_a_link_is_not_read(place: Path, tmp_path: Path) -> None:
    (place.parent / PROOF_NAME).rename(tmp_path / "elsewhere")
    (place.parent / PROOF_NAME).symlink_to(tmp_path / "elsewhere")
    claims = {claim.name: claim.verdict for claim in check(place).claims}
    assert claims["token, proved"] is Verdict.BROKEN


def test_without_the_contracts_programs_nobody_can_tell(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contracts, "CHECKOUT", Path("/nowhere"))
    proof = TokenProof.parse((place.parent / PROOF_NAME).read_bytes())
    assert program(Output(as_json=True))(proof) is None


def test_what_a_proof_adds_is_never_called_an_execution() -> None:
    assert "execution" not in PROVED
    assert "does not say what the job computed" in PROVED
