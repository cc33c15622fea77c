"""Long steps: what is shown while they last."""

import io
import time

import pytest
from rich.console import Console

from sealrun_cli.lib.waiting import Wait, duration, shown


class Clock:
    """Time that only passes when it is told to."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (59.4, "59 s"), (60, "1 min"), (90, "1 min 30 s"), (3600, "1 h"), (14_400 + 60, "4 h 1 min"),
     (90_000, "1 d 1 h"), (86_400 * 400, "400 d"), (-5, "0 s")],
)  # fmt: skip
def test_a_duration_has_its_two_largest_units(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_a_step_says_how_long_it_has_taken_and_how_long_it_may_take() -> None:
    clock = Clock()
    wait = Wait("proving", "usually 10 to 60 s", clock)
    clock.now += 75
    assert str(wait) == "proving: 1 min 15 s so far; usually 10 to 60 s"
    wait.at(1, 4)
    assert str(wait) == "proving: 25%, 1 min 15 s so far, about 3 min 45 s to go"
    wait.at(0, 0)
    assert "to go" not in str(wait)


def test_where_nobody_watches_a_line_is_written_now_and_then() -> None:
    said = io.StringIO()
    with shown(Wait("proving", ""), Console(file=said), first=0.01):
        deadline = time.monotonic() + 10
        while "proving" not in said.getvalue() and time.monotonic() < deadline:
            time.sleep(0.01)
    assert said.getvalue() == "proving: 0 s so far\n"


def test_a_short_step_writes_nothing_where_nobody_watches() -> None:
    said = io.StringIO()
    with shown(Wait("proving", ""), Console(file=said)):
        pass
    assert said.getvalue() == ""


def test_a_terminal_shows_one_line_that_changes() -> None:
    said = io.StringIO()
    with shown(Wait("proving", ""), Console(file=said, force_terminal=True, width=80)):
        time.sleep(0.2)
    assert "proving: 0 s so far" in said.getvalue()
