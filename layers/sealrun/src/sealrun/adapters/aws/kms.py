"""Keys that only KMS opens, and only under the context that closed them (R1)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from sealrun.errors import StoreUnavailable

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient


class KmsKeys:
    """``sealrun.ports.keys.KeyService`` over one KMS key."""

    def __init__(self, client: "KMSClient", *, key_id: str) -> None:
        self._client, self._key_id = client, key_id

    def encrypt(self, plaintext: bytes, *, context: Mapping[str, str]) -> bytes:
        """At most 4096 bytes, as KMS takes."""
        try:
            answer = self._client.encrypt(
                KeyId=self._key_id, Plaintext=plaintext, EncryptionContext=dict(context)
            )
        except (ClientError, BotoCoreError) as error:
            raise _unavailable(error) from None
        return answer["CiphertextBlob"]

    def decrypt(self, ciphertext: bytes, *, context: Mapping[str, str]) -> bytes:
        try:
            answer = self._client.decrypt(
                KeyId=self._key_id, CiphertextBlob=ciphertext, EncryptionContext=dict(context)
            )
        except (ClientError, BotoCoreError) as error:
            raise _unavailable(error) from None
        return answer["Plaintext"]


def _unavailable(error: Exception) -> StoreUnavailable:
    """Without the cause: the request beside it holds the plaintext."""
    return StoreUnavailable(
        f"key service: expected it to open the key in this context, got {type(error).__name__}"
    )
