"""The field: range checks and square roots."""

from typing import Any

import pytest
from hypothesis import given

from mina.field import P, Q, check, check_all, sqrt
from tests.mina import strategies

OUT_OF_RANGE: list[tuple[Any, str]] = [
    (-1, "a negative integer"),
    (P, "a larger integer of 255 bits"),
    (P + 1, "a larger integer of 255 bits"),
    (5 + 2**255, "a larger integer of 256 bits"),
    (2**10000, "a larger integer of 10001 bits"),
    (True, "bool"),
    (1.0, "float"),
    ("1", "str"),
    (None, "NoneType"),
]


@pytest.mark.parametrize("value", strategies.FIELD_EDGES)
def test_the_edges_of_the_field_are_in_it(value: int) -> None:
    assert check(value, "x") == value
    assert check_all([value, value]) == [value, value]


@pytest.mark.parametrize(("value", "got"), OUT_OF_RANGE)
def test_what_is_no_field_element_is_refused_and_described(value: Any, got: str) -> None:
    with pytest.raises(ValueError, match=f"^x: expected an integer from 0 to p - 1, got {got}$"):
        check(value, "x")
    with pytest.raises(ValueError, match=rf"^fields\[1\]: expected an integer from 0 to p - 1, got {got}$"):
        check_all((0, value))


def test_scalars_have_a_bound_of_their_own() -> None:
    assert check(P, "s", Q) == P
    assert check(Q - 1, "s", Q) == Q - 1
    with pytest.raises(
        ValueError, match=r"^s: expected an integer from 0 to q - 1, got a larger integer of 255 bits$"
    ):
        check(Q, "s", Q)


@pytest.mark.parametrize("value", [None, 5, "12", b"12", {1: 2}, {1}, iter([1])])
def test_only_a_list_or_a_tuple_is_a_list_of_fields(value: Any) -> None:
    with pytest.raises(ValueError, match=f"expected a list or tuple of integers, got {type(value).__name__}"):
        check_all(value)


@given(strategies.fields)
def test_a_square_has_a_root(root: int) -> None:
    assert sqrt(root * root % P) in {root, (P - root) % P}


@given(strategies.fields.filter(bool))
def test_five_times_a_square_has_none(root: int) -> None:
    assert sqrt(5 * root * root % P) is None


@pytest.mark.parametrize("exponent", [0, 1, 31, 32])
def test_roots_of_one_of_every_order_are_found(exponent: int) -> None:
    root_of_one = pow(5, (P - 1) >> 32, P)
    square = pow(root_of_one, 2**exponent, P)
    root = sqrt(square)
    assert (root is None) == (exponent == 0)
    assert root is None or root * root % P == square
