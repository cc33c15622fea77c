"""``sealrun evidence`` fetches what a call left; ``sealrun disclose`` opens one item of it to somebody."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from mina.keys import PrivateKey
from sealrun.adapters.files.evidence_folder import DiskFolder
from sealrun.encoding.fields import canonical
from sealrun.encoding.json_limits import parse_object
from sealrun.evidence.evidence import disclosure
from sealrun.evidence.index import parse_openings
from sealrun.evidence.leaves import Leaf
from sealrun.receipts.receipt import SignedReceipt
from sealrun.verification.claims import OPENINGS, RECEIPT
from sealrun.verification.run import IPFS
from sealrun.verification.trees import check_disclosure
from sealrun_cli import options
from sealrun_cli.errors import CliError
from sealrun_cli.fetching import Fetched, Fetching
from sealrun_cli.keys import read_key
from sealrun_cli.output import Output, speaking
from sealrun_cli.service import Service
from sealrun_cli.verifying import BROKEN, line, verify_file


def evidence(
    call: Annotated[str, typer.Argument(help="https://.../calls/ID", metavar="CALL_URL")],
    *,
    to: Annotated[Path, typer.Option(help="Folder for the evidence.", metavar="DIR")],
    key: Annotated[
        str, typer.Option(help="Buyer's private key, for what only the buyer may see.", metavar="FILE")
    ] = "",
    gateway: Annotated[
        str, typer.Option(help="An IPFS gateway to fetch public files from, by their CIDs.", metavar="URL")
    ] = "",
    as_json: options.Json = False,
) -> None:
    """Fetch the evidence of a call that is over, then verify it. What is there already and right stays."""
    with speaking(as_json=as_json) as out, httpx.Client() as http:
        buyer = read_key(key) if key else None
        found, said = fetch(Service(http), call, to, buyer=buyer, out=out, gateway=gateway)
        out.result(found, *said)
    if not found["holds"]:
        raise typer.Exit(BROKEN)


def check_folder(folder: Path | None) -> None:
    """A new call's evidence needs a folder of its own; asked before anything is paid or used up.

    Raises:
        CliError: it has another call's receipt, or is a file.
    """
    if folder is not None and ((folder / RECEIPT).exists() or folder.is_file()):
        raise CliError(
            "file", f"folder: expected an empty one or none yet, got {folder}", "name another folder"
        )


def fetch(
    service: Service, url: str, to: Path, *, buyer: PrivateKey | None, out: Output, gateway: str = ""
) -> tuple[dict[str, Any], list[str]]:
    """Fetch and verify; what came of it as JSON and in lines."""
    done = Fetching(service, url, DiskFolder(to), buyer, out, gateway).run()
    checked = verify_file(to / RECEIPT, to)
    said = [line(claim) for claim in checked.broken]
    value = {
        **asdict(done),
        "folder": str(to),
        "holds": checked.holds,
        "grade": checked.grade,
        "broken": said,
    }
    hints = [line(claim) for claim in checked.claims if claim.name == IPFS]
    return value, [*said, *hints, _sum(done, to)]


def _sum(done: Fetched, to: Path) -> str:
    kept = f", {done.kept} were there already" if done.kept else ""
    check = f"check it with `sealrun verify {to / RECEIPT}`"
    return f"{to}: {done.files} files{kept}, {done.bytes} bytes fetched; {check}"


def disclose(
    folder: Annotated[Path, typer.Argument(help="The buyer's evidence folder.", metavar="DIR")],
    label: Annotated[str, typer.Argument(help="The item: outputs/JOB/PATH or profile/JOB/NAME.")],
    *,
    to: Annotated[Path, typer.Option(help="File for the disclosure; must not exist.", metavar="FILE")],
    as_json: options.Json = False,
) -> None:
    """Open one item to somebody else: a file to put under disclosures/. Nothing else is shown by it."""
    with speaking(as_json=as_json) as out:
        tree, leaf, document = make_disclosure(DiskFolder(folder), label)
        with to.open("xb") as file:
            file.write(document)
        shown = {"tree": tree, **leaf.opening()}
        with_it = f"hand it out with {folder / label}; it goes under disclosures/ beside the receipt"
        out.result(
            {"file": str(to), **shown},
            f"{to}: opens {label}, sha256 {leaf.sha256}, {leaf.size} bytes",
            with_it,
        )


def make_disclosure(folder: DiskFolder, label: str) -> tuple[str, Leaf, bytes]:
    """The item's tree and leaf, and the document that opens it under the folder's receipt.

    Raises:
        CliError: the folder lacks what it takes, or has no such item.
        BrokenClaim: openings.json is not of this receipt.
    """
    receipt, openings = (folder.document(name) for name in (RECEIPT, OPENINGS))
    if receipt is None or openings is None:
        said = f"folder: expected {RECEIPT} and {OPENINGS} in it, got not both"
        raise CliError("file", said, "fetch them with `sealrun evidence CALL_URL --to DIR --key buyer.key`")
    trees = parse_openings(openings)[1]
    tree, leaf = _named(trees, label)
    document = canonical(disclosure(tree, trees[tree], leaf.index))
    check_disclosure(SignedReceipt.parse(parse_object(receipt)).receipt, None, OPENINGS, document)
    return tree, leaf, document


def _named(trees: Mapping[str, tuple[Leaf, ...]], label: str) -> tuple[str, Leaf]:
    for tree, leaves in trees.items():
        for leaf in leaves:
            if f"{tree}/{leaf.label}" == label:
                return tree, leaf
    some = ", ".join(f"{tree}/{leaf.label}" for tree, leaves in trees.items() for leaf in leaves[:3])
    raise CliError("bad-request", f"item: expected one such as {some}, got {label[:200]!r}")
