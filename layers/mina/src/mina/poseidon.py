"""Poseidon as Mina has it: a sponge of 3 field elements, 2 of them absorbing, full rounds only.

Poseidon here does **not** pad for length: `hash([a]) == hash([a, 0])`. Hash lists of a fixed length only, or
make the length one of the fields. Specification: https://o1-labs.github.io/proof-systems/specs/poseidon.html
"""

from collections.abc import Sequence
from functools import cache, lru_cache

from mina import poseidon_kimchi, poseidon_legacy
from mina.encoding import text_to_field
from mina.field import P, check_all

State = tuple[int, int, int]

# Prefixes come from code, not from requests; the bound keeps a program that makes them up from growing
# without end.
_CACHED_PREFIXES = 256


def hash(fields: Sequence[int]) -> int:
    """Return the Poseidon hash (kimchi parameters) of `fields`, as o1js `Poseidon.hash`.

    Args:
        fields: a list or tuple of integers from 0 to p - 1. Its length is not hashed.

    Raises:
        ValueError: an element is no field element.
    """
    return _absorb(_kimchi(), (0, 0, 0), check_all(fields))[0]


def hash_with_prefix(prefix: str, fields: Sequence[int]) -> int:
    """Return the Poseidon hash of `fields` after `prefix`, as o1js `Poseidon.hashWithPrefix`.

    Args:
        prefix: text of at most 31 bytes. It is taken as it is: Mina's own prefixes carry their `*` padding
            already.
        fields: a list or tuple of integers from 0 to p - 1. Its length is not hashed.

    Raises:
        ValueError: the prefix is no such text, or an element is no field element.
    """
    return _absorb(_kimchi(), _prefix_state(text_to_field(prefix, "prefix")), check_all(fields))[0]


def hash_legacy(fields: Sequence[int]) -> int:
    """Return the hash of `fields` with the legacy parameters, which payments and signed strings still use.

    Args:
        fields: a list or tuple of integers from 0 to p - 1. Its length is not hashed.

    Raises:
        ValueError: an element is no field element.
    """
    return _absorb(_legacy(), (0, 0, 0), check_all(fields))[0]


def hash_legacy_with_prefix(prefix: str, fields: Sequence[int]) -> int:
    """Return the legacy hash of `fields` after `prefix`; otherwise as    `hash_with_prefix`."""
    state = _prefix_state_legacy(text_to_field(prefix, "prefix"))
    return _absorb(_legacy(), state, check_all(fields))[0]


@lru_cache(_CACHED_PREFIXES)
def _prefix_state(prefix: int) -> State:
    return _absorb(_kimchi(), (0, 0, 0), [prefix])


@lru_cache(_CACHED_PREFIXES)
def _prefix_state_legacy(prefix: int) -> State:
    return _absorb(_legacy(), (0, 0, 0), [prefix])


class _Permutation:
    """One parameter set, rewritten so that a round takes four multiplications for its matrix instead of nine.

    The S-box commutes with scaling: (u*x)^alpha = u^alpha * x^alpha. So each element of the state may carry a
    factor of its own, which turns the matrix M into N[j][k] = f[j] * M[j][k] * u[k]^-alpha. With u[k] =
    M[0][0] / M[k][0] and f[j] = 1 / M[j][0] the first column of N is all ones, and the next round's factors
    are again a multiple of u: the same N serves every round, and only the round constants differ.
    With x, y, z after the S-box, row j is then x + a*y + b*z = (y + b) * (z + a) + (x - y*z) - a*b, whose
    middle part is shared by the rows and whose last part joins the round constant.
    """

    def __init__(self, alpha: int, mds: Sequence[State], constants: Sequence[State], first: State) -> None:
        """Prepare the factors.

        Args:
            alpha: the S-box is x^alpha.
            mds: the matrix M, all of whose elements are invertible.
            constants: one row per round, added after it.
            first: what is added before the first round.
        """
        f = [pow(row[0], -1, P) for row in mds]
        u = [mds[0][0] * factor % P for factor in f]
        n = [[f[j] * mds[j][k] * pow(u[k], -alpha, P) % P for k in range(3)] for j in range(3)]
        products = [row[1] * row[2] for row in n]
        self.alpha = alpha
        self.matrix = [(row[1], row[2]) for row in n]
        self.entry = u
        self.first = [constant * factor % P for constant, factor in zip(first, u, strict=True)]
        self.rounds = []
        scale = 1  # the state before each round is scale * u[k] times the plain one
        for row in constants:
            power = pow(scale, alpha, P)
            self.rounds.append([(row[j] * power * f[j] - products[j]) % P for j in range(3)])
            scale = power * f[0] % P
        self.exit = [pow(scale * factor, -1, P) for factor in u]

    def __call__(self, x: int, y: int, z: int) -> State:
        """Return the permuted state of three field elements (or of larger integers, taken modulo p)."""
        alpha, p = self.alpha, P
        (a0, b0), (a1, b1), (a2, b2) = self.matrix
        _, u1, u2 = self.entry
        c0, c1, c2 = self.first
        x, y, z = x + c0, y * u1 + c1, z * u2 + c2
        for r0, r1, r2 in self.rounds:
            # pow reduces its argument, so sums and products go in as they are
            y = pow(y, alpha, p)
            z = pow(z, alpha, p)
            x = pow(x, alpha, p) - y * z
            x, y, z = (
                (y + b0) * (z + a0) + (x + r0),
                (y + b1) * (z + a1) + (x + r1),
                (y + b2) * (z + a2) + (x + r2),
            )
        l0, l1, l2 = self.exit
        return x * l0 % p, y * l1 % p, z * l2 % p


@cache
def _kimchi() -> _Permutation:
    return _Permutation(
        poseidon_kimchi.ALPHA, poseidon_kimchi.MDS, poseidon_kimchi.ROUND_CONSTANTS, (0, 0, 0)
    )


@cache
def _legacy() -> _Permutation:
    constants = poseidon_legacy.ROUND_CONSTANTS
    return _Permutation(poseidon_legacy.ALPHA, poseidon_legacy.MDS, constants[1:], constants[0])


def _absorb(permute: _Permutation, state: State, fields: Sequence[int]) -> State:
    """Add the fields to the state two at a time, permuting after each pair; no field permutes once."""
    x, y, z = state
    odd = len(fields) % 2
    for left, right in zip(fields[0 : len(fields) - odd : 2], fields[1::2], strict=True):
        x, y, z = permute(x + left, y + right, z)
    if odd or not fields:
        x, y, z = permute(x + (fields[-1] if odd else 0), y, z)
    return x, y, z
