"""What the JavaScript importers say of files: ``ipfs-unixfs-importer`` and ``ipfs-car``."""

from pathlib import Path
from typing import Any

from tests import nodejs

ROOT = Path(__file__).parents[4]
IMPORTERS = ("importer", "car")


def ask(requests: list[dict[str, Any]]) -> list[str]:
    """The CIDs that ``importers.mjs`` computes, in the requests' order."""
    answers: list[str] = nodejs.ask(ROOT / "tests/sealrun/adapters/ipfs/importers.mjs", requests, seconds=300)
    assert len(answers) == len(requests)
    return answers
