"""CIDv1 of files and folders as IPFS has them: UnixFS, profile ``unixfs-v1-2025`` of IPIP-499.

https://specs.ipfs.tech/ipips/ipip-0499/: raw leaves of 1 MiB, balanced trees of at most 1,024 links, SHA-256;
https://specs.ipfs.tech/unixfs/ and https://ipld.io/specs/codecs/dag-pb/spec/ say what a node's bytes are.
A file's CID is computed as its bytes pass; of its tree only the links that wait for their parent are kept.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sealrun.errors import Malformed


@dataclass(frozen=True)
class Profile:
    """What decides a file's CID beside its bytes; ``chunk`` is in bytes."""

    name: str
    chunk: int
    max_links: int
    raw_leaves: bool
    cid_version: int


UNIXFS_V1_2025 = Profile("unixfs-v1-2025", 1 << 20, 1024, raw_leaves=True, cid_version=1)
# What kubo computes unless told otherwise; no evidence has it.
UNIXFS_V0_2015 = Profile("unixfs-v0-2015", 1 << 18, 174, raw_leaves=False, cid_version=0)
PROFILE = UNIXFS_V1_2025.name
CHUNK = UNIXFS_V1_2025.chunk
MAX_LINKS = UNIXFS_V1_2025.max_links

# https://github.com/multiformats/multicodec/blob/master/table.csv
_RAW, _DAG_PB = 0x55, 0x70
_SHA2_256 = bytes([0x12, 32])
_PREFIXES = tuple(bytes([1, codec]) + _SHA2_256 for codec in (_RAW, _DAG_PB))
CID_BYTES = 36
_CID_CHARACTERS = 59
# UnixFS's Data.DataType
_DIRECTORY, _FILE = 1, 2
MORE = 0x80  # a varint's byte that another one follows


class Block(NamedTuple):
    """One node with the CID of its bytes."""

    cid: bytes
    data: bytes


class Link(NamedTuple):
    """A block that its parent names: the file's bytes under it, and the bytes of all its blocks (Tsize)."""

    cid: bytes
    file_size: int
    total_size: int


Keep = Callable[[Block], None]


def _drop(_: Block) -> None:
    """Nobody wants the nodes."""


class FileCid:
    """The CID of one file whose bytes come in pieces of any length."""

    def __init__(self) -> None:
        self._digest, self._filled = hashlib.sha256(), 0
        self._tree = _Tree(_drop)
        self.size = 0

    def update(self, chunk: bytes) -> None:
        """Take the next bytes, however many."""
        self.size += len(chunk)
        view = memoryview(chunk)
        while view:
            if self._filled == CHUNK:
                self._end_chunk()
            part = view[: CHUNK - self._filled]
            self._digest.update(part)
            self._filled += len(part)
            view = view[len(part) :]

    def cid(self) -> str:
        """The CID of all bytes so far, in base32; nothing may follow."""
        self._end_chunk()
        return to_text(self._tree.root().cid)

    def _end_chunk(self) -> None:
        self._tree.add(Link(_cid(_RAW, self._digest.digest()), self._filled, self._filled))
        self._digest, self._filled = hashlib.sha256(), 0


class _Tree:
    """A balanced tree that grows to the right: every leaf ends up equally far from the root."""

    def __init__(self, keep: Keep, profile: Profile = UNIXFS_V1_2025) -> None:
        self._levels: list[list[Link]] = [[]]
        self._keep, self._profile = keep, profile

    def add(self, link: Link, level: int = 0) -> None:
        """Put a block on its level; a full level becomes one block of the next once more comes."""
        if level == len(self._levels):
            self._levels.append([])
        if len(self._levels[level]) == self._profile.max_links:
            self._close(level)
        self._levels[level].append(link)

    def root(self) -> Link:
        """Close every level; nothing may follow."""
        level = 0
        while level < len(self._levels) - 1 or len(self._levels[level]) > 1:
            self._close(level)
            level += 1
        return self._levels[level][0]

    def _close(self, level: int) -> None:
        link, block = file_node(self._levels[level], self._profile)
        self._levels[level] = []
        self._keep(block)
        self.add(link, level + 1)


def file_blocks(chunks: Iterable[bytes], profile: Profile = UNIXFS_V1_2025) -> Iterator[Block]:
    """Every block of one file, the root last; a chunk and the waiting links are in memory."""
    nodes: list[Block] = []
    tree = _Tree(nodes.append, profile)
    for data in _leaves(chunks, profile.chunk):
        link, leaf = _leaf(data, profile)
        tree.add(link)
        yield from nodes
        nodes.clear()
        yield leaf
    tree.root()
    yield from nodes


def _leaves(chunks: Iterable[bytes], length: int) -> Iterator[bytes]:
    """The bytes in pieces of one length, the last one shorter; one empty piece where there are none."""
    filled, any_yet = bytearray(), False
    for chunk in chunks:
        filled += chunk
        while len(filled) > length:
            yield bytes(filled[:length])
            del filled[:length]
            any_yet = True
    if filled or not any_yet:
        yield bytes(filled)


