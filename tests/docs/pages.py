"""The pages that people read, and the blocks of code in them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(r"^```(\w+)(?: +(\S+))?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
# Left out: the list of what changed names files as they were.
_AT_THE_TOP = ("README.md", "CONTRIBUTING.md", "SECURITY.md")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the word after it, and its text."""

    page: str
    language: str
    name: str
    text: str

    def __str__(self) -> str:
        """As a test's id."""
        return f"{self.page}:{self.name or self.language}"


def pages() -> list[Path]:
    """README and its like, and all of docs/."""
    return [*(ROOT / name for name in _AT_THE_TOP), *sorted((ROOT / "docs").rglob("*.md"))]


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def blocks(*languages: str) -> list[Block]:
    """All blocks of these languages."""
    return [block for block in _blocks() if block.language in languages]


def _blocks() -> Iterator[Block]:
    for page in pages():
        for language, name, text in _BLOCK.findall(text_of(page)):
            yield Block(str(page.relative_to(ROOT)), language, name, text)
