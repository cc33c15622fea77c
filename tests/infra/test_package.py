"""Packed parts are named by their content, uploaded once, and stand in the template where its files stood."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import boto3
import pytest
from moto import mock_aws

from infra.package import LOCAL, TEMPLATE, Packed, Part, upload

REGION: Final = "eu-central-1"


@pytest.fixture
def packed(tmp_path: Path) -> Packed:
    """Every file that the template names, with its own name as its content."""
    names = sorted({match["file"] for match in LOCAL.finditer(TEMPLATE.read_text())})
    parts = []
    for number, name in enumerate(names):
        path = tmp_path / f"{number}.zip"
        path.write_text(name)
        parts.append(Part(name, path, hashlib.sha256(name.encode()).hexdigest()))
    return Packed(tuple(parts), tmp_path)


@pytest.fixture
def s3() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("s3", REGION, aws_access_key_id="test", aws_secret_access_key="test")
        client.create_bucket(Bucket="packages", CreateBucketConfiguration={"LocationConstraint": REGION})
        yield client


def test_every_file_of_the_template_becomes_its_place_in_the_bucket(packed: Packed) -> None:
    text = packed.template("other", REGION)
    assert not {match["file"] for match in LOCAL.finditer(text)} & {part.name for part in packed.parts}
    assert len(packed.parts) > 10
    for part in packed.parts:
        path = f"other/sealrun/{part.sha256}.zip"
        nested = Path(part.name).suffix in (".yaml", ".json")
        place = f"https://s3.{REGION}.amazonaws.com/{path}" if nested else f"s3://{path}"
        assert f": {part.key if part.name == 'infra/control.zip' else place}\n" in text
    assert "CodeBucket: other\n" in text


def test_a_template_that_names_what_was_not_packed_is_refused(packed: Packed) -> None:
    with pytest.raises(ValueError, match="expected files that are packed, got"):
        replace(packed, parts=packed.parts[1:]).template("packages", REGION)


def test_what_is_there_already_is_not_put_again(packed: Packed, s3: Any) -> None:
    first = upload(packed, s3, bucket="packages")
    assert len(first) == len(packed.parts) + 1
    assert upload(packed, s3, bucket="packages") == []
    body = s3.get_object(Bucket="packages", Key=packed.parts[0].key)["Body"].read()
    assert hashlib.sha256(body).hexdigest() == packed.parts[0].sha256
    assert (
        packed.url("packages", REGION).removeprefix(f"https://s3.{REGION}.amazonaws.com/packages/") in first
    )
