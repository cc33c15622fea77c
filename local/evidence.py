"""The end of the demo: verify what was bought, and show that one changed byte in any file is noticed."""

import shutil
import tempfile
from pathlib import Path

from local.steps import Progress, Say, must
from sealrun.receipts.issuers import PinnedKeys
from sealrun.verification.claims import RECEIPT, STATEMENTS
from sealrun_cli.lib.issuer_keys import read_keys
from sealrun_cli.lib.pictures import FLAME_GRAPH, SPEEDSCOPE
from sealrun_cli.lib.verifying import find_evidence, lines, verify_file

SHOWN = 120


def check_evidence(progress: Progress, receipt: Path, evidence: Path, oracle: str, keys: Path) -> None:
    """Change a byte of each file in a copy, one after the other, then verify what was bought."""
    trust = oracle, read_keys(keys, unsafe_loopback=True)
    changing = progress.step("change one byte of what was bought, in each file in turn")
    with changing as say, tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch)
        shutil.copytree(evidence, copy / evidence.name)
        for name in (RECEIPT, STATEMENTS, FLAME_GRAPH, SPEEDSCOPE):
            shutil.copyfile(receipt.parent / name, copy / name)
        for path in sorted(path for path in copy.rglob("*") if path.is_file()):
            _change_a_byte(say, path, copy, trust)
    with progress.step("anyone: verify the receipt and its evidence, offline") as say:
        named = f"--oracle {oracle[:8]}… --issuer-keys {keys.name} --unsafe-loopback"
        say(f"$ sealrun verify {receipt.name} {named}")
        verdict = verify_file(receipt, find_evidence(receipt), *trust)
        for line in lines(verdict, evidence, verbose=True):
            say(line.text if len(line.text) <= SHOWN else f"{line.text[: SHOWN - 1]}…")
        must(verdict.holds, receipt.name, "every claim to hold", verdict.broken)


def _change_a_byte(say: Say, path: Path, folder: Path, trust: tuple[str, PinnedKeys]) -> None:
    name, good = path.relative_to(folder).as_posix(), path.read_bytes()
    middle = len(good) // 2
    path.write_bytes(good[:middle] + bytes([good[middle] ^ 1]) + good[middle + 1 :])
    verdict = verify_file(folder / RECEIPT, find_evidence(folder / RECEIPT), *trust)
    must(not verdict.holds, f"{name} with byte {middle} changed", "a broken claim", "none")
    say(f"{name}, byte {middle}: {verdict.broken[0].name} is broken")
    path.write_bytes(good)
