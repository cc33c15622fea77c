"""The evidence store and the key service over moto's S3 and KMS, held to what the ports promise."""

import hashlib
from collections.abc import Iterator

import boto3
import httpx
import pytest
from moto import mock_aws

from sealrun.adapters.aws.kms import KmsKeys
from sealrun.adapters.aws.s3 import DOCUMENT_BYTES, PART, PREFIX, S3EvidenceStore
from sealrun.encoding.measure import Measured, measure
from sealrun.errors import StoreUnavailable, UnsafeArchive
from sealrun.service.credentials import key_context

REGION = {"region_name": "eu-central-1", "aws_access_key_id": "test", "aws_secret_access_key": "test"}


@pytest.fixture
def store() -> Iterator[S3EvidenceStore]:
    with mock_aws():
        client = boto3.client("s3", **REGION)  # type: ignore[call-overload]
        client.create_bucket(
            Bucket="evidence", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        yield S3EvidenceStore(client, bucket="evidence")


def put(store: S3EvidenceStore, *chunks: bytes, media_type: str = "text/plain") -> Measured:
    measured = measure(chunks)
    store.put(lambda: chunks, measured, media_type=media_type)
    return measured


@pytest.mark.parametrize("chunks", [[], [b"a", b"b"], [b"x" * 700_000] * 3, [b"y" * 999_999] * 40])
def test_bytes_are_stored_under_their_digest_and_read_back(
    store: S3EvidenceStore, chunks: list[bytes]
) -> None:
    measured = put(store, *chunks)
    assert measured.sha256 == hashlib.sha256(b"".join(chunks)).hexdigest()
    kept = store._client.get_object(Bucket="evidence", Key=PREFIX + measured.sha256)["Body"].read()
    assert kept == b"".join(chunks)
    if len(kept) <= DOCUMENT_BYTES:
        assert store.get(measured.sha256) == kept


@pytest.mark.parametrize("size", [4, PART + 1])
def test_storing_twice_is_harmless_and_keeps_the_first(store: S3EvidenceStore, size: int) -> None:
    first = put(store, b"s" * size)
    put(store, b"s" * size, media_type="application/json")
    head = store._client.head_object(Bucket="evidence", Key=PREFIX + first.sha256)
    assert head["ContentType"] == "text/plain"


@pytest.mark.parametrize("size", [4, PART + 1])
def test_bytes_that_change_between_measuring_and_storing_are_not_stored(
    store: S3EvidenceStore, size: int
) -> None:
    measured = measure([b"a" * size])
    with pytest.raises(StoreUnavailable, match=f"expected the bytes of {measured.sha256} again, got others"):
        store.put(lambda: [b"b" * size], measured, media_type="text/plain")
    _check_nothing_is_left(store)


def test_bytes_that_are_not_what_their_name_says_are_refused(store: S3EvidenceStore) -> None:
    name = hashlib.sha256(b"other").hexdigest()
    store._client.put_object(Bucket="evidence", Key=PREFIX + name, Body=b"changed")
    with pytest.raises(StoreUnavailable, match=f"expected the bytes of {name}"):
        store.get(name)


@pytest.mark.parametrize("size", [4, PART + 1])
def test_a_stream_that_breaks_stores_nothing(store: S3EvidenceStore, size: int) -> None:
    def breaks() -> Iterator[bytes]:
        yield b"a" * size
        raise UnsafeArchive("archive: broken")

    with pytest.raises(UnsafeArchive, match="broken"):
        store.put(breaks, measure([b"a" * (size + 1)]), media_type="text/plain")
    _check_nothing_is_left(store)


def _check_nothing_is_left(store: S3EvidenceStore) -> None:
    assert store._client.list_objects_v2(Bucket="evidence")["KeyCount"] == 0
    assert "Uploads" not in store._client.list_multipart_uploads(Bucket="evidence")


def test_a_url_carries_its_end_and_a_name_that_cannot_break_the_header(store: S3EvidenceStore) -> None:
    url = httpx.URL(store.url("ab" * 32, seconds=300, filename='a"\r\nx: y.txt'))
    assert url.params["X-Amz-Expires"] == "300"
    assert url.params["response-content-disposition"] == "attachment; filename*=UTF-8''a%22%0D%0Ax%3A%20y.txt"


def test_r1_kms_opens_only_in_the_context_that_closed() -> None:
    with mock_aws():
        client = boto3.client("kms", **REGION)  # type: ignore[call-overload]
        keys = KmsKeys(client, key_id=client.create_key()["KeyMetadata"]["KeyId"])
        closed = keys.encrypt(b"secret", context=key_context("credential", "offer-1"))
        assert keys.decrypt(closed, context=key_context("credential", "offer-1")) == b"secret"
        for other in (key_context("credential", "offer-2"), key_context("webhook", "offer-1"), {}):
            with pytest.raises(StoreUnavailable, match="Decrypt, got InvalidCiphertextException") as refused:
                keys.decrypt(closed, context=other)
            assert refused.value.__suppress_context__
