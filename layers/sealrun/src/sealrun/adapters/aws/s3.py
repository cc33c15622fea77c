"""The evidence store on S3: content-addressed keys, written once."""

import contextlib
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from botocore.exceptions import BotoCoreError, ClientError

from sealrun.encoding.measure import Measured
from sealrun.errors import StoreUnavailable
from sealrun.ports.evidence import Content

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# S3 takes parts of 5 MiB and more; one of them is in memory at a time.
PART = 8 << 20
READ = 1 << 20
DOCUMENT_BYTES = 8 << 20
PREFIX = "sha256/"


class S3EvidenceStore:
    """``sealrun.ports.evidence.EvidenceStore`` over one bucket."""

    def __init__(self, client: "S3Client", *, bucket: str) -> None:
        self._client, self._bucket = client, bucket

    def put(self, content: Content, measured: Measured, *, media_type: str) -> None:
        """In one request up to 8 MiB, by multipart above; at most 10,000 parts, which is 78 GiB.

        What is there already under the digest is left as it is.
        """
        where = {"Bucket": self._bucket, "Key": PREFIX + measured.sha256}
        if measured.size <= PART:
            self._put(b"".join(content()), measured, {**where, "ContentType": media_type})
        elif not self._exists(where):
            chunks, created = _checked(content(), measured), {"ContentType": media_type}
            put_parts(self._client, where, chunks, made=created, completed={"IfNoneMatch": "*"})

    def get(self, sha256: str) -> bytes:
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=PREFIX + sha256)
            body = answer["Body"].read(DOCUMENT_BYTES + 1)
        except (ClientError, BotoCoreError) as error:
            raise _unavailable(error) from error
        if len(body) > DOCUMENT_BYTES or hashlib.sha256(body).hexdigest() != sha256:
            raise StoreUnavailable(f"evidence: expected the bytes of {sha256}, got others")
        return body

    def read(self, sha256: str) -> Iterator[bytes]:
        with translated():
            answer = self._client.get_object(Bucket=self._bucket, Key=PREFIX + sha256)
            yield from answer["Body"].iter_chunks(READ)

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

    def _put(self, body: bytes, measured: Measured, request: dict[str, str]) -> None:
        _check(hashlib.sha256(body), len(body), measured)
        with translated(unless="PreconditionFailed"):
            self._client.put_object(Body=body, IfNoneMatch="*", **request)  # type: ignore[arg-type]

    def _exists(self, where: dict[str, str]) -> bool:
        with translated(unless="404"):
            self._client.head_object(**where)  # type: ignore[arg-type]
            return True
        return False


def put_parts(
    client: "S3Client",
    where: Mapping[str, Any],
    chunks: Iterable[bytes],
    *,
    made: Mapping[str, Any],
    completed: Mapping[str, Any],
) -> None:
    """Upload by multipart, one part in memory at a time; what is not completed is given up.

    What reading the chunks raises passes through, and then nothing is stored.

    Args:
        client: of S3, or of a service with its API.
        where: bucket and key.
        chunks: the bytes, in pieces of any length.
        made: what the upload is created with besides.
        completed: what it is completed with besides. That its condition fails is no error.

    Raises:
        StoreUnavailable: the bucket did not do it.
    """
    with translated():
        upload = {**where, "UploadId": client.create_multipart_upload(**where, **made)["UploadId"]}
    try:
        with translated():
            parts = [_send(client, upload, *each) for each in enumerate(_parts(chunks), start=1)]
        with translated(unless="PreconditionFailed"):
            client.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts}, **completed)
    except BaseException:
        with contextlib.suppress(ClientError, BotoCoreError):
            client.abort_multipart_upload(**upload)
        raise


def _send(client: "S3Client", upload: dict[str, Any], number: int, part: bytes) -> Any:
    answer = client.upload_part(**upload, PartNumber=number, Body=part)
    return {"PartNumber": number, "ETag": answer["ETag"]}


def _parts(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The bytes in parts of one size; the last one may be shorter."""
    pieces: list[memoryview] = []
    left = PART
    for chunk in chunks:
        view = memoryview(chunk)
        while view:
            pieces.append(view[:left])
            view, left = view[left:], left - len(pieces[-1])
            if left == 0:
                part, pieces, left = b"".join(pieces), [], PART
                yield part
    if pieces:
        yield b"".join(pieces)


def _checked(chunks: Iterable[bytes], measured: Measured) -> Iterator[bytes]:
    """The bytes, and an error at their end where they are not what was measured."""
    digest, size = hashlib.sha256(), 0
    for chunk in chunks:
        digest.update(chunk)
        size += len(chunk)
        yield chunk
    _check(digest, size, measured)


def _check(digest: "hashlib._Hash", size: int, measured: Measured) -> None:
    if (digest.hexdigest(), size) != (measured.sha256, measured.size):
        raise StoreUnavailable(f"evidence: expected the bytes of {measured.sha256} again, got others")


@contextlib.contextmanager
def translated(*, unless: str = "") -> Iterator[None]:
    """Raise botocore's errors as ours; the error of this code is none."""
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] != unless:
            raise _unavailable(error) from error
    except BotoCoreError as error:
        raise _unavailable(error) from error


def _unavailable(error: Exception) -> StoreUnavailable:
    return StoreUnavailable(f"evidence: expected the bucket's answer, got {type(error).__name__}")
