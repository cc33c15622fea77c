"""What README shows is run: its Python examples, over a receipt made here."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sealrun.world import World

README = Path(__file__).parents[1] / "README.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)


def test_readme_has_an_example() -> None:
    assert EXAMPLES


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_prints_what_its_last_comment_says(example: str, tmp_path: Path) -> None:
    world = World()
    record = world.settle(world.call().record.call_hash)
    (tmp_path / "receipt.json").write_text(json.dumps(record.receipt))
    done = subprocess.run(
        [sys.executable, "-c", example], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    said = example.strip().splitlines()[-1].removeprefix("# ")
    assert done.stdout.strip() == said


def test_every_link_leads_to_a_file() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", README.read_text()):
        assert (README.parent / target).exists(), target


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (README.parent / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`?make ([a-z]+)", README.read_text())) <= targets


@pytest.mark.parametrize("line", re.findall(r"^sealrun .*", README.read_text(), re.MULTILINE))
def test_every_command_that_is_shown_has_these_options(line: str) -> None:
    command = line.split("#", maxsplit=1)[0].split()[1]
    called = [str(Path(sys.executable).parent / "sealrun"), command, "--help"]
    wide = {**os.environ, "COLUMNS": "200"}
    known = subprocess.run(called, check=True, capture_output=True, text=True, env=wide).stdout
    for option in re.findall(r"--[a-z-]+", line):
        assert option in known
