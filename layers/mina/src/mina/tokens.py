"""Token ids: which token an account holds."""

from mina import base58
from mina.field import check
from mina.keys import PublicKey
from mina.poseidon import hash_with_prefix

# mina-signer 4.0.0, bindings/crypto/constants.js, versionBytes.tokenIdKey
_VERSION = 28

# mina-signer 4.0.0, bindings/crypto/constants.js, prefixes.deriveTokenId
_PREFIX = "MinaDeriveTokenId***"

_FIELD_BYTES = 32

# o1js 2.15.0, lib/mina/v1/constants or TokenId.default: the id of MINA itself
MINA = 1


def derive_token_id(public_key: PublicKey, parent: int = MINA) -> int:
    """Return the id of the token that an account owns, as o1js `TokenId.derive`.

    Args:
        public_key: the owner's key.
        parent: the token id of the owner's own account.

    Raises:
        ValueError: the owner is no `PublicKey`, or `parent` is no field element.
    """
    if not isinstance(public_key, PublicKey):
        raise ValueError(f"public key: expected PublicKey, got {type(public_key).__name__}")
    check(parent, "parent token id")
    return hash_with_prefix(_PREFIX, [public_key.x, parent, public_key.is_odd])


def to_base58(token_id: int) -> str:
    """Return the text form of a token id.

    Raises:
        ValueError: it is no field element.
    """
    return base58.encode(_VERSION, check(token_id, "token id").to_bytes(_FIELD_BYTES, "little"))


def from_base58(text: str) -> int:
    """Read the text form of a token id, which begins with `w` or `x`.

    Raises:
        ValueError: it is not the base58check text of a field element.
    """
    return check(
        int.from_bytes(base58.decode(text, _VERSION, _FIELD_BYTES, "token id"), "little"), "token id"
    )
