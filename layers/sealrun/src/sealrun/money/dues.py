"""What is owed on one account: one leaf per call, a tree over them, and the statements about it (A8).

The due and the tree prove each other: the last leaf's running total is the due, and the signed root binds
the tree's root to the number of its leaves.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from mina.keys import PublicKey
from sealrun.encoding.fields import DUE, FIGURE, network_field, tagged_hash, text_field
from sealrun.encoding.merkle import Merkle
from sealrun.errors import Refused

# Levels below the root: room for 1,048,576 calls of one account.
DEPTH = 20
# So many calls of one account may run at once; they still find room when it takes no new one.
RESERVED_LEAVES = 4096


def _node(left: int, right: int) -> int:
    return tagged_hash("sealrun:node", [left, right])


TREE = Merkle(depth=DEPTH, node=_node, empty=0)


@dataclass(frozen=True)
class DueLeaf:
    """One call that is over; ``price_due`` is 0 for a run that is not paid. Nanomina."""

    index: int  # from 0, in the order in which calls became due
    call_hash: int
    receipt_hash: int
    price_due: int
    running_total: int

    @cached_property
    def hash(self) -> int:
        """``H("sealrun:due", [index, call_hash, receipt_hash, price_due, running_total])``.

        It takes a millisecond, so a store may keep it and put it back with ``with_hash``.
        """
        fields = [self.index, self.call_hash, self.receipt_hash, self.price_due, self.running_total]
        return tagged_hash("sealrun:due", fields)

    def with_hash(self, known: int) -> "DueLeaf":
        """The same leaf, with its hash as it was computed before. Not checked."""
        vars(self)["hash"] = known
        return self


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
        """The tree with one more leaf, and that leaf.

        Raises:
            Refused: the tree is full; the account is settled and a new one opened.
        """
        if self.count >= 2**DEPTH - 1:
            raise Refused(f"dues: expected at most {2**DEPTH - 1} calls of one account, got more")
        total = self.due + price_due
        leaf = DueLeaf(self.count, call_hash, receipt_hash, price_due, total)
        node, level, filled = leaf.hash, 0, list(self.filled)
        while self.count >> level & 1:
            node, filled[level] = _node(filled[level], node), 0
            level += 1
        filled[level] = node
        return DueTree(self.count + 1, total, tuple(filled)), leaf

    @property
    def root(self) -> int:
        """The root of the tree of fixed depth; an empty leaf is 0."""
        node = 0
        for level in range(DEPTH):
            full = self.count >> level & 1
            node = _node(self.filled[level], node) if full else _node(node, TREE.hollow(level))
        return node


@dataclass(frozen=True)
class Due:
    """What the oracle owes the seller of an account so far, as it signs it; ``amount`` is in nanomina."""

    network: str
    account: PublicKey
    amount: int
    tree_root: int
    count: int

    @property
    def root(self) -> int:
        """``H("sealrun:root", [tree root, count])``."""
        return tagged_hash("sealrun:root", [self.tree_root, self.count])

    def due_fields(self) -> list[int]:
        """The six fields that the contract checks; for seller and operator only (A6)."""
        return [text_field(DUE), *self._said()]

    def figure_fields(self) -> list[int]:
        """The same figure under another tag, for the buyer: no contract takes it (A6)."""
        return [text_field(FIGURE), *self._said()]

    def _said(self) -> list[int]:
        return [network_field(self.network), *self.account.to_fields(), self.amount, self.root]


def path(hashes: Sequence[int], index: int) -> list[int]:
    """The siblings of a leaf, from its own level up, with which ``root_from_path`` gives the root again.

    Args:
        hashes: of all leaves in their order.
        index: of the leaf.

    Raises:
        IndexError: there is no such leaf.
    """
    return TREE.path(hashes, index)


def root_from_path(leaf: DueLeaf, siblings: Sequence[int]) -> int:
    """The root of the tree that has this leaf at its index, if these are its siblings.

    Raises:
        Refused: there are not as many siblings as levels.
    """
    return TREE.climb(leaf.hash, leaf.index, siblings)
