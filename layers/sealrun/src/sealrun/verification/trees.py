"""The two evidence trees: that their leaves are those that the receipt signs, and what is opened of them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from sealrun.encoding.cids import PROFILE
from sealrun.errors import SealrunError
from sealrun.evidence.index import TREES, Entry, Index, parse_openings
from sealrun.evidence.leaves import Kind, Leaf, tree_hash
from sealrun.offers.evidence_policy import EvidencePolicy
from sealrun.ports.folder import Folder
from sealrun.receipts.receipt import Receipt
from sealrun.verification.claims import (
    INDEX,
    OPENINGS,
    BrokenClaim,
    Claim,
    Progress,
    broken,
    holds,
    no_progress,
    not_shown,
    require,
    require_equal,
)
from sealrun.verification.documents import ARITHMETIC

HASHES = {"outputs": "outputs_hash", "profile": "profile_hash"}
# Always shown, whatever the policy says: how the call went, and what of a CI token concerns no person.
ALWAYS = (Kind.RUN, Kind.CLAIMS, Kind.STACKS)
Key = tuple[str, str]  # a leaf's tree and its label
# How many leaves are opened between two reports of progress.
STRIDE = 100
# Characters of names and lines, each beside each character of the offer's patterns for them: a second or two.
# A collector keeps 1 MiB of lines, so that 1,000 characters of patterns are always within it.
MAX_PAIRS = 1 << 30


@dataclass(frozen=True)
class Opened:
    """The leaves that could be opened, by tree and label."""

    leaves: Mapping[Key, Leaf]
    cids: Mapping[Key, str]
    texts: Mapping[Key, str]

    def with_more(self, other: "Opened") -> tuple["Opened", list[Claim]]:
        """These leaves, those that somebody disclosed besides, and a broken claim for each name of two."""
        conflicts = sorted(key for key in self.leaves.keys() & other.leaves.keys()
                           if self.leaves[key] != other.leaves[key])  # fmt: skip
        claims = [
            broken("disclosure", BrokenClaim(_twice(tree, label)), rests_on=ARITHMETIC)
            for tree, label in conflicts
        ]
        return Opened({**other.leaves, **self.leaves}, self.cids, self.texts), claims


def _twice(tree: str, label: str) -> str:
    return f"{tree}: expected every label once, got {label} twice"


def read_index(receipt: Receipt, folder: Folder) -> tuple[Index | None, list[Claim]]:
    """The index, if its leaves are those that the receipt signs."""
    try:
        document = folder.document(INDEX)
        if document is None:
            return None, [not_shown(name, f"{INDEX} is not here", rests_on=ARITHMETIC) for name in TREES]
        # Step 4.1
        index = Index.parse(document)
        require_equal("the index's call", f"{receipt.call_hash:064x}", index.call)
        require_equal("the index's CID profile", PROFILE, index.cid_profile)
        # Step 4.2
        for name in TREES:
            hashes = [entry.hash for entry in index.trees[name]]
            signed = str(getattr(receipt, HASHES[name]))
            require_equal(f"{name} hash", signed, str(tree_hash(f"sealrun:{name}", hashes)))
    except SealrunError as error:
        return None, [broken("index", error, rests_on=ARITHMETIC)]
    return index, [_count(index, name) for name in TREES]


def _count(index: Index, name: str) -> Claim:
    entries = index.trees[name]
    shown = sum(entry.leaf is not None for entry in entries)
    says = f"{len(entries)} items, {shown} shown, {len(entries) - shown} kept back"
    return holds(name, says, rests_on=ARITHMETIC)


def open_leaves(index: Index, folder: Folder, progress: Progress = no_progress) -> tuple[Opened, list[Claim]]:
    """Every opening belongs to its leaf; the buyer's openings open the leaves that the index hides."""
    claims: list[Claim] = []
    leaves: dict[Key, Leaf] = {}
    opening = _Opening(sum(map(len, index.trees.values())), progress)
    try:
        # Step 4.3
        for name in TREES:
            for at, entry in enumerate(index.trees[name]):
                if entry.leaf is not None:
                    opening.check(entry, entry.leaf, at)
                    _add(leaves, name, entry.leaf)
    except SealrunError as error:
        claims.append(broken("index", error, rests_on=ARITHMETIC))
    try:
        document = folder.document(OPENINGS)
        if document is not None:
            claims.append(_open_all(index, document, leaves, opening))
    except SealrunError as error:
        claims.append(broken("openings", error, rests_on=ARITHMETIC))
    shown = [(name, entry, entry.leaf) for name in TREES for entry in index.trees[name] if entry.leaf]
    cids = {(name, leaf.label): entry.cid for name, entry, leaf in shown if entry.cid}
    texts = {(name, leaf.label): entry.text for name, entry, leaf in shown if entry.text is not None}
    return Opened(leaves, cids, texts), claims


