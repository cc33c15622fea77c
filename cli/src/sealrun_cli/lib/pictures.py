"""The pictures that ``sealrun profile`` leaves beside a receipt: drawn again, and compared."""

from collections.abc import Iterator, Mapping

from sealrun.errors import SealrunError
from sealrun.evidence.leaves import Leaf
from sealrun.ports.folder import Folder
from sealrun.verification.claims import BrokenClaim, Claim, broken, holds, require
from sealrun.verification.documents import ARITHMETIC
from sealrun.verification.files import covered_document
from sealrun_cli.lib.call_stacks import count_frames, default_title, parse_all, texts_of_jobs
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.flame_graph import flame_graph
from sealrun_cli.lib.speedscope import speedscope

FLAME_GRAPH, SPEEDSCOPE = PICTURES = ("profile.svg", "profile.speedscope.json")


def check_pictures(beside: Folder, folder: Folder, covered: Mapping[str, Leaf]) -> Iterator[Claim]:
    """One claim for each picture that is there under its own name; another name says nothing of the receipt.

    Not checked: the samples themselves, which are files of the evidence.

    Args:
        beside: the receipt's folder, in which the pictures lie.
        folder: the evidence.
        covered: its files that have the bytes that the receipt covers; only these are drawn (E6).
    """
    for name in PICTURES:
        try:
            picture = beside.document(name)
            if picture is None:
                continue
            same = picture == _drawn(name, picture, folder, covered)
            require(same, f"{name}: expected what the evidence draws, got another picture")
        except (SealrunError, CliError) as error:
            yield broken("picture", BrokenClaim(error.detail), rests_on=ARITHMETIC)
        else:
            yield holds("picture", f"{name} is what the evidence draws", rests_on=ARITHMETIC)


def _drawn(name: str, picture: bytes, folder: Folder, covered: Mapping[str, Leaf]) -> bytes:
    """The picture of the covered stacks; nothing if the one that is here is too short to be it."""
    if len(picture) < len(flame_graph({}, "")) and name == FLAME_GRAPH:
        return b""
    texts = texts_of_jobs(lambda place: covered_document(folder, place, covered[place]), covered)
    # A speedscope file has a number and a comma for each frame; stacks that differ only in encoding are one.
    if name == SPEEDSCOPE and len(picture) < count_frames(texts.values()):
        return b""
    stacks = parse_all(texts)
    title = default_title(stacks)
    return flame_graph(stacks, title).encode() if name == FLAME_GRAPH else speedscope(stacks, title)
