"""What is S3's alone: its URLs, and the media type that objects carry."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sealrun.adapters.aws.s3 import PART, PREFIX
from tests.ports.stores import EVIDENCE, OpenedEvidence
from tests.ports.test_evidence_store import put


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[OpenedEvidence]:
    with EVIDENCE["s3"](tmp_path) as made:
        yield made


@pytest.mark.parametrize("size", [4, PART + 1])
def test_storing_twice_keeps_the_first(opened: OpenedEvidence, size: int) -> None:
    store: Any = opened.store
    first = put(opened, b"s" * size)
    put(opened, b"s" * size, media_type="application/json")
    head = store._client.head_object(Bucket="evidence", Key=PREFIX + first.sha256)
    assert head["ContentType"] == "text/plain"


def test_a_url_carries_its_end_and_a_name_that_cannot_break_the_header(opened: OpenedEvidence) -> None:
    url = httpx.URL(opened.store.url("ab" * 32, seconds=300, filename='a"\r\nx: y.txt'))
    assert url.params["X-Amz-Expires"] == "300"
    assert url.params["response-content-disposition"] == "attachment; filename*=UTF-8''a%22%0D%0Ax%3A%20y.txt"
