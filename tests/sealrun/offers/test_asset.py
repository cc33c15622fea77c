"""Amounts are written and read in one place, and both ways say the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealrun.errors import Malformed
from sealrun.offers.asset import MINA, Asset

CENTS = Asset("x", "EURX", "cent", 2)


@pytest.mark.parametrize(
    ("units", "shown"), [(0, "0"), (1, "0.000000001"), (5 * 10**8, "0.5"), (20 * 10**9, "20")]
)
def test_an_amount_is_shown_without_zeros_that_say_nothing(units: int, shown: str) -> None:
    assert MINA.shown(units) == f"{shown} MINA"
    assert MINA.units(shown) == units


@given(st.sampled_from([MINA, CENTS]), st.integers(min_value=0, max_value=2**64 - 1))
def test_what_is_shown_reads_back(asset: Asset, units: int) -> None:
    assert asset.units(asset.shown(units).removesuffix(f" {asset.symbol}")) == units


@pytest.mark.parametrize("text", ["", ".5", "-1", "1.2345678901", "1e9", "٣", "1 000", "9" * 21, "1.x"])
def test_l14_what_is_no_amount_is_malformed(text: str) -> None:
    with pytest.raises(Malformed, match="expected MINA such as 20"):
        MINA.units(text)
