"""Reads docs/rules.md, and the rule numbers that the sources cite."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Where people read or write rule numbers. Pages of docs/ are read for links only.
SOURCES = ("layers", "cli", "functions", "infra", "contracts/src", "web", "local", "bench", "probe", "tests")
SUFFIXES = {".py", ".ts", ".mjs", ".yaml", ".yml", ".md"}
LETTERS = "ALCRE"

_HEADING = re.compile(rf"^### ([{LETTERS}]\d+)\. (.+)$", re.MULTILINE)
_TEST = re.compile(r"`([\w/]+\.(?:py|test\.ts))(?:::(\w+))?`")
_CITED = re.compile(rf"(?<![\w.#/-])([{LETTERS}]\d{{1,2}})(?![\w.-]*\w)")
_PYTHON_TEST = re.compile(r"def (test_\w+)")
_SCRIPT_TEST = re.compile(r"\b(?:test|it|describe)\(\s*[\"'`]([^\"'`]+)")
_IN_NAME = re.compile(rf"(?<=_)([{LETTERS.lower()}]\d{{1,2}})(?=_)")


@dataclass(frozen=True)
class Rule:
    """One section of the rulebook; ``tests`` are pairs of file and test, the test empty for a whole file."""

    number: str
    title: str
    tests: tuple[tuple[str, str], ...]


def rules() -> list[Rule]:
    """The rules in the order of the page."""
    parts = _HEADING.split((ROOT / "docs" / "rules.md").read_text(encoding="utf-8"))
    # split() leaves what stands before the first heading, then number, title and text of each.
    return [
        Rule(number, title, tuple(_TEST.findall(text.rpartition("Tests:")[2])))
        for number, title, text in zip(parts[1::3], parts[2::3], parts[3::3], strict=True)
    ]


def sources() -> Iterator[tuple[str, str]]:
    """Path and text of each file that may cite a rule; no generated, installed or kept folder."""
    for folder in SOURCES:
        for path in sorted((ROOT / folder).rglob("*")):
            inside = path.relative_to(ROOT)
            if path.suffix in SUFFIXES and not {"node_modules", "build", "folders"} & set(inside.parts):
                yield str(inside), path.read_text(encoding="utf-8")


def cited(text: str) -> set[str]:
    """The rule numbers in a text, such as ``(L9)`` and ``test_l9_...``."""
    in_names = (number for name in _PYTHON_TEST.findall(text) for number in _IN_NAME.findall(name))
    return set(_CITED.findall(text)) | {number.upper() for number in in_names}


def named_tests(text: str) -> dict[str, set[str]]:
    """The tests of a file, each with the rule numbers in its name."""
    python = {
        name: {number.upper() for number in _IN_NAME.findall(name)} for name in _PYTHON_TEST.findall(text)
    }
    return python | {name: set(_CITED.findall(name)) for name in _SCRIPT_TEST.findall(text)}
