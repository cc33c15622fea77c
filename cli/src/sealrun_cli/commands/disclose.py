"""``sealrun disclose``: open one item of the evidence to somebody else."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from sealrun.adapters.files.evidence_folder import DiskFolder
from sealrun.adapters.files.plain_files import check_inside
from sealrun.encoding.fields import canonical
from sealrun.encoding.json_limits import parse_object
from sealrun.evidence.evidence import disclosure
from sealrun.evidence.index import parse_openings
from sealrun.evidence.leaves import Leaf
from sealrun.receipts.receipt import SignedReceipt
from sealrun.verification.claims import OPENINGS, RECEIPT
from sealrun.verification.disclosures import Disclosures
from sealrun_cli.lib import options
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.output import speaking
from sealrun_cli.lib.units import size


def disclose(
    folder: Annotated[Path, typer.Argument(help="The buyer's evidence folder.", metavar="DIR")],
    label: Annotated[str, typer.Argument(help="The item: outputs/JOB/PATH or profile/JOB/NAME.")],
    *,
    to: Annotated[Path, typer.Option(help="File for the disclosure; must not exist.", metavar="FILE")],
    as_json: options.Json = False,
) -> None:
    """Show one item of your evidence to somebody else.

    Writes a file that goes under disclosures/ beside the receipt. It shows nothing but this item.
    """
    with speaking(as_json=as_json) as out:
        tree, leaf, document = make_disclosure(DiskFolder(folder), label)
        check_inside(to, folder)
        with to.open("xb") as file:
            file.write(document)
        shown = {"tree": tree, **leaf.opening()}
        with_it = f"hand it out with {folder / label}; it goes under disclosures/ beside the receipt"
        out.result(
            {"file": str(to), **shown},
            f"{to}: opens {label}, sha256 {leaf.sha256}, {size(leaf.size)}",
            with_it,
        )


def make_disclosure(folder: DiskFolder, label: str) -> tuple[str, Leaf, bytes]:
    """The item's tree and leaf, and the document that opens it under the folder's receipt.

    Raises:
        CliError: the folder lacks its receipt or its openings, or has no such item.
        BrokenClaim: openings.json is not of this receipt.
    """
    receipt, openings = (folder.document(name) for name in (RECEIPT, OPENINGS))
    if receipt is None or openings is None:
        detail = f"folder: expected {RECEIPT} and {OPENINGS} in it, got at most one of them"
        raise CliError("file", detail, "fetch them with `sealrun evidence CALL_URL --to DIR --key buyer.key`")
    trees = parse_openings(openings)[1]
    tree, leaf = _named(trees, label)
    document = canonical(disclosure(tree, trees[tree], leaf.index))
    Disclosures(SignedReceipt.parse(parse_object(receipt)).receipt, None).one(OPENINGS, document)
    return tree, leaf, document


def _named(trees: Mapping[str, tuple[Leaf, ...]], label: str) -> tuple[str, Leaf]:
    for tree, leaves in trees.items():
        for leaf in leaves:
            if f"{tree}/{leaf.label}" == label:
                return tree, leaf
    some = ", ".join(f"{tree}/{leaf.label}" for tree, leaves in trees.items() for leaf in leaves[:3])
    raise CliError("bad-request", f"item: expected one such as {some}, got {label[:200]!r}")
