"""The benchmark of verifying measures a folder that holds, and sets as many bare hashes beside it."""

import pytest

from bench import verification


def test_a_row_for_each_size_beside_the_same_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verification, "SIZES", (10, 20))
    monkeypatch.setattr(verification, "ROUNDS", 2)
    rows = verification.rows()
    assert [row.name for row in rows] == ["verify 10 items: CPU", "verify 20 items: CPU"]
    for row in rows:
        assert (row.unit, row.reach) == ("s", 1.3)
        assert row.ratio is not None
        assert row.ratio > 0
