"""The Filebase adapter over moto, told to answer as Filebase does: the CAR's root in the metadata."""

import io
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from moto import mock_aws

from local.ipfs.cars import read_blocks, read_root
from sealrun.adapters.aws.s3 import PART
from sealrun.adapters.ipfs.filebase import FilebasePinner, open_bucket
from sealrun.encoding.cars import car
from sealrun.encoding.cids import to_text
from sealrun.encoding.measure import measure_document
from sealrun.errors import PinFailed
from tests.sealrun.adapters.ipfs.samples import pattern

KEYS = {"region_name": "us-east-1", "aws_access_key_id": "test", "aws_secret_access_key": "test"}
OTHER = measure_document(b"other").cid


class Nothing:
    """An empty body."""

    def stream(self, **_: object) -> Iterator[bytes]:
        yield b""


@pytest.fixture
def bucket() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("s3", **KEYS)  # type: ignore[call-overload]
        client.create_bucket(Bucket="pins")
        yield client


def as_filebase(client: Any, *, cid: str = "") -> None:
    """Name the root of what was stored in the answers' metadata, if it was said to be a CAR."""

    def answer(parsed: dict[str, Any], **_: Any) -> None:
        if parsed["Metadata"].get("import") == "car":
            (key,) = [each["Key"] for each in client.list_objects_v2(Bucket="pins")["Contents"]]
            body = client.get_object(Bucket="pins", Key=key)["Body"].read()
            parsed["Metadata"]["cid"] = cid or to_text(read_root(io.BytesIO(body)))

    client.meta.events.register("after-call.s3.HeadObject", answer)


def pin(client: Any, data: bytes, *, seconds: float = 60) -> None:
    FilebasePinner(lambda: client, bucket="pins").pin(lambda: [data], measure_document(data), seconds=seconds)


@pytest.mark.parametrize("size", [0, 5, 1_048_577, PART + 1])
def test_the_files_blocks_are_stored_as_a_car_of_its_root(bucket: Any, size: int) -> None:
    data = pattern(size)
    as_filebase(bucket)
    pin(bucket, data)
    cid = measure_document(data).cid
    stored = bucket.get_object(Bucket="pins", Key=f"{cid}.car")
    assert stored["Metadata"] == {"import": "car"}
    body = stored["Body"].read()
    assert body == b"".join(car(cid, [data]))
    file = io.BytesIO(body)
    read_root(file)
    assert sum(1 for _ in read_blocks(file)) >= 1


def test_a_bucket_holds_a_car_whose_root_it_tells(bucket: Any) -> None:
    pinner = FilebasePinner(lambda: bucket, bucket="pins")
    cid = measure_document(b"some evidence").cid
    with pytest.raises(PinFailed, match="bucket: expected an answer to HeadObject, got 404"):
        pinner.holds(cid, seconds=5)
    bucket.put_object(Bucket="pins", Key=f"{cid}.car", Body=b"", Metadata={"cid": OTHER})
    assert not pinner.holds(cid, seconds=5)
    bucket.put_object(Bucket="pins", Key=f"{cid}.car", Body=b"", Metadata={"cid": cid})
    assert pinner.holds(cid, seconds=5)


def test_another_cid_than_ours_is_refused(bucket: Any) -> None:
    as_filebase(bucket, cid=OTHER)
    with pytest.raises(PinFailed, match=rf"^cid: expected bafkrei\w+, got {OTHER}$"):
        pin(bucket, b"some evidence")


def test_a_store_that_tells_no_cid_has_not_pinned(bucket: Any) -> None:
    """Any S3 takes the object; only one that is on IPFS tells its CID."""
    with pytest.raises(PinFailed, match=r"^cid: expected bafkrei\w+, got none$"):
        pin(bucket, b"some evidence")


@pytest.mark.parametrize("size", [5, PART + 1])
def test_a_bucket_that_is_not_there_is_an_error_of_pinning(bucket: Any, size: int) -> None:
    bucket.delete_bucket(Bucket="pins")
    with pytest.raises(PinFailed, match=r"^bucket: expected an answer") as refused:
        pin(bucket, pattern(size))
    assert refused.value.__suppress_context__


def test_an_upload_that_takes_too_long_leaves_nothing(bucket: Any) -> None:
    with pytest.raises(PinFailed, match=r"^upload: expected it done in time"):
        pin(bucket, pattern(PART + 1), seconds=-1)
    assert "Uploads" not in bucket.list_multipart_uploads(Bucket="pins")


@pytest.mark.parametrize(
    ("size", "status", "headers"),
    [
        (5, 200, {"Last-Modified": "yesterday"}),
        (5, 200, {"Content-Length": "few"}),
        (PART + 1, 200, {}),
        (5, 302, {"Location": "https://status.filebase.test"}),
    ],
)
def test_an_answer_of_no_form_of_s3s_is_an_error_of_pinning(
    size: int, status: int, headers: dict[str, str]
) -> None:
    client: Any = open_bucket("https://s3.filebase.test", "K:S")

    def answer(request: Any, **_: Any) -> AWSResponse:
        return AWSResponse(request.url, status, headers, Nothing())  # type: ignore[arg-type]

    client.meta.events.register("before-send.s3.*", answer)
    with pytest.raises(PinFailed, match=r"^answer: expected one of S3's form, got something else$"):
        pin(client, pattern(size))


@pytest.mark.parametrize("token", ["", "key", "key:", ":secret"])
def test_a_token_of_another_form_is_refused_and_not_repeated(token: str) -> None:
    with pytest.raises(PinFailed, match=r"^token: expected KEY:SECRET for filebase, got something else$"):
        open_bucket("https://s3.filebase.com", token)


def test_the_bucket_is_opened_with_the_tokens_keys_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "the-functions-own")
    client: Any = open_bucket("https://s3.filebase.com", "key:secret:with:colons")
    keys = client._request_signer._credentials
    assert (keys.access_key, keys.secret_key, keys.token) == ("key", "secret:with:colons", None)
    assert client.meta.endpoint_url == "https://s3.filebase.com"
