"""Opens the zip archives that CI providers serve, with bounds on all that a stranger's archive can do."""

import contextlib
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from functools import partial

from sealrun.errors import UnsafeArchive
from sealrun.ports import Content

CHUNK = 1 << 20
IN_MEMORY = 1 << 20
MAX_NAME = 255

# What zipfile raises on archives that are not sound: offsets that lead nowhere, encryption, other methods.
_UNSOUND = (zipfile.BadZipFile, zlib.error, struct.error, ValueError, OSError, RuntimeError, EOFError)


def unpack_zip(chunks: Iterable[bytes], *, max_bytes: int, max_files: int) -> Iterator[tuple[str, Content]]:
    """``sealrun.ports.Unpack`` for zip: the archive is spooled once, its files are read from there.

    Folders are left out; links are read as the plain files that zip keeps them as.

    Raises:
        UnsafeArchive: see the port.
    """
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as spool:
        _spool(chunks, spool, max_bytes)
        with _translated():
            archive = zipfile.ZipFile(spool)
        budget = _Budget(max_bytes)
        for entry in _files(archive, max_files):
            budget.allow(entry)
            yield entry.filename, partial(_content, archive, entry)


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """Translate zipfile's own errors, and those of what it unpacks with, as ours."""
    try:
        yield
    except _UNSOUND as error:
        raise UnsafeArchive(f"archive: expected a sound zip file without encryption, {error}") from error


def _spool(chunks: Iterable[bytes], spool: "tempfile.SpooledTemporaryFile[bytes]", limit: int) -> None:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise UnsafeArchive(f"archive: expected at most {limit} bytes, got more")
        spool.write(chunk)
    spool.seek(0)


def _files(archive: zipfile.ZipFile, max_files: int) -> list[zipfile.ZipInfo]:
    files = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(files) > max_files:
        raise UnsafeArchive(f"archive: expected at most {max_files} files, got {len(files)}")
    names = [entry.filename for entry in files]
    for name in names:
        _check_name(name)
    if len(set(names)) != len(names):
        raise UnsafeArchive("archive: expected every name once, got one twice")
    return files


def _check_name(name: str) -> None:
    parts = name.split("/")
    if not name.isprintable() or len(name) > MAX_NAME or "\\" in name or {"", ".", ".."} & set(parts):
        raise UnsafeArchive(f"archive: expected names within the folder, got {name[:80]!r}")


class _Budget:
    """Bytes that may still come out, by what the archive says; ``_content`` holds it to that."""

    def __init__(self, left: int) -> None:
        self.limit = self.left = left

    def allow(self, entry: zipfile.ZipInfo) -> None:
        self.left -= entry.file_size
        if self.left < 0:
            raise UnsafeArchive(f"archive: expected files of at most {self.limit} bytes in all, got more")


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """The file's bytes; zipfile itself ends at the size that the archive names, and checks the CRC there."""
    with _translated(), archive.open(entry) as file:
        while chunk := file.read(CHUNK):
            yield chunk
