"""The pictures that ``sealrun profile`` leaves beside a receipt: drawn again, and compared."""

from collections.abc import Iterator
from pathlib import Path

from sealrun.errors import SealrunError
from sealrun.verification.claims import BrokenClaim, Claim, Folder, broken, expect, holds
from sealrun.verification.documents import ARITHMETIC
from sealrun_cli.lib.call_stacks import default_title, read_stacks
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.flame_graph import flame_graph
from sealrun_cli.lib.speedscope import speedscope

FLAME_GRAPH, SPEEDSCOPE = "profile.svg", "profile.speedscope.json"


def check_pictures(beside: Folder, evidence: Path) -> Iterator[Claim]:
    """One claim for each picture that is there under its own name; another name says nothing of the receipt.

    Not checked: the samples themselves, which are files of the evidence.
    """
    for name in (FLAME_GRAPH, SPEEDSCOPE):
        try:
            found = beside.document(name)
            if found is None:
                continue
            expect(name, "what the evidence draws", _which(found, _drawn(name, evidence)))
        except (SealrunError, CliError) as error:
            yield broken("picture", BrokenClaim(error.detail), rests_on=ARITHMETIC)
        else:
            yield holds("picture", f"{name} is what the evidence draws", rests_on=ARITHMETIC)


def _drawn(name: str, evidence: Path) -> bytes:
    stacks = read_stacks(evidence)
    title = default_title(stacks)
    return flame_graph(stacks, title).encode() if name == FLAME_GRAPH else speedscope(stacks, title)


def _which(found: bytes, drawn: bytes) -> str:
    return "what the evidence draws" if found == drawn else "another picture"