@dataclass
class _Opening:
    """Hashes leaves and says how far it is: of all leaves, each is hashed once."""

    total: int
    progress: Progress
    done: int = 0

    def check(self, entry: Entry, leaf: Leaf, at: int) -> None:
        require_equal("a leaf's place", at, leaf.index)
        require_equal(f"{leaf.label}: kind", entry.kind.name.lower(), leaf.kind.name.lower())
        require_equal(f"{leaf.label}: leaf", str(entry.hash), str(leaf.hash))
        require_equal(f"{leaf.label}: SHA-256 twin", entry.twin.hex(), leaf.twin.hex())
        self.done += 1
        if self.done % STRIDE == 0:
            self.progress("leaves", self.done, self.total)


def _add(leaves: dict[Key, Leaf], name: str, leaf: Leaf) -> None:
    # Step 4.6
    require(leaves.setdefault((name, leaf.label), leaf) == leaf, _twice(name, leaf.label))


def _open_all(index: Index, document: bytes, leaves: dict[Key, Leaf], opening: _Opening) -> Claim:
    # Step 4.4
    call, opened = parse_openings(document)
    require_equal("the openings' call", index.call, call)
    for name in TREES:
        entries = index.trees[name]
        require_equal(f"the openings' {name}", f"{len(entries)} leaves", f"{len(opened[name])} leaves")
        for at, (entry, leaf) in enumerate(zip(entries, opened[name], strict=True)):
            if leaves.get((name, leaf.label)) != leaf or entry.leaf != leaf:  # else it was hashed above
                opening.check(entry, leaf, at)
            _add(leaves, name, leaf)
    return holds("openings", f"{OPENINGS} opens every leaf", rests_on=ARITHMETIC)


def check_policy(index: Index, policy: EvidencePolicy) -> Claim:
    """The index shows nothing that the offer does not name (E1)."""
    # Step 4.7
    pairs = _pairs(index, policy)
    if pairs > MAX_PAIRS:
        says = f"expected at most {MAX_PAIRS} characters beside each other to compare, got {pairs}"
        return not_shown("policy", f"names, lines and patterns: {says}", rests_on=ARITHMETIC)
    try:
        for leaf in _not_named(index, policy):
            kind = leaf.kind.name.lower()
            raise BrokenClaim(f"policy: expected {leaf.label} ({kind}) kept back, got it shown")
    except SealrunError as error:
        return broken("policy", error, rests_on=ARITHMETIC)
    return holds("policy", "the index shows only what the offer names", rests_on=ARITHMETIC)


def _pairs(index: Index, policy: EvidencePolicy) -> int:
    """What it takes to match what is shown, at most; known before anything is matched (E6)."""
    outputs, profile = (index.trees[name] for name in TREES)
    names = sum(len(entry.leaf.label) for entry in outputs if entry.leaf is not None)
    lines = sum(len(entry.text) for entry in profile if entry.text is not None)
    return names * sum(map(len, policy.outputs.patterns)) + lines * sum(map(len, policy.log.patterns))


def _not_named(index: Index, policy: EvidencePolicy) -> Iterator[Leaf]:
    for name in TREES:
        for entry in index.trees[name]:
            if entry.leaf is not None and not _named(entry, entry.leaf, policy):
                yield entry.leaf


def _named(entry: Entry, leaf: Leaf, policy: EvidencePolicy) -> bool:
    last = leaf.label.rsplit("/", 1)[-1]
    named: dict[Kind, Callable[[], bool]] = {
        Kind.OUTPUT: lambda: policy.outputs.match(leaf.label),
        Kind.LINE: lambda: entry.text is not None and policy.log.match(entry.text),
        Kind.LOG: lambda: "*" in policy.log.patterns,
        Kind.PROFILE: lambda: policy.shows_as_it_came(leaf.label),
        Kind.PROBE: lambda: last in policy.probes,
        Kind.TOKEN: lambda: False,  # not before it has expired, and then by a disclosure (E2)
    }
    return entry.kind in ALWAYS or named[entry.kind]()
