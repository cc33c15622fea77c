"""Reading evidence indexes, openings and disclosures that somebody sent; nothing in them is trusted."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mina.field import P
from sealrun.encoding import read
from sealrun.encoding.fields import canonical
from sealrun.encoding.json_limits import parse_object
from sealrun.errors import Malformed
from sealrun.evidence.leaves import DEPTH, TREE, TWIN, Kind, Leaf
from sealrun.offers.evidence_policy import MAX_LINE

MAX_INDEX_BYTES = 8 << 20
TREES = ("outputs", "profile")


@dataclass(frozen=True)
class Entry:
    """One leaf as the index has it; ``leaf`` is None for a hidden one."""

    kind: Kind
    hash: int
    twin: bytes
    leaf: Leaf | None
    cid: str  # empty where none is claimed
    text: str | None  # of a line


@dataclass(frozen=True)
class Index:
    """The parsed index."""

    call: str
    cid_profile: str
    trees: Mapping[str, tuple[Entry, ...]]
    sha256: str  # of the document, 64 hex digits

    @classmethod
    def parse(cls, document: bytes) -> "Index":
        """Read the index.

        Not checked: that an opening is that of its hash, and that the hashes are those that were signed.

        Raises:
            Malformed: it is too large, not canonical JSON, or not of its form.
        """
        names = ("sealrun", "call", "cid_profile", *TREES)
        value = _document(document, names, where="index")
        cid_profile = read.text(value, "cid_profile", pattern=r"[a-z0-9-]{1,40}", says="a profile's name")
        trees = {name: tuple(_entry(entry, name) for entry in _leaves(value, name)) for name in TREES}
        return cls(_call(value), cid_profile, trees, hashlib.sha256(document).hexdigest())

    def with_cids(self) -> dict[str, tuple[str, Leaf]]:
        """CID and leaf of each shown item that has a CID, by its place in an evidence folder."""
        return {
            f"{tree}/{entry.leaf.label}": (entry.cid, entry.leaf)
            for tree in TREES
            for entry in self.trees[tree]
            if entry.leaf is not None and entry.cid
        }


def parse_openings(document: bytes) -> tuple[str, dict[str, tuple[Leaf, ...]]]:
    """The call, and the leaves of each tree in their order.

    Raises:
        Malformed: as for the index.
    """
    value = _document(document, ("sealrun", "call", *TREES), where="openings")
    return _call(value), {name: tuple(_leaf(leaf, name) for leaf in _leaves(value, name)) for name in TREES}


@dataclass(frozen=True)
class Disclosure:
    """One leaf with its ways to both roots."""

    tree: str
    count: int
    leaf: Leaf
    siblings: tuple[int, ...]
    twins: tuple[bytes, ...]

    @classmethod
    def parse(cls, document: bytes) -> "Disclosure":
        """Read what ``sealrun.evidence.evidence.disclosure`` made.

        Raises:
            Malformed: as for the index.
        """
        names = ("sealrun", "tree", "count", "opening", "siblings", "twins")
        value = _document(document, names, where="disclosure")
        tree = read.one_of(value, "tree", TREES)
        return cls(
            tree=tree,
            count=read.whole(value, "count", low=1, high=2**DEPTH),
            leaf=_leaf(value["opening"], tree),
            siblings=tuple(
                read.decimal({"siblings": item}, "siblings", high=P - 1) for item in _path(value, "siblings")
            ),
            twins=tuple(_digest({"twins": item}, "twins") for item in _path(value, "twins")),
        )

    @property
    def root(self) -> int:
        """The Poseidon root that the leaf leads to."""
        return TREE.climb(self.leaf.hash, self.leaf.index, self.siblings)

    @property
    def twin_root(self) -> bytes:
        """The SHA-256 root that the leaf leads to."""
        return TWIN.climb(self.leaf.twin, self.leaf.index, self.twins)


def _document(document: bytes, names: tuple[str, ...], *, where: str) -> dict[str, Any]:
    value = read.only(parse_object(document, at_most=MAX_INDEX_BYTES), names, where=where)
    if not _is_canonical(value, document):
        raise Malformed(f"{where}: expected canonical JSON (RFC 8785), got another form of it")
    read.whole(value, "sealrun", low=1, high=1)
    return value


def _is_canonical(value: dict[str, Any], document: bytes) -> bool:
    """True if the document is in its canonical form.

    Python's own form is that of RFC 8785 for text and whole numbers under ASCII names, and is made many times
    faster. Anything else in these documents is refused when their values are read.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "replace") == document or canonical(value) == document


def _call(value: Mapping[str, Any]) -> str:
    return read.text(value, "call", pattern="[0-9a-f]{64}", says="64 lower-case hex digits")


def _leaves(value: Mapping[str, Any], name: str) -> list[Any]:
    leaves = value[name]
    if not isinstance(leaves, list) or len(leaves) > 2**DEPTH:
        raise Malformed(f"{name}: expected a list of at most {2**DEPTH} leaves, got something else")
    return leaves


def _path(value: Mapping[str, Any], name: str) -> list[Any]:
    path = value[name]
    if not isinstance(path, list) or len(path) != DEPTH:
        raise Malformed(f"{name}: expected a list of {DEPTH}, got something else")
    return path


def _digest(value: Mapping[str, Any], name: str) -> bytes:
    return bytes.fromhex(read.text(value, name, pattern="[0-9a-f]{64}", says="64 lower-case hex digits"))


def _leaf(value: Any, tree: str) -> Leaf:
    leaf = Leaf.parse(value)
    _check_kind(leaf.kind, tree)
    return leaf


def _check_kind(kind: Kind, tree: str) -> None:
    """The outputs are outputs, and nothing else is: a line among them would need no file, a run no policy."""
    if (kind is Kind.OUTPUT) != (tree == TREES[0]):
        raise Malformed(f"{tree}: expected leaves of its own kinds, got one of kind {kind.name.lower()}")


def _entry(value: Any, tree: str) -> Entry:
    members = read.only(value, ("kind", "hash", "twin"), where="leaf", optional=("opening", "cid", "text"))
    leaf = _leaf(members["opening"], tree) if "opening" in members else None
    kind = Kind[read.one_of(members, "kind", [kind.name.lower() for kind in Kind]).upper()]
    _check_kind(kind, tree)
    if leaf is None and ("cid" in members or "text" in members):
        raise Malformed("leaf: expected a hidden one without cid and text, got some")
    # E5: a text stands for its file, so it must be one that has no file.
    if "text" in members and members["kind"] != Kind.LINE.name.lower():
        raise Malformed(f"text: expected one of a line only, got one of kind {members['kind']!a:.20}")
    return Entry(
        kind=kind,
        hash=read.decimal(members, "hash", high=P - 1),
        twin=_digest(members, "twin"),
        leaf=leaf,
        cid=read.text(members, "cid", pattern="b[a-z2-7]{58}", says="a CIDv1 in base32")
        if "cid" in members
        else "",
        text=_text(members) if "text" in members else None,
    )


def _text(value: Mapping[str, Any]) -> str:
    text = value["text"]
    if not isinstance(text, str) or len(text) > MAX_LINE:
        raise Malformed(f"text: expected at most {MAX_LINE} characters, got something else")
    return text
