"""``sealrun exit``: what the buyer is told of the wait."""

import re
from pathlib import Path

from sealrun_cli.commands.exit import REQUEST_SLOTS, wait_told

EXIT_TS = Path(__file__).parents[3] / "contracts/src/tools/exit.ts"


def test_a5_the_wait_counts_the_slots_in_which_the_request_may_land() -> None:
    assert (
        wait_told(80, now=0)
        == "120 slots (about 6 h) after it was asked for; if that was now, by 1970-01-01 06:00 UTC"
    )


def test_the_slots_of_a_request_are_those_that_the_contracts_tool_signs() -> None:
    margin = re.search(r"MARGIN = (\d+);", EXIT_TS.read_text())
    assert margin is not None
    assert int(margin[1]) == REQUEST_SLOTS
