"""Which earlier receipts a call read, and which calls its run made: a graph whose edges are signed.

A receipt signs its inputs' hash, and the inputs name earlier receipts by their hashes. So the hash of one
receipt covers all that came before it. Each earlier one is looked for under ``reads/CALL/``.

A child's receipt came to be while the run went on, so no input names it: it lies among the run's outputs,
which the receipt covers, see ``children``.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from mina.keys import PublicKey
from sealrun.calls.call import MAX_CALL_DEPTH
from sealrun.encoding.json_limits import parse_object
from sealrun.errors import SealrunError
from sealrun.evidence.leaves import Leaf
from sealrun.offers.offer import Offer
from sealrun.ports.folder import Folder
from sealrun.receipts.receipt import Receipt, SignedReceipt
from sealrun.verification.children import (
    Child,
    TooManyChildren,
    check_child,
    child_folders,
    covered_documents,
    read_child,
)
from sealrun.verification.claims import (
    CHILDREN,
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
    SEALED = "sealed"  # the receipt is here, its inputs are not, or for which run it was made
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
    calls: tuple[str, ...] = ()  # receipts of the calls that its run made
    called: bool = False  # True for one of those
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


def read_lineage(receipt: bytes, folder: Folder, covered: Mapping[str, Leaf] | None = None) -> Lineage:
    """Follow what a receipt read and what its run called, as far as the folder goes.

    Args:
        receipt: the document.
        folder: its evidence.
        covered: the outputs that the receipt covers and that have their leaves' bytes, by their places; where
            they are not given, those of the children are compared here.

    Not checked: the evidence of the other receipts beyond their signatures, offers and inputs, ``verify``
    each one's own folder for that; and that a run left the receipt of each call that it made.

    Raises:
        Malformed: the receipt is malformed.
    """
    signed = SignedReceipt.parse(parse_object(receipt, at_most=MAX_RECEIPT_BYTES))
    known: dict[str, tuple[SignedReceipt, Below]] = {}
    graph = Lineage(_hash(signed.receipt))
    for call in nested(folder.names(), READS):
        try:
            earlier = read_nested(folder, READS, call)
            known[_hash(earlier.receipt)] = earlier, Below(folder, f"{READS}/{call}")
        except SealrunError as error:
            graph.nodes[f"{READS}/{call}"] = Node(f"{READS}/{call}", Link.BROKEN, error.detail, call)
    children = _read_children(graph, signed, folder, covered)
    for name in known.keys() & children.keys():
        _check_copy(graph, *known[name], children[name].signed.public_key)
    here = {**known, **{name: (each.signed, each.folder) for name, each in children.items()}}
    _follow(graph, {**here, graph.root: (signed, folder)}, _Family.of(signed, folder, children))
    # No receipt reads itself: a copy of the first one is read by none, and nothing looks at it.
    graph.strays = sorted(set(known) - set(graph.nodes) | set(known) & {graph.root})
    return graph


def _read_children(
    graph: Lineage, signed: SignedReceipt, folder: Folder, covered: Mapping[str, Leaf] | None
) -> dict[str, Child]:
    """The children among the run's outputs, by their receipts' hashes; a broken one is noted in the graph."""
    found: dict[str, Child] = {}
    try:
        folders = child_folders(folder.names())
        if folders and covered is None:
            covered = covered_documents(signed.receipt, folder, folders)
    except TooManyChildren as error:
        graph.nodes[CHILDREN] = Node(CHILDREN, Link.MISSING, error.detail, called=True)
        return found
    except SealrunError as error:
        graph.nodes[CHILDREN] = Node(CHILDREN, Link.BROKEN, error.detail, called=True)
        return found
    for place, call in folders:
        try:
            child = read_child(folder, place, call, covered or {})
        except SealrunError as error:
            graph.nodes[place] = Node(place, Link.BROKEN, error.detail, call, called=True)
            continue
        first = found.setdefault(_hash(child.signed.receipt), child)
        if first is not child:  # the same one again says nothing new
            _check_copy(graph, child.signed, child.folder, first.signed.public_key, called=True)
    return found


def _check_copy(
    graph: Lineage, signed: SignedReceipt, folder: Below, key: PublicKey, *, called: bool = False
) -> None:
    """Key and documents of a child's receipt that lies here as well: only the child is followed (E5)."""
    receipt = signed.receipt
    try:
        require_equal("the child's key", key.to_base58(), signed.public_key.to_base58())
        offer, wrong = _offer(receipt, folder)
        if wrong is not None:
            raise wrong
        if offer is not None:
            require_equal("the offer's oracle", offer.oracle, signed.public_key.to_base58())
        opened_inputs(receipt, folder)
    except SealrunError as error:
        call = f"{receipt.call_hash:064x}"
        graph.nodes[folder.prefix] = Node(folder.prefix, Link.BROKEN, error.detail, call, called=called)


