"""The curve Pallas, y^2 = x^3 + 5 over Fp: a group of prime order q, without cofactor.

Points are affine pairs (x, y); the point at infinity is None.
"""

from mina.field import P, sqrt

Point = tuple[int, int]

# https://o1-labs.github.io/proof-systems/specs/pasta.html, curve equation
B = 5

# mina-signer 4.0.0, bindings/crypto/elliptic-curve.js, pallasGeneratorProjective
GENERATOR = (1, 0x1B74B5A30A12937C53DFA9F06378EE548F655BD4333D477119CF7A23CAED2ABB)


def is_on_curve(point: Point) -> bool:
    """Whether a pair of field elements is a point of the curve. That they are below p is not checked."""
    x, y = point
    return (y * y - x * x * x - B) % P == 0


def lift_x(x: int, is_odd: int) -> Point | None:
    """Return the point with this x whose y has this parity, or None when the curve has none.

    Args:
        x: a field element; not checked here.
        is_odd: 0 or 1, the parity of y as an integer from 0 to p - 1.
    """
    y = sqrt((x * x * x + B) % P)
    if y is None:
        return None
    # y is never 0: the order q is odd, so no point is its own inverse
    return (x, y if y & 1 == is_odd else P - y)
