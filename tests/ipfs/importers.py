"""What the JavaScript importers say of files: ``ipfs-unixfs-importer`` and ``ipfs-car``."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
NODE = Path(sys.executable).parent / "node"
IMPORTERS = ("importer", "car")


def ask(requests: list[dict[str, Any]]) -> list[str]:
    """The CIDs that ``importers.mjs`` computes, in the requests' order."""
    reply = subprocess.run(
        [NODE, ROOT / "tests/ipfs/importers.mjs"],
        input=json.dumps(requests).encode(),
        stdout=subprocess.PIPE,
        check=True,
        timeout=300,
        cwd=ROOT,
    )
    answers: list[str] = json.loads(reply.stdout)
    assert len(answers) == len(requests)
    return answers
