"""Making Schnorr signatures, as mina-signer does, bit for bit. Verifying stands in `mina.verify`.

Python integers do not run in constant time. Whoever can time many signatures of one key finely enough may
learn about the key; sign where no stranger can do that, and leave keys that hold much money to a hardware or
wallet signer.
"""

from collections.abc import Callable, Sequence
from hashlib import blake2b

from mina import challenge
from mina.field import P, Q, check_all
from mina.keys import PrivateKey
from mina.multiply import scale_base
from mina.pallas import Point
from mina.signature import Signature

# mina-signer 4.0.0, mina-signer/src/signature.js, networkIdDevnet and networkIdMainnet
_NETWORK_IDS = {"devnet": 0, "mainnet": 1}

# mina-signer 4.0.0, mina-signer/src/field-bigint.js, sizeInBits
_FIELD_BITS = 255

# The nonce keeps 254 bits of the digest, so that it is below q: signature.js, deriveNonce
_NONCE_BITS = 254


def sign_fields(private_key: PrivateKey, fields: Sequence[int]) -> Signature:
    """Sign a list of field elements, as mina-signer `signFields` and o1js `Signature.create` do.

    The signature carries no network and no length of its own, and one of a single field may be a
    transaction's: give it at least two fields, the first a constant tag, and the network among them. That is
    not checked here.

    Args:
        private_key: the signer's key.
        fields: a list or tuple of integers from 0 to p - 1.

    Raises:
        ValueError: the key is no `PrivateKey`, or an element is no field element.
    """
    _check_key(private_key)
    fields = check_all(fields)
    key, scalar = private_key.public_key().point(), private_key.reveal_scalar()
    nonce = _nonce(_pack([*fields, *key, scalar % P, _NETWORK_IDS["devnet"]]))
    return _sign(scalar, nonce, lambda r: challenge.of_fields(fields, key, r))


def sign_message(private_key: PrivateKey, text: str, network: str = "devnet") -> Signature:
    """Sign text, as mina-signer `signMessage` does (the legacy scheme).

    Args:
        private_key: the signer's key.
        text: at most 65,536 bytes of UTF-8.
        network: `devnet` or `mainnet`; no other.

    Raises:
        ValueError: the key is no `PrivateKey`, the text is no text or too long, or the network is another.
    """
    _check_key(private_key)
    challenge.check_network(network)
    bits = challenge.message_bits(text)
    key, scalar = private_key.public_key().point(), private_key.reveal_scalar()
    nonce = _nonce(_pack_message(key, bits, scalar, _NETWORK_IDS[network]))
    return _sign(scalar, nonce, lambda r: challenge.of_message(bits, key, r, network))


def _sign(scalar: int, nonce: int, challenge_for: Callable[[int], int]) -> Signature:
    """Return (r, s) with s = k + e * d, where k is the nonce or its negative, whichever makes R.y even."""
    commitment = scale_base(nonce)
    if commitment is None:
        raise ValueError("signature: expected a nonce that is not 0, got 0")
    r, y = commitment
    k = Q - nonce if y & 1 else nonce
    return Signature(r, (k + challenge_for(r) * scalar) % Q)


def _nonce(packed: bytes) -> int:
    digest = blake2b(packed, digest_size=32).digest()
    return int.from_bytes(digest, "little") & ((1 << _NONCE_BITS) - 1)


def _pack(fields: Sequence[int]) -> bytes:
    """Return the fields as 255 bits each, lowest first, padded with zero bits to whole bytes."""
    number = 0
    for field in reversed(fields):
        number = number << _FIELD_BITS | field
    return number.to_bytes((_FIELD_BITS * len(fields) + 7) // 8, "little")


def _pack_message(key: Point, bits: bytes, scalar: int, network_id: int) -> bytes:
    """Return the public key, the message, the private key and 8 bits of network, lowest bit first."""
    message_end = 2 * _FIELD_BITS + 8 * len(bits)
    number = key[0] | key[1] << _FIELD_BITS | int.from_bytes(bits, "little") << 2 * _FIELD_BITS
    number |= scalar << message_end | network_id << message_end + _FIELD_BITS
    return number.to_bytes((message_end + _FIELD_BITS + 8 + 7) // 8, "little")


def _check_key(private_key: object) -> None:
    if not isinstance(private_key, PrivateKey):
        raise ValueError(f"private key: expected PrivateKey, got {type(private_key).__name__}")
