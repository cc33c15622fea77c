"""The evidence store in a folder: each file under its digest, written once, on disk before ``put`` ends.

    ROOT/sha256/ab/abcd...   a file that is complete, read-only
    ROOT/parts/RANDOM        one that is being written; what a killed process left is removed a day later

No link is followed below ROOT. There is no Object Lock: whoever may write to the folder may also change it.
"""

import contextlib
import errno
import hashlib
import os
import re
import secrets
import stat
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from sealrun.adapters.files.plain_files import sync_folder
from sealrun.adapters.files.signed_urls import SignedUrls
from sealrun.encoding.measure import Measured
from sealrun.errors import StoreUnavailable
from sealrun.ports.evidence import Content

READ = 1 << 20
DOCUMENT_BYTES = 8 << 20
KEPT, PARTS = "sha256", "parts"
# No collection takes longer (its lease is 16 minutes).
LEFT_BEHIND_SECONDS = 24 * 3600
_SHA256 = re.compile(r"[0-9a-f]{64}")


class FolderEvidenceStore:
    """``sealrun.ports.evidence.EvidenceStore`` in one folder, which several processes may share."""

    def __init__(self, root: Path, *, urls: SignedUrls) -> None:
        """Make the folder where there is none, for its owner alone.

        Raises:
            StoreUnavailable: it cannot be made or opened.
        """
        self._urls = urls
        with _translated():
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._kept = _folder(root, KEPT)
            self._parts = _folder(root, PARTS)
            _remove_left_behind(self._parts)

    def put(self, content: Content, measured: Measured, *, media_type: str) -> None:  # noqa: ARG002  said below
        """The media type is not kept; whoever serves the file names it as a download."""
        folder = self._folder_of(measured.sha256)
        if os.path.lexists(folder / measured.sha256):
            with _translated():
                sync_folder(folder)  # whoever wrote it may have been killed before it did
            return
        part = self._parts / secrets.token_hex(16)
        try:
            self._write(part, content, measured)
            with _translated():
                with contextlib.suppress(FileExistsError):  # another process was first, with the same bytes
                    os.link(part, folder / measured.sha256, follow_symlinks=False)
                sync_folder(folder)
        finally:
            part.unlink(missing_ok=True)

    def get(self, sha256: str) -> bytes:
        with _translated(), self._open(sha256) as file:
            body = file.read(DOCUMENT_BYTES + 1)
        if len(body) > DOCUMENT_BYTES or hashlib.sha256(body).hexdigest() != sha256:
            raise StoreUnavailable(f"evidence: expected the bytes of {sha256}, got others")
        return body

    def read(self, sha256: str) -> Iterator[bytes]:
        with _translated(), self._open(sha256) as file:
            while chunk := file.read(READ):
                yield chunk

    def names(self) -> Iterator[str]:
        """The digests of all files that are complete."""
        with _translated():
            for folder in sorted(self._kept.iterdir()):
                yield from sorted(path.name for path in folder.iterdir() if _SHA256.fullmatch(path.name))

    def size(self, sha256: str) -> int:
        """Bytes of a file."""
        with _translated(), self._open(sha256) as file:
            return os.fstat(file.fileno()).st_size

    def url(self, sha256: str, *, seconds: int, filename: str) -> str:
        return self._urls.sign(sha256, seconds=seconds, filename=filename)

    def open_signed(self, sha256: str, query: Mapping[str, str]) -> tuple[BinaryIO, str]:
        """The file that a URL of ``url`` names, and the name that it is to be saved under.

        Raises:
            NotAllowed: the URL was not made here, or its time is over.
            StoreUnavailable: the file is not there, or cannot be read.
        """
        filename = self._urls.check(sha256, query)
        with _translated():
            return self._open(sha256), filename

    def _write(self, part: Path, content: Content, measured: Measured) -> None:
        """All bytes on the disk, or an error; what reading them raises passes through."""
        digest, size = hashlib.sha256(), 0
        with _translated():
            file = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o400)
        try:
            for chunk in content():
                digest.update(chunk)
                size += len(chunk)
                if size > measured.size:
                    break
                _write_all(file, chunk)
            if (digest.hexdigest(), size) != (measured.sha256, measured.size):
                raise StoreUnavailable(f"evidence: expected the bytes of {measured.sha256} again, got others")
            with _translated():
                os.fsync(file)
        finally:
            os.close(file)

    def _folder_of(self, sha256: str) -> Path:
        _check_name(sha256)
        with _translated():
            return _folder(self._kept, sha256[:2])

    def _open(self, sha256: str) -> BinaryIO:
        _check_name(sha256)
        folder = self._kept / sha256[:2]
        if folder.is_symlink():
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        file = os.open(folder / sha256, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        if not stat.S_ISREG(os.fstat(file).st_mode):
            os.close(file)
            raise OSError(errno.EINVAL, "no plain file")
        return os.fdopen(file, "rb")


def _write_all(file: int, chunk: bytes) -> None:
    left = memoryview(chunk)
    with _translated():
        while left:
            left = left[os.write(file, left) :]


def _check_name(sha256: str) -> None:
    if not _SHA256.fullmatch(sha256):
        raise StoreUnavailable("evidence: expected a digest of 64 hex digits, got something else")


def _folder(parent: Path, name: str) -> Path:
    """The folder in its parent, made where there is none; no link to one."""
    path = parent / name
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        if path.is_symlink() or not path.is_dir():
            raise
    else:
        sync_folder(parent)
    return path


def _remove_left_behind(parts: Path) -> None:
    before = time.time() - LEFT_BEHIND_SECONDS
    for part in parts.iterdir():
        with contextlib.suppress(FileNotFoundError):  # another process removed it meanwhile
            if part.lstat().st_mtime < before:
                part.unlink()


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        message = f"evidence folder: expected a file that can be read or written, got {error.strerror}"
        raise StoreUnavailable(message) from error
