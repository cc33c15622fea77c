"""An evidence folder on disk, read and written with bounds: its files may come from anybody."""

import hashlib
import itertools
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from sealrun.encoding.measure import Measured, measure, measure_document
from sealrun.errors import Malformed
from sealrun.evidence.leaves import DEPTH
from sealrun.receipts.statements import MAX_LINE_BYTES
from sealrun.verification.claims import MAX_RECEIPT_BYTES, is_short

CHUNK = 1 << 20
# The largest document is receipt.intoto.jsonl with its two lines; an index has at most 8 MiB.
MAX_DOCUMENT_BYTES = 2 * MAX_LINE_BYTES
# Both trees full, each leaf disclosed as well.
MAX_FILES = 4 * 2**DEPTH
# Where bytes lie until they are known to be the right ones; no part of the evidence.
SCRATCH = ".sealrun-part"


class DiskFolder:
    """``sealrun.ports.folder.Folder``; no link is followed, and none is left unnamed."""

    def __init__(self, root: Path) -> None:
        self._root = _real(root)

    def names(self) -> list[str]:
        names: list[str] = []
        folders = 0
        waiting = [self._root] if self._root.exists() else []
        while waiting:  # os.walk recurses, and leaves out what it cannot read
            folder = waiting.pop()
            for name, is_folder in _entries(folder):
                if is_folder:
                    waiting.append(folder / name)
                else:
                    names.append((folder / name).relative_to(self._root).as_posix())
            folders += 1
            if max(len(names), folders + len(waiting)) > MAX_FILES:
                raise Malformed(f"folder: expected at most {MAX_FILES} files, got more")
        return sorted(names)

    def document(self, name: str) -> bytes | None:
        if not os.path.lexists(self._root / name):
            return None
        most = MAX_RECEIPT_BYTES if is_short(name) else MAX_DOCUMENT_BYTES
        with self._open(name) as file:
            size = os.fstat(file.fileno()).st_size
            # Read only if the size allows it; a file may grow meanwhile.
            document = file.read(most + 1) if size <= most else b""
        if max(size, len(document)) > most:
            raise Malformed(f"{name}: expected at most {most} bytes, got more")
        return document

    def measure(self, name: str, *, size: int | None = None) -> Measured:
        with self._open(name) as file:
            here = os.fstat(file.fileno()).st_size
            if size is not None and here != size:
                raise Malformed(f"{name}: size: expected {size}, got {here}")
            if here <= CHUNK:
                return measure_document(file.read(CHUNK + 1))
            return measure(_chunks(file))

    def read(self, name: str) -> Iterator[bytes]:
        with self._open(name) as file:
            yield from _chunks(file)

    def holds(self, name: str, *, sha256: str, size: int) -> bool:
        """True if the file is here with these bytes."""
        try:
            measured = self.measure(name) if (self._root / name).stat().st_size == size else None
        except (OSError, Malformed):
            return False
        return measured is not None and measured.sha256 == sha256

    def below(self, name: str) -> Path:
        """The path of a folder in this one, whether it is there yet or not.

        Raises:
            Malformed: a link leads out of this folder.
        """
        path = self._root / name
        if _real(path) != path:
            raise Malformed(f"{name}: expected a folder inside the folder, got a link")
        return path

    def write(self, name: str, chunks: Iterable[bytes], *, sha256: str) -> None:
        """Put a file here, or nothing at all; one that was here under the name is replaced.

        Raises:
            Malformed: the bytes have another digest, or a link leads out of the folder.
            OSError: the disk does not take it.
        """
        path, scratch = self._root / name, self._root / SCRATCH
        self._root.mkdir(parents=True, exist_ok=True)
        if _real(path.parent) != path.parent:
            raise Malformed(f"{name}: expected a place inside the folder, got a link on the way")
        try:
            got = _copy(chunks, scratch)
            if got != sha256:
                raise Malformed(f"{name}: expected sha256 {sha256}, got {got}")
            path.parent.mkdir(parents=True, exist_ok=True)
            scratch.replace(path)
        finally:
            scratch.unlink(missing_ok=True)

    def _open(self, name: str) -> BinaryIO:
        """A plain file inside the folder; a pipe or a device is not waited for.

        Raises:
            Malformed: it is not a plain file, or a link leads to it, or it cannot be read.
        """
        path = self._root / name
        try:
            if _real(path) != path:
                raise Malformed(f"{name}: expected a file inside the folder, got a link")
            file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as error:
            raise Malformed(f"{name}: expected a file that can be read, {error.strerror}") from error
        if not stat.S_ISREG(os.fstat(file).st_mode):
            os.close(file)
            raise Malformed(f"{name}: expected a plain file, got something else")
        return os.fdopen(file, "rb")


def _real(path: Path) -> Path:
    """Where the path leads; one that leads round in a circle stays as it is, and nothing opens it."""
    return Path(os.path.realpath(path))


def _entries(folder: Path) -> list[tuple[str, bool]]:
    """The entries of a folder, at most one more than allowed, and whether each is a folder and not a link.

    Raises:
        Malformed: it cannot be read.
    """
    try:
        with os.scandir(folder) as entries:
            some = itertools.islice(entries, MAX_FILES + 1)
            return [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in some]
    except OSError as error:
        raise Malformed(f"folder: expected only folders that can be read, {error.strerror}") from error


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(CHUNK):
        yield chunk


def _copy(chunks: Iterable[bytes], scratch: Path) -> str:
    """The chunks into a new file; their SHA-256."""
    scratch.unlink(missing_ok=True)
    digest = hashlib.sha256()
    with scratch.open("xb") as file:
        for chunk in chunks:
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()
