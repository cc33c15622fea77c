"""Keys that decrypt, and keys that sign."""

from collections.abc import Mapping
from typing import Protocol

from mina.keys import PublicKey
from mina.signature import Signature


class KeyService(Protocol):
    """A key service that decrypts only under the very context that encrypted (KMS)."""

    def encrypt(self, plaintext: bytes, *, context: Mapping[str, str]) -> bytes: ...

    def decrypt(self, ciphertext: bytes, *, context: Mapping[str, str]) -> bytes: ...


class Oracle(Protocol):
    """Signs with the oracle's Mina key, and with an Ed25519 key that belongs to it."""

    @property
    def public_key(self) -> PublicKey: ...

    def sign(self, fields: list[int]) -> Signature: ...

    @property
    def statement_key(self) -> bytes:
        """The Ed25519 public key, 32 bytes."""

    def sign_statement(self, message: bytes) -> bytes:
        """An Ed25519 signature over the message, 64 bytes."""

    def seed(self, call: str) -> bytes:
        """32 secret bytes that are the same whenever this call (64 hex digits) is collected."""
