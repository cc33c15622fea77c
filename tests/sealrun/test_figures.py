"""The figures' claims, on small numbers; ``python -m tests.sealrun.figures`` measures large ones."""

import pytest

from tests.ports.stores import SHARED_LEDGERS, parameters
from tests.sealrun.figures import duplicates, killed, mutated, overdrawn

each_store = pytest.mark.parametrize("store", parameters(SHARED_LEDGERS))


@each_store
def test_l1_calls_at_once_never_pass_what_an_account_covers(store: str) -> None:
    found = overdrawn(24, 5, store)
    assert found == {"answers": {"taken": 5, "payment-required": 19}, "runs": 5, "prices": 5}


@each_store
def test_l10_copies_of_one_call_at_once_are_all_told_the_same(store: str) -> None:
    assert duplicates(16, 2, store) == {"answers": {"taken": 32}, "runs": 2, "prices": 2}


def test_r3_functions_that_die_anywhere_leave_one_run_a_call() -> None:
    found = killed(10, 60)
    assert found["kills"] == 60
    assert set(found["calls by their runs that were not stopped"]) == {1}


@pytest.mark.parametrize(("store", "requests"), [("fake", 800), ("sqlite", 200)])
def test_l14_no_function_raises_what_it_does_not_name(store: str, requests: int) -> None:
    found = mutated(requests, store)
    assert found["faults"] == []
    assert sum(found["statuses"].values()) == requests
    assert found["taken"] == found["runs"] == found["prices"]
