"""The model of claims that arrive at once."""

from bench.scale import GOAL, _arrive


def test_claims_that_share_an_item_are_given_up_and_others_are_not() -> None:
    apart = [(f"call#{number}", f"load#{number % 16}") for number in range(400)]
    shared = [(f"call#{number}", "load") for number in range(400)]
    lost, wait = _arrive(apart, GOAL, 1)
    assert (lost, wait < 1) == (0.0, True)
    assert _arrive(shared, GOAL, 1)[0] > 0.1
