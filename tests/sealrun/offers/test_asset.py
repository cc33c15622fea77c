"""Amounts are written and read in one place, and both ways say the same."""

import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealrun.errors import Malformed
from sealrun.offers.asset import MINA, Amount, Asset

CENTS = Asset("x", "EURX", "cent", 2)


@pytest.mark.parametrize(
    ("units", "shown"), [(0, "0"), (1, "0.000000001"), (5 * 10**8, "0.5"), (20 * 10**9, "20")]
)
def test_an_amount_is_shown_without_zeros_that_say_nothing(units: int, shown: str) -> None:
    assert str(MINA.of(units)) == f"{shown} MINA"
    assert MINA.read(shown) == MINA.of(units)


@given(st.sampled_from([MINA, CENTS]), st.integers(min_value=0, max_value=2**64 - 1))
def test_what_is_shown_reads_back(asset: Asset, units: int) -> None:
    amount = asset.of(units)
    assert asset.read(amount.number) == asset.of(str(units)) == amount
    assert Amount.parse(amount.value(), asset) == amount


@pytest.mark.parametrize("text", ["", ".5", "-1", "1.2345678901", "1e9", "٣", "1 000", "9" * 21, "1.x"])
def test_l14_what_is_no_amount_is_malformed(text: str) -> None:
    with pytest.raises(Malformed, match="expected MINA such as 20"):
        MINA.read(text)


def test_amounts_of_one_asset_add_up_and_compare() -> None:
    two, three = MINA.read("2"), MINA.read("3.5")
    assert (two + three, three - two) == (MINA.read("5.5"), MINA.read("1.5"))
    assert (two < three, two <= three, three > two, two >= three) == (True, True, True, False)
    assert f"{two - three:>12}" == "   -1.5 MINA"


@pytest.mark.parametrize("together", ["__add__", "__sub__", "__lt__", "__le__", "__gt__", "__ge__"])
def test_amounts_of_two_assets_do_not(together: str) -> None:
    operation = getattr(operator, together)
    with pytest.raises(ValueError, match=r"expected (MINA|EURX), got (MINA|EURX)"):
        operation(MINA.of(1), CENTS.of(1))
    assert MINA.of(1) != CENTS.of(1)


@pytest.mark.parametrize(
    "value",
    [{}, {"amount": "5"}, {"asset": "x", "amount": "5"}, {"asset": MINA.id, "amount": 5},
     {"asset": MINA.id, "amount": str(2**64)}],
)  # fmt: skip
def test_l14_an_amount_from_outside_is_of_the_asset_that_is_expected(value: dict[str, object]) -> None:
    with pytest.raises(Malformed, match="expected"):
        Amount.parse(value, MINA)


def test_an_asset_without_decimals_is_read_in_whole_numbers() -> None:
    credit = MINA._replace(symbol="RUN", decimals=0)
    assert [credit.read(text).units for text in ("20", "0", "007")] == [20, 0, 7]
    assert [str(credit.of(units)) for units in (0, 10, 20)] == ["0 RUN", "10 RUN", "20 RUN"]
    with pytest.raises(Malformed, match="expected RUN such as 20"):
        credit.read("0.5")
