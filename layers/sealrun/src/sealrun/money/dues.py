"""What is owed on one account: one leaf per call, a tree over them, and the statements about it (A8).

The due and the tree prove each other: the last leaf's running total is the due, and the signed root binds
the tree's root to the number of its leaves.
"""

from collections.abc import Mapping, Sequence

from mina.field import P
from mina.keys import PublicKey
from sealrun.encoding import read
from sealrun.encoding.fields import DUE, FIGURE, MAX_UINT64, network_field, node_hash, tagged_hash, text_field
from sealrun.encoding.merkle import Merkle
from sealrun.errors import Refused
from sealrun.offers.asset import Asset
from sealrun.values import dataclass, field, replace

# Levels below the root: room for 1,048,576 calls of one account.
DEPTH = 20
# So many calls of one account may run at once, and still find room when it takes no new one: as many as three
# offers of its terms may have, each with the most that an offer may.
RESERVED_LEAVES = 1 << 16


TREE = Merkle(depth=DEPTH, node=node_hash, empty=0)


@dataclass(frozen=True)
class DueLeaf:
    """One call that is over; ``price_due`` is 0 for a run that is not paid. In the asset's smallest unit."""

    index: int  # from 0, in the order in which calls became due
    call_hash: int
    receipt_hash: int
    price_due: int
    running_total: int
    # The roots of the subtrees that this leaf completes, its own hash first; a store keeps them, so that
    # no path is computed from all leaves. Not checked against the leaf.
    nodes: tuple[int, ...] = field(default=(), repr=False, compare=False)

    @classmethod
    def parse(cls, value: object) -> "DueLeaf":
        """The leaf of a proof, as JSON has it; its hash is computed from what it says.

        Raises:
            Malformed: it has other members, or one of them is out of its range.
        """
        names = ("index", "call_hash", "receipt_hash", "price_due", "running_total")
        members = read.only(value, names, where="leaf")
        call_hash, receipt_hash = (read.decimal(members, name, high=P - 1) for name in names[1:3])
        price, total = (read.decimal(members, name, high=MAX_UINT64) for name in names[3:])
        index = read.whole(members, "index", low=0, high=2**DEPTH - 1)
        return cls(index, call_hash, receipt_hash, price, total)

    @property
    def hash(self) -> int:
        """``H("sealrun:due", [index, call_hash, receipt_hash, price_due, running_total])``."""
        return self.nodes[0] if self.nodes else tagged_hash("sealrun:due", list(self.fields.values()))

    @property
    def fields(self) -> dict[str, int]:
        """What is hashed, by name, in its order."""
        names = ("index", "call_hash", "receipt_hash", "price_due", "running_total")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True)
class DueTree:
    """An account's tree as far as adding to it and signing it needs it: at most one node per level."""

    count: int = 0
    due: int = 0
    filled: tuple[int, ...] = (0,) * DEPTH  # left siblings that wait for their right one

    @property
    def full(self) -> bool:
        """True when the calls that run may be the last ones."""
        return self.count >= (1 << DEPTH) - RESERVED_LEAVES

    def add(self, *, call_hash: int, receipt_hash: int, price_due: int) -> "tuple[DueTree, DueLeaf]":
        """The tree with one more leaf, and that leaf with its ``nodes``.

        Raises:
            Refused: the tree is full; the account is settled and a new one opened.
        """
        if self.count >= 2**DEPTH - 1:
            raise Refused(f"dues: expected at most {2**DEPTH - 1} calls of one account, got more")
        total = self.due + price_due
        leaf = DueLeaf(self.count, call_hash, receipt_hash, price_due, total)
        nodes, level, filled = [leaf.hash], 0, list(self.filled)
        while self.count >> level & 1:
            nodes.append(node_hash(filled[level], nodes[-1]))
            filled[level] = 0
            level += 1
        filled[level] = nodes[-1]
        return DueTree(self.count + 1, total, tuple(filled)), replace(leaf, nodes=tuple(nodes))

    @property
    def root(self) -> int:
        """The root of the tree of fixed depth; an empty leaf is 0."""
        return self._edge()[DEPTH]

    def beside(self, index: int) -> dict[int, int]:
        """Which leaves have a sibling of this leaf's path among their ``nodes``: the level, and their index.

        At most one per level, however many leaves there are; the other siblings are the tree's own.

        Raises:
            IndexError: there is no such leaf.
        """
        if not 0 <= index < self.count:
            raise IndexError(f"leaf: expected one of {self.count}, got {index}")
        ends = {level: (((index >> level ^ 1) + 1) << level) - 1 for level in range(DEPTH)}
        return {level: end for level, end in ends.items() if end < self.count}

    def path(self, index: int, leaves: Mapping[int, DueLeaf]) -> list[int]:
        """The siblings of a leaf, from its own level up, with which ``root_from_path`` gives the root again.

        Args:
            index: of the leaf.
            leaves: by their index, those that ``beside`` names; leaves that came later change nothing.

        Raises:
            IndexError: there is no such leaf.
            KeyError: one that ``beside`` names is missing.
        """
        beside, edge = self.beside(index), self._edge()
        own = [
            edge[level] if index >> level ^ 1 == self.count >> level else TREE.hollow(level)
            for level in range(DEPTH)
        ]
        whole = {level: leaves[end].nodes[level] for level, end in beside.items()}
        return [whole.get(level, own[level]) for level in range(DEPTH)]

    def _edge(self) -> list[int]:
        """At each level the node that the next leaf will be under, as it is now; the root last."""
        nodes = [0]
        for level in range(DEPTH):
            full = self.count >> level & 1
            left, right = (self.filled[level], nodes[-1]) if full else (nodes[-1], TREE.hollow(level))
            nodes.append(node_hash(left, right))
        return nodes


@dataclass(frozen=True)
class Due:
    """What the oracle owes the seller of an account so far, as it signs it.

    ``amount`` is in the smallest unit of the asset, which is the terms'.
    """

    network: str
    account: PublicKey
    asset: Asset
    amount: int
    tree_root: int
    count: int

    @property
    def root(self) -> int:
        """``H("sealrun:root", [tree root, count])``."""
        return tagged_hash("sealrun:root", [self.tree_root, self.count])

    def due_fields(self) -> list[int]:
        """The seven fields that the contract checks; for seller and operator only (A6)."""
        return [text_field(DUE), *self._common_fields()]

    def figure_fields(self) -> list[int]:
        """The same figure under another tag, for the buyer: no contract takes it (A6)."""
        return [text_field(FIGURE), *self._common_fields()]

    def _common_fields(self) -> list[int]:
        return [
            network_field(self.network),
            *self.account.to_fields(),
            self.asset.token,
            self.amount,
            self.root,
        ]


def root_from_path(leaf: DueLeaf, siblings: Sequence[int]) -> int:
    """The root of the tree that has this leaf at its index, if these are its siblings.

    Raises:
        Refused: there are not as many siblings as levels.
    """
    return TREE.climb(leaf.hash, leaf.index, siblings)