def _leaf(data: bytes, profile: Profile) -> tuple[Link, Block]:
    """A chunk's block: its bytes alone, or a node that holds them."""
    if profile.raw_leaves:
        block = Block(_cid(_RAW, hashlib.sha256(data).digest()), data)
    else:
        content = _bytes(2, data) if data else b""
        block = _node([], _number(1, _FILE) + content + _number(3, len(data)), profile)
    return _linked(block, [], len(data)), block


def total_size(size: int) -> int:
    """Tsize of a file of so many bytes: its own and those of its nodes, which its length alone decides."""
    return sum(block_sizes(size))


def block_sizes(size: int) -> Iterator[int]:
    """The bytes of each block of a file of so many bytes, level by level, the root last."""
    full, rest = divmod(size, CHUNK)
    blank = bytes(CID_BYTES)
    level = [Link(blank, CHUNK, CHUNK)] * full
    level += [Link(blank, rest, rest)] if rest or not full else []
    yield from (link.total_size for link in level)
    while len(level) > 1:
        groups = [level[at : at + MAX_LINKS] for at in range(0, len(level), MAX_LINKS)]
        # all groups but the last are equal
        made = [file_node(groups[0])] * (len(groups) - 1) + [file_node(groups[-1])]
        yield from (len(block.data) for _, block in made)
        level = [link for link, _ in made]


def file_node(links: Sequence[Link], profile: Profile = UNIXFS_V1_2025) -> tuple[Link, Block]:
    """A dag-pb node of a file: links without names, then the UnixFS data with the size under each link."""
    size = sum(link.file_size for link in links)
    sizes = b"".join(_number(4, link.file_size) for link in links)
    data = _number(1, _FILE) + _number(3, size) + sizes
    block = _node([(b"", link) for link in links], data, profile)
    return _linked(block, links, size), block


def folder_node(links: Sequence[tuple[str, Link]]) -> tuple[Link, Block]:
    """A dag-pb node of a folder; links stand in the order of their names' bytes.

    Not checked: names. ``sealrun.encoding.folders`` does.
    """
    named = sorted((name.encode(), link) for name, link in links)
    block = _node(named, _number(1, _DIRECTORY), UNIXFS_V1_2025)
    return _linked(block, [link for _, link in named], 0), block


def to_text(cid: bytes) -> str:
    """Multibase base32, lower case, without padding."""
    return "b" + base64.b32encode(cid).decode().rstrip("=").lower()


def parse_cid(text: str) -> bytes:
    """The 36 bytes of a CID as this profile makes them.

    Raises:
        Malformed: it is not a CIDv1 in base32, of raw or dag-pb bytes, with their whole SHA-256.
    """
    says = "cid: expected a CIDv1 in base32 of raw or dag-pb bytes by SHA-256"
    if len(text) != _CID_CHARACTERS or not text.startswith("b") or not text.isascii():
        raise Malformed(f"{says}, got {text[:80]!a}")
    try:
        cid = base64.b32decode(text[1:].upper() + "=" * (-len(text[1:]) % 8))
    except binascii.Error as error:
        raise Malformed(f"{says}, got {text!a}") from error
    # Written again, so that one CID has one text: unused bits and upper case are refused.
    if to_text(cid) != text or not cid.startswith(_PREFIXES):
        raise Malformed(f"{says}, got {text!a}")
    return cid


def _cid(codec: int, digest: bytes) -> bytes:
    return bytes([1, codec]) + _SHA2_256 + digest


def _linked(block: Block, links: Iterable[Link], file_size: int) -> Link:
    return Link(block.cid, file_size, len(block.data) + sum(link.total_size for link in links))


def _node(links: Sequence[tuple[bytes, Link]], data: bytes, profile: Profile) -> Block:
    """PBNode: the links, although their field's number is higher, stand before the data."""
    written = b"".join(_bytes(2, _link(name, link)) for name, link in links) + _bytes(1, data)
    cid = _cid(_DAG_PB, hashlib.sha256(written).digest())
    # A CIDv0 names neither its version nor its codec, which is dag-pb.
    return Block(cid if profile.cid_version else cid[2:], written)


def _link(name: bytes, link: Link) -> bytes:
    return _bytes(1, link.cid) + _bytes(2, name) + _number(3, link.total_size)


def _bytes(field: int, value: bytes) -> bytes:
    """A length-delimited protobuf field."""
    return varint(field << 3 | 2) + varint(len(value)) + value


def _number(field: int, value: int) -> bytes:
    """A varint protobuf field."""
    return varint(field << 3) + varint(value)


def varint(value: int) -> bytes:
    """An unsigned LEB128 number, as protobuf and multiformats write it."""
    if value < 0:
        raise Malformed(f"varint: expected a number from 0, got {value}")
    out = bytearray()
    while value >= MORE:
        out.append(value % MORE | MORE)
        value //= MORE
    return bytes([*out, value])
