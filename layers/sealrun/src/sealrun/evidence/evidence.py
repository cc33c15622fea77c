"""Evidence: what a run left and how it ran, as two trees of salted leaves whose hashes the receipt signs.

``index`` is for anyone: every leaf's hash, and what the offer's policy reveals. ``openings`` is for the
buyer: all of them opened. Any one opening can be shown to somebody else by itself.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import quote

from sealrun.encoding.cids import PROFILE
from sealrun.encoding.fields import canonical
from sealrun.evidence.leaves import TREE, TWIN, Kind, Leaf, checked_label, salt, tree_hash
from sealrun.evidence.places import for_any_disk

# Of a label's 512 bytes; longer names of jobs are cut and told apart by a digest.
MAX_JOB = 200
# What lies beside the jobs' folders: the run's document.
_DOCUMENT = "run.json"
# In a label the job's name is one part of a path, whatever it holds.
_PLAIN = " !#$&'()+,;=@[]^`{}~:"


@dataclass(frozen=True)
class Item:
    """One piece of evidence before it has its place in a tree."""

    kind: Kind
    label: str
    sha256: str
    size: int
    public: bool
    cid: str = ""  # CIDv1 of the bytes, where they may be published
    text: str | None = None  # of a line: it stands in the index itself


@dataclass(frozen=True)
class Tree:
    """The items of one tree in their order. The seed makes the salts and is never shown."""

    name: str  # outputs or profile
    items: tuple[Item, ...]
    seed: bytes = field(repr=False)

    @cached_property
    def leaves(self) -> tuple[Leaf, ...]:
        """The items, each at its place and with its salt."""
        return tuple(
            Leaf(at, one.kind, checked_label(one.label), one.sha256, one.size, salt(self.seed, self.name, at))
            for at, one in enumerate(self.items)
        )

    @cached_property
    def hash(self) -> int:
        """``H("sealrun:<name>", [root, count])``."""
        return tree_hash(f"sealrun:{self.name}", [leaf.hash for leaf in self.leaves])

    @property
    def twin(self) -> str:
        """The SHA-256 twin's root, 64 hex digits."""
        return TWIN.root([leaf.twin for leaf in self.leaves]).hex()

    def shown(self) -> list[dict[str, Any]]:
        """The leaves for anyone: hidden ones by kind and hashes, the others opened as well."""
        return [_shown(item, leaf) for item, leaf in zip(self.items, self.leaves, strict=True)]

    def openings(self) -> list[dict[str, Any]]:
        """The leaves for the buyer."""
        return [leaf.opening() for leaf in self.leaves]

    def disclosure(self, index: int) -> dict[str, Any]:
        """One item that can be shown by itself: its opening and its paths to both roots."""
        return disclosure(self.name, self.leaves, index)


@dataclass(frozen=True)
class Evidence:
    """Both trees of one call; ``call`` is its hash as 64 hex digits."""

    call: str
    outputs: Tree
    profile: Tree

    @property
    def index(self) -> bytes:
        """The document for anyone, canonical JSON."""
        trees = {tree.name: tree.shown() for tree in (self.outputs, self.profile)}
        return canonical({"sealrun": 1, "call": self.call, "cid_profile": PROFILE, **trees})

    @property
    def openings(self) -> bytes:
        """The buyer's document, canonical JSON. It opens everything: never published."""
        trees = {tree.name: tree.openings() for tree in (self.outputs, self.profile)}
        return canonical({"sealrun": 1, "call": self.call, **trees})


def disclosure(tree: str, leaves: Sequence[Leaf], index: int) -> dict[str, Any]:
    """One leaf of a tree with its paths, as JSON; siblings from the leaf's level up.

    Raises:
        IndexError: there is no such leaf.
    """
    hashes, twins = [leaf.hash for leaf in leaves], [leaf.twin for leaf in leaves]
    return disclosures(tree, hashes, twins, {index: leaves[index]})[0]


def disclosures(
    tree: str, hashes: Sequence[int], twins: Sequence[bytes], shown: Mapping[int, Leaf]
) -> list[dict[str, Any]]:
    """``disclosure`` of some leaves at once, by index: of all leaves only hashes and twins are needed.

    Raises:
        IndexError: there is no leaf of such an index.
    """
    indices = list(shown)
    paths = zip(shown.values(), TREE.paths(hashes, indices), TWIN.paths(twins, indices), strict=True)
    return [
        {
            "sealrun": 1,
            "tree": tree,
            "count": len(hashes),
            "opening": leaf.opening(),
            "siblings": [str(sibling) for sibling in siblings],
            "twins": [twin.hex() for twin in twin_siblings],
        }
        for leaf, siblings, twin_siblings in paths
    ]


def label(job: str, name: str) -> str:
    """The label of what a job left: the job's name with ``/`` and the like escaped, then the path."""
    return f"{_escaped(job)}/{name}"


def _escaped(job: str) -> str:
    """The job's name as one part of a label: no way up, no drive, no document's, and short enough.

    Any text has a label, also one with half of a surrogate pair (L14).
    """
    escaped = quote(job, safe=_PLAIN, errors="surrogatepass")
    if set(escaped) == {"."} or escaped.lower() == _DOCUMENT:
        escaped = escaped.replace(".", "%2E")
    if re.match("[A-Za-z]:", escaped):
        escaped = escaped.replace(":", "%3A", 1)
    escaped = for_any_disk(escaped, but=":")  # patterns of offers name jobs such as "test: [3.11]"
    if len(escaped) > MAX_JOB:
        digest = hashlib.sha256(job.encode(errors="surrogatepass")).hexdigest()[:32]
        escaped = f"{escaped[: MAX_JOB - len(digest) - 1]}~{digest}"
    return escaped


def job_of(place: str) -> str:
    """The job's part of a label, as it is escaped there."""
    return place.partition("/")[0]


def _shown(item: Item, leaf: Leaf) -> dict[str, Any]:
    value: dict[str, Any] = {"kind": item.kind.name.lower(), "hash": str(leaf.hash), "twin": leaf.twin.hex()}
    if not item.public:
        return value
    optional = {"cid": item.cid or None, "text": item.text}
    return {**value, "opening": leaf.opening(), **{k: v for k, v in optional.items() if v is not None}}
