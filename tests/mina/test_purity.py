"""The layer imports the standard library only, and nothing that reads the world or draws random numbers."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import mina

SOURCES = sorted(Path(mina.__file__).parent.glob("*.py"))

# What the layer may import; a new name here is a decision.
ALLOWED = {"collections.abc", "functools", "hashlib", "mina"}


def imports_of(source: str) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return {"mina" if name.split(".")[0] == "mina" else name for name in names}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_a_module_imports_only_what_is_pure(path: Path) -> None:
    assert imports_of(path.read_text("utf-8")) <= ALLOWED


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_a_module_opens_and_evaluates_nothing(path: Path) -> None:
    calls = {
        node.func.id
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert not calls & {"open", "print", "input", "eval", "exec", "compile", "__import__"}


def test_the_check_sees_an_impure_import() -> None:
    assert imports_of("import os\nfrom time import time\nimport mina.field") == {"os", "time", "mina"}


def test_verifying_does_not_load_signing() -> None:
    code = "import sys, mina.verify; sys.exit('mina.sign' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
