"""The core knows no network, clock, environment or randomness, and dependencies point one way."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "layers" / "sealrun" / "src" / "sealrun"
WORLDLY = {
    "os",
    "time",
    "socket",
    "random",
    "secrets",
    "uuid",
    "httpx",
    "boto3",
    "botocore",
    "subprocess",
    "tempfile",
}
CORE = sorted(ROOT.glob("*.py"))
VERIFICATION = sorted((ROOT / "verification").glob("*.py"))
WORKFLOWS = sorted((ROOT / "workflows").glob("*.py"))
# `datetime` may be imported for its arithmetic; these read the clock.
CLOCKS = {"now", "utcnow", "today"}


def imports(path: Path) -> set[str]:
    """Every module that the file imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def attributes(path: Path) -> set[str]:
    """The name of every attribute that the file reads."""
    return {node.attr for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}


@pytest.mark.parametrize("path", [*CORE, *VERIFICATION, *WORKFLOWS], ids=lambda path: path.stem)
def test_core_and_workflows_import_nothing_of_the_world(path: Path) -> None:
    assert not {name.split(".")[0] for name in imports(path)} & WORLDLY
    assert "datetime" not in imports(path) or not attributes(path) & CLOCKS


@pytest.mark.parametrize("path", [*CORE, *VERIFICATION], ids=lambda path: path.stem)
def test_the_core_imports_neither_workflows_nor_adapters(path: Path) -> None:
    assert not [name for name in imports(path) if name.startswith(("sealrun.workflows", "sealrun.adapters"))]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_import_no_adapter(path: Path) -> None:
    assert not [name for name in imports(path) if name.startswith("sealrun.adapters")]


def test_the_check_sees_an_import_inside_a_function(tmp_path: Path) -> None:
    path = tmp_path / "worldly.py"
    path.write_text("def f():\n    import time\n    from os import path\n")
    assert imports(path) == {"time", "os"}
    path.write_text("from datetime import datetime\nx = datetime.now()\n")
    assert (imports(path), attributes(path)) == ({"datetime"}, {"now"})
