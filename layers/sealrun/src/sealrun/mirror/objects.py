"""Git's objects in their own bytes: what they are named by, and what trees and commits say.

For repositories of SHA-1, as "Git Internals" of https://git-scm.com/book describes them. An id is compared
with the bytes that were read for it, so nothing here takes git's word.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum

from sealrun.errors import Malformed

ID_BYTES = 20
MAX_NAME_BYTES = 255
_ID = re.compile(rb"[0-9a-f]{40}")
_TREE_LINE = re.compile(rb"tree ([0-9a-f]{40})\n")


class Kind(IntEnum):
    """What an entry of a directory is. The numbers stand in leaves and never change."""

    FILE = 1
    EXECUTABLE = 2
    LINK = 3  # a symbolic link; its contents are where it points
    DIRECTORY = 4
    COMMIT = 5  # of another repository: a submodule


# Old versions of git wrote group-writable files.
_KINDS = {
    b"100644": Kind.FILE,
    b"100664": Kind.FILE,
    b"100755": Kind.EXECUTABLE,
    b"120000": Kind.LINK,
    b"40000": Kind.DIRECTORY,
    b"160000": Kind.COMMIT,
}


@dataclass(frozen=True)
class Entry:
    """One entry of a git tree."""

    name: bytes  # 1 to 255 bytes, without / and NUL
    kind: Kind
    id: str  # of the object that it names, 40 hex digits


def object_id(kind: str, contents: bytes) -> str:
    """The name (40 hex digits) of an object: ``blob``, ``tree`` or ``commit``."""
    header = f"{kind} {len(contents)}\0".encode()
    return hashlib.sha1(header + contents, usedforsecurity=False).hexdigest()


def blob_digest(wanted: str, size: int, chunks: Iterable[bytes]) -> bytes:
    """The SHA-256 (32 bytes) of a blob, in one pass that also compares the blob with its name.

    Raises:
        Malformed: the bytes are another object's, or not of this size.
    """
    named = hashlib.sha1(f"blob {size}\0".encode(), usedforsecurity=False)
    measured = hashlib.sha256()
    for chunk in chunks:
        named.update(chunk)
        measured.update(chunk)
    if named.hexdigest() != wanted:
        raise Malformed(f"blob {wanted}: expected the bytes of that object, got those of {named.hexdigest()}")
    return measured.digest()


def require_object(wanted: str, kind: str, contents: bytes) -> None:
    """Compare an object's bytes with its name.

    Raises:
        Malformed: they are another object's.
    """
    got = object_id(kind, contents)
    if got != wanted:
        raise Malformed(f"{kind} {wanted}: expected the bytes of that object, got those of {got}")


def tree_of(commit: str, contents: bytes) -> str:
    """The tree (40 hex digits) of a commit, from the commit's bytes.

    Raises:
        Malformed: they are not that commit's, or name no tree.
    """
    require_object(commit, "commit", contents)
    match = _TREE_LINE.match(contents)
    if match is None:
        raise Malformed(f"commit {commit}: expected a tree on its first line, got {contents[:60]!r}")
    return match[1].decode()


def entries(tree: str, contents: bytes) -> list[Entry]:
    """What a tree lists, in git's order, from the tree's bytes.

    Raises:
        Malformed: they are not that tree's, or hold a name or a mode that git does not write, or one name
            twice.
    """
    require_object(tree, "tree", contents)
    found = list(_parse(tree, contents))
    if len({entry.name for entry in found}) != len(found):
        raise Malformed(f"tree {tree}: expected each name once, got one twice")
    return found


def _parse(tree: str, contents: bytes) -> Iterator[Entry]:
    at = 0
    while at < len(contents):
        end = contents.find(b"\0", at)
        mode, _, name = contents[at : max(end, at)].partition(b" ")
        at = end + 1 + ID_BYTES
        kind = _KINDS.get(mode)
        if end < 0 or at > len(contents) or kind is None:
            raise Malformed(f"tree {tree}: expected entries of modes that git writes, got {mode[:10]!r}")
        if not 1 <= len(name) <= MAX_NAME_BYTES or b"/" in name or name in (b".", b".."):
            raise Malformed(f"tree {tree}: expected names of 1 to {MAX_NAME_BYTES} bytes, got {name[:40]!r}")
        yield Entry(name, kind, contents[end + 1 : at].hex())
