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
    "datetime",
    "tempfile",
}
CORE = sorted(ROOT.glob("*.py"))
WORKFLOWS = sorted((ROOT / "workflows").glob("*.py"))


def imports(path: Path) -> set[str]:
    """Every module that the file imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


@pytest.mark.parametrize("path", [*CORE, *WORKFLOWS], ids=lambda path: path.stem)
def test_core_and_workflows_import_nothing_of_the_world(path: Path) -> None:
    assert not {name.split(".")[0] for name in imports(path)} & WORLDLY


@pytest.mark.parametrize("path", CORE, ids=lambda path: path.stem)
def test_the_core_imports_neither_workflows_nor_adapters(path: Path) -> None:
    assert not [name for name in imports(path) if name.startswith(("sealrun.workflows", "sealrun.adapters"))]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_import_no_adapter(path: Path) -> None:
    assert not [name for name in imports(path) if name.startswith("sealrun.adapters")]


def test_the_check_sees_an_import_inside_a_function(tmp_path: Path) -> None:
    path = tmp_path / "worldly.py"
    path.write_text("def f():\n    import time\n    from os import path\n")
    assert imports(path) == {"time", "os"}
