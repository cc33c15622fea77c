"""The evidence store and the key service over moto's S3 and KMS, held to what the ports promise."""

import hashlib
from collections.abc import Iterator

import boto3
import httpx
import pytest
from moto import mock_aws

from sealrun.adapters.kms import KmsKeys
from sealrun.adapters.s3 import PREFIX, S3EvidenceStore
from sealrun.credentials import key_context
from sealrun.errors import StoreUnavailable, UnsafeArchive

REGION = {"region_name": "eu-central-1", "aws_access_key_id": "test", "aws_secret_access_key": "test"}


@pytest.fixture
def store() -> Iterator[S3EvidenceStore]:
    with mock_aws():
        client = boto3.client("s3", **REGION)  # type: ignore[call-overload]
        client.create_bucket(
            Bucket="evidence", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        yield S3EvidenceStore(client, bucket="evidence")


@pytest.mark.parametrize("chunks", [[], [b"a", b"b"], [b"x" * 700_000] * 3])
def test_bytes_are_stored_under_their_digest_and_read_back(
    store: S3EvidenceStore, chunks: list[bytes]
) -> None:
    stored = store.put(iter(chunks), media_type="text/plain")
    assert stored.sha256 == hashlib.sha256(b"".join(chunks)).hexdigest()
    assert stored.size == sum(map(len, chunks))
    if stored.size <= 1 << 20:
        assert store.get(stored.sha256) == b"".join(chunks)


def test_storing_twice_is_harmless_and_keeps_the_first(store: S3EvidenceStore) -> None:
    first = store.put([b"same"], media_type="text/plain")
    assert store.put([b"same"], media_type="application/json") == first
    head = store._client.head_object(Bucket="evidence", Key=PREFIX + first.sha256)
    assert head["ContentType"] == "text/plain"


def test_bytes_that_are_not_what_their_name_says_are_refused(store: S3EvidenceStore) -> None:
    name = hashlib.sha256(b"other").hexdigest()
    store._client.put_object(Bucket="evidence", Key=PREFIX + name, Body=b"changed")
    with pytest.raises(StoreUnavailable, match=f"expected the bytes of {name}"):
        store.get(name)


def test_a_stream_that_breaks_stores_nothing(store: S3EvidenceStore) -> None:
    def breaks() -> Iterator[bytes]:
        yield b"half"
        raise UnsafeArchive("archive: broken")

    with pytest.raises(UnsafeArchive, match="broken"):
        store.put(breaks(), media_type="text/plain")
    assert store._client.list_objects_v2(Bucket="evidence")["KeyCount"] == 0


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
            with pytest.raises(StoreUnavailable, match="in this context") as refused:
                keys.decrypt(closed, context=other)
            assert refused.value.__suppress_context__
