"""What every evidence store promises: bytes under their digest, written once, and nothing under another's."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from sealrun.adapters.aws.s3 import open_bucket
from sealrun.encoding.measure import Measured, measure
from sealrun.errors import Malformed, StoreUnavailable, UnsafeArchive
from tests.ports.stores import EVIDENCE, OpenedEvidence, parameters

# In pieces as they come from a run; S3 takes more than 8 MiB in parts.
DOCUMENT_BYTES = 8 << 20
CHUNKS = [[], [b"a", b"b"], [b"x" * 700_000] * 3, [b"y" * 999_999] * 40]
SIZES = [4, DOCUMENT_BYTES + 1]


@pytest.fixture(params=parameters(EVIDENCE))
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenedEvidence]:
    with EVIDENCE[request.param](tmp_path) as made:
        yield made


def put(opened: OpenedEvidence, *chunks: bytes, media_type: str = "text/plain") -> Measured:
    measured = measure(chunks)
    opened.store.put(lambda: chunks, measured, media_type=media_type)
    return measured


@pytest.mark.parametrize("chunks", CHUNKS)
def test_bytes_are_stored_under_their_digest_and_read_back(
    opened: OpenedEvidence, chunks: list[bytes]
) -> None:
    measured = put(opened, *chunks)
    assert measured.sha256 == hashlib.sha256(b"".join(chunks)).hexdigest()
    assert b"".join(opened.store.read(measured.sha256)) == b"".join(chunks)
    if measured.size <= DOCUMENT_BYTES:
        assert opened.store.get(measured.sha256) == b"".join(chunks)


def test_a_document_that_is_too_large_is_not_read_as_a_whole(opened: OpenedEvidence) -> None:
    measured = put(opened, b"x" * (DOCUMENT_BYTES + 1))
    with pytest.raises(StoreUnavailable, match=f"expected the bytes of {measured.sha256}"):
        opened.store.get(measured.sha256)


@pytest.mark.parametrize("size", SIZES)
def test_storing_twice_is_harmless(opened: OpenedEvidence, size: int) -> None:
    measured = put(opened, b"s" * size)
    kept = opened.kept()
    put(opened, b"s" * size, media_type="application/json")
    assert opened.kept() == kept
    assert b"".join(opened.store.read(measured.sha256)) == b"s" * size


@pytest.mark.parametrize("size", SIZES)
def test_bytes_that_change_between_measuring_and_storing_are_not_stored(
    opened: OpenedEvidence, size: int
) -> None:
    measured = measure([b"a" * size])
    for others in ([b"b" * size], [b"a" * (size - 1)], [b"a" * size, b"a"]):
        with pytest.raises(StoreUnavailable, match=f"expected the bytes of {measured.sha256} again, got"):
            opened.store.put(lambda chunks=others: chunks, measured, media_type="text/plain")  # type: ignore[misc]
    assert opened.kept() == []


@pytest.mark.parametrize("size", SIZES)
def test_a_stream_that_breaks_stores_nothing(opened: OpenedEvidence, size: int) -> None:
    def breaks() -> Iterator[bytes]:
        yield b"a" * size
        raise UnsafeArchive("archive: broken")

    with pytest.raises(UnsafeArchive, match="broken"):
        opened.store.put(breaks, measure([b"a" * (size + 1)]), media_type="text/plain")
    assert opened.kept() == []


def test_bytes_that_are_not_what_their_name_says_are_refused(opened: OpenedEvidence) -> None:
    measured = put(opened, b"other")
    opened.spoil(measured.sha256, b"changed")
    with pytest.raises(StoreUnavailable, match=f"expected the bytes of {measured.sha256}"):
        opened.store.get(measured.sha256)


def test_what_is_not_there_is_unavailable(opened: OpenedEvidence) -> None:
    with pytest.raises(StoreUnavailable, match="expected"):
        opened.store.get("ab" * 32)
    with pytest.raises(StoreUnavailable, match="expected"):
        b"".join(opened.store.read("ab" * 32))


def test_a_url_carries_a_name_that_cannot_break_a_header(opened: OpenedEvidence) -> None:
    measured = put(opened, b"other")
    url = httpx.URL(opened.store.url(measured.sha256, seconds=300, filename='a"\r\nx: y.txt'))
    assert url.scheme == opened.scheme
    assert measured.sha256 in url.path
    assert not set(str(url)) & set('"\r\n ')


def test_the_urls_of_another_server_with_s3s_api_give_the_bytes_as_a_download(tmp_path: Path) -> None:
    with EVIDENCE["s3 endpoint"](tmp_path) as opened:
        measured = put(opened, b"other")
        url = opened.store.url(measured.sha256, seconds=300, filename="a b.txt")
        answer = httpx.get(url, timeout=30)
    assert (answer.status_code, answer.content) == (200, b"other")
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''a%20b.txt"


@pytest.mark.parametrize(
    "place",
    [
        "s3:bucket",
        "s3://",
        "s3://bucket/folder",
        "s3://bucket?region=x",
        "s3://bucket?endpoint=",
        "s3://bucket?endpoint=localhost:9000",
        "s3://bucket?endpoint=https://a&endpoint=https://b",
        "s3://KEY:a-secret@bucket",
        "s3://bucket?endpoint=https://KEY:a-secret@s3.example",  # its signed URLs would show them to buyers
        "s3://bucket?endpoint=https%3A%2F%2FKEY%3Aa-secret%40s3.example",
        "s3://bucket?endpoint=https://KEY:a/secret@s3.example",
    ],
)
def test_what_names_no_bucket_is_refused(place: str) -> None:
    expected = r"evidence: expected s3://BUCKET\?endpoint=URL without a user, got"
    with pytest.raises(Malformed, match=expected) as caught:
        open_bucket(place)
    assert "secret" not in caught.value.detail
