"""CIDv1 of files as IPFS has them: UnixFS, profile ``unixfs-v1-2025`` of IPIP-499, computed as bytes pass.

https://github.com/ipfs/specs/pull/499: raw leaves of 1 MiB, balanced trees of at most 1,024 links, SHA-256.
A node's layout is that of https://specs.ipfs.tech/unixfs/ and https://ipld.io/specs/codecs/dag-pb/spec/.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sealrun.errors import Malformed

PROFILE = "unixfs-v1-2025"
CHUNK = 1 << 20
MAX_LINKS = 1024

# https://github.com/multiformats/multicodec/blob/master/table.csv
_RAW, _DAG_PB = 0x55, 0x70
_SHA2_256 = bytes([0x12, 32])
_FILE = 2  # UnixFS's Data.DataType
MORE = 0x80  # a varint's byte that another one follows


@dataclass(frozen=True)
class Link:
    """A block of a file's tree: its CID, the file's bytes under it, and the bytes of its blocks."""

    cid: bytes
    file_size: int
    total_size: int


class FileCid:
    """The CID of one file. Of its tree only the blocks that wait for their parent are kept."""

    def __init__(self) -> None:
        self._digest, self._filled = hashlib.sha256(), 0
        self._levels: list[list[Link]] = [[]]
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
        level = 0
        while level < len(self._levels) - 1 or len(self._levels[level]) > 1:
            self._add(level + 1, _node(self._levels[level]))
            self._levels[level] = []
            level += 1
        return to_text(self._levels[level][0].cid)

    def _end_chunk(self) -> None:
        self._add(0, Link(_cid(_RAW, self._digest.digest()), self._filled, self._filled))
        self._digest, self._filled = hashlib.sha256(), 0

    def _add(self, level: int, link: Link) -> None:
        """Put a block on its level; a full level becomes one block of the next once more comes."""
        if level == len(self._levels):
            self._levels.append([])
        if len(self._levels[level]) == MAX_LINKS:
            self._add(level + 1, _node(self._levels[level]))
            self._levels[level] = []
        self._levels[level].append(link)


def to_text(cid: bytes) -> str:
    """Multibase base32, lower case, without padding."""
    return "b" + base64.b32encode(cid).decode().rstrip("=").lower()


def _cid(codec: int, digest: bytes) -> bytes:
    return bytes([1, codec]) + _SHA2_256 + digest


def _node(links: Sequence[Link]) -> Link:
    """A dag-pb node of a file: links without names, then the UnixFS data with the size under each link."""
    size = sum(link.file_size for link in links)
    sizes = b"".join(_number(4, link.file_size) for link in links)
    data = _number(1, _FILE) + _number(3, size) + sizes
    block = b"".join(_bytes(2, _link(link)) for link in links) + _bytes(1, data)
    total = len(block) + sum(link.total_size for link in links)
    return Link(_cid(_DAG_PB, hashlib.sha256(block).digest()), size, total)


def _link(link: Link) -> bytes:
    return _bytes(1, link.cid) + _bytes(2, b"") + _number(3, link.total_size)


def _bytes(field: int, value: bytes) -> bytes:
    """A length-delimited protobuf field."""
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _number(field: int, value: int) -> bytes:
    """A varint protobuf field."""
    return _varint(field << 3) + _varint(value)


def _varint(value: int) -> bytes:
    if value < 0:
        raise Malformed(f"varint: expected a number from 0, got {value}")
    out = bytearray()
    while value >= MORE:
        out.append(value % MORE | MORE)
        value //= MORE
    return bytes([*out, value])
