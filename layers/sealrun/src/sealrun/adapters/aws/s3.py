"""The evidence store on S3: content-addressed keys, written once."""

import base64
import contextlib
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from botocore.exceptions import BotoCoreError, ClientError

from sealrun.adapters.aws.errors import translated
from sealrun.encoding.measure import Measured
from sealrun.encoding.origins import without_user
from sealrun.errors import Malformed, StoreUnavailable
from sealrun.ports.evidence import Content

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# S3 takes parts of 5 MiB and more; one of them is in memory at a time.
PART = 8 << 20
READ = 1 << 20
DOCUMENT_BYTES = 8 << 20
PREFIX = "sha256/"
# For a service with S3's API, which may not know AWS's own checksums and the chunks in which boto3 sends one.
PLAIN: Any = {
    "request_checksum_calculation": "when_required",
    "response_checksum_validation": "when_required",
}
_PLACE = re.compile(
    r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/?(?:\?endpoint=(https?(?:://|%3A%2F%2F)[^/?&#\s][^?&#\s]*))?"
)


def open_s3(endpoint: str = "") -> "S3Client":
    """A client of the environment's region, whose URLs name the bucket at that region's own host.

    ``endpoint`` is the URL of another server with S3's API; there the bucket stands in the path.

    Unless told, boto3 signs URLs for S3's global host, in some regions with a signature that S3 no longer
    takes there. The global host redirects a new bucket's URLs, and the signature covers the host.
    """
    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    addressing = "path" if endpoint else "virtual"
    style: Any = {"addressing_style": addressing, "us_east_1_regional_endpoint": "regional"}
    config = Config(signature_version="s3v4", s3=style, **(PLAIN if endpoint else {}))
    return boto3.client("s3", endpoint_url=endpoint or None, config=config)


def open_bucket(place: str) -> "S3EvidenceStore":
    """The evidence in ``s3://BUCKET``, or ``s3://BUCKET?endpoint=URL`` for another server with S3's API.

    Nothing is asked of the server yet.

    Raises:
        Malformed: it is no such URL.
    """
    bucket, endpoint = bucket_and_endpoint(place)
    return S3EvidenceStore(open_s3(endpoint), bucket=bucket)


def bucket_and_endpoint(place: str) -> tuple[str, str]:
    """The two parts of such a place; the endpoint is empty for S3 itself.

    Raises:
        Malformed: it is no such URL.
    """
    found = _PLACE.fullmatch(place)
    if not found or "@" in unquote(place):  # what stands before one would be in every signed URL
        got = without_user(unquote(place))
        raise Malformed(f"evidence: expected s3://BUCKET?endpoint=URL without a user, got {got}")
    bucket, endpoint = found.groups(default="")
    return bucket, unquote(endpoint)


class S3EvidenceStore:
    """``sealrun.ports.evidence.EvidenceStore`` over one bucket.

    Every request that stores bytes carries their SHA-256, so S3 refuses bytes that changed on their way.
    """

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
            put_parts(
                self._client,
                where,
                _checked(content(), measured),
                made={"ContentType": media_type},
                completed={"IfNoneMatch": "*"},
                checksums=True,
            )

    def get(self, sha256: str) -> bytes:
        with translated("bucket"):
            answer = self._client.get_object(Bucket=self._bucket, Key=PREFIX + sha256)
            body = answer["Body"].read(DOCUMENT_BYTES + 1)
        if len(body) > DOCUMENT_BYTES or hashlib.sha256(body).hexdigest() != sha256:
            raise StoreUnavailable(f"evidence: expected the bytes of {sha256}, got others")
        return body

    def read(self, sha256: str) -> Iterator[bytes]:
        with translated("bucket"):
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
        digest = hashlib.sha256(body)
        _check(digest, len(body), measured)
        made: Any = {**request, "ChecksumSHA256": _base64(digest)}
        with translated("bucket", unless=("PreconditionFailed",)):
            self._client.put_object(Body=body, IfNoneMatch="*", **made)

    def _exists(self, where: dict[str, str]) -> bool:
        # S3 answers 403 for a missing object where the role may not list the bucket, and collect's may not.
        with translated("bucket", unless=("404", "403")):
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
    checksums: bool = False,
) -> None:
    """Upload by multipart, one part in memory at a time; what is not completed is given up.

    What reading the chunks raises passes through, and then nothing is stored.

    Args:
        client: of S3, or of a service with its API.
        where: bucket and key.
        chunks: the bytes, in pieces of any length.
        made: what the upload is created with besides.
        completed: what it is completed with besides. That its condition fails is no error.
        checksums: send each part's SHA-256 with it and again at the end. S3 then refuses to put together
            parts without them; not every service with its API knows them.

    Raises:
        StoreUnavailable: the bucket did not do it.
    """
    algorithm: dict[str, Any] = {"ChecksumAlgorithm": "SHA256"} if checksums else {}
    with translated("bucket"):
        answer = client.create_multipart_upload(**where, **made, **algorithm)
    upload = {**where, "UploadId": answer["UploadId"]}
    try:
        with translated("bucket"):
            parts = [
                _send(client, upload, number, part, checksum=checksums)
                for number, part in enumerate(_parts(chunks), start=1)
            ]
        with translated("bucket", unless=("PreconditionFailed",)):
            client.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts}, **completed)
    except BaseException:
        with contextlib.suppress(ClientError, BotoCoreError):
            client.abort_multipart_upload(**upload)
        raise


def _send(client: "S3Client", upload: dict[str, Any], number: int, part: bytes, *, checksum: bool) -> Any:
    """Send one part; returns its entry in the list that completes the upload."""
    hashed: Any = {"ChecksumSHA256": _base64(hashlib.sha256(part))} if checksum else {}
    answer = client.upload_part(**upload, PartNumber=number, Body=part, **hashed)
    return {"PartNumber": number, "ETag": answer["ETag"], **hashed}


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


def _base64(digest: "hashlib._Hash") -> str:
    return base64.b64encode(digest.digest()).decode()
