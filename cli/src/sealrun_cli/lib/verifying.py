"""Check the receipt in a file with its evidence folder, and say what was found."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mina.keys import PublicKey
from sealrun.adapters.files.evidence_folder import DiskFolder
from sealrun.adapters.files.plain_files import read_plain
from sealrun.encoding.measure import Measured
from sealrun.errors import Malformed
from sealrun.evidence.index import TREES
from sealrun.ports.folder import Folder
from sealrun.receipts.grade import PROVED, Grade
from sealrun.receipts.issuers import PinnedKeys
from sealrun.receipts.token_proof import MAX_BYTES as MAX_PROOF_BYTES
from sealrun.receipts.token_proof import PROOF_NAME
from sealrun.verification.claims import (
    DISCLOSURES,
    DOCUMENTS,
    MAX_RECEIPT_BYTES,
    READS,
    RECEIPT,
    RERUNS,
    STATEMENTS,
    Claim,
    Progress,
    Verdict,
    broken,
    no_progress,
)
from sealrun.verification.documents import ARITHMETIC
from sealrun.verification.files import check_names
from sealrun.verification.token_proof import NAME as PROVED_NAME
from sealrun.verification.token_proof import Check, check_token_proof
from sealrun.verification.trees import Opened
from sealrun.verification.verify import Trust, Verification
from sealrun.verification.verify import verify as check
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.output import Line
from sealrun_cli.lib.pictures import PICTURES, check_pictures
from sealrun_cli.lib.token_proofs import no_program

BROKEN = 1
WORDS = ((Verdict.HOLDS, "hold"), (Verdict.BROKEN, "broken"), (Verdict.NOT_SHOWN, "not shown"))
STYLES = {Verdict.HOLDS: "", Verdict.BROKEN: "red", Verdict.NOT_SHOWN: "dim"}
HEAD = f"{'claim':<13} {'check':<9} {'grade':<5} {'rests on':<24} found"
EVIDENCE = "evidence"
# Named one by one unless every claim is asked for.
MAX_NOT_SHOWN = 20
# A receipt may lie with its statements outside of the evidence folder; everything else makes a folder one.
OF_EVIDENCE = (*(set(DOCUMENTS) - {RECEIPT, STATEMENTS}), *TREES, DISCLOSURES, READS, RERUNS)


def verify_file(
    file: Path,
    evidence: Path | None,
    oracle: str = "",
    keys: PinnedKeys | None = None,
    rerun_oracles: tuple[str, ...] = (),
    *,
    more: Callable[[Folder], Folder] | None = None,
    progress: Progress = no_progress,
    proof_holds: Check = no_program,
) -> Verification:
    """All claims of the receipt in the file, with what is in the evidence folder, if there is one.

    Raises:
        CliError: the evidence is not a folder, or an oracle's address is none.
        Malformed: the file is not a plain one.
        OSError: the file cannot be read.
    """
    for address in (oracle, *rerun_oracles):
        _check_address(address)
    trust = Trust(oracle, keys or PinnedKeys(), rerun_oracles)
    receipt = read_plain(file, at_most=MAX_RECEIPT_BYTES)
    if evidence is None:
        result = check(receipt, _Nothing(), trust)
        return result.with_more(_check_proof(file.parent, result, trust.keys, proof_holds))
    if not evidence.is_dir():
        raise CliError("file", f"evidence: expected a folder, got {evidence}")
    beside = DiskFolder(file.parent)
    folder: Folder = _Beside(DiskFolder(evidence), beside)
    folder = more(folder) if more else folder
    own = (file.name, PROOF_NAME, *PICTURES) if evidence.samefile(file.parent) else ()
    result = check(receipt, folder, trust, checked_elsewhere=own, progress=progress)
    result = result.with_more(check_pictures(beside, folder, result.covered))
    return result.with_more(_check_proof(file.parent, result, trust.keys, proof_holds))


def _check_proof(folder: Path, found: Verification, keys: PinnedKeys, holds: Check) -> list[Claim]:
    """The claim of the token's proof beside the receipt, if one lies there."""
    place = folder / PROOF_NAME
    if found.receipt is None or not os.path.lexists(place):
        return []
    try:
        document = _read_proof(place)
    except Malformed as error:
        return [broken(PROVED_NAME, error, rests_on=Grade.TOKEN.rests_on)]
    receipt = found.receipt.receipt
    return [check_token_proof(document, receipt, found.offer, keys, holds, found.left)]


