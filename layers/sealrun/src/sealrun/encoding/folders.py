"""A folder of files as IPFS has it: its CID and the nodes that hold it together."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sealrun.encoding.cids import Block, Link, folder_node, parse_cid, to_text, total_size
from sealrun.errors import Malformed

# IPIP-499: a node of more bytes becomes a HAMT, which is not made here; it takes some 4,000 names.
MAX_NODE_BYTES = 256 << 10
MAX_DEPTH = 64


@dataclass(frozen=True)
class Entry:
    """A file by its CID in the profile, and its size in bytes."""

    cid: str
    size: int


@dataclass(frozen=True)
class Folder:
    """A folder's CID, its own nodes, the root last, and the bytes of all its files together."""

    cid: str
    nodes: tuple[Block, ...]
    size: int


@dataclass
class _Open:
    """A folder while names are put into it."""

    folders: "dict[str, _Open]" = field(default_factory=dict)
    files: dict[str, Link] = field(default_factory=dict)


def folder_cid(entries: Mapping[str, Entry]) -> str:
    """The CID of a folder that holds these files by their names, such as ``logs/build.txt``.

    Raises:
        Malformed: as for ``make_folder``.
    """
    return make_folder(entries).cid


def make_folder(entries: Mapping[str, Entry]) -> Folder:
    """The folder that holds these files; folders within it exist only where a name needs them.

    Not checked: that a file's CID is that of its bytes, nor that they are so many.

    Raises:
        Malformed: a name has an empty part, ``.``, ``..`` or NUL in it, is not text, is a file and a
            folder at once, or lies too deep; a CID is not of the profile; one folder has too many names.
    """
    root = _Open()
    for name, entry in entries.items():
        _put(root, name, entry)
    nodes: list[Block] = []
    link = _close(root, nodes)
    return Folder(to_text(link.cid), tuple(nodes), sum(entry.size for entry in entries.values()))


def _put(root: _Open, name: str, entry: Entry) -> None:
    if entry.size < 0:
        raise Malformed(f"size: expected a number from 0, got {entry.size}")
    *above, last = _parts(name)
    where = root
    for part in above:
        if part in where.files:
            raise _both(name)
        where = where.folders.setdefault(part, _Open())
    if last in where.folders or last in where.files:
        raise _both(name)
    where.files[last] = Link(parse_cid(entry.cid), entry.size, total_size(entry.size))


def _parts(name: str) -> list[str]:
    parts = name.split("/")
    bad = any(part in ("", ".", "..") or "\0" in part for part in parts)
    if bad or len(parts) > MAX_DEPTH or not _is_text(name):
        says = "parts by '/', none of them empty, '.' or '..'"
        raise Malformed(f"name: expected at most {MAX_DEPTH} {says}, got {name[:80]!a}")
    return parts


def _is_text(name: str) -> bool:
    """False for text that UTF-8 cannot encode."""
    return not any("\ud800" <= character <= "\udfff" for character in name)


def _both(name: str) -> Malformed:
    return Malformed(f"name: expected a file or a folder, got both as {name[:80]!a}")


def _close(folder: _Open, nodes: list[Block]) -> Link:
    below = {name: _close(inner, nodes) for name, inner in folder.folders.items()}
    link, block = folder_node([*folder.files.items(), *below.items()])
    if len(block.data) > MAX_NODE_BYTES:
        message = (
            f"folder: expected names for a node of at most {MAX_NODE_BYTES} bytes, got {len(block.data)}"
        )
        raise Malformed(message)
    nodes.append(block)
    return link
