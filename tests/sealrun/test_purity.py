"""The core reads no clock. ``[tool.importlinter]`` in pyproject.toml holds which folder may import what."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "layers" / "sealrun" / "src" / "sealrun"
WORLDLY = ("adapters", "composition", "providers", "transport")
PURE = sorted(path for path in ROOT.rglob("*.py") if path.relative_to(ROOT).parts[0] not in WORLDLY)
# `datetime` may be imported for its arithmetic; these read the clock.
CLOCKS = {"now", "utcnow", "today"}


def clocks(path: Path) -> set[str]:
    """What the file reads off ``datetime`` or ``date`` that is the clock."""
    tree = ast.parse(path.read_text())
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return names & CLOCKS if "datetime" in path.read_text() else set()


@pytest.mark.parametrize("path", PURE, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_core_and_workflows_read_no_clock(path: Path) -> None:
    assert not clocks(path)


def test_the_check_sees_a_clock(tmp_path: Path) -> None:
    path = tmp_path / "worldly.py"
    path.write_text("from datetime import datetime\nx = datetime.now()\n")
    assert clocks(path) == {"now"}
