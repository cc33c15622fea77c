"""The oracle's Mina key, kept as a KMS ciphertext and opened when something is signed."""

import hmac

from nacl.signing import SigningKey

from mina.keys import PrivateKey, PublicKey
from mina.sign import sign_fields
from mina.signature import Signature
from sealrun.errors import Unavailable
from sealrun.offers.stored_offer import StoredOffer
from sealrun.ports.keys import KeyService
from sealrun.service.credentials import key_context


class SealedOracle:
    """``sealrun.ports.keys.Oracle``; the private key is never in a repr, a log or an error."""

    def __init__(self, private_key: PrivateKey) -> None:
        self._private_key = private_key

    @property
    def public_key(self) -> PublicKey:
        """The key that receipts name."""
        return self._private_key.public_key()

    def sign(self, fields: list[int]) -> Signature:
        """Not in constant time; see SECURITY.md."""
        return sign_fields(self._private_key, fields)

    @property
    def statement_key(self) -> bytes:
        """The Ed25519 public key of the in-toto statements, 32 bytes."""
        return bytes(self._signing_key().verify_key)

    def sign_statement(self, message: bytes) -> bytes:
        """An Ed25519 signature, 64 bytes."""
        return self._signing_key().sign(message).signature

    def seed(self, call: str) -> bytes:
        """The secret behind one call's salts, 32 bytes: the same whenever that call is collected."""
        return self._derived(f"sealrun:salts:{call}")

    def _signing_key(self) -> SigningKey:
        return SigningKey(self._derived("sealrun:ed25519"))

    def _derived(self, purpose: str) -> bytes:
        return hmac.digest(self._private_key.to_base58().encode(), purpose.encode(), "sha256")


def open_oracle(stored: StoredOffer, *, ciphertext: bytes, keys: KeyService) -> SealedOracle:
    """Open the oracle key; its context binds it to its own public key.

    Raises:
        Unavailable: it is not the key that the offer names.
    """
    plain = keys.decrypt(ciphertext, context=key_context("oracle", stored.offer.oracle))
    oracle = SealedOracle(PrivateKey.from_base58(plain.decode("ascii")))
    if oracle.public_key.to_base58() != stored.offer.oracle:
        raise Unavailable(f"oracle: expected the key {stored.offer.oracle}, got another")
    return oracle
