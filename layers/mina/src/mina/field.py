"""The field Fp that Mina's hashes and coordinates live in, and the order q of the group of Pallas points."""

from collections.abc import Sequence
from functools import cache

# https://o1-labs.github.io/proof-systems/specs/pasta.html, base field of Pallas
P = 0x40000000000000000000000000000000224698FC094CF91B992D30ED00000001

# https://o1-labs.github.io/proof-systems/specs/pasta.html, scalar field of Pallas
Q = 0x40000000000000000000000000000000224698FC0994A8DD8C46EB2100000001

# p - 1 = 2^32 * T with T odd
_TWO_ADICITY = 32
_T = (P - 1) >> _TWO_ADICITY

# 5 is the smallest non-residue, so that 5^T has order 2^32 (mina-signer 4.0.0,
# bindings/crypto/finite-field.js)
_ROOT = pow(5, _T, P)
_ROOT_INVERSE = pow(_ROOT, -1, P)

# The discrete logarithm in `sqrt` is found 8 bits at a time: a table of 256 entries, built at first use.
_WINDOW = 8


def check(value: int, what: str, modulus: int = P) -> int:
    """Return `value` when it is an integer from 0 to `modulus` - 1.

    Args:
        value: the integer to check; a bool is not one.
        what: names the value in the error.
        modulus: `P` for field elements, `Q` for scalars.

    Raises:
        ValueError: `value` is no such integer. The text tells its size, never its digits, for it may be a
            secret.
    """
    if type(value) is int and 0 <= value < modulus:
        return value
    name = "p" if modulus == P else "q"
    raise ValueError(f"{what}: expected an integer from 0 to {name} - 1, got {_describe(value)}")


def check_all(values: Sequence[int], what: str = "fields") -> list[int]:
    """Return `values` as a list when it is a list or a tuple of field elements.

    Raises:
        ValueError: it is neither, or an element is not an integer from 0 to p - 1 (the text gives its index).
    """
    if not isinstance(values, list | tuple):
        raise ValueError(f"{what}: expected a list or tuple of integers, got {type(values).__name__}")
    for index, value in enumerate(values):
        if type(value) is not int or not 0 <= value < P:
            check(value, f"{what}[{index}]")
    return list(values)


def sqrt(square: int) -> int | None:
    """Return a square root of `square` in Fp, or None when there is none.

    Which of the two roots is not specified.     Tonelli and Shanks, with the logarithm by Pohlig and Hellman
    in windows of 8 bits (Sarkar, eprint 2020/1407).

    Args:
        square: a field element; not checked here.
    """
    power = pow(square, (_T - 1) // 2, P)
    root = square * power % P
    # unit = square^T has an order that divides 2^32, so it is _ROOT^log; square is a residue when log is even
    unit = root * power % P
    digits = _digits_of_logarithm()
    log = 0
    for shift in range(0, _TWO_ADICITY, _WINDOW):
        rest = unit * pow(_ROOT_INVERSE, log, P) % P
        digit = digits.get(pow(rest, 1 << (_TWO_ADICITY - _WINDOW - shift), P))
        if digit is None:  # only zero is outside the group of units
            return 0
        log += digit << shift
    if log & 1:
        return None
    return root * pow(_ROOT_INVERSE, log >> 1, P) % P


@cache
def _digits_of_logarithm() -> dict[int, int]:
    """Map each power of the element of order 256 to its exponent."""
    base = pow(_ROOT, 1 << (_TWO_ADICITY - _WINDOW), P)
    table = {}
    power = 1
    for exponent in range(1 << _WINDOW):
        table[power] = exponent
        power = power * base % P
    return table


def _describe(value: object) -> str:
    if type(value) is not int:
        return type(value).__name__
    if value < 0:
        return "a negative integer"
    return f"a larger integer of {value.bit_length()} bits"
