"""The bucket of letters: what a box takes, who is answered first, and which letter is removed."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from sealrun.adapters.aws import letter_bucket
from sealrun.adapters.aws.letter_bucket import LETTERS, PUBLIC, LetterBucket, open_offer_box
from sealrun.adapters.aws.s3 import PREFIX
from tests.ports.stores import REGION

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
ONE = f"tickets/{'1' * 64}"


@pytest.fixture
def s3() -> Iterator[Any]:
    with mock_aws():
        client: Any = boto3.client("s3", **REGION)  # type: ignore[call-overload]
        client.create_bucket(
            Bucket="sealrun", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        yield client


@pytest.fixture
def bucket(s3: Any) -> LetterBucket:
    return LetterBucket(s3, bucket="sealrun")


def put(s3: Any, name: str, body: bytes) -> None:
    s3.put_object(Bucket="sealrun", Key=LETTERS + name, Body=body)


def policy_of(fields: Any) -> dict[str, Any]:
    return dict(json.loads(base64.b64decode(fields["policy"])))


def test_a_tickets_box_takes_one_letter_of_its_name_bounded_in_size_and_time(bucket: LetterBucket) -> None:
    box = bucket.box(ONE, seconds=600, at_most=1000)
    policy = policy_of(box.fields)
    assert {"key": LETTERS + ONE} in policy["conditions"]
    assert ["content-length-range", 1, 1000] in policy["conditions"]
    left = datetime.fromisoformat(policy["expiration"]) - datetime.now(UTC)
    assert timedelta(0) < left <= timedelta(seconds=600)
    assert box.form("another")["key"] == LETTERS + ONE


def test_an_offers_box_takes_letters_of_that_offer_alone(bucket: LetterBucket) -> None:
    box = open_offer_box(bucket, "5f" * 32, seconds=600, at_most=1000)
    assert ["starts-with", "$key", f"{LETTERS}offers/{'5f' * 32}/"] in policy_of(box.fields)["conditions"]


class Listed:
    """A bucket of these keys, each as old as its place in the list says, two in a page."""

    def __init__(self, *keys: str) -> None:
        self.objects: list[dict[str, Any]] = [
            {"Key": key, "ETag": key, "Size": 2, "LastModified": NOW + timedelta(seconds=number)}
            for number, key in enumerate(keys)
        ]

    asked = 0

    def list_objects_v2(self, **asked: Any) -> dict[str, Any]:
        self.asked += 1
        found = sorted(
            (each for each in self.objects if each["Key"].startswith(asked["Prefix"])), key=lambda e: e["Key"]
        )
        rest = [
            each
            for each in found
            if each["Key"] > (asked.get("ContinuationToken") or asked.get("StartAfter", ""))
        ]
        more = {"NextContinuationToken": rest[1]["Key"]} if len(rest) > 2 else {}
        return {"Contents": rest[:2], **more}


def test_l11_the_letter_that_waited_longest_comes_first_whatever_its_name() -> None:
    names = ["offers/a/b", "tickets/9", "tickets/5", "tickets/7", "tickets/1"]
    client: Any = Listed(*(LETTERS + name for name in names))
    bucket = LetterBucket(client, bucket="sealrun")
    for start in ("", "5", "6", "z"):
        assert [each.name for each in bucket.waiting("tickets/", start=start)] == names[1:]
        assert [each.name for each in bucket.waiting("offers/", start=start)] == names[:1]


def test_l11_of_many_letters_some_are_seen_from_a_name_on_and_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(letter_bucket, "MAX_LISTED", 3)
    client: Any = Listed(*(f"{LETTERS}tickets/{name}" for name in "13579"))
    bucket = LetterBucket(client, bucket="sealrun")
    seen = {start: [each.name[-1:] for each in bucket.waiting("tickets/", start=start)] for start in "069"}
    assert client.asked == 2 + 2 + 3
    assert seen == {"0": ["1", "3", "5"], "6": ["1", "7", "9"], "9": ["1", "3", "5"]}


def test_l14_of_a_letter_no_more_is_read_than_was_asked_for(s3: Any, bucket: LetterBucket) -> None:
    put(s3, ONE, b"x" * 100)
    (letter,) = bucket.waiting("tickets/", start="")
    assert bucket.read(letter, at_most=10) == b"x" * 11


def test_a_letter_that_came_in_the_place_of_the_answered_one_stays(s3: Any, bucket: LetterBucket) -> None:
    put(s3, ONE, b"first")
    (letter,) = bucket.waiting("tickets/", start="")
    put(s3, ONE, b"second")
    bucket.remove(letter)
    (second,) = bucket.waiting("tickets/", start="")
    bucket.remove(second)
    assert bucket.waiting("tickets/", start="") == []
    bucket.remove(second)


def test_public_evidence_is_a_download_that_acts_as_nothing(s3: Any, bucket: LetterBucket) -> None:
    s3.put_object(Bucket="sealrun", Key=PREFIX + "ab" * 32, Body=b"<script>", ContentType="text/html")
    bucket.publish_evidence("ab" * 32, filename="é.html")
    shown = s3.get_object(Bucket="sealrun", Key=f"{PUBLIC}files/{'ab' * 32}")
    assert (shown["Body"].read(), shown["ContentType"]) == (b"<script>", "application/octet-stream")
    assert shown["ContentDisposition"] == "attachment; filename*=UTF-8''%C3%A9.html"


def test_a_letter_that_is_gone_is_empty(s3: Any, bucket: LetterBucket) -> None:
    """By a lifecycle rule, or by another tick: no reason to end this one."""
    put(s3, ONE, b"x")
    (letter,) = bucket.waiting("tickets/", start="")
    s3.delete_object(Bucket="sealrun", Key=LETTERS + ONE)
    assert bucket.read(letter, at_most=10) == b""
