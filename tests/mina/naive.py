"""The same mathematics as the layer's, written the slow and obvious way, to compare with."""

from collections.abc import Sequence

from mina.field import P
from mina.pallas import Point


def permute(
    state: Sequence[int], alpha: int, mds: Sequence[Sequence[int]], constants: Sequence[Sequence[int]]
) -> list[int]:
    for row in constants:
        powers = [pow(value, alpha, P) for value in state]
        state = [
            (sum(m * x for m, x in zip(line, powers, strict=True)) + constant) % P
            for line, constant in zip(mds, row, strict=True)
        ]
    return list(state)


def add(left: Point | None, right: Point | None) -> Point | None:
    if left is None or right is None:
        return left or right
    (x1, y1), (x2, y2) = left, right
    if x1 == x2 and (y1 + y2) % P == 0:
        return None
    slope = 3 * x1 * x1 * pow(2 * y1, -1, P) if left == right else (y2 - y1) * pow(x2 - x1, -1, P)
    x3 = (slope * slope - x1 - x2) % P
    return (x3, (slope * (x1 - x3) - y1) % P)


def scale(scalar: int, point: Point) -> Point | None:
    total = None
    for bit in f"{scalar:b}":
        total = add(total, total)
        if bit == "1":
            total = add(total, point)
    return total
