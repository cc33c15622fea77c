"""What signer and verifier hash: the challenge e of Mina's Schnorr signatures, over fields and over text.

The order of the inputs and the names are those of mina-signer 4.0.0, mina-signer/src/signature.js and
sign-legacy.js.
"""

from collections.abc import Sequence

from mina.encoding import utf8
from mina.pallas import Point
from mina.poseidon import hash_legacy_with_prefix, hash_with_prefix

# mina-signer 4.0.0, bindings/crypto/constants.js, prefixes.signatureTestnet and prefixes.signatureMainnet
_PREFIXES = {"devnet": "CodaSignature*******", "mainnet": "MinaSignatureMainnet"}

# Hashing this much takes half a second; of anything longer, sign the digest.
MAX_MESSAGE_BYTES = 65536

# mina-signer 4.0.0, mina-signer/src/poseidon-bigint.js, packToFieldsLegacy: one bit less than a field's size
_PACKED_BITS = 254

# mina-signer 4.0.0, mina-signer/src/sign-legacy.js, stringToInput: each byte's highest bit comes first
_REVERSED_BITS = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def check_network(network: object) -> None:
    """Check that `network` is `devnet` or `mainnet`.

    Raises:
        ValueError: it is anything else; signatures of text exist for these two networks only.
    """
    if not isinstance(network, str) or network not in _PREFIXES:
        raise ValueError("network: expected devnet or mainnet, got another")


def of_fields(fields: Sequence[int], key: Point, r: int) -> int:
    """Return the challenge for a list of fields, below p and so below q.

    Always with the devnet prefix: mina-signer's signFields, o1js `Signature.create` and the wallets built on
    them use it on every network. Whoever needs networks apart makes the network one of the fields.

    Args:
        fields: the signed field elements.
        key: the signer's point.
        r: the x of the nonce's point.
    """
    return hash_with_prefix(_PREFIXES["devnet"], [*fields, *key, r])


def of_message(bits: bytes, key: Point, r: int, network: str) -> int:
    """Return the challenge for text, below p and so below q.

    Args:
        bits: the text's bits as `message_bits` gives them.
        key: the signer's point.
        r: the x of the nonce's point.
        network: a checked network.
    """
    number = int.from_bytes(bits, "little")
    mask = (1 << _PACKED_BITS) - 1
    packed = [number >> start & mask for start in range(0, 8 * len(bits), _PACKED_BITS)]
    return hash_legacy_with_prefix(_PREFIXES[network], [*key, r, *packed])


def message_bits(text: str) -> bytes:
    """Return the bits of the text's UTF-8 in Mina's order, packed lowest bit first.

    Raises:
        ValueError: it is no text or more than 65,536 bytes of it.
    """
    return utf8(text, MAX_MESSAGE_BYTES, "message").translate(_REVERSED_BITS)