@dataclass(frozen=True)
class _Family:
    """The run's children: which calls lie above which, by the children's own word."""

    receipt: Receipt  # of the run
    children: Mapping[str, Child]  # by their receipts' hashes
    depths: Mapping[str, int | None]  # of the run's call and of each child's, by call
    shown: Collection[str]  # the run's call, and the children's that lead to it

    @classmethod
    def of(cls, signed: SignedReceipt, folder: Folder, children: Mapping[str, Child]) -> "_Family":
        depths = {each.call: each.parent.depth if each.parent else None for each in children.values()}
        top = f"{signed.receipt.call_hash:064x}"
        shown = {top}
        for _ in range(MAX_CALL_DEPTH):
            shown |= {each.call for each in children.values() if each.parent and each.parent.call in shown}
        return cls(signed.receipt, children, {**depths, top: _depth(signed.receipt, folder)}, shown)

    def below(self, name: str, call: str) -> tuple[str, ...]:
        """The children of this call; of the run's own also those that do not fit elsewhere."""
        top = f"{self.receipt.call_hash:064x}"
        above = {
            each: child.parent.call if child.parent and child.parent.call in self.depths else top
            for each, child in self.children.items()
        }
        return tuple(each for each in self.children if above[each] == call and each != name)


def _depth(receipt: Receipt, folder: Folder) -> int | None:
    """How deep the run's own call is; None where its inputs are not here."""
    try:
        inputs = opened_inputs(receipt, folder)
    except SealrunError:
        return None
    return None if inputs is None else int((inputs.get("parent") or {}).get("depth", 0))


def check_reads(receipt: bytes, folder: Folder, covered: Mapping[str, Leaf] | None = None) -> Iterator[Claim]:
    """A claim for each earlier receipt and for each call of the run; see ``read_lineage``."""
    try:
        graph = read_lineage(receipt, folder, covered)
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
    name, says = "child" if node.called else "lineage", f"receipt {node.hash[:16]}…: {node.says}"
    if node.bad:
        return broken(name, BrokenClaim(says), rests_on=ARITHMETIC)
    unknown = node.called and node.link is not Link.FOLLOWED
    if node.link is Link.MISSING or not node.attributed or unknown:
        return not_shown(name, says, rests_on=ARITHMETIC)
    return holds(name, says, rests_on=ARITHMETIC)


def _follow(graph: Lineage, known: Mapping[str, tuple[SignedReceipt, Folder]], family: _Family) -> None:
    """Depth first; each waits with the receipts that led to it, so a cycle is one of them again.

    At last come children that only name each other, which nothing else leads to.
    """
    waiting: list[tuple[str, tuple[str, ...]]] = [*((name, ()) for name in family.children), (graph.root, ())]
    while waiting:
        name, path = waiting.pop()
        if name in graph.nodes:
            continue
        graph.nodes[name] = node = _node(name, known, (*path, name), family)
        below = (*path, name)  # one for all of them: a graph may be wide and deep
        waiting += [(each, below) for each in reversed((*node.reads, *node.calls)) if not node.bad]


def _node(
    name: str,
    known: Mapping[str, tuple[SignedReceipt, Folder]],
    path: Sequence[str],
    family: _Family,
) -> Node:
    if name not in known:
        return Node(name, Link.MISSING, f"not here; put its evidence under {READS}/CALL/")
    signed, folder = known[name]
    offer, wrong = _offer(signed.receipt, folder)
    described, by = _described(signed.receipt, offer), f"signed by {signed.public_key.to_base58()}"
    child = family.children.get(name)
    described["called"] = child is not None
    calls = family.below(name, described["call"])
    try:
        # Step 10.1
        require(signed.holds(), "signature: expected one that holds, got one that does not")
        # Step 10.2
        if wrong is not None:
            raise wrong
        if offer is not None:
            require_equal("the offer's oracle", offer.oracle, signed.public_key.to_base58())
        # Step 10.3
        inputs = opened_inputs(signed.receipt, folder)
        # Step 10.6
        if child is not None and inputs is not None:
            by = f"{check_child(child, family.depths, family.receipt)}; {by}"
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
        sealed = "whose run made it is" if child else "what it read is"
        return Node(name, Link.SEALED, f"{by}; {sealed} sealed with its inputs", **described, calls=calls)
    reads = tuple(inputs.get("reads", []))
    called = f", called {len(calls)} {'offer' if len(calls) == 1 else 'offers'}" if calls else ""
    says = f"{by}; reads {len(reads)} earlier receipts{called}"
    if child is not None and child.parent is not None and child.parent.call not in family.shown:
        says += "; nobody can tell for which run that call was made"
        return Node(name, Link.SEALED, says, **described, reads=reads, calls=calls)
    return Node(name, Link.FOLLOWED, says, **described, reads=reads, calls=calls)


def _offer(receipt: Receipt, folder: Folder) -> tuple[Offer | None, SealrunError | None]:
    """The receipt's offer, if one is here, or what is wrong with it; it is read once (E6).

    A receipt's hash does not say which key signs, its offer does.
    """
    try:
        document = folder.document(OFFER)
        if document is None:
            return None, None
        offer = Offer.parse(document)
        require_equal("offer hash", f"{receipt.offer_hash:064x}", offer.id)
    except SealrunError as error:
        return None, error
    return offer, None


def _claimed_reads(folder: Folder) -> list[str]:
    """What the inputs say, though they are not what the receipt covers."""
    try:
        reads = parse_object(folder.document(INPUTS) or b"").get("reads")
    except SealrunError:
        return []
    return [each for each in reads if isinstance(each, str)] if isinstance(reads, list) else []


def _described(receipt: Receipt, offer: Offer | None) -> dict[str, Any]:
    """What a picture says of a receipt; the title only if the offer is the receipt's."""
    return {
        "call": f"{receipt.call_hash:064x}",
        "title": offer.title if offer else "",
        "status": receipt.status.name.lower(),
        "grade": receipt.grade,
    }


def _hash(receipt: Receipt) -> str:
    return f"{receipt.hash:064x}"
