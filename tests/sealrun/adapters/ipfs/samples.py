"""Bytes of every size at which something changes in a file's tree."""

from collections.abc import Iterator
from pathlib import Path

from sealrun.encoding.cids import CHUNK, MAX_LINKS

SIZES = (0, 1, 262_144, 262_145, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3_000_000)
# A folder's names, and the size of each file's pattern.
FOLDER = {"a": 1, "logs/b": 0, "logs/Ä/c d": 1_048_577, "logs.txt": 3, "z/z/z/z": 300_000}
# One chunk more than the links of one node: a tree of two levels.
DEEP = (MAX_LINKS + 1) * CHUNK + 5


def pattern(size: int) -> bytes:
    """So many bytes, of which no two mebibytes are equal."""
    block = bytes(range(251)) * 4
    return b"".join(at.to_bytes(4) + block for at in range(-(-size // (len(block) + 4))))[:size]


def write_deep(path: Path) -> Path:
    """A sparse file in which every mebibyte begins with its number."""
    with path.open("wb") as file:
        file.truncate(DEEP)
        for at in range(DEEP // CHUNK):
            file.seek(at * CHUNK)
            file.write(at.to_bytes(8))
    return path


def chunks(path: Path) -> Iterator[bytes]:
    """The file's bytes, a mebibyte at a time."""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk
