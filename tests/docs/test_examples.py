"""Python and JavaScript on the pages are run; a block's word after the language says how."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import Block, blocks
from tests.sealrun.world import World

PROGRAMS = blocks("python", "javascript", "js", "typescript")
# Read a receipt that lies beside them, and print what their last comment says.
RECEIPT = "receipt"


# Run in tests/docs/test_programs.py, against real peers.
RUN_ELSEWHERE = {"buy.py", "buy.mjs", "delivery.ts", "gate.ts"}


def test_every_program_is_run_somewhere() -> None:
    assert [str(block) for block in PROGRAMS if block.name not in {RECEIPT, *RUN_ELSEWHERE}] == []
    assert PROGRAMS


@pytest.mark.parametrize("block", [block for block in PROGRAMS if block.name == RECEIPT], ids=str)
def test_an_example_prints_what_its_last_comment_says(block: Block, tmp_path: Path) -> None:
    world = World()
    record = world.settle(world.call().record.call_hash)
    (tmp_path / "receipt.json").write_text(json.dumps(record.receipt))
    done = subprocess.run(
        [sys.executable, "-c", block.text], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == block.text.strip().splitlines()[-1].removeprefix("# ")
