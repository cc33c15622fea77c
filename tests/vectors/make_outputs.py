"""Writes outputs.json: folders of files and the digest that coreutils compute of each.

python -m tests.vectors.make_outputs
"""

import hashlib
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "outputs.json"
FOLDERS: list[dict[str, str]] = [
    {"out/a.txt": ""},
    {"out/a.txt": "hello\n", "out/b/c": "x", "out/a": "y"},
    {"out/a-b": "1", "out/a/b": "2", "out/a.b": "3", "out/aa": "4"},
    {"out/größe.txt": "ü", "out/\U0001f600": "é", "out/z": "~", "out/Z": "^"},
    {"out/two words": "a", "out/ leading": "b", "out/*": "c", "out/$HOME": "d", "out/'": "e"},
    {f"out/{at}": str(at) for at in range(40)},
]
LIST = "find out -type f | LC_ALL=C sort | xargs -d '\\n' sha256sum | sha256sum"


def make() -> list[dict[str, Any]]:
    """What the file holds."""
    return [{"files": _digests(files), "texts": files, "digest": digest_of(files)} for files in FOLDERS]


def digest_of(files: dict[str, str]) -> str:
    """The digest by coreutils alone."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        done = subprocess.run(["sh", "-c", LIST], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.split()[0]


def _digests(files: dict[str, str]) -> dict[str, str]:
    return {name: hashlib.sha256(text.encode()).hexdigest() for name, text in files.items()}


if __name__ == "__main__":
    FILE.write_text(json.dumps(make(), indent=1) + "\n")