def check_beside(place: Path, evidence: Path | None) -> list[Claim]:
    """A broken claim for each file of the named folder that lies outside of its evidence folder (E5).

    A receipt's file that is named by itself may lie anywhere, such as among all that was downloaded.
    """
    if evidence == place:
        return []
    elsewhere = () if evidence is None else (f"{evidence.name}/",)
    # Pictures are drawn again out of evidence only.
    own = (PROOF_NAME, *(PICTURES if evidence else ()))
    try:
        names = [name for name in DiskFolder(place).names() if not name.startswith(elsewhere)]
    except Malformed as error:
        return [broken("other files", error, rests_on=ARITHMETIC)]
    return list(check_names(names, Opened({}, {}, {}), own))


def receipt_in(place: Path) -> Path:
    """The receipt's file: the one that is named, or the one in the folder that is named.

    Raises:
        CliError: the folder has none, or a link in its place.
    """
    if not place.is_dir():
        return place
    if (place / RECEIPT).is_symlink():
        detail = f"{place / RECEIPT}: expected a file, got a link"
        raise CliError("file", detail, "name the file that it leads to, if you trust it")
    if not (place / RECEIPT).is_file():
        detail = f"{place}: expected an evidence folder with {RECEIPT}, got none in it"
        raise CliError("file", detail, "fetch one with `sealrun evidence CALL_URL --to DIR`")
    return place / RECEIPT


def find_evidence(file: Path) -> Path | None:
    """The receipt's own folder if anything of evidence is in it, else ``evidence/`` beside the receipt.

    Any one document or tree is enough: leaving out another one never makes less be looked at (E5). A second
    folder of evidence within the first is no part of it, so that its files are named as nobody's.

    Raises:
        CliError: a link is in the place of the folder beside the receipt.
    """
    if any(os.path.lexists(file.parent / name) for name in OF_EVIDENCE):
        return file.parent
    beside = file.parent / EVIDENCE
    if beside.is_symlink():
        raise CliError("file", f"{beside}: expected a folder, got a link", "name the folder with --evidence")
    return beside if beside.is_dir() else None


def value(result: Verification) -> dict[str, Any]:
    """As JSON."""
    receipt = result.receipt
    return {
        "holds": result.holds,
        "grade": result.grade,
        "status": receipt.receipt.status.name.lower() if receipt else None,
        "publicKey": receipt.public_key.to_base58() if receipt else None,
        "call": f"{receipt.receipt.call_hash:064x}" if receipt else None,
        "claims": [_claim(claim) for claim in result.claims],
    }


def lines(result: Verification, folder: Path | None, *, verbose: bool = False) -> list[Line]:
    """As people read it: the verdict, its subject and its worth, then each claim that is broken or not shown.

    With ``verbose`` every claim follows in a table.
    """
    claims = result.claims if verbose else _open_claims(result)
    more = sum(claim.verdict is not Verdict.HOLDS for claim in result.claims) - len(claims)
    return [
        _verdict(result),
        *_about(result),
        Line(grade_line(result.grade), indent=9),
        *_proved(result),
        *([] if folder else [Line("no evidence folder is beside the file: name one with --evidence")]),
        *_table(claims),
        *([Line(f"and {more} more that are not shown")] if more > 0 else []),
        *([] if verbose else [Line("every claim by itself: add --verbose", "dim")]),
    ]


