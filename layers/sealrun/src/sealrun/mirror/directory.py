"""One directory as a Merkle tree of fixed depth: its leaves, its root, and paths into it.

A leaf is ``H("sealrun:entry", [name, kind, high, low])``. ``name`` is the hash of the entry's name. For
files and links, ``high`` and ``low`` are the halves of the SHA-256 of their contents; for a directory its
root and 0; for a submodule the halves of its commit's id, as 32 bytes with zeros in front. Leaves stand in
the order of their names' bytes. Nodes are ``H("sealrun:node", [left, right])`` and an empty leaf is 0, as
in all trees of sealrun.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sealrun.encoding.fields import digest_fields, node_hash, tagged_hash
from sealrun.encoding.merkle import Merkle
from sealrun.errors import Malformed
from sealrun.mirror.objects import MAX_NAME_BYTES, Kind

# Room for 16,384 entries.
DEPTH = 14
NAME_FIELDS = 9
_FIELD_BYTES = 31


TREE = Merkle(depth=DEPTH, node=node_hash, empty=0)


@dataclass(frozen=True)
class Leaf:
    """One entry, as a circuit sees it."""

    name: bytes
    kind: Kind
    high: int
    low: int

    def hash(self) -> int:
        """The leaf, one field."""
        return tagged_hash("sealrun:entry", [name_hash(self.name), int(self.kind), self.high, self.low])


def name_hash(name: bytes) -> int:
    """``H("sealrun:name", ...)`` over the name's bytes, 31 to a field, least significant first; zeros follow.

    No name holds a zero byte, so no two names share a hash.

    Raises:
        Malformed: the name is empty, longer than 255 bytes, or holds ``/`` or a zero byte.
    """
    if not 1 <= len(name) <= MAX_NAME_BYTES or b"/" in name or b"\0" in name:
        raise Malformed(f"name: expected 1 to {MAX_NAME_BYTES} bytes without / and zero, got {name[:40]!r}")
    parts = [name[at : at + _FIELD_BYTES] for at in range(0, NAME_FIELDS * _FIELD_BYTES, _FIELD_BYTES)]
    return tagged_hash("sealrun:name", [int.from_bytes(part, "little") for part in parts])


def file_leaf(name: bytes, kind: Kind, sha256: bytes) -> Leaf:
    """The leaf of a file or a link, by the SHA-256 (32 bytes) of its contents."""
    high, low = digest_fields(sha256)
    return Leaf(name, kind, high, low)


def directory_leaf(name: bytes, root: int) -> Leaf:
    """The leaf of a directory, by its root."""
    return Leaf(name, Kind.DIRECTORY, root, 0)


def commit_leaf(name: bytes, commit: str) -> Leaf:
    """The leaf of a submodule, by its commit's id (40 hex digits)."""
    high, low = digest_fields(bytes.fromhex(commit).rjust(32, b"\0"))
    return Leaf(name, Kind.COMMIT, high, low)


def in_order(leaves: Sequence[Leaf]) -> list[Leaf]:
    """As they stand in the tree."""
    return sorted(leaves, key=lambda leaf: leaf.name)


def root_of(leaves: Sequence[Leaf]) -> int:
    """The root of a directory with these entries, in any order.

    Raises:
        Refused: there are more than 16,384.
    """
    return TREE.root([leaf.hash() for leaf in in_order(leaves)])


@dataclass(frozen=True)
class Step:
    """One component of a path: the entry, and where it stands in its directory."""

    leaf: Leaf
    index: int
    siblings: tuple[int, ...]  # DEPTH of them, from the leaf up

    def root(self) -> int:
        """The root of the directory that holds the entry here."""
        return TREE.climb(self.leaf.hash(), self.index, self.siblings)

    def value(self) -> Mapping[str, object]:
        """As JSON has it; numbers as decimal text, the name as hex."""
        return {
            "name": self.leaf.name.hex(),
            "kind": int(self.leaf.kind),
            "high": str(self.leaf.high),
            "low": str(self.leaf.low),
            "index": self.index,
            "siblings": [str(each) for each in self.siblings],
        }


def step_to(name: bytes, leaves: Sequence[Leaf]) -> Step:
    """The step to the entry of this name.

    Raises:
        Malformed: the directory has none.
    """
    ordered = in_order(leaves)
    for index, leaf in enumerate(ordered):
        if leaf.name == name:
            return Step(leaf, index, tuple(TREE.path([each.hash() for each in ordered], index)))
    raise Malformed(f"{name.decode(errors='replace')[:80]}: expected it in its directory, got no such entry")
