"""Keys that only KMS opens, and only under the context that encrypted them (R1)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sealrun.adapters.aws.errors import translated

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient


class KmsKeys:
    """``sealrun.ports.keys.KeyService`` over one KMS key.

    Errors come without their cause: the request beside it holds the plaintext.
    """

    def __init__(self, client: "KMSClient", *, key_id: str) -> None:
        self._client, self._key_id = client, key_id

    def encrypt(self, plaintext: bytes, *, context: Mapping[str, str]) -> bytes:
        """At most 4096 bytes, as KMS takes."""
        with translated("key service", cause=False):
            answer = self._client.encrypt(
                KeyId=self._key_id, Plaintext=plaintext, EncryptionContext=dict(context)
            )
        return answer["CiphertextBlob"]

    def decrypt(self, ciphertext: bytes, *, context: Mapping[str, str]) -> bytes:
        with translated("key service", cause=False):
            answer = self._client.decrypt(
                KeyId=self._key_id, CiphertextBlob=ciphertext, EncryptionContext=dict(context)
            )
        return answer["Plaintext"]
