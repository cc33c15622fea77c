"""Scalars as the curve's endomorphism wants them: in two halves, and those in few non-zero digits.

Gallant, Lambert, Vanstone, "Faster point multiplication on elliptic curves with efficient endomorphisms"
(2001).
"""

from mina.field import Q

# LAMBDA * (x, y) = (BETA * x, y). Cube roots of one modulo q and p: o1js 2.15.0,
# bindings/crypto/elliptic-curve-endomorphism.js, computeEndoConstants for Pallas
LAMBDA = 26005156700822196841419187675678338661165322343552424574062261873906994770353
BETA = 20444556541222657078399132219657928148671392403212669005631716460534733845831

# A short basis of the pairs (a, b) with a + b * LAMBDA = 0 modulo q, of determinant q: same file,
# egcdStopEarly
_A0, _B0 = 98231058071100081932162823354453065728, -98231058071186745657228807397848383489
_A1, _B1 = 196462116142286827589391630752301449217, 98231058071100081932162823354453065728


def split(scalar: int) -> tuple[int, int]:
    """Return (k0, k1), with k0 + k1 * LAMBDA = `scalar` modulo q, each below 2^127 in size.

    Args:
        scalar: an integer from 0 to q - 1; not checked here.
    """
    x0 = _divide_and_round(-_B1 * scalar)
    x1 = _divide_and_round(_B0 * scalar)
    return scalar + x0 * _A0 + x1 * _A1, x0 * _B0 + x1 * _B1


def wnaf(scalar: int, width: int) -> list[tuple[int, int]]:
    """Return the width-w non-adjacent form: (position, digit) pairs.

    The sum of digit * 2^position is `scalar`. Every digit is odd and below 2^(width - 1) in size; any two
    positions are at least `width` apart.
    """
    digits = []
    position = 0
    window, half = 1 << width, 1 << (width - 1)
    while scalar:
        zeros = (scalar & -scalar).bit_length() - 1
        scalar >>= zeros
        position += zeros
        digit = scalar & (window - 1)
        if digit >= half:
            digit -= window
        digits.append((position, digit))
        scalar -= digit
    return digits


def _divide_and_round(number: int) -> int:
    return (2 * number + Q) // (2 * Q)
