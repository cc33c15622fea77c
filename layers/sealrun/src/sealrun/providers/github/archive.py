"""Puts a file that was left without an archive into one: only archives are collected. Pure.

``actions/upload-artifact`` leaves one file as it is with ``archive: false``; GitHub hands it out under the
artifact's name, which is the file's.
"""

import io
import zipfile
from collections.abc import Iterator
from http import HTTPStatus
from itertools import chain
from pathlib import PurePosixPath

from sealrun.encoding.inflate import ZIP
from sealrun.errors import ProviderRefused


def as_archive(pieces: Iterator[bytes], name: str, *, may_be_file: bool) -> Iterator[bytes]:
    """The pieces if they are a zip, else a zip with them as its one entry where ``may_be_file``.

    A file that is a zip itself is taken for an archive: nothing in GitHub's answers tells the two apart.

    Raises:
        ProviderRefused: they are no zip, as what a proxy or a storage gives in an archive's place.
    """
    head = b""
    while len(head) < len(ZIP[0]) and (piece := next(pieces, b"")):
        head += piece
    whole = chain([head], pieces)
    if head.startswith(ZIP):
        yield from whole
    elif not may_be_file:
        raise ProviderRefused("archive: expected a zip, got something else", answered=HTTPStatus.OK)
    else:
        yield from _zipped(whole, PurePosixPath(name).name or "file")


def _zipped(pieces: Iterator[bytes], name: str) -> Iterator[bytes]:
    sink = _Sink()
    entry_of = zipfile.ZipInfo(name)
    with zipfile.ZipFile(sink, "w") as archive, archive.open(entry_of, "w", force_zip64=True) as entry:
        for piece in pieces:
            entry.write(piece)
            yield sink.taken()
    yield sink.taken()


class _Sink(io.RawIOBase):
    """Keeps written bytes until they are taken; not seekable, so zipfile writes sizes after each entry."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        view = memoryview(data)  # type: ignore[arg-type]
        self._buffer += view
        return len(view)

    def taken(self) -> bytes:
        written, self._buffer = bytes(self._buffer), bytearray()
        return written
