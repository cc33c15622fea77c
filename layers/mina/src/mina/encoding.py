"""Bytes and short text as field elements."""

# o1js 2.15.0, bindings/lib/encoding.js: 31 bytes always fit below p
CHUNK_BYTES = 31

# o1js 2.15.0, bindings/lib/encoding.js, STOP
_STOP = b"\x01"


def bytes_to_fields(data: bytes) -> list[int]:
    """Return `data` as field elements, as o1js `Encoding.bytesToFields`.

    Full chunks of 31 bytes, little-endian, then a last chunk that ends in a byte 01; so bytes of different
    lengths give different fields, and n bytes give n // 31 + 1 fields.

    Raises:
        ValueError: `data` is not bytes.
    """
    if not isinstance(data, bytes):
        raise ValueError(f"data: expected bytes, got {type(data).__name__}")
    stopped = data + _STOP
    return [
        int.from_bytes(stopped[start : start + CHUNK_BYTES], "little")
        for start in range(0, len(data) // CHUNK_BYTES * CHUNK_BYTES + 1, CHUNK_BYTES)
    ]


def text_to_field(text: str, what: str = "text") -> int:
    """Return ASCII text of at most 31 characters as one field element, as Mina encodes prefixes.

    Each character is a byte, the first one the lowest.

    Raises:
        ValueError: it is longer, no text, not ASCII, or holds a NUL (which at the end would change nothing).
    """
    data = utf8(text, CHUNK_BYTES, what)
    for position, byte in enumerate(data):
        if not 0 < byte < 128:  # noqa: PLR2004  ASCII ends there
            raise ValueError(f"{what}: expected ASCII without NUL, got another character at {position}")
    return int.from_bytes(data, "little")


def utf8(text: str, limit: int, what: str) -> bytes:
    """Return the UTF-8 of `text`, at most `limit` bytes of it.

    Raises:
        ValueError: `text` is no str, is longer, or holds half a surrogate pair.
    """
    if not isinstance(text, str):
        raise ValueError(f"{what}: expected text, got {type(text).__name__}")
    if len(text) > limit:
        raise ValueError(f"{what}: expected at most {limit} bytes, got {len(text)} characters")
    try:
        data = text.encode()
    except UnicodeEncodeError as error:
        # the cause would repeat the text, which may be confidential
        raise ValueError(f"{what}: expected text, got half a surrogate pair at {error.start}") from None
    if len(data) > limit:
        raise ValueError(f"{what}: expected at most {limit} bytes, got {len(data)}")
    return data
