"""Multiples of points of Pallas: k * G for signing, s * G + e * A for verifying.

Scalars are split by the endomorphism (`mina.glv`) and written in non-adjacent form; the doublings are shared
by all of them. Multiples of the generator come from tables that are computed at first use, in about the time
of one signature. The time taken depends on the scalar: see `mina.sign`.

Between doublings a point is in Jacobian coordinates (X, Y, Z) for x = X / Z^2, y = Y / Z^3; formulas:
https://www.hyperelliptic.org/EFD/g1p/auto-shortw-jacobian-0.html
"""

from collections.abc import Iterable
from functools import cache

from mina.field import P
from mina.glv import BETA, split, wnaf
from mina.pallas import GENERATOR, Point

Jacobian = tuple[int, int, int]

# Measured: width 7 for the generator and 5 for other points make the sum of table and additions smallest.
_BASE_WIDTH = 7
_POINT_WIDTH = 5

# A half scalar has 127 bits, and its form one digit more: 4 pieces of 32 positions hold it.
_PIECE = 32
_POSITIONS = 4 * _PIECE


def scale_base(scalar: int) -> Point | None:
    """Return `scalar` times the generator, or None for the point at infinity.

    Args:
        scalar: an integer from 0 to q - 1; not checked here.
    """
    schedule: list[list[Point]] = [[] for _ in range(_PIECE)]
    for half, beta in zip(split(scalar), (1, BETA), strict=True):
        for position, digit in wnaf(half, _BASE_WIDTH):
            piece, row = divmod(position, _PIECE)
            schedule[row].append(_pick(_base_table(piece), digit, beta))
    return _to_affine(_run(schedule))


def combine(base_scalar: int, scalar: int, point: Point) -> Point | None:
    """Return `base_scalar` times the generator plus `scalar` times `point`, or None for infinity.

    Args:
        base_scalar: an integer from 0 to q - 1; not checked here.
        scalar: likewise.
        point: a point of the curve; not checked here.
    """
    schedule: list[list[Point]] = [[] for _ in range(_POSITIONS)]
    for half, beta in zip(split(base_scalar), (1, BETA), strict=True):
        for position, digit in wnaf(half, _BASE_WIDTH):
            schedule[position].append(_pick(_base_table(0), digit, beta))
    table = _odd_multiples(point, _POINT_WIDTH)
    for half, beta in zip(split(scalar), (1, BETA), strict=True):
        for position, digit in wnaf(half, _POINT_WIDTH):
            schedule[position].append(_pick(table, digit, beta))
    return _to_affine(_run(schedule))


@cache
def _base_table(piece: int) -> list[Point]:
    """Return the odd multiples of 2^(32 * piece) times the generator."""
    affine = _to_affine(_double((*GENERATOR, 1), piece * _PIECE))
    assert affine is not None  # noqa: S101  the generator's order is an odd prime
    return _odd_multiples(affine, _BASE_WIDTH)


def _pick(table: list[Point], digit: int, beta: int) -> Point:
    """Return `digit` times the table's point, under the endomorphism when `beta` is not 1."""
    x, y = table[abs(digit) >> 1]
    return (x * beta % P, y if digit > 0 else P - y)


def _odd_multiples(point: Point, width: int) -> list[Point]:
    """Return 1, 3, 5, ... times `point`: as many as a form of this width needs."""
    # The curve (x, y) -> (x * z^2, y * z^3) obeys the same formulas, which never use B. On the one where z is
    # that of the doubled point, the doubled point is affine, and each step is a cheaper mixed addition.
    twice_x, twice_y, z = _double((*point, 1))
    zz = z * z % P
    multiple = (point[0] * zz % P, point[1] * zz * z % P, 1)
    multiples = [multiple]
    for _ in range((1 << (width - 2)) - 1):
        multiple = _add(multiple, (twice_x, twice_y))
        multiples.append(multiple)
    return _all_to_affine((x, y, own_z * z % P) for x, y, own_z in multiples)


def _run(schedule: list[list[Point]]) -> Jacobian:
    """Return the sum over all rows of 2^row times the row's points."""
    total = (1, 1, 0)
    doublings = 0
    for row in reversed(schedule):
        doublings += 1
        if row:
            total = _double(total, doublings)
            doublings = 0
        for point in row:
            total = _add(total, point)
    return _double(total, doublings)


def _double(point: Jacobian, times: int = 1) -> Jacobian:
    """Return 2^times times the point; at infinity Z stays 0."""
    x, y, z = point
    p = P
    for _ in range(times):
        e = 3 * x * x % p
        b = y * y % p
        d = 4 * x * b % p
        z = 2 * y * z % p
        x = (e * e - d - d) % p
        y = (e * (d - x) - 8 * b * b) % p
    return x, y, z


def _add(left: Jacobian, right: Point) -> Jacobian:
    """Return the sum of any point and an affine one."""
    x1, y1, z1 = left
    x2, y2 = right
    if not z1:
        return x2, y2, 1
    zz = z1 * z1 % P
    h = (x2 * zz - x1) % P
    r = (y2 * z1 % P * zz - y1) % P
    if not h:
        return (1, 1, 0) if r else _double(left)
    hh = h * h % P
    hhh = h * hh % P
    v = x1 * hh % P
    x3 = (r * r - hhh - v - v) % P
    return x3, (r * (v - x3) - y1 * hhh) % P, z1 * h % P


def _to_affine(point: Jacobian) -> Point | None:
    x, y, z = point
    if not z:
        return None
    inverse = pow(z, -1, P)
    square = inverse * inverse % P
    return x * square % P, y * square % P * inverse % P


def _all_to_affine(points: Iterable[Jacobian]) -> list[Point]:
    """Return finite points in affine form, with one inversion for all of them (Montgomery's trick)."""
    listed = list(points)
    products = [1]
    for _, _, z in listed:
        products.append(products[-1] * z % P)
    inverse = pow(products[-1], -1, P)
    affine = []
    for (x, y, z), before in zip(reversed(listed), reversed(products[:-1]), strict=True):
        own = inverse * before % P
        inverse = inverse * z % P
        square = own * own % P
        affine.append((x * square % P, y * square % P * own % P))
    affine.reverse()
    return affine
