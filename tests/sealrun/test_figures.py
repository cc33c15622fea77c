"""The figures' claims, on small numbers; ``python -m tests.sealrun.figures`` measures large ones."""

from tests.sealrun.figures import duplicates, killed, mutated, overdrawn


def test_l1_calls_at_once_never_pass_what_an_account_covers() -> None:
    found = overdrawn(24, 5)
    assert found == {"answers": {"taken": 5, "payment-required": 19}, "runs": 5, "prices reserved": 5}


def test_l10_copies_of_one_call_at_once_are_all_told_the_same() -> None:
    assert duplicates(16, 2) == {"answers": {"taken": 32}, "runs": 2, "prices reserved": 2}


def test_r3_functions_that_die_anywhere_leave_one_run_a_call() -> None:
    found = killed(10, 60)
    assert found["kills"] == 60
    assert set(found["calls by their runs that were not stopped"]) == {1}


def test_l14_no_function_raises_what_it_does_not_name() -> None:
    found = mutated(800)
    assert found["faults"] == []
    assert sum(found["statuses"].values()) == 800
