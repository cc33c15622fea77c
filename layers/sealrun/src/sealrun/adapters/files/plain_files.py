"""Single files that a person names: only plain ones are used, and nothing is written through a link (E7)."""

import os
import stat
import tempfile
from io import BufferedReader
from pathlib import Path

from sealrun.errors import Malformed


def read_plain(path: Path, *, at_most: int) -> bytes:
    """A file's bytes, ``at_most + 1`` of them if there are more; a pipe or a device is not waited for.

    Raises:
        Malformed: it is not a plain file.
        OSError: it cannot be read.
    """
    with open_plain(path) as file:
        return file.read(at_most + 1)


def open_plain(path: Path) -> BufferedReader:
    """A file to read; a pipe or a device is not waited for.

    Raises:
        Malformed: it is not a plain file.
        OSError: it cannot be read.
    """
    opened = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        os.close(opened)
        raise Malformed(f"{path}: expected a plain file, got something else")
    return os.fdopen(opened, "rb")


def write_plain(path: Path, data: bytes, *, within: Path | None = None) -> None:
    """Write a file as a whole, in the place of an older one.

    Args:
        path: where to; a link that lies there is not followed and not replaced.
        data: the bytes.
        within: a folder that somebody else may have filled. A path inside of it must stay inside.

    Raises:
        Malformed: a link or a device lies there, or a link on the way leads out of the folder.
        OSError: the disk does not take it.
    """
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise Malformed(f"{path}: expected a plain file or nothing yet, got something else")
    if within is not None:
        check_inside(path, within)
    handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        mask = os.umask(0)
        os.umask(mask)
        Path(scratch).chmod(0o666 & ~mask)  # as `open` would have made it
        Path(scratch).replace(path)
    finally:
        Path(scratch).unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk, which ``fsync`` of a file does not promise.

    Raises:
        OSError: the disk does not take it.
    """
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def check_inside(path: Path, within: Path) -> None:
    """A path that is named as one inside ``within`` leads there; any other path may lead anywhere.

    Raises:
        Malformed: a link on the way leads elsewhere.
    """
    if not _stays(path.parent, within):
        raise Malformed(f"{path}: expected a place inside {within}, got a link on the way")


def _stays(folder: Path, within: Path) -> bool:
    named, root = Path.cwd() / os.path.normpath(folder), Path.cwd() / os.path.normpath(within)
    if not named.is_relative_to(root):
        return True
    return Path(os.path.realpath(named)) == Path(os.path.realpath(root)) / named.relative_to(root)