def _open_claims(result: Verification) -> list[Claim]:
    """All broken claims, and the first of those that are not shown, which may hold or not."""
    not_shown = [claim for claim in result.claims if claim.verdict is Verdict.NOT_SHOWN]
    return [*result.broken, *not_shown[:MAX_NOT_SHOWN]]


def _verdict(result: Verification) -> Line:
    counts = ((sum(claim.verdict is verdict for claim in result.claims), word) for verdict, word in WORDS)
    summary = ", ".join(f"{count} {word}" for count, word in counts if count)
    if result.holds:
        return Line(f"HOLDS: every claim that is shown ({summary})", "bold green")
    return Line(f"DOES NOT HOLD: not everything is as claimed ({summary})", "bold red")


def _about(result: Verification) -> Iterator[Line]:
    """Which receipt it is, as far as it could be read."""
    if result.receipt is not None:
        receipt = result.receipt.receipt
        status = receipt.status.name.lower()
        yield Line(f"receipt  of call {receipt.call_hash:064x}: {status}", indent=9)
        yield Line(f"         signed by {result.receipt.public_key.to_base58()}", indent=9)


def _read_proof(place: Path) -> bytes:
    if place.is_symlink():
        raise Malformed(f"{PROOF_NAME}: expected a file, got a link")
    return read_plain(place, at_most=MAX_PROOF_BYTES)


def _proved(result: Verification) -> Iterator[Line]:
    """What a token's proof adds to the grade, if one holds."""
    if result.holds and any(
        claim.name == PROVED_NAME and claim.verdict is Verdict.HOLDS for claim in result.claims
    ):
        yield Line(f"proved   {PROVED}", indent=9)


def _table(claims: Sequence[Claim]) -> list[Line]:
    head = [Line(HEAD, "bold")] if claims else []
    return [*head, *(Line(line(claim), STYLES[claim.verdict], HEAD.index("found")) for claim in claims)]


def line(claim: Claim) -> str:
    """One claim: its name, its verdict, its grade, what it rests on, and its words."""
    grade = "-" if claim.grade is None else str(claim.grade)
    return f"{claim.name:<13} {claim.verdict:<9} {grade:<5} {claim.rests_on:<24} {claim.says}"


def grade_line(grade: Grade) -> str:
    """The grade and what it is worth."""
    return f"grade {grade}  {grade.says}"


def _claim(claim: Claim) -> dict[str, Any]:
    says = {"name": claim.name, "verdict": claim.verdict.value, "says": claim.says}
    return {**says, "rests_on": claim.rests_on, "grade": claim.grade}


class _Nothing:
    """No evidence at all."""

    def names(self) -> list[str]:
        return []

    def document(self, name: str) -> bytes | None:  # noqa: ARG002
        return None

    def read(self, name: str) -> Iterator[bytes]:
        raise Malformed(f"{name}: expected a file, got none")

    def measure(self, name: str, *, size: int | None = None) -> Measured:  # noqa: ARG002
        raise Malformed(f"{name}: expected a file, got none")


@dataclass(frozen=True)
class _Beside:
    """The evidence folder, and the statements that may lie beside the receipt instead of in it."""

    folder: Folder
    receipts: Folder

    def names(self) -> list[str]:
        return self.folder.names()

    def document(self, name: str) -> bytes | None:
        inside = self.folder.document(name)
        if name != STATEMENTS:
            return inside
        beside = self.receipts.document(name)
        if inside is not None and beside not in (None, inside):
            both = f"{name}: expected the same beside {RECEIPT} and in the evidence folder"
            raise Malformed(f"{both}, got two that differ")
        return beside if inside is None else inside

    def read(self, name: str) -> Iterator[bytes]:
        return self.folder.read(name)

    def measure(self, name: str, *, size: int | None = None) -> Measured:
        return self.folder.measure(name, size=size)


def _check_address(text: str) -> None:
    try:
        if text:
            PublicKey.from_base58(text)
    except ValueError as error:
        detail = f"oracle: expected an address, B62..., got {text[:80]!a}"
        raise CliError("bad-request", detail, "copy the oracle's address from the offer") from error
