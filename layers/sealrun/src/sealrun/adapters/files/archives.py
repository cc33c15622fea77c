"""Opens the zip archives that CI providers serve, with bounds on all that a stranger's archive can do."""

import contextlib
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from functools import partial

from sealrun.encoding.inflate import ZIP
from sealrun.encoding.plain_text import is_plain
from sealrun.errors import NoArchive, UnsafeArchive
from sealrun.ports.evidence import Content

CHUNK = 1 << 20
IN_MEMORY = 1 << 20
MAX_NAME = 255  # characters; and bytes of each part, as file systems have it

# The methods that CI providers use. With bzip2 and LZMA, zipfile unpacks any amount in one piece.
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# Of the central directory, which zipfile reads in one piece: an entry has some 130 bytes, at most 1,200.
DIRECTORY, DIRECTORY_PER_FILE = 1 << 20, 400

# The errors that zipfile raises on unsound archives: offsets that lead nowhere, encryption.
_UNSOUND = (
    zipfile.BadZipFile, zlib.error, struct.error, ValueError, OverflowError, OSError, RuntimeError, EOFError,
)  # fmt: skip


def unpack_zip(chunks: Iterable[bytes], *, max_bytes: int, max_files: int) -> Iterator[tuple[str, Content]]:
    """``sealrun.ports.evidence.Unpack`` for zip: the archive is spooled once, its files are read from there.

    Folders are left out; links are read as the plain files that zip keeps them as.

    Raises:
        UnsafeArchive: see the port.
    """
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as spool:
        _spool(chunks, spool, max_bytes)
        begins = spool.read(len(ZIP[0])) in ZIP
        spool.seek(0)
        with _translated(UnsafeArchive if begins else NoArchive):
            archive = zipfile.ZipFile(_Pieces(spool, max(DIRECTORY, DIRECTORY_PER_FILE * max_files)))
        budget = _Budget(max_bytes)
        for entry in _files(archive, max_files):
            budget.allow(entry)
            yield entry.filename, partial(_content, archive, entry)


@contextlib.contextmanager
def _translated(error_type: type[UnsafeArchive] = UnsafeArchive) -> Iterator[None]:
    """Translate zipfile's own errors, and those of what it unpacks with, as ours."""
    try:
        yield
    except _UNSOUND as error:
        # zipfile's own words may hold a file's name, and anyone may read this message.
        message = f"archive: expected a sound zip file without encryption, got {type(error).__name__}"
        raise error_type(message) from error


def _spool(chunks: Iterable[bytes], spool: "tempfile.SpooledTemporaryFile[bytes]", limit: int) -> None:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise UnsafeArchive(f"archive: expected at most {limit} bytes, got more")
        spool.write(chunk)
    spool.seek(0)


def _files(archive: zipfile.ZipFile, max_files: int) -> list[zipfile.ZipInfo]:
    files = [entry for entry in archive.infolist() if not entry.filename.endswith("/")]
    if len(files) > max_files:
        raise UnsafeArchive(f"archive: expected at most {max_files} files, got {len(files)}")
    names = [entry.filename for entry in files]
    for entry in files:
        _check_name(entry.filename)
        if entry.compress_type not in METHODS:
            raise UnsafeArchive("archive: expected files stored or deflated, got another method")
    if len(set(names)) != len(names):
        raise UnsafeArchive("archive: expected every name once, got one twice")
    if not set(names).isdisjoint(_folders(names)):
        raise UnsafeArchive("archive: expected every name to be a file or a folder, got one that is both")
    return files


def _folders(names: Iterable[str]) -> Iterator[str]:
    """The folders that the names lead through; a file of such a name could not lie beside them on a disk."""
    for name in names:
        parts = name.split("/")
        yield from ("/".join(parts[:depth]) for depth in range(1, len(parts)))


def _check_name(name: str) -> None:
    parts = name.split("/")
    plain = is_plain(name) and len(name) <= MAX_NAME and "\\" not in name
    if not plain or {"", ".", ".."} & set(parts) or max(len(part.encode()) for part in parts) > MAX_NAME:
        raise UnsafeArchive("archive: expected names within the folder, got another")


class _Pieces:
    """The spool, of which nobody gets more than ``most`` bytes at once."""

    def __init__(self, spool: "tempfile.SpooledTemporaryFile[bytes]", most: int) -> None:
        self._spool, self._most = spool, most
        self.seek, self.tell, self.seekable = spool.seek, spool.tell, spool.seekable

    def read(self, size: int = -1) -> bytes:
        if size > self._most:
            raise UnsafeArchive(f"archive: expected a directory of at most {self._most} bytes, got {size}")
        return self._spool.read(size)


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
