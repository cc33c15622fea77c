"""Single items that the buyer opened to somebody: each file under ``disclosures/`` opens one leaf."""

from collections.abc import Collection, Mapping
from functools import lru_cache

from sealrun.encoding.fields import tagged_hash
from sealrun.encoding.merkle import Merkle
from sealrun.errors import SealrunError
from sealrun.evidence.index import TREES, Disclosure, Index
from sealrun.evidence.leaves import TREE, TWIN, Leaf
from sealrun.ports.folder import Folder
from sealrun.receipts.receipt import Receipt
from sealrun.verification.claims import (
    DISCLOSURES,
    BrokenClaim,
    Claim,
    Progress,
    broken,
    holds,
    no_progress,
    printable,
    require,
    require_equal,
)
from sealrun.verification.documents import ARITHMETIC
from sealrun.verification.trees import HASHES, Key, Opened

# Both trees' nodes; neighbours share most of their way to the root, and no node is hashed twice.
MAX_NODES = 1 << 14
# Of those that open nothing, each may cost a whole way of hashes: after so many, no more is looked at (E6).
MAX_BROKEN = 20


def read_disclosures(
    receipt: Receipt,
    index: Index | None,
    names: Collection[str],
    folder: Folder,
    progress: Progress = no_progress,
) -> tuple[Opened, list[Claim]]:
    """The leaves that the files under ``disclosures/`` open; it does not take the index.

    Not checked without the index: the SHA-256 twin's path, and the size, which only the twin covers.
    """
    leaves: dict[Key, Leaf] = {}
    claims: list[Claim] = []
    wrong = 0
    check = Disclosures(receipt, index)
    places = sorted(name for name in names if name.startswith(f"{DISCLOSURES}/"))
    for at, name in enumerate(places, start=1):
        if wrong == MAX_BROKEN:
            more = BrokenClaim(f"expected disclosures that hold, got {wrong} that do not; no more are read")
            claims.append(broken("disclosure", more, rests_on=ARITHMETIC))
            break
        try:
            opened = check.one(name, folder.document(name) or b"")
            key = opened.tree, opened.leaf.label
            same = leaves.setdefault(key, opened.leaf) == opened.leaf
            require(same, f"{opened.tree}: expected every label once, got {opened.leaf.label} twice")
        except SealrunError as error:
            wrong += 1
            claims.append(broken("disclosure", error, rests_on=ARITHMETIC))
        else:
            says = f"{printable(name)}: {opened.leaf.label}, sha256 {opened.leaf.sha256}"
            claims.append(holds("disclosure", says, rests_on=ARITHMETIC))
        progress(DISCLOSURES, at, len(places))
    return Opened(leaves, {}, {}), claims


class Disclosures:
    """Checks disclosures of one receipt; what they share is hashed once."""

    def __init__(self, receipt: Receipt, index: Index | None) -> None:
        self._receipt, self._index = receipt, index
        self._tree: Merkle[int] = Merkle(TREE.depth, lru_cache(MAX_NODES)(TREE.node), TREE.empty)
        self._twins = {} if index is None else _twin_roots(index)
        self._known: dict[Leaf, Leaf] = {}

    def one(self, name: str, document: bytes) -> Disclosure:
        """The one leaf that the document opens, if the receipt signs the root that it leads to.

        Raises:
            Malformed: the document is not a disclosure.
            BrokenClaim: it opens a leaf of something else.
        """
        # Step 4.5
        opened = Disclosure.parse(document)
        tree = opened.tree
        leaf = self._known.setdefault(opened.leaf, opened.leaf)  # of many copies one is hashed
        root = self._tree.climb(leaf.hash, leaf.index, opened.siblings)
        signed = str(getattr(self._receipt, HASHES[tree]))
        require_equal(
            f"{name}: {tree} hash", signed, str(tagged_hash(f"sealrun:{tree}", [root, opened.count]))
        )
        require(
            leaf.index < opened.count,
            f"{name}: expected an index below {opened.count}, got {leaf.index}",
        )
        if self._index is not None:
            require_equal(f"{name}: SHA-256 twin's root", self._twins[tree].hex(), opened.twin_root.hex())
        return opened


def _twin_roots(index: Index) -> Mapping[str, bytes]:
    return {name: TWIN.root([entry.twin for entry in index.trees[name]]) for name in TREES}
