"""The evidence store on S3: content-addressed keys, written once."""

import hashlib
import tempfile
from collections.abc import Iterable
from typing import IO, TYPE_CHECKING
from urllib.parse import quote

from botocore.exceptions import BotoCoreError, ClientError

from sealrun.errors import StoreUnavailable
from sealrun.ports import Stored

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Small evidence stays in memory, the rest goes to the function's own disk.
IN_MEMORY = 1 << 20
DOCUMENT_BYTES = 1 << 20
PREFIX = "sha256/"


class S3EvidenceStore:
    """``sealrun.ports.EvidenceStore`` over one bucket."""

    def __init__(self, client: "S3Client", *, bucket: str) -> None:
        self._client, self._bucket = client, bucket

    def put(self, chunks: Iterable[bytes], *, media_type: str) -> Stored:
        """At most 5 GiB, as one PUT takes; what is there already under the digest is left as it is."""
        digest, size = hashlib.sha256(), 0
        with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as spool:
            for chunk in chunks:
                digest.update(chunk)
                size += spool.write(chunk)
            spool.seek(0)
            self._create(digest.hexdigest(), spool, size, media_type)
        return Stored(digest.hexdigest(), size)

    def get(self, sha256: str) -> bytes:
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=PREFIX + sha256)
            body = answer["Body"].read(DOCUMENT_BYTES + 1)
        except (ClientError, BotoCoreError) as error:
            raise _unavailable(error) from error
        if len(body) > DOCUMENT_BYTES or hashlib.sha256(body).hexdigest() != sha256:
            raise StoreUnavailable(f"evidence: expected the bytes of {sha256}, got others")
        return body

    def url(self, sha256: str, *, seconds: int, filename: str) -> str:
        disposition = f"attachment; filename*=UTF-8''{quote(filename, safe='')}"
        return self._client.generate_presigned_url(
            "get_object",
            Params={
                "Bucket": self._bucket,
                "Key": PREFIX + sha256,
                "ResponseContentDisposition": disposition,
            },
            ExpiresIn=seconds,
        )

    def _create(self, sha256: str, body: IO[bytes], size: int, media_type: str) -> None:
        try:
            self._client.put_object(
                Bucket=self._bucket,
                Key=PREFIX + sha256,
                Body=body,
                ContentLength=size,
                ContentType=media_type,
                IfNoneMatch="*",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "PreconditionFailed":
                raise _unavailable(error) from error
        except BotoCoreError as error:
            raise _unavailable(error) from error


def _unavailable(error: Exception) -> StoreUnavailable:
    return StoreUnavailable(f"evidence: expected the bucket's answer, got {type(error).__name__}")
