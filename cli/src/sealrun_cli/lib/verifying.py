"""Check the receipt in a file with its evidence folder, and say what was found."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sealrun.adapters.files.evidence_folder import DiskFolder
from sealrun.encoding.measure import Measured
from sealrun.errors import Malformed
from sealrun.receipts.issuers import PinnedKeys
from sealrun.verification.claims import (
    CALL,
    INDEX,
    MAX_RECEIPT_BYTES,
    RECEIPT,
    STATEMENTS,
    Claim,
    Folder,
    Verdict,
)
from sealrun.verification.grade import SAYS
from sealrun.verification.verify import Trust, Verification
from sealrun.verification.verify import verify as check
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.pictures import check_pictures

BROKEN = 1
WORDS = ((Verdict.HOLDS, "hold"), (Verdict.BROKEN, "broken"), (Verdict.NOT_SHOWN, "not shown"))
HEAD = f"{'claim':<13} {'check':<9} {'grade':<5} {'rests on':<24} found"
EVIDENCE = "evidence"


def verify_file(
    file: Path,
    evidence: Path | None,
    oracle: str = "",
    keys: PinnedKeys | None = None,
    rerun_oracles: tuple[str, ...] = (),
    *,
    more: Callable[[Folder], Folder] | None = None,
) -> Verification:
    """All claims of the receipt in the file, with what is in the evidence folder, if there is one.

    Raises:
        CliError: the folder is none.
        OSError: the file cannot be read.
    """
    trust = Trust(oracle, keys or PinnedKeys(), rerun_oracles)
    with file.open("rb") as opened:
        receipt = opened.read(MAX_RECEIPT_BYTES + 1)
    if evidence is None:
        return check(receipt, _Nothing(), trust)
    if not evidence.is_dir():
        raise CliError("file", f"evidence: expected a folder, got {evidence}")
    beside = DiskFolder(file.parent)
    folder = _Beside(DiskFolder(evidence), beside)
    found = check(receipt, more(folder) if more else folder, trust)
    return replace(found, claims=[*found.claims, *check_pictures(beside, evidence)])


def find_evidence(file: Path) -> Path | None:
    """``evidence/`` beside the receipt, or the receipt's own folder if it is one of evidence."""
    beside = file.parent / EVIDENCE
    if beside.is_dir():
        return beside
    own = all((file.parent / name).is_file() for name in (CALL, INDEX))
    return file.parent if own else None


def value(found: Verification) -> dict[str, Any]:
    """As JSON."""
    receipt = found.receipt
    return {
        "holds": found.holds,
        "grade": found.grade,
        "status": receipt.receipt.status.name.lower() if receipt else None,
        "publicKey": receipt.public_key.to_base58() if receipt else None,
        "call": f"{receipt.receipt.call_hash:064x}" if receipt else None,
        "claims": [_claim(claim) for claim in found.claims],
    }


def lines(found: Verification, folder: Path | None) -> list[str]:
    """As people read it: a line for each claim, then the grade and the sum."""
    counts = ((sum(claim.verdict is verdict for claim in found.claims), word) for verdict, word in WORDS)
    said = ", ".join(f"{count} {word}" for count, word in counts if count)
    status = [f"status: {found.receipt.receipt.status.name.lower()}"] if found.receipt else []
    hint = [] if folder else ["no evidence folder is beside the file: name one with --evidence"]
    end = "every claim that is shown holds" if found.holds else "NOT as claimed"
    return [HEAD, *map(line, found.claims), *hint, *status, grade_line(found.grade), f"{end}: {said}"]


def line(claim: Claim) -> str:
    """One claim: what, how it came out, of which grade, on what it rests, and in words."""
    grade = "-" if claim.grade is None else str(claim.grade)
    return f"{claim.name:<13} {claim.verdict:<9} {grade:<5} {claim.rests_on:<24} {claim.says}"


def grade_line(grade: int) -> str:
    """The grade and what it is worth."""
    return f"grade {grade}: {SAYS[grade]}"


def _claim(claim: Claim) -> dict[str, Any]:
    says = {"name": claim.name, "verdict": claim.verdict.value, "says": claim.says}
    return {**says, "rests_on": claim.rests_on, "grade": claim.grade}


class _Nothing:
    """No evidence at all."""

    def names(self) -> list[str]:
        return []

    def document(self, name: str) -> bytes | None:  # noqa: ARG002
        return None

    def measure(self, name: str) -> Measured:
        raise Malformed(f"{name}: expected a file, got none")


@dataclass(frozen=True)
class _Beside:
    """The evidence folder, and the statements that may lie beside the receipt instead of in it."""

    folder: Folder
    receipts: Folder

    def names(self) -> list[str]:
        return self.folder.names()

    def document(self, name: str) -> bytes | None:
        found = self.folder.document(name)
        if name != STATEMENTS:
            return found
        beside = self.receipts.document(name)
        if found is not None and beside not in (None, found):
            both = f"{name}: expected the same beside {RECEIPT} and in the evidence folder"
            raise Malformed(f"{both}, got two that differ")
        return beside if found is None else found

    def measure(self, name: str) -> Measured:
        return self.folder.measure(name)
