"""Items of evidence as salted leaves of two trees, Poseidon for contracts and SHA-256 for all others (E1).

The leaves show how many items there are and of which kind. Of a hidden item they show nothing else: its name,
its digest and its size are hashed together with 248 random bits of salt.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import Any

from sealrun.encoding import read
from sealrun.encoding.fields import canonical, digest_fields, document_hash, node_hash, tagged_hash
from sealrun.encoding.merkle import Merkle
from sealrun.encoding.plain_text import is_plain
from sealrun.errors import Malformed

# Room for 4,096 items of one call in each tree.
DEPTH = 12
# 31 bytes fit into a field (E3).
SALT_BYTES = 31
MAX_LABEL_BYTES = 512


class Kind(IntEnum):
    """The kind of an item; its number is hashed."""

    OUTPUT = 1  # a file that the run left, labelled job/path
    RUN = 2  # how the call went: run, jobs, duplicates, what is not pinned
    LOG = 3  # a job's whole log, secrets masked
    LINE = 4  # one line of a log (evidence.log_lines) that the policy names, labelled job/job.log:number
    PROFILE = 5  # a file of the probe as it came, labelled job/name
    STACKS = 6  # the folded stacks with what the policy does not name replaced, labelled job/name
    PROBE = 7  # one probe's values, labelled job/probe
    TOKEN = 8  # a job's CI token
    CLAIMS = 9  # what of a job's CI token concerns no person


def _twin_node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


TREE = Merkle(depth=DEPTH, node=node_hash, empty=0)
TWIN = Merkle(depth=DEPTH, node=_twin_node, empty=bytes(32))


@dataclass(frozen=True)
class Leaf:
    """One item, opened: whoever has this and the bytes can check that the receipt covers them."""

    index: int  # its place in its tree, from 0
    kind: Kind
    label: str
    sha256: str  # of the item's bytes, 64 hex digits
    size: int  # bytes
    salt: str  # 248 bits as 62 hex digits

    @cached_property
    def hash(self) -> int:
        """``H("sealrun:leaf", [index, kind, label_hash, digest hi, digest lo, salt])``.

        ``label_hash`` is ``H("sealrun:label", digest(label))``, of the label's UTF-8 bytes. The size is
        not in it: the digest fixes it.
        """
        label = document_hash("sealrun:label", self.label.encode())
        digest = digest_fields(bytes.fromhex(self.sha256))
        return tagged_hash("sealrun:leaf", [self.index, int(self.kind), label, *digest, int(self.salt, 16)])

    @cached_property
    def twin(self) -> bytes:
        """SHA-256 of a zero byte and ``opening()`` in canonical JSON; nodes begin with a one (RFC 6962)."""
        return hashlib.sha256(b"\x00" + canonical(self.opening())).digest()

    def opening(self) -> dict[str, Any]:
        """The leaf as JSON."""
        return {
            "index": self.index,
            "kind": self.kind.name.lower(),
            "label": self.label,
            "sha256": self.sha256,
            "size": self.size,
            "salt": self.salt,
        }

    @classmethod
    def parse(cls, value: object) -> "Leaf":
        """Read ``opening()`` back.

        Raises:
            Malformed: a name is missing or unknown, or a value is not of its form.
        """
        names = ("index", "kind", "label", "sha256", "size", "salt")
        members = read.only(value, names, where="leaf")
        return cls(
            index=read.whole(members, "index", low=0, high=2**DEPTH - 1),
            kind=Kind[read.one_of(members, "kind", [kind.name.lower() for kind in Kind]).upper()],
            label=checked_label(members["label"]),
            sha256=read.text(members, "sha256", pattern="[0-9a-f]{64}", says="64 lower-case hex digits"),
            size=read.whole(members, "size", low=0, high=2**53 - 1),
            salt=read.text(members, "salt", pattern="[0-9a-f]{62}", says="62 lower-case hex digits"),
        )


def checked_label(value: object) -> str:
    """The label, which is a relative path: names without control characters, none of them ``.`` or ``..``.

    Raises:
        Malformed: it is not.
    """
    if not isinstance(value, str) or not is_plain(value) or len(value.encode()) > MAX_LABEL_BYTES:
        raise Malformed(f"label: expected at most {MAX_LABEL_BYTES} bytes of printable text, got another")
    if "\\" in value or {"", ".", ".."} & set(value.split("/")) or re.match("[A-Za-z]:", value):
        raise Malformed(f"label: expected a path inside the evidence folder, got {value[:40]!r}")
    return value


def salt(seed: bytes, tree: str, index: int) -> str:
    """A leaf's salt: HMAC-SHA256 of tree and index under the call's secret seed, cut to 248 bits.

    Derived, so that collecting again after a crash gives the same leaves.

    Args:
        seed: 32 random bytes that nobody but the operator knows.
        tree: ``outputs`` or ``profile``.
        index: the leaf's place.
    """
    if len(seed) != hashlib.sha256().digest_size:
        raise ValueError(f"seed: expected 32 bytes, got {len(seed)}")
    return hmac.new(seed, f"{tree}:{index}".encode(), "sha256").digest()[:SALT_BYTES].hex()


def tree_hash(tag: str, hashes: Sequence[int]) -> int:
    """``H(tag, [root, count])`` over the leaves' hashes; the receipt signs it as outputs and profile hash.

    Raises:
        Refused: there are more leaves than the tree has room for.
    """
    return tagged_hash(tag, [TREE.root(hashes), len(hashes)])
