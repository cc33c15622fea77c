"""A Schnorr signature and its base58check form."""

from mina import base58
from mina.field import P, Q, check
from mina.value import Value

# mina-signer 4.0.0, bindings/crypto/constants.js, versionBytes.signature
_VERSION = 154

# mina-signer 4.0.0, mina-signer/src/curve-bigint.js, versionNumbers.signature
_INNER = b"\x01"

_FIELD_BYTES = 32


class Signature(Value):
    """The pair (r, s) of a signature, whether it holds or not.

    Attributes:
        r: the x of the nonce's point, from 1 to p - 1: no point of the curve has x = 0.
        s: the response, from 0 to q - 1.
    """

    __slots__ = ("r", "s")

    r: int
    s: int

    def __init__(self, r: int, s: int) -> None:
        """Make the pair.

        Raises:
            ValueError: r or s is out of range.
        """
        if check(r, "signature r", P) == 0:
            raise ValueError("signature r: expected an integer from 1 to p - 1, got 0")
        check(s, "signature s", Q)
        self._fill(r=r, s=s)

    @classmethod
    def from_base58(cls, text: str) -> "Signature":
        """Read the text form, which begins with `7m`.

        Raises:
            ValueError: it is not the base58check text of a signature.
        """
        data = base58.decode(text, _VERSION, len(_INNER) + 2 * _FIELD_BYTES, "signature")
        if not data.startswith(_INNER):
            raise ValueError(f"signature: expected inner version 01, got {data[:1].hex()}")
        r, s = data[1 : 1 + _FIELD_BYTES], data[1 + _FIELD_BYTES :]
        return cls(int.from_bytes(r, "little"), int.from_bytes(s, "little"))

    def to_base58(self) -> str:
        """Return the text form."""
        r, s = (value.to_bytes(_FIELD_BYTES, "little") for value in (self.r, self.s))
        return base58.encode(_VERSION, _INNER + r + s)

    def _contents(self) -> tuple[object, ...]:
        return (self.r, self.s)

    def __repr__(self) -> str:
        return f"Signature(r={self.r}, s={self.s})"
