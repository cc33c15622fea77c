"""Fetch a call's evidence into a folder and verify it there."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from mina.keys import PrivateKey
from sealrun.adapters.files.evidence_folder import DiskFolder
from sealrun.verification.claims import RECEIPT
from sealrun.verification.run import IPFS
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.fetching import NOTHING, Fetched, Fetching, KnownCall
from sealrun_cli.lib.output import Output
from sealrun_cli.lib.service import Service
from sealrun_cli.lib.units import size
from sealrun_cli.lib.verifying import line, verify_file


def check_folder(folder: Path | None) -> None:
    """A new call's evidence needs a folder of its own; asked before anything is paid or used up.

    Raises:
        CliError: something is in it, or it is a file.
    """
    if folder is not None and (folder.is_file() or (folder.is_dir() and any(folder.iterdir()))):
        raise CliError(
            "file", f"folder: expected an empty one or none yet, got {folder}", "name another folder"
        )


def fetch(
    service: Service,
    url: str,
    to: Path,
    *,
    buyer: PrivateKey | None,
    out: Output,
    gateway: str = "",
    known: KnownCall = NOTHING,
) -> tuple[dict[str, Any], list[str]]:
    """Fetch what is not ``known`` and verify; return the result as JSON and as lines."""
    done = Fetching(service, url, DiskFolder(to), buyer, out, gateway, known=known).run()
    checked = verify_file(to / RECEIPT, to)
    broken = [line(claim) for claim in checked.broken]
    value = {
        **asdict(done),
        "folder": str(to),
        "holds": checked.holds,
        "grade": checked.grade,
        "broken": broken,
    }
    hints = [line(claim) for claim in checked.claims if claim.name == IPFS]
    return value, [*broken, *hints, _sum(done, to)]


def _sum(done: Fetched, to: Path) -> str:
    kept = f", {done.kept} were there already" if done.kept else ""
    check = f"check it with `sealrun verify {to / RECEIPT}`"
    return f"{to}: {done.files} files{kept}, {size(done.bytes)} fetched; {check}"
