"""Base58check with Mina's version bytes: version byte, data, first 4 bytes of the doubled SHA-256 of both.

Errors say what was expected and what came, and never repeat the text: it may be a private key.
"""

from hashlib import sha256

# mina-signer 4.0.0, lib/util/base58.js, alphabet (the one Bitcoin uses)
ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

_DIGITS = {character: digit for digit, character in enumerate(ALPHABET)}
_CHECKSUM_BYTES = 4


def encode(version: int, data: bytes) -> str:
    """Return `data` in base58check.

    Args:
        version: the version byte, 1 to 255 (so that no leading zero needs a `1` of its own).
        data: what the text carries.
    """
    payload = bytes([version]) + data
    number = int.from_bytes(payload + _checksum(payload), "big")
    characters = []
    while number:
        number, digit = divmod(number, 58)
        characters.append(ALPHABET[digit])
    return "".join(reversed(characters))


def decode(text: str, version: int, size: int, what: str) -> bytes:
    """Return the data that `text` carries.

    Args:
        text: base58check text.
        version: the version byte it must have.
        size: the number of bytes of data it must have.
        what: names the text in errors.

    Raises:
        ValueError: it is no text, too long, not base58, of another size or version, or its checksum does not
            hold.
    """
    # 1. Bound the length before any work that grows with it: a byte takes log 256 / log 58 < 1.366
    # characters.
    whole = 1 + size + _CHECKSUM_BYTES
    limit = whole * 1366 // 1000 + 1
    if not isinstance(text, str):
        raise ValueError(f"{what}: expected base58check text, got {type(text).__name__}")
    if len(text) > limit:
        raise ValueError(f"{what}: expected at most {limit} characters, got {len(text)}")
    # 2. Read the digits; each leading `1` is a zero byte.
    number = 0
    for position, character in enumerate(text):
        digit = _DIGITS.get(character)
        if digit is None:
            raise ValueError(f"{what}: expected base58 characters, got another at position {position}")
        number = number * 58 + digit
    zeros = len(text) - len(text.lstrip(ALPHABET[0]))
    raw = bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")
    # 3. The size, so that nothing is left over; the checksum; the version.
    if len(raw) != whole:
        raise ValueError(f"{what}: expected {whole} bytes, got {len(raw)}")
    payload, checksum = raw[:-_CHECKSUM_BYTES], raw[-_CHECKSUM_BYTES:]
    if _checksum(payload) != checksum:
        raise ValueError(f"{what}: expected the checksum of its bytes, got another")
    if payload[0] != version:
        raise ValueError(f"{what}: expected version byte {version}, got {payload[0]}")
    return payload[1:]


def _checksum(payload: bytes) -> bytes:
    return sha256(sha256(payload).digest()).digest()[:_CHECKSUM_BYTES]
