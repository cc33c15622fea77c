"""Merkle trees of fixed depth, over any hash: a root, a leaf's path to it, and the way back."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from sealrun.errors import Refused

Node = TypeVar("Node")


class Merkle(Generic[Node]):
    """The shape and the hash of one kind of tree; leaves that are missing are ``empty``."""

    def __init__(self, depth: int, node: Callable[[Node, Node], Node], empty: Node) -> None:
        self.depth, self.node, self.empty = depth, node, empty
        self._hollow: list[Node] = []

    def hollow(self, level: int) -> Node:
        """The root of a subtree of this height without any leaf."""
        if not self._hollow:
            self._hollow.append(self.empty)
        while len(self._hollow) <= level:
            self._hollow.append(self.node(self._hollow[-1], self._hollow[-1]))
        return self._hollow[level]

    def root(self, leaves: Sequence[Node]) -> Node:
        """The root over these leaves.

        Raises:
            Refused: there are more of them than the tree has room for.
        """
        if len(leaves) > 2**self.depth:
            raise Refused(f"tree: expected at most {2**self.depth} leaves, got {len(leaves)}")
        row = list(leaves) or [self.empty]
        for level in range(self.depth):
            row = self._above(row, level)
        return row[0]

    def path(self, leaves: Sequence[Node], index: int) -> list[Node]:
        """The siblings of a leaf, from its own level up, with which ``climb`` gives the root again.

        Raises:
            IndexError: there is no such leaf.
        """
        return self.paths(leaves, [index])[0]

    def paths(self, leaves: Sequence[Node], indices: Sequence[int]) -> list[list[Node]]:
        """The paths of several leaves, in their order; each node is hashed once for all of them.

        Raises:
            IndexError: there is no such leaf.
        """
        for index in indices:
            if not 0 <= index < len(leaves):
                raise IndexError(f"leaf: expected one of {len(leaves)}, got {index}")
        row, found = list(leaves), [list[Node]() for _ in indices]
        for level in range(self.depth):
            for index, siblings in zip(indices, found, strict=True):
                at = index >> level ^ 1
                siblings.append(row[at] if at < len(row) else self.hollow(level))
            row = self._above(row, level)
        return found

    def climb(self, leaf: Node, index: int, siblings: Sequence[Node]) -> Node:
        """The root of the tree that has this leaf at this index, if these are its siblings.

        Raises:
            Refused: there are not as many siblings as levels, or the tree has no such index.
        """
        if len(siblings) != self.depth:
            raise Refused(f"proof: expected {self.depth} siblings, got {len(siblings)}")
        if not 0 <= index < 2**self.depth:
            raise Refused(f"proof: expected an index below {2**self.depth}, got {index}")
        for level, sibling in enumerate(siblings):
            leaf = self.node(sibling, leaf) if index >> level & 1 else self.node(leaf, sibling)
        return leaf

    def _above(self, row: list[Node], level: int) -> list[Node]:
        if len(row) % 2:
            row = [*row, self.hollow(level)]
        return [self.node(row[at], row[at + 1]) for at in range(0, len(row), 2)]
