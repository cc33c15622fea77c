"""A file as a CAR: the blocks of its tree in one stream, by which a node gets it under the CID computed here.

https://ipld.io/specs/transport/car/carv1/: a header that names the root, then each block behind its CID.
Sent as it is, a file would get the CID of the node's own chunk size; its blocks have no other CID.
"""

from collections.abc import Iterable, Iterator

from sealrun.encoding.cids import CID_BYTES, block_sizes, file_blocks, parse_cid, varint

# dag-cbor of {"roots": [CID], "version": 1}: 0xd8 0x2a is the tag of a CID, whose bytes follow a zero.
_HEADER = (b"\xa2\x65roots\x81\xd8\x2a\x58\x25\x00", b"\x67version\x01")


def car(cid: str, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The CAR of a file, piece by piece, with about a mebibyte in memory.

    Not checked: that the bytes are those of the CID; whoever imports the CAR finds the root missing then.

    Args:
        cid: of the file, which stands before its bytes.
        chunks: the file's bytes, in pieces of any length.

    Raises:
        Malformed: it is not a CID of the profile.
    """
    yield _section(parse_cid(cid).join(_HEADER))
    for block in file_blocks(chunks):
        yield _section(block.cid + block.data)


def car_size(size: int) -> int:
    """The bytes of the CAR of a file of so many bytes."""
    header = len(b"".join(_HEADER)) + CID_BYTES
    contents = (header, *(CID_BYTES + block for block in block_sizes(size)))
    return sum(len(varint(length)) + length for length in contents)


def _section(content: bytes) -> bytes:
    return varint(len(content)) + content
