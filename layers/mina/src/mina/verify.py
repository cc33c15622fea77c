"""Checking Schnorr signatures. Nothing here is secret; making signatures stands in `mina.sign`."""

from collections.abc import Sequence

from mina import challenge
from mina.field import Q, check_all
from mina.keys import PublicKey
from mina.multiply import combine
from mina.pallas import Point
from mina.signature import Signature


def verify_fields(signature: Signature, public_key: PublicKey, fields: Sequence[int]) -> bool:
    """Whether `public_key` signed exactly these fields, as mina-signer `verifyFields` tells.

    What the fields mean is not checked: that the first is the expected tag, and which network is meant, is
    for the caller to compare. A signature that holds may have been seen before.

    Args:
        signature: the signature.
        public_key: the signer's key.
        fields: a list or tuple of integers from 0 to p - 1.

    Raises:
        ValueError: an argument is no `Signature`, `PublicKey` or list of field elements.
    """
    _check_types(signature, public_key)
    fields = check_all(fields)
    e = challenge.of_fields(fields, public_key.point(), signature.r)
    return _holds(signature, public_key.point(), e)


def verify_message(signature: Signature, public_key: PublicKey, text: str, network: str = "devnet") -> bool:
    """Whether `public_key` signed this text for this network, as mina-signer `verifyMessage` tells.

    Args:
        signature: the signature.
        public_key: the signer's key.
        text: at most 65,536 bytes of UTF-8.
        network: `devnet` or `mainnet`.

    Raises:
        ValueError: an argument is no `Signature`, `PublicKey`, such text or such a network.
    """
    _check_types(signature, public_key)
    challenge.check_network(network)
    bits = challenge.message_bits(text)
    e = challenge.of_message(bits, public_key.point(), signature.r, network)
    return _holds(signature, public_key.point(), e)


def _holds(signature: Signature, key: Point, e: int) -> bool:
    """Steps 2 to 4 of the verification; step 1 computed e."""
    # 2. R = s * G - e * A
    commitment = combine(signature.s, (Q - e) % Q, key)
    # 3. R is not infinity
    if commitment is None:
        return False
    # 4. R.y is even and R.x = r
    x, y = commitment
    return y & 1 == 0 and x == signature.r


def _check_types(signature: object, public_key: object) -> None:
    if not isinstance(signature, Signature):
        raise ValueError(f"signature: expected Signature, got {type(signature).__name__}")
    if not isinstance(public_key, PublicKey):
        raise ValueError(f"public key: expected PublicKey, got {type(public_key).__name__}")
