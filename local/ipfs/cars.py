"""Reads the CARs that an import brings, as kubo does: https://ipld.io/specs/transport/car/carv1/."""

from collections.abc import Iterator
from typing import BinaryIO

# kubo refuses larger blocks: bitswap does not carry them.
MAX_SECTION = (2 << 20) + 64
CID_BYTES = 36
_ROOT = b"\xa2\x65roots\x81\xd8\x2a\x58\x25\x00"
_MORE = 0x80


class NotACar(Exception):
    """The bytes are not a CAR of one root, with CIDs by SHA-256."""


def read_root(file: BinaryIO) -> bytes:
    """The root's CID; what follows in the file are blocks."""
    header = _section(file) or b""
    if not header.startswith(_ROOT) or len(header) < len(_ROOT) + CID_BYTES:
        raise NotACar("car: expected a header with one root, got another")
    return header[len(_ROOT) :][:CID_BYTES]


def read_blocks(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """Each block's CID and bytes."""
    while section := _section(file):
        yield section[:CID_BYTES], section[CID_BYTES:]


def _section(file: BinaryIO) -> bytes | None:
    length = _varint(file)
    if length is None:
        return None
    if not CID_BYTES <= length <= MAX_SECTION:
        raise NotACar(f"car: expected a section of {CID_BYTES} to {MAX_SECTION} bytes, got {length}")
    section = file.read(length)
    if len(section) != length:
        raise NotACar(f"car: expected {length} bytes, got {len(section)}")
    return section


def _varint(file: BinaryIO) -> int | None:
    value, shift = 0, 0
    while byte := file.read(1):
        value |= (byte[0] % _MORE) << shift
        if byte[0] < _MORE:
            return value
        shift += 7
    return None
