"""Which earlier receipts a call read, and which ones those read: a graph whose edges are signed.

A receipt signs its inputs' hash, and the inputs name earlier receipts by their hashes. So the hash of one
receipt covers all that came before it. Each earlier one is looked for under ``reads/CALL/``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sealrun.encoding.json_limits import parse_object
from sealrun.errors import SealrunError
from sealrun.offers.offer import Offer
from sealrun.ports.folder import Folder
from sealrun.receipts.receipt import Receipt, SignedReceipt
from sealrun.verification.claims import (
    INPUTS,
    MAX_RECEIPT_BYTES,
    OFFER,
    READS,
    RECEIPT,
    BrokenClaim,
    Claim,
    broken,
    holds,
    not_shown,
    require,
    require_equal,
)
from sealrun.verification.documents import ARITHMETIC
from sealrun.verification.nested import (
    Below,
    names_below,
    nested,
    not_measured,
    opened_inputs,
    read_nested,
)

# All that is looked at of an earlier receipt.
LOOKED_AT = (RECEIPT, OFFER, INPUTS)


class Link(StrEnum):
    """How far a receipt could be followed."""

    FOLLOWED = "followed"  # its inputs are here, and all that they name is known
    SEALED = "sealed"  # the receipt is here, its inputs are not: only its buyer knows what it read
    MISSING = "missing"  # the receipt is not here
    CYCLE = "cycle"  # it names a receipt that lies after it, which no hash can
    BROKEN = "broken"


@dataclass(frozen=True)
class Node:
    """One receipt."""

    hash: str  # 64 hex digits, as later calls name it
    link: Link
    says: str  # in words
    call: str = ""
    title: str = ""  # of its offer
    status: str = ""
    grade: int = 0  # as the receipt says; nothing here checks it
    reads: tuple[str, ...] = ()
    attributed: bool = True  # False if its offer, which names the oracle that may sign it, is not here

    @property
    def bad(self) -> bool:
        """True if something is wrong, not only absent."""
        return self.link in (Link.CYCLE, Link.BROKEN)


@dataclass
class Lineage:
    """The graph: ``root`` was bought, ``nodes`` are by their hashes, ``strays`` nothing reads."""

    root: str = ""
    nodes: dict[str, Node] = field(default_factory=dict)
    strays: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """True if nothing in it is wrong."""
        return not any(node.bad for node in self.nodes.values()) and not self.strays


def read_lineage(receipt: bytes, folder: Folder) -> Lineage:
    """Follow what a receipt read, as far as the folder goes.

    Not checked: the evidence of the earlier receipts beyond their signatures, offers and inputs; ``verify``
    each one's own folder for that.

    Raises:
        Malformed: the receipt is malformed.
    """
    signed = SignedReceipt.parse(parse_object(receipt, at_most=MAX_RECEIPT_BYTES))
    known: dict[str, tuple[SignedReceipt, Folder]] = {}
    graph = Lineage(_hash(signed.receipt))
    for call in nested(folder.names(), READS):
        try:
            earlier = read_nested(folder, READS, call)
            known[_hash(earlier.receipt)] = earlier, Below(folder, f"{READS}/{call}")
        except SealrunError as error:
            graph.nodes[f"{READS}/{call}"] = Node(f"{READS}/{call}", Link.BROKEN, error.detail, call)
    _follow(graph, graph.root, {**known, graph.root: (signed, folder)}, ())
    # No receipt reads itself: a copy of the first one is read by none, and nothing looks at it.
    graph.strays = sorted(set(known) - set(graph.nodes) | set(known) & {graph.root})
    return graph


def check_reads(receipt: bytes, folder: Folder) -> Iterator[Claim]:
    """A claim for each earlier receipt; none where the call names none."""
    try:
        graph = read_lineage(receipt, folder)
    except SealrunError as error:
        yield broken("lineage", error, rests_on=ARITHMETIC)
        return
    for name, node in graph.nodes.items():
        if name != graph.root or node.link is Link.CYCLE:
            yield _claim(node)
    yield from _not_looked_at(folder.names())
    # Step 10.4
    for stray in graph.strays:
        unread = BrokenClaim(f"{READS}: expected only receipts that are read, got {stray}")
        yield broken("lineage", unread, rests_on=ARITHMETIC)


def _not_looked_at(names: Sequence[str]) -> Iterator[Claim]:
    """One claim for each earlier receipt with more evidence beside it than its inputs and its offer."""
    for call in nested(names, READS):
        more = len(set(names_below(f"{READS}/{call}", names)) - set(LOOKED_AT))
        if more:
            yield not_measured("earlier files", READS, call, more)


def _claim(node: Node) -> Claim:
    says = f"receipt {node.hash[:16]}…: {node.says}"
    if node.bad:
        return broken("lineage", BrokenClaim(says), rests_on=ARITHMETIC)
    if node.link is Link.MISSING or not node.attributed:
        return not_shown("lineage", says, rests_on=ARITHMETIC)
    return holds("lineage", says, rests_on=ARITHMETIC)


def _follow(
    graph: Lineage,
    name: str,
    known: Mapping[str, tuple[SignedReceipt, Folder]],
    later: Sequence[str],
) -> None:
    """Depth first; ``later`` are the receipts that led here, so a cycle is one of them again."""
    waiting = [(name, tuple(later))]
    while waiting:
        name, path = waiting.pop()
        if name in graph.nodes:
            continue
        graph.nodes[name] = node = _node(name, known, (*path, name))
        below = (*path, name)  # one for all of them: a graph may be wide and deep
        waiting += [(each, below) for each in reversed(node.reads) if not node.bad]


def _node(name: str, known: Mapping[str, tuple[SignedReceipt, Folder]], path: Sequence[str]) -> Node:
    if name not in known:
        return Node(name, Link.MISSING, f"not here; put its evidence under {READS}/CALL/")
    signed, folder = known[name]
    described, by = _described(signed.receipt, folder), f"signed by {signed.public_key.to_base58()}"
    try:
        # Step 10.1
        require(signed.holds(), "signature: expected one that holds, got one that does not")
        # Step 10.2
        offer = _offer(signed.receipt, folder)
        if offer is not None:
            require_equal("the offer's oracle", offer.oracle, signed.public_key.to_base58())
        # Step 10.3
        inputs = opened_inputs(signed.receipt, folder)
    except SealrunError as error:
        cycle = set(_claimed_reads(folder)) & set(path)
        if cycle:
            says = f"its inputs name {min(cycle)[:16]}…, which comes after it: a cycle, and not what it signs"
            return Node(name, Link.CYCLE, says, **described)
        return Node(name, Link.BROKEN, error.detail, **described)
    if offer is None:
        by += f", and without {OFFER} nobody can tell whether that is its offer's oracle"
    described["attributed"] = offer is not None
    if inputs is None:
        return Node(name, Link.SEALED, f"{by}; what it read is sealed with its inputs", **described)
    reads = tuple(inputs.get("reads", []))
    says = f"{by}; reads {len(reads)} earlier receipts"
    return Node(name, Link.FOLLOWED, says, **described, reads=reads)


def _offer(receipt: Receipt, folder: Folder) -> Offer | None:
    """The receipt's offer, if one is here: a receipt's hash does not say which key signs, its offer does.

    Raises:
        Malformed: what is here is not an offer.
        BrokenClaim: it is another offer than the receipt's.
    """
    document = folder.document(OFFER)
    if document is None:
        return None
    offer = Offer.parse(document)
    require_equal("offer hash", f"{receipt.offer_hash:064x}", offer.id)
    return offer


def _claimed_reads(folder: Folder) -> list[str]:
    """What the inputs say, though they are not what the receipt covers."""
    try:
        reads = parse_object(folder.document(INPUTS) or b"").get("reads")
    except SealrunError:
        return []
    return [each for each in reads if isinstance(each, str)] if isinstance(reads, list) else []


def _described(receipt: Receipt, folder: Folder) -> dict[str, Any]:
    """What a picture says of a receipt; the title only if the offer is the receipt's."""
    try:
        offer = _offer(receipt, folder)
    except SealrunError:
        offer = None
    return {
        "call": f"{receipt.call_hash:064x}",
        "title": offer.title if offer else "",
        "status": receipt.status.name.lower(),
        "grade": receipt.grade,
    }


def _hash(receipt: Receipt) -> str:
    return f"{receipt.hash:064x}"
