"""A bucket in which letters are dropped, and whose files under ``public/`` everybody may read.

Beside them lies the evidence, which nobody else may read: see ``sealrun.calls.letters`` and ``s3``.
"""

from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from sealrun.adapters.aws.errors import translated
from sealrun.adapters.aws.s3 import PREFIX, bucket_and_endpoint, open_s3
from sealrun.calls.letters import ANY_NAME, MEDIA_TYPE, PostBox

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LETTERS, PUBLIC = "letters/", "public/"
FILES = "files/"
# Letters of one kind that one look orders by age, a thousand a request.
MAX_LISTED = 20_000
PAGE = 1000
# A file of a stranger's run: nothing in it may act as part of the bucket's site.
DOWNLOAD = "application/octet-stream"


class Letter(NamedTuple):
    """One that waits; ``etag`` names its contents."""

    name: str  # without LETTERS
    etag: str
    size: int


class LetterBucket:
    """One bucket. Every method but ``box`` raises StoreUnavailable where it does not answer."""

    def __init__(self, client: "S3Client", *, bucket: str) -> None:
        self._client, self._bucket = client, bucket

    def waiting(self, kind: str, *, start: str) -> list[Letter]:
        """Letters below a prefix such as ``tickets/``, those that have waited longest first.

        Of more than ``MAX_LISTED`` these are as many from the name ``start`` on, and then from the first on.
        """
        found = self._listed(kind, after=start, most=MAX_LISTED)
        begin = self._listed(kind, after="", most=MAX_LISTED - len(found))
        keys = {each["Key"]: each for each in (*found, *begin)}
        oldest = sorted(keys.values(), key=lambda each: each["LastModified"])
        return [Letter(each["Key"].removeprefix(LETTERS), each["ETag"], each["Size"]) for each in oldest]

    def _listed(self, kind: str, *, after: str, most: int) -> list[Any]:
        found: list[Any] = []
        more: Any = {"StartAfter": LETTERS + kind + after}
        while more and len(found) < most:
            with translated("bucket"):
                page = self._client.list_objects_v2(
                    Bucket=self._bucket, Prefix=LETTERS + kind, MaxKeys=PAGE, **more
                )
            found += page.get("Contents", [])
            token = page.get("NextContinuationToken", "")
            more = {"ContinuationToken": token} if token else {}
        return found[:most]

    def read(self, letter: Letter, *, at_most: int) -> bytes:
        """The letter as it is now, cut off after so many bytes and one; nothing if it is gone."""
        with translated("bucket", unless=("NoSuchKey",)):
            answer = self._client.get_object(Bucket=self._bucket, Key=LETTERS + letter.name)
            return answer["Body"].read(at_most + 1)
        return b""

    def remove(self, letter: Letter) -> None:
        """Take it away, unless another one has come in its place since it was listed.

        One that comes between the look and the removal is lost; its sender waits for an answer and drops it
        again. Few servers with S3's API remove an object under a condition.
        """
        key = LETTERS + letter.name
        with translated("bucket", unless=("404",)):
            if self._client.head_object(Bucket=self._bucket, Key=key)["ETag"] == letter.etag:
                self._client.delete_object(Bucket=self._bucket, Key=key)

    def publish(self, name: str, document: bytes, *, media_type: str = MEDIA_TYPE) -> None:
        """Replace a file that everybody may read; caches ask again each time."""
        with translated("bucket"):
            self._client.put_object(
                Bucket=self._bucket,
                Key=PUBLIC + name,
                Body=document,
                ContentType=media_type,
                CacheControl="no-cache",
            )

    def publish_evidence(self, sha256: str, *, filename: str) -> None:
        """Copy what the evidence store has under this digest to where all may read it, as a download."""
        with translated("bucket"):
            self._client.copy_object(
                Bucket=self._bucket,
                Key=PUBLIC + FILES + sha256,
                CopySource={"Bucket": self._bucket, "Key": PREFIX + sha256},
                MetadataDirective="REPLACE",
                ContentType=DOWNLOAD,
                ContentDisposition=f"attachment; filename*=UTF-8''{quote(filename, safe='')}",
            )

    def box(self, name: str, *, seconds: int, at_most: int) -> PostBox:
        """A form by which whoever has it drops a letter of this name; nothing is asked of the server.

        Args:
            name: of one letter, or ending with ``ANY_NAME``.
            seconds: how long it is good, if the credentials that sign it are good that long.
            at_most: bytes of a letter.
        """
        made = self._client.generate_presigned_post(
            self._bucket,
            LETTERS + name,
            Fields={"Content-Type": MEDIA_TYPE},
            Conditions=[{"Content-Type": MEDIA_TYPE}, ["content-length-range", 1, at_most]],
            ExpiresIn=seconds,
        )
        return PostBox(made["url"], made["fields"])


def open_letter_bucket(place: str) -> LetterBucket:
    """The bucket ``s3://BUCKET``, or ``s3://BUCKET?endpoint=URL``, with the environment's credentials.

    Raises:
        Malformed: it is no such URL.
    """
    bucket, endpoint = bucket_and_endpoint(place)
    return LetterBucket(open_s3(endpoint), bucket=bucket)


def open_offer_box(bucket: LetterBucket, offer_id: str, *, seconds: int, at_most: int) -> PostBox:
    """A box for calls of one offer, under any name."""
    return bucket.box(f"offers/{offer_id}/{ANY_NAME}", seconds=seconds, at_most=at_most)
