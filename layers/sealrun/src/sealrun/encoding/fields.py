"""Text, digests and JSON as Mina fields, and the one hash that everything signed is made of."""

import hashlib
from collections.abc import Sequence

import rfc8785

from mina.poseidon import hash_with_prefix
from sealrun.errors import Malformed

# Two tags of one list never meet: a tag is at most 20 ASCII characters, as Mina's own prefixes are.
MAX_TAG_LENGTH = 20
# A field holds 254 whole bits, so 31 bytes always fit and 32 do not.
MAX_TEXT_BYTES = 31
HALF = 1 << 128
# An amount on Mina.
MAX_UINT64 = 2**64 - 1

# The lists that move money name their asset, and have tags of their own: no signature over a list without one
# counts for them.
VOUCHER = "sealrun:voucher2"
RECEIPT = "sealrun:receipt"
READ = "sealrun:read"
MIRROR = "sealrun:mirror"
CALLS = "sealrun:calls"
DUE = "sealrun:due2"
# The same figure for the buyer; no contract accepts it (A6).
FIGURE = "sealrun:figure2"
ACCOUNT = "sealrun:account"
EXIT = "sealrun:exit2"
WITHDRAW = "sealrun:withdraw2"
CLOSE = "sealrun:close"
TICKET = "sealrun:ticket"
REDEEM = "sealrun:redeem"
WAKE = "sealrun:wake"
LIST = "sealrun:list"
SALE = "sealrun:sale"

NETWORKS = ("mina:devnet", "mina:mainnet")


def text_field(text: str) -> int:
    """The field of a short text: its bytes as one little-endian number, as o1js turns prefixes into fields.

    Args:
        text: 1 to 31 printable ASCII characters (E3), so that no two texts share a field.

    Raises:
        Malformed: the text is empty, too long, or holds another character.
    """
    if not (1 <= len(text) <= MAX_TEXT_BYTES and text.isascii() and text.isprintable()):
        raise Malformed(f"text: expected 1 to {MAX_TEXT_BYTES} printable ASCII characters, got {text[:40]!r}")
    return int.from_bytes(text.encode("ascii"), "little")


def network_field(network: str) -> int:
    """The field of a network's CAIP-2 name.

    Raises:
        Malformed: the network is none of those that sealrun knows.
    """
    if network not in NETWORKS:
        raise Malformed(f"network: expected one of {', '.join(NETWORKS)}, got {network[:40]!r}")
    return text_field(network)


def tagged_hash(tag: str, fields: Sequence[int]) -> int:
    """``H(tag, fields)``: Poseidon with a prefix. Each tag is used with one fixed length of list.

    Poseidon on Mina does not pad for length, so ``H(tag, [a])`` equals ``H(tag, [a, 0])``.

    Raises:
        Malformed: the tag is longer than 20 characters or not printable ASCII.
        ValueError: an element is no field.
    """
    if len(tag) > MAX_TAG_LENGTH:
        raise Malformed(f"tag: expected at most {MAX_TAG_LENGTH} characters, got {len(tag)}")
    text_field(tag)
    return hash_with_prefix(tag, list(fields))


def node_hash(left: int, right: int) -> int:
    """The node over two subtrees, in every tree of Poseidon here; tags tell it from any leaf."""
    return tagged_hash("sealrun:node", [left, right])


def digest_fields(digest: bytes) -> list[int]:
    """A SHA-256 digest (32 bytes) as two fields: its high 128 bits, then its low 128 bits."""
    if len(digest) != hashlib.sha256().digest_size:
        raise Malformed(f"digest: expected 32 bytes, got {len(digest)}")
    return list(divmod(int.from_bytes(digest, "big"), HALF))


def canonical(value: object) -> bytes:
    """The value as canonical JSON (RFC 8785).

    Raises:
        Malformed: canonical JSON cannot express the value, for example an integer above 2**53 - 1 or half a
            surrogate pair.
    """
    try:
        return rfc8785.dumps(value)  # type: ignore[arg-type]
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise Malformed(f"JSON: expected a value that RFC 8785 can hold, {error}") from error


def document_hash(tag: str, document: bytes) -> int:
    """``H(tag, digest(document))`` over the bytes that are stored."""
    return tagged_hash(tag, digest_fields(hashlib.sha256(document).digest()))
