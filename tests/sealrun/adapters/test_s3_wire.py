"""Requests to S3, held against botocore's description of S3, and the hosts of its URLs in every region."""

import base64
import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

import boto3
import pytest
from botocore.awsrequest import AWSResponse

from sealrun.adapters.aws.s3 import PART, S3EvidenceStore, open_s3, put_parts
from sealrun.adapters.ipfs.filebase import open_bucket
from sealrun.encoding.measure import measure

UPLOAD = b"<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>"
DONE = b"<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>"


def regions() -> list[str]:
    """Every region of botocore's model in which S3 is."""
    session = boto3.Session()
    return [
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("s3", partition_name=partition)
    ]


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a function's role sees it."""
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    values = {"ACCESS_KEY_ID": "ASIAX", "SECRET_ACCESS_KEY": "y", "SESSION_TOKEN": "t" * 900}
    for name, value in {**values, "DEFAULT_REGION": "eu-west-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)


@pytest.mark.parametrize("region", regions())
def test_a_url_names_its_region_and_carries_the_signature_that_every_region_takes(
    region: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    url = urlsplit(S3EvidenceStore(open_s3(), bucket="evidence").url("ab" * 32, seconds=300, filename="x"))
    assert re.fullmatch(rf"evidence\.s3\.{region}\.[a-z0-9.-]+", url.netloc)
    named = parse_qs(url.query)
    assert named["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert f"/{region}/s3/aws4_request" in named["X-Amz-Credential"][0]
    assert "AWSAccessKeyId" not in named


def test_a_server_at_an_address_is_asked_by_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:5000")
    url = S3EvidenceStore(open_s3(), bucket="evidence").url("ab" * 32, seconds=300, filename="x")
    assert url.startswith("http://127.0.0.1:5000/evidence/sha256/")


class Raw:
    """A body that was read."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: object) -> Any:
        yield self._content


class Wire:
    """Stands where the network is: keeps every request, and answers as S3 does."""

    def __init__(self, client: Any = None, *, missing: int = 404) -> None:
        """``missing`` is the status by which S3 tells that an object is not there."""
        self.client, self._missing = client or open_s3(), missing
        self.client.meta.events.register("before-send.s3.*", self._answer)  # type: ignore[arg-type]
        self.asked: list[tuple[str, Mapping[str, str], bytes]] = []

    def _answer(self, request: Any, event_name: str, **_: Any) -> AWSResponse:
        operation = event_name.rpartition(".")[2]
        body = request.body.read() if hasattr(request.body, "read") else request.body or b""
        self.asked.append(
            (operation, {name.lower(): _text(request.headers[name]) for name in request.headers}, body)
        )
        content = {"CreateMultipartUpload": UPLOAD, "CompleteMultipartUpload": DONE}.get(operation, b"")
        status = self._missing if operation == "HeadObject" else 200
        return AWSResponse(request.url, status, {"etag": '"e"'}, Raw(content))  # type: ignore[arg-type]

    def of(self, operation: str) -> list[tuple[Mapping[str, str], bytes]]:
        return [(headers, body) for name, headers, body in self.asked if name == operation]

    def header(self, operation: str, member: str) -> str:
        """The header that carries an input of an operation, as botocore's model of S3 names it."""
        shape = self.client.meta.service_model.operation_model(operation).input_shape
        return str(shape.members[member].serialization["name"]).lower()  # type: ignore[union-attr]


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def checksum(content: bytes) -> str:
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


def test_e1_an_upload_in_parts_names_its_checksums_at_its_start_with_each_part_and_at_its_end() -> None:
    wire, content = Wire(), [b"a" * PART, b"b"]
    S3EvidenceStore(wire.client, bucket="evidence").put(
        lambda: content, measure(content), media_type="text/plain"
    )
    [(started, _)] = wire.of("CreateMultipartUpload")
    assert started[wire.header("CreateMultipartUpload", "ChecksumAlgorithm")] == "SHA256"
    sent = [headers[wire.header("UploadPart", "ChecksumSHA256")] for headers, _ in wire.of("UploadPart")]
    assert sent == [checksum(part) for part in content]
    [(ended, body)] = wire.of("CompleteMultipartUpload")
    assert ended[wire.header("CompleteMultipartUpload", "IfNoneMatch")] == "*"
    parts = [
        {child.tag.rpartition("}")[2]: child.text for child in part}
        for part in ET.fromstring(body)  # noqa: S314  our own request
    ]
    assert parts == [
        {"PartNumber": str(number), "ETag": '"e"', "ChecksumSHA256": checksum(part)}
        for number, part in enumerate(content, start=1)
    ]


@pytest.mark.parametrize("missing", [404, 403])
def test_a_large_file_is_stored_also_where_the_role_may_not_list_the_bucket(missing: int) -> None:
    """Only to a role that may list a bucket does S3 say that an object is missing; `collect` may not."""
    wire, content = Wire(missing=missing), [b"a" * PART, b"b"]
    store = S3EvidenceStore(wire.client, bucket="evidence")
    store.put(lambda: content, measure(content), media_type="text/plain")
    assert len(wire.of("CompleteMultipartUpload")) == 1


def test_e1_a_small_file_is_stored_with_the_digest_that_is_its_name() -> None:
    wire, content = Wire(), [b"hello"]
    measured = measure(content)
    S3EvidenceStore(wire.client, bucket="evidence").put(lambda: content, measured, media_type="text/plain")
    [(headers, _)] = wire.of("PutObject")
    assert base64.b64decode(headers[wire.header("PutObject", "ChecksumSHA256")]).hex() == measured.sha256
    assert headers[wire.header("PutObject", "IfNoneMatch")] == "*"


@pytest.mark.parametrize(
    "opened",
    [lambda: open_s3("https://s3.other.test"), lambda: open_bucket("https://s3.filebase.test", "K:S")],
)
def test_another_server_gets_bytes_as_they_are_and_no_checksum_that_it_may_not_know(
    opened: Callable[[], Any],
) -> None:
    """Unless told, boto3 sends each body in AWS's own chunks, with a checksum behind them."""
    where: dict[str, Any] = {"Bucket": "b", "Key": "k"}
    wire = Wire(opened())
    wire.client.put_object(**where, Body=b"hello")
    put_parts(wire.client, where, [b"hello"], made={}, completed={})
    for operation in ("PutObject", "UploadPart"):
        [(headers, body)] = wire.of(operation)
        assert body == b"hello"
        assert not [name for name in headers if "checksum" in name or "trailer" in name]
