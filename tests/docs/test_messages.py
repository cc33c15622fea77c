"""No message and no description carries a rule's number: those are for people who change the code."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.docs.pages import ROOT
from tests.docs.rulebook import cited

PYTHON = [
    path
    for folder in ("layers", "functions", "infra", "probe", "local", "cli")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if "node_modules" not in path.parts
]
SCRIPTS = [
    *sorted((ROOT / "contracts" / "src").rglob("*.ts")),
    *sorted((ROOT / "web" / "ticket").rglob("*.ts")),
]
TEMPLATES = [
    ROOT / "template.yaml",
    *sorted((ROOT / "infra").rglob("*.yaml")),
    *sorted((ROOT / "infra").rglob("*.yml")),
]


def strings(source: str) -> Iterator[str]:
    """All text of a program but its docstrings."""
    tree = ast.parse(source)
    documented = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documented:
            yield node.value


def texts(value: object) -> Iterator[str]:
    """All text of a YAML document; a tag such as !Sub counts as its value."""
    if isinstance(value, dict):
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)
    elif isinstance(value, str):
        yield value


class Loader(yaml.SafeLoader):
    """Reads CloudFormation's short tags as their plain values."""


def _plain(loader: yaml.SafeLoader, _suffix: str, node: yaml.Node) -> object:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    return loader.construct_sequence(node) if isinstance(node, yaml.SequenceNode) else None


Loader.add_multi_constructor("!", _plain)


@pytest.mark.parametrize("path", PYTHON, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_text_of_a_program_names_a_rule(path: Path) -> None:
    assert [text for text in strings(path.read_text(encoding="utf-8")) if cited(text)] == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_text_of_a_script_names_a_rule(path: Path) -> None:
    if "test" not in path.relative_to(ROOT).parts:
        quoted = re.findall(
            r"'[^'\n]*'|\"[^\"\n]*\"|`[^`\n]*`", re.sub(r"(?m)^\s*(?://|\*|/\*).*$", "", path.read_text())
        )
        assert [text for text in quoted if cited(text)] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_text_of_a_template_names_a_rule(path: Path) -> None:
    for document in yaml.load_all(path.read_text(encoding="utf-8"), Loader):
        assert [text for text in texts(document) if cited(text)] == []


def test_a_number_in_a_message_is_seen_and_one_in_a_docstring_is_not() -> None:
    assert [text for text in strings('"""See L9."""\nsay(f"expected {x} (R4), got y")') if cited(text)] == [
        " (R4), got y"
    ]
