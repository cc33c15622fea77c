"""A client is told to look again when its call may be over."""

from typing import Any

from sealrun.service.looks import LONGEST, Looks
from sealrun_cli.commands import cost


def view(claimed_at: int, finished_at: int | None = None, offer: str = "a") -> dict[str, Any]:
    receipt = None if finished_at is None else {"data": {"finished_at": finished_at}}
    return {"offer": offer, "claimed_at": claimed_at, "receipt": receipt}


def looks_of_a_run(looks: Looks, seconds: int) -> int:
    """How often a client asks that looks when it is told to, and half a second later at the least."""
    at, asked = 0.0, 1
    while at < seconds:
        wait = looks.wait(view(0), now=int(at))
        assert wait is not None
        at, asked = at + max(wait, 0.5), asked + 1
    return asked


def test_a_process_that_knows_nothing_yet_lets_a_client_look_ever_less_often() -> None:
    waits = [Looks().wait(view(0), now=age) for age in (0, 16, 200, 10_000)]
    assert waits == [0, 2, 25, LONGEST]


def test_the_usual_time_of_an_offer_is_waited_for_and_is_only_its_own() -> None:
    looks = Looks()
    assert looks.wait(view(0, finished_at=40), now=100) is None
    assert looks.wait(view(1000), now=1010) == 33
    assert looks.wait(view(1000, offer="b"), now=1016) == 2


def test_a_run_that_takes_longer_than_usual_is_looked_at_as_if_nothing_was_known() -> None:
    looks = Looks()
    looks.wait(view(0, finished_at=40), now=100)
    assert looks.wait(view(1000), now=1200) == 25


def test_a_run_of_200_s_takes_as_many_looks_as_the_cost_of_a_call_counts() -> None:
    looks = Looks()
    looks.wait(view(0, finished_at=200), now=210)
    assert looks_of_a_run(looks, 203) == cost.LOOKS
