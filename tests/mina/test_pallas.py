"""The curve, its endomorphism, and fast multiples against slow ones."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mina.field import P, Q
from mina.glv import BETA, LAMBDA, split, wnaf
from mina.multiply import combine, scale_base
from mina.pallas import GENERATOR, B, Point, is_on_curve, lift_x
from tests.mina import naive, strategies


def test_the_generator_is_on_the_curve_and_has_order_q() -> None:
    assert is_on_curve(GENERATOR)
    assert naive.scale(Q - 1, GENERATOR) == (GENERATOR[0], P - GENERATOR[1])
    assert naive.scale(Q, GENERATOR) is None


def test_the_endomorphism_multiplies_by_lambda() -> None:
    assert pow(LAMBDA, 3, Q) == 1 != LAMBDA
    assert pow(BETA, 3, P) == 1 != BETA
    x, y = GENERATOR
    assert naive.scale(LAMBDA, GENERATOR) == (BETA * x % P, y)


@given(strategies.scalars)
@settings(max_examples=500)
def test_a_split_scalar_adds_up_and_its_halves_are_short(scalar: int) -> None:
    k0, k1 = split(scalar)
    assert (k0 + k1 * LAMBDA - scalar) % Q == 0
    assert max(abs(k0), abs(k1)) < 2**127


@given(st.integers(-(2**127), 2**127), st.integers(2, 8))
def test_the_non_adjacent_form_adds_up_and_is_sparse(scalar: int, width: int) -> None:
    digits = wnaf(scalar, width)
    assert sum(digit << position for position, digit in digits) == scalar
    assert all(digit % 2 and abs(digit) < 1 << (width - 1) for _, digit in digits)
    positions = [position for position, _ in digits]
    assert all(late - early >= width for early, late in pairwise(positions))


@pytest.mark.parametrize(
    "scalar", [*strategies.SCALAR_EDGES, *range(3, 20), LAMBDA, Q - LAMBDA, 2**253, 2**127]
)
def test_multiples_of_the_generator_at_the_edges_are_the_slow_ones(scalar: int) -> None:
    assert scale_base(scalar) == naive.scale(scalar, GENERATOR)


@given(strategies.scalars)
@settings(max_examples=25)
def test_multiples_of_the_generator_are_the_slow_ones(scalar: int) -> None:
    assert scale_base(scalar) == naive.scale(scalar, GENERATOR)


@given(strategies.scalars, strategies.scalars, strategies.points)
@settings(max_examples=25)
def test_combinations_are_the_slow_ones(left: int, right: int, point: Point) -> None:
    assert combine(left, right, point) == naive.add(naive.scale(left, GENERATOR), naive.scale(right, point))


@pytest.mark.parametrize("scalar", [1, 2, 3, 17, Q - 1, LAMBDA, 2**200 + 1])
def test_combinations_that_meet_cancel_or_double(scalar: int) -> None:
    negative = (GENERATOR[0], P - GENERATOR[1])
    assert combine(scalar, scalar, negative) is None
    assert combine(scalar, Q - scalar, GENERATOR) is None
    assert combine(scalar, scalar, GENERATOR) == scale_base(2 * scalar % Q)
    assert combine(0, 0, GENERATOR) is None
    assert combine(scalar, 0, GENERATOR) == combine(0, scalar, GENERATOR) == scale_base(scalar)


@given(strategies.scalars, strategies.scalars)
def test_multiplying_is_additive(left: int, right: int) -> None:
    assert naive.add(scale_base(left), scale_base(right)) == scale_base((left + right) % Q)


@given(strategies.points)
def test_a_point_is_found_again_from_x_and_parity(point: Point) -> None:
    x, y = point
    assert is_on_curve(point)
    assert lift_x(x, y & 1) == point
    assert lift_x(x, 1 - (y & 1)) == (x, P - y)


@given(strategies.fields)
def test_an_x_has_a_point_exactly_when_its_cubic_is_a_square(x: int) -> None:
    is_square = pow((x**3 + B) % P, (P - 1) // 2, P) in {0, 1}
    assert (lift_x(x, 0) is not None) == is_square


def test_no_point_has_x_zero() -> None:
    assert lift_x(0, 0) is None
