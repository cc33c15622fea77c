"""The site builds without a warning and loads nothing from elsewhere; diagrams and decisions are in order."""

import hashlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

DOCS = ROOT / "docs"
DECISIONS = sorted((DOCS / "adr").glob("0*.md"))
# What a browser loads by itself: not a link that somebody clicks.
_LOADED = re.compile(
    r"<(?:script|img|iframe|source|object|embed)[^>]*?(?:src|data)=\"([^\"]+)\"|<link[^>]*href=\"([^\"]+)\""
)
_IN_STYLES = re.compile(r"(?:url\(|@import\s+)[\"']?([^\"')\s;]+)")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-q",
        "-W",
        "--keep-going",
        "-b",
        "html",
        str(DOCS),
        str(folder),
    ]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


def foreign(addresses: list[str]) -> list[str]:
    return [address for address in addresses if re.match(r"(?:https?:)?//", address)]


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    files = list(site.rglob("*.html"))
    assert len(files) > len(DECISIONS)
    for file in files:
        assert foreign([one or two for one, two in _LOADED.findall(file.read_text(encoding="utf-8"))]) == []
    for file in [*site.rglob("*.css"), *site.rglob("*.svg")]:
        assert foreign(_IN_STYLES.findall(file.read_text(encoding="utf-8"))) == []


def test_what_a_page_would_load_from_elsewhere_is_seen() -> None:
    page = '<link rel="stylesheet" href="https://fonts.example/a.css"><script defer src="//cdn.example/m.js">'
    assert len(foreign([one or two for one, two in _LOADED.findall(page)])) == 2
    assert foreign(_IN_STYLES.findall("@import 'https://fonts.example/a.css'; a {b: url(x.png)}")) == [
        "https://fonts.example/a.css"
    ]


@pytest.mark.parametrize("source", sorted((DOCS / "diagrams").glob("*.d2")), ids=lambda path: path.name)
def test_a_diagram_was_drawn_from_its_source(source: Path) -> None:
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    drawn = source.with_suffix(".svg").read_text(encoding="utf-8")
    assert f"<!-- source {digest} -->" in drawn, "run: make diagrams"
    assert "prefers-color-scheme:dark" in drawn


@pytest.mark.parametrize("page", DECISIONS, ids=lambda path: path.name)
def test_a_decision_has_a_date_a_status_and_a_line_in_the_index(page: Path) -> None:
    head = re.match(
        r"# (\d+)\. (.+)\n\nDate: (\d{4}-\d\d-\d\d)\. Status: (\w+)\.\n", page.read_text(encoding="utf-8")
    )
    assert head, "expected '# N. Title', then 'Date: YYYY-MM-DD. Status: accepted.'"
    number, title, date, status = head.groups()
    assert f"{int(number):04}" == page.name[:4]
    line = f"| {number} | [{title}]({page.name}) | {date} | {status} |"
    assert line in (DOCS / "adr" / "index.md").read_text(encoding="utf-8")
