"""The benchmark of verifying measures a folder that holds, and sets as many bare hashes beside it."""

import pytest

from bench import verification


def test_one_row_beside_the_same_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verification, "ITEMS", 20)
    monkeypatch.setattr(verification, "ROUNDS", 2)
    (row,) = verification.rows()
    assert (row.name, row.unit, row.reach) == ("verify 20 items: CPU", "s", 1.3)
    assert row.ratio is not None
    assert row.ratio > 0
