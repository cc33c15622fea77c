"""Decompresses gzip, bzip2 and xz in constant memory, and recognises the beginning of a zip archive.

Not read: zstd, 7z, and formats that compress parts of themselves (PDF, PNG).
"""

import bz2
import itertools
import lzma
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from sealrun.encoding.bundles import HEAD
from sealrun.errors import UnsafeArchive

CHUNK = 1 << 20
# A local file header, or the end record of an empty archive (APPNOTE 4.3.7, 4.3.16).
ZIP = (b"PK\x03\x04", b"PK\x05\x06")
# `xz -9` asks for 65 MiB.
_XZ_MEMORY = 80 << 20


class _Stream(Protocol):
    """What bz2 and lzma have, and zlib nearly."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _Gzip:
    """zlib's decompressor for RFC 1952 with the interface of the others: it keeps unused input."""

    needs_input = True

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def unused_data(self) -> bytes:
        return self._stream.unused_data

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        out = self._stream.decompress(self._stream.unconsumed_tail + data, max_length)
        self.needs_input = not self._stream.unconsumed_tail
        return out


def _xz() -> _Stream:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)


# By the bytes that a file begins with: RFC 1952, 2.3.1; bzip2; the .xz File Format, 2.1.1.1.
_FORMS: dict[bytes, Callable[[], _Stream]] = {
    b"\x1f\x8b": _Gzip,
    b"BZh": bz2.BZ2Decompressor,
    b"\xfd7zXZ\0": _xz,
}


def is_zip(head: bytes) -> bool:
    """True for bytes that begin as a zip archive does."""
    return head.startswith(ZIP)


def is_compressed(head: bytes) -> bool:
    """True for bytes that begin as gzip, bzip2 or xz do."""
    return any(head.startswith(magic) for magic in _FORMS)


def with_head(chunks: Iterable[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """What the bytes begin with, enough to tell any form, in however small pieces they come; and all."""
    rest, head = iter(chunks), b""
    while len(head) < HEAD and (chunk := next(rest, None)) is not None:
        head += chunk
    return head, itertools.chain([head], rest)


def inflated(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """What a compressed file holds, at most ``CHUNK`` bytes at a time; several streams are read as one.

    How much comes out is not bounded: whoever reads it does that.

    Raises:
        UnsafeArchive: the bytes are damaged, cut short, not compressed, or ask for too much memory.
    """
    try:
        yield from _inflated(*with_head(chunks))
    except (zlib.error, lzma.LZMAError, OSError, ValueError, EOFError) as error:
        raise UnsafeArchive(f"compressed file: expected a sound one, {error}") from error


def _inflated(head: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    new = next((form for magic, form in _FORMS.items() if head.startswith(magic)), None)
    if new is None:
        raise ValueError("got another form")
    stream = new()
    for data in chunks:
        left = data
        while left or not (stream.needs_input or stream.eof):
            if stream.eof:
                stream = new()
            yield stream.decompress(left, CHUNK)
            left = stream.unused_data.lstrip(b"\0") if stream.eof else b""  # streams may be padded
    if not stream.eof:
        raise EOFError("got one that is cut short")
