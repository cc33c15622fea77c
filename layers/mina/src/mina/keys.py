"""Private keys (scalars) and public keys (points of Pallas), and their base58check forms."""

from mina import base58
from mina.field import Q, check
from mina.multiply import scale_base
from mina.pallas import Point, lift_x
from mina.value import Value

# mina-signer 4.0.0, bindings/crypto/constants.js, versionBytes
_PUBLIC_KEY_VERSION = 203
_PRIVATE_KEY_VERSION = 90

# mina-signer 4.0.0, mina-signer/src/curve-bigint.js, versionNumbers of the key and of the field in it
_PUBLIC_KEY_INNER = b"\x01\x01"
_PRIVATE_KEY_INNER = b"\x01"

_FIELD_BYTES = 32


class PublicKey(Value):
    """A point of Pallas in compressed form.

    Attributes:
        x: its first coordinate, from 0 to p - 1.
        is_odd: the parity of its second coordinate, 0 or 1.
    """

    __slots__ = ("_y", "is_odd", "x")

    x: int
    is_odd: int
    _y: int

    def __init__(self, x: int, is_odd: int) -> None:
        """Make the key.

        Raises:
            ValueError: x is no field element, `is_odd` is not 0, 1 or a bool, or the curve has no point with
                this x.
        """
        check(x, "public key x")
        if is_odd not in (0, 1) or not isinstance(is_odd, int):
            raise ValueError("public key parity: expected 0 or 1, got something else")
        point = lift_x(x, int(is_odd))
        if point is None:
            raise ValueError("public key: expected the x of a point of the curve, got one of no point")
        self._fill(x=x, is_odd=int(is_odd), _y=point[1])

    @classmethod
    def from_base58(cls, text: str) -> "PublicKey":
        """Read the text form, which begins with `B62`.

        Raises:
            ValueError: it is not the base58check text of a public key, or the key is not a point of the
                curve.
        """
        data = base58.decode(
            text, _PUBLIC_KEY_VERSION, len(_PUBLIC_KEY_INNER) + _FIELD_BYTES + 1, "public key"
        )
        if not data.startswith(_PUBLIC_KEY_INNER):
            raise ValueError(f"public key: expected inner versions 01 01, got {data[:2].hex(' ')}")
        if data[-1] > 1:
            raise ValueError(f"public key parity: expected 0 or 1, got {data[-1]}")
        return cls(int.from_bytes(data[2:-1], "little"), data[-1])

    def to_base58(self) -> str:
        """Return the text form, 55 characters."""
        data = _PUBLIC_KEY_INNER + self.x.to_bytes(_FIELD_BYTES, "little") + bytes([self.is_odd])
        return base58.encode(_PUBLIC_KEY_VERSION, data)

    def to_fields(self) -> list[int]:
        """Return `[x, is_odd]`, as o1js `PublicKey.toFields`."""
        return [self.x, self.is_odd]

    def point(self) -> Point:
        """Return the affine point (x, y)."""
        return (self.x, self._y)

    def _contents(self) -> tuple[object, ...]:
        return (self.x, self.is_odd)

    def __repr__(self) -> str:
        return f"PublicKey.from_base58({self.to_base58()!r})"


class PrivateKey(Value):
    """A scalar from 1 to q - 1. Neither `repr`, `str`, errors nor pickling show it."""

    __slots__ = ("_public_key", "_scalar")

    _scalar: int
    _public_key: PublicKey | None

    def __init__(self, scalar: int) -> None:
        """Make the key from its scalar.

        Raises:
            ValueError: `scalar` is not an integer from 1 to q - 1.
        """
        if check(scalar, "private key", Q) == 0:
            raise ValueError("private key: expected a scalar from 1 to q - 1, got 0")
        self._fill(_scalar=scalar, _public_key=None)

    @classmethod
    def from_scalar(cls, scalar: int) -> "PrivateKey":
        """Make the key from its scalar; the same as the constructor."""
        return cls(scalar)

    @classmethod
    def from_base58(cls, text: str) -> "PrivateKey":
        """Read the text form, which begins with `EK`.

        Raises:
            ValueError: it is not the base58check text of a private key; the text is not repeated.
        """
        data = base58.decode(
            text, _PRIVATE_KEY_VERSION, len(_PRIVATE_KEY_INNER) + _FIELD_BYTES, "private key"
        )
        if not data.startswith(_PRIVATE_KEY_INNER):
            raise ValueError(f"private key: expected inner version 01, got {data[:1].hex()}")
        return cls(int.from_bytes(data[1:], "little"))

    def to_base58(self) -> str:
        """Return the text form, 52 characters. It is the secret itself."""
        data = _PRIVATE_KEY_INNER + self._scalar.to_bytes(_FIELD_BYTES, "little")
        return base58.encode(_PRIVATE_KEY_VERSION, data)

    def public_key(self) -> PublicKey:
        """Return the public key, computed at the first call."""
        if self._public_key is None:
            point = scale_base(self._scalar)
            assert point is not None  # noqa: S101  the scalar is not 0 modulo q
            self._fill(_public_key=PublicKey(point[0], point[1] & 1))
        assert self._public_key is not None  # noqa: S101  filled above
        return self._public_key

    def reveal_scalar(self) -> int:
        """Return the secret scalar, from 1 to q - 1, for `mina.sign`."""
        return self._scalar

    def _contents(self) -> tuple[object, ...]:
        return (self._scalar,)

    def __repr__(self) -> str:
        return "PrivateKey(<hidden>)"

    def __reduce__(self) -> str:
        raise TypeError("private key: expected to_base58 where it must be kept, got pickle or copy")
