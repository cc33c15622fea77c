"""What the pages show exists: links, commands, options, targets of make; and their pipelines can be sold."""

import re
import shlex
from functools import cache
from hashlib import sha256
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sealrun_cli.lib.check_source import pipeline_findings
from sealrun_cli.lib.ci_files import read_pipeline
from sealrun_cli.main import app
from tests.docs.pages import ROOT, Block, blocks, pages, text_of
from tests.sealrun.world import make_offer, offer_value

SHELL = ("sh", "bash", "console")
INPUTS = {
    "type": "object",
    "properties": {"greeting": {"type": "string", "enum": ["hello", "goodbye"]}},
    "additionalProperties": False,
}
AT = {
    "gitlab": {"path": ".gitlab-ci.yml"},
    "github": {
        "path": ".github/workflows/greet.yml",
        "origin": "https://api.github.com",
        "project": "seller/greetings",
    },
}
PAGES = [pytest.param(page, id=str(page.relative_to(ROOT))) for page in pages()]


def command_lines() -> list[str]:
    """Every `sealrun ...` that a block of shell shows, once each."""
    text = "".join(block.text for block in blocks(*SHELL)).replace("\\\n", " ")
    return sorted(set(re.findall(r"^(?:\$ )?(sealrun .*)$", text, re.MULTILINE)))


def test_the_readme_is_short_and_names_the_two_commands() -> None:
    readme = text_of(ROOT / "README.md")
    assert len(readme.encode()) <= 9_000
    assert {"make demo", "make test"} <= set(re.findall(r"make \w+", readme))


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_to_a_file(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text_of(page)):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES)
def test_every_make_target_that_is_named_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = re.findall(r"(?:`|^)make ([a-z-]+)", text_of(page), re.MULTILINE)
    assert set(named) <= targets


@cache
def options_of(*command: str) -> set[str]:
    """The options that a command tells of itself."""
    told = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "200"})
    assert told.exit_code == 0, told.output
    return set(re.findall(r"--[a-z-]+", told.stdout))


@pytest.mark.parametrize("line", command_lines())
def test_every_command_that_is_shown_has_these_options(line: str) -> None:
    _, command, *words = shlex.split(line, comments=True)
    inner = words[:1] if command in ("rotate", "source", "credits", "market", "resell") else []
    missing = {word for word in words if word.startswith("--")} - options_of(command, *inner)
    assert missing == set()


def test_commands_are_shown() -> None:
    assert len(command_lines()) > 20


@pytest.mark.parametrize("block", [block for block in blocks("yaml") if block.name], ids=str)
def test_a_pipeline_that_is_shown_can_be_sold(block: Block) -> None:
    source, at = offer_value()["source"], dict(AT[block.name])
    configuration = {
        "path": at.pop("path"),
        "sha256": sha256(block.text.encode()).hexdigest(),
        "includes": [],
    }
    source |= {"provider": block.name, **at, "configuration": configuration}
    offer = make_offer(inputs=INPUTS, source=source)
    found = list(pipeline_findings(offer, read_pipeline(block.name, block.text.encode())))
    assert found
    assert [each for each in found if each.holds is not True] == []
