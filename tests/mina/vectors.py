"""Reads the vectors that other implementations wrote; tests/vectors/PROVENANCE.md says how."""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "vectors"


def load(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text("utf-8"))


def integers(values: list[str]) -> list[int]:
    return [int(value) for value in values]
