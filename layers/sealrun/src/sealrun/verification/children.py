"""Calls that a run's jobs made while it went on: their receipts lie among the run's own outputs.

A job leaves each one's documents in a folder ``sealrun-children/CALL/``, wherever it likes among its outputs.
So the receipt of the run covers them like every other output. For which call a child was made, it says
itself: its inputs, which its own receipt covers, name the parent call.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sealrun.calls.call import MAX_CALL_DEPTH, Parent, parse_parent
from sealrun.errors import SealrunError
from sealrun.evidence.leaves import Leaf
from sealrun.ports.folder import Folder
from sealrun.receipts.receipt import Receipt, SignedReceipt
from sealrun.verification.claims import (
    CALL,
    CHILDREN,
    INPUTS,
    MAX_RECEIPT_BYTES,
    OFFER,
    RECEIPT,
    BrokenClaim,
    require,
    require_equal,
)
from sealrun.verification.disclosures import read_disclosures
from sealrun.verification.files import covered_document
from sealrun.verification.nested import Below, opened_inputs, receipt_in
from sealrun.verification.trees import open_leaves, read_index

# Of all depths together. Each one's documents are small, and nothing else of it is looked at.
MAX_CHILDREN = 20
# Of these, what a job leaves of one child's own children.
MAX_BESIDE = MAX_CHILDREN // 4
# The same receipt lies once more in each run above it that left the outputs of the one below.
MAX_PLACES = MAX_CHILDREN * MAX_CALL_DEPTH
LEFT = (RECEIPT, OFFER, CALL, INPUTS)
_PLACE = re.compile(rf"(outputs/(?:[^/]+/)+{CHILDREN}/([0-9a-f]{{64}}))/{RECEIPT}", re.ASCII)


class TooManyChildren(BrokenClaim):
    """More than are looked at; nothing against the run, for outputs of a child among its own bring them."""


@dataclass(frozen=True)
class Covered(Below):
    """A child's folder, of which only what the run's receipt covers is read, with its leaves' bytes."""

    leaves: Mapping[str, Leaf]  # by their places in the folder of the run

    def document(self, name: str) -> bytes | None:
        place = f"{self.prefix}/{name}"
        leaf = self.leaves.get(place)
        return None if leaf is None else covered_document(self.folder, place, leaf)


class Child(NamedTuple):
    """One of them, as it says of itself; whether it holds is not checked."""

    call: str  # 64 hex digits
    signed: SignedReceipt
    folder: Below
    parent: Parent | None  # None where its inputs are not here


def child_folders(names: Collection[str]) -> list[tuple[str, str]]:
    """The folders of children among a run's outputs, with their calls.

    Raises:
        TooManyChildren: there are more than are looked at.
    """
    found = sorted((match[1], match[2]) for match in map(_PLACE.fullmatch, names) if match)
    for most, got in ((MAX_CHILDREN, len({call for _, call in found})), (MAX_PLACES, len(found))):
        if got > most:
            raise TooManyChildren(
                f"{CHILDREN}: expected at most {most} receipts, got {got}: none is looked at"
            )
    return found


def covered_documents(
    receipt: Receipt, folder: Folder, folders: Collection[tuple[str, str]]
) -> dict[str, Leaf]:
    """The children's documents that are here, as the run's receipt covers them: with their leaves' bytes.

    Raises:
        BrokenClaim: a document has other bytes, or more than one may have (E6).
    """
    names, (index, _) = set(folder.names()), read_index(receipt, folder)
    opened, _ = read_disclosures(receipt, index, names, folder)
    if index is not None:
        opened, _ = open_leaves(index, folder)[0].with_more(opened)
    wanted = names & {f"{place}/{name}" for place, _ in folders for name in LEFT}
    leaves = {f"{tree}/{label}": leaf for (tree, label), leaf in opened.leaves.items()}
    found = {place: leaves[place] for place in sorted(wanted & leaves.keys())}
    for place, leaf in found.items():
        most = MAX_RECEIPT_BYTES
        require(leaf.size <= most, f"{place}: expected at most {most} bytes, got {leaf.size}")
        measured = folder.measure(place, size=leaf.size)
        require_equal(f"{place}: SHA-256", leaf.sha256, measured.sha256)
    return found


def read_child(folder: Folder, place: str, call: str, covered: Mapping[str, Leaf]) -> Child:
    """The child in this folder.

    Args:
        folder: the evidence of the run.
        place: the child's folder within it.
        call: the child's, as its folder is named.
        covered: the files that the run's receipt covers and that have their leaves' bytes, by their places.

    Raises:
        Malformed: a document is malformed.
        BrokenClaim: one is not covered, or is not of this call.
    """
    # Step 10.5
    for name in LEFT:
        here = folder.document(f"{place}/{name}") is not None
        require(
            not here or f"{place}/{name}" in covered,
            f"{place}/{name}: expected a file that the receipt covers, got one that it does not",
        )
    below = Covered(folder, place, covered)
    signed = receipt_in(below, call)
    try:
        inputs = opened_inputs(signed.receipt, below)
    except SealrunError:  # told where the child is checked
        inputs = None
    named = inputs.get("parent") if inputs else None
    return Child(call, signed, below, None if named is None else parse_parent(named))


def check_child(child: Child, above: Mapping[str, int | None], receipt: Receipt) -> str:
    """Whether it was made for the run, or for another child of it, which may be left out; in words.

    Args:
        child: whose signature, offer and inputs hold.
        above: the depth of the run's call and of each child's, by call; None where nobody shows it.
        receipt: the run's.

    Raises:
        BrokenClaim: it was not.
    """
    require_equal("the child's network", receipt.network, child.signed.receipt.network)
    if child.parent is None:
        raise BrokenClaim("parent: expected inputs that name the parent call, got ones that name none")
    named, top = child.parent.call, f"{receipt.call_hash:064x}"
    depth = above.get(named)
    # One whose depth nobody shows may be another child, which is deeper than the run's own call.
    require(
        named != child.call
        and (named == top or depth is not None or child.parent.depth > (above[top] or 0) + 1),
        f"parent: expected a call of this run, got one made for {named[:16]}…",
    )
    if depth is not None:
        require_equal("the child's depth", depth + 1, child.parent.depth)
    return f"called at depth {child.parent.depth} for {named[:16]}…"
