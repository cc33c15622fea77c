"""Writes mirror.json: names, directories and paths with what they hash to, for o1js to compute again.

python -m tests.vectors.make_mirror
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from sealrun.mirror.directory import Leaf, commit_leaf, directory_leaf, file_leaf, name_hash, root_of, step_to
from sealrun.mirror.objects import Kind

FILE = Path(__file__).parent / "mirror.json"
NAMES = ["a", ".gitlab-ci.yml", "x" * 31, "y" * 32, "z" * 255, "größe", "\U0001f600"]


def make() -> dict[str, Any]:
    """What the file holds."""
    empty = hashlib.sha256(b"").digest()
    inner = [
        file_leaf(b"index.md", Kind.FILE, hashlib.sha256(b"hello\n").digest()),
        file_leaf(b"run.sh", Kind.EXECUTABLE, empty),
    ]
    outer = [
        directory_leaf(b"docs", root_of(inner)),
        file_leaf(b"README", Kind.LINK, hashlib.sha256(b"docs/index.md").digest()),
        commit_leaf(b"vendor", "f" * 40),
        directory_leaf(b"hollow", root_of([])),
        *(file_leaf(b"%04d" % at, Kind.FILE, empty) for at in range(30)),
    ]
    return {
        "names": [{"name": name, "hash": str(name_hash(name.encode()))} for name in NAMES],
        "paths": [
            _path("docs/index.md", outer, inner),
            _path("docs/run.sh", outer, inner),
            _path("0029", outer),
        ],
        "no_files": [_path("README", outer), _path("vendor", outer), _path("docs", outer)],
    }


def _path(path: str, *directories: list[Leaf]) -> dict[str, Any]:
    steps = [
        step_to(name.encode(), leaves) for name, leaves in zip(path.split("/"), directories, strict=True)
    ]
    last = steps[-1].leaf
    return {
        "path": path,
        "root": str(root_of(directories[0])),
        "high": str(last.high),
        "low": str(last.low),
        "steps": [dict(step.value()) for step in steps],
    }


if __name__ == "__main__":
    FILE.write_text(json.dumps(make(), indent=1) + "\n")
