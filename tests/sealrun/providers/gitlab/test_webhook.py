"""A delivery is believed only when its signature or its token holds, and then only to wake (rule R6)."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from sealrun.providers.gitlab.answers import STATUSES
from sealrun.providers.gitlab.webhook import (
    GOES_ON,
    MAX_BODY_BYTES,
    WINDOW_SECONDS,
    Delivery,
    GitLabDeliveries,
    parse_delivery,
    verify_delivery,
)

NOW = 1_795_000_000
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OTHER = "whsec_" + base64.b64encode(bytes(32)).decode()
PIPELINE: dict[str, Any] = {
    "object_kind": "pipeline",
    "object_attributes": {"id": 31, "iid": 3, "status": "success"},
    "project": {"id": 7},
    "builds": [],
}
JOB: dict[str, Any] = {"object_kind": "build", "build_id": 1, "pipeline_id": 31, "project_id": 7}
BODY = json.dumps(PIPELINE).encode()


def _signed(body: bytes = BODY, *, secret: str = SECRET, now: int = NOW) -> dict[str, str]:
    """Headers as the library ``standardwebhooks`` makes them."""
    signature = Webhook(secret).sign("msg_1", datetime.fromtimestamp(now, UTC), body.decode())
    return {"webhook-id": "msg_1", "webhook-timestamp": str(now), "webhook-signature": signature}


def test_r6_a_delivery_that_another_library_signed_holds() -> None:
    assert verify_delivery(_signed(), BODY, secret=SECRET, now=NOW)


def test_r6_header_names_are_read_in_any_case() -> None:
    headers = {name.title(): value for name, value in _signed().items()}
    assert verify_delivery(headers, BODY, secret=SECRET, now=NOW)


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": "msg_2"},
        {"webhook-id": ""},
        {"webhook-timestamp": str(NOW + 1)},
        {"webhook-timestamp": "x"},
        {"webhook-timestamp": "-1"},
        {"webhook-timestamp": "٣"},
        {"webhook-timestamp": "9" * 400},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v2," + "A" * 43 + "="},
        {"webhook-signature": "\ud800"},
    ],
)
def test_r6_any_change_of_the_signed_headers_is_refused(change: dict[str, str]) -> None:
    assert not verify_delivery({**_signed(), **change}, BODY, secret=SECRET, now=NOW)


def test_r6_another_body_is_refused() -> None:
    assert not verify_delivery(_signed(), BODY + b" ", secret=SECRET, now=NOW)


@pytest.mark.parametrize("secret", [OTHER, "whsec_", "whsec_%%%", "", "plain"])
def test_r6_another_secret_is_refused(secret: str) -> None:
    assert not verify_delivery(_signed(), BODY, secret=secret, now=NOW)


def test_r6_one_of_several_signatures_is_enough() -> None:
    headers = _signed()
    wrong = _signed(secret=OTHER)["webhook-signature"]
    headers["webhook-signature"] = f"{wrong} {headers['webhook-signature']}"
    assert verify_delivery(headers, BODY, secret=SECRET, now=NOW)


@pytest.mark.parametrize(
    ("late", "holds"),
    [
        (0, True),
        (WINDOW_SECONDS, True),
        (-WINDOW_SECONDS, True),
        (WINDOW_SECONDS + 1, False),
        (-WINDOW_SECONDS - 1, False),
    ],
)
def test_r6_the_timestamp_has_a_window(late: int, *, holds: bool) -> None:
    assert verify_delivery(_signed(), BODY, secret=SECRET, now=NOW + late) is holds


def test_r6_the_token_holds_where_the_hook_has_one() -> None:
    assert verify_delivery({"X-Gitlab-Token": "s3cret"}, BODY, secret="s3cret", now=NOW)
    assert not verify_delivery({"X-Gitlab-Token": "other"}, BODY, secret="s3cret", now=NOW)
    assert not verify_delivery({}, BODY, secret="s3cret", now=NOW)
    assert not verify_delivery({"X-Gitlab-Token": ""}, BODY, secret="", now=NOW)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_r6_a_signature_that_fails_is_never_saved_by_the_token(name: str) -> None:
    headers = {"X-Gitlab-Token": "s3cret", name: "x"}
    assert not verify_delivery(headers, BODY, secret="s3cret", now=NOW)


def test_r6_a_hook_that_signs_is_not_satisfied_by_its_secret_as_a_token() -> None:
    assert not verify_delivery({"X-Gitlab-Token": SECRET}, BODY, secret=SECRET, now=NOW)


def test_r6_a_pipeline_hook_and_a_job_hook_name_their_run() -> None:
    assert parse_delivery({"X-Gitlab-Event": "Pipeline Hook"}, BODY) == Delivery(project=7, run=31)
    assert parse_delivery({"x-gitlab-event": "Job Hook"}, json.dumps(JOB).encode()) == Delivery(7, 31)


@pytest.mark.parametrize(
    ("event", "body"),
    [
        ("Push Hook", PIPELINE),
        ("Job Hook", PIPELINE),
        ("Pipeline Hook", JOB),
        ("Pipeline Hook", {**PIPELINE, "object_kind": "build"}),
        ("Pipeline Hook", {**PIPELINE, "project": None}),
        ("Pipeline Hook", {**PIPELINE, "project": {"id": "7"}}),
        ("Pipeline Hook", {**PIPELINE, "object_attributes": {"id": True}}),
        ("Pipeline Hook", {**PIPELINE, "object_attributes": {"id": 0}}),
        ("Pipeline Hook", {**PIPELINE, "object_attributes": {"id": 2**63}}),
        ("Pipeline Hook", {**PIPELINE, "object_attributes": {"id": 31.0}}),
        ("Pipeline Hook", []),
        ("Pipeline Hook", "pipeline"),
    ],
)
def test_r6_anything_else_is_dropped(event: str, body: object) -> None:
    assert parse_delivery({"X-Gitlab-Event": event}, json.dumps(body).encode()) is None


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000, b" " * MAX_BODY_BYTES + BODY])
def test_r6_what_is_no_json_or_too_long_is_dropped(body: bytes) -> None:
    assert parse_delivery({"X-Gitlab-Event": "Pipeline Hook"}, body) is None


def test_r6_a_body_over_the_limit_never_holds() -> None:
    body = b"x" * (MAX_BODY_BYTES + 1)
    assert not verify_delivery({"X-Gitlab-Token": "s3cret"}, body, secret="s3cret", now=NOW)


@given(st.dictionaries(st.sampled_from(["webhook-id", "webhook-signature", "x"]), st.text()), st.binary())
def test_r6_nothing_that_comes_in_raises(headers: dict[str, str], body: bytes) -> None:
    headers = {**headers, "webhook-timestamp": str(NOW), "x-gitlab-event": "Pipeline Hook"}
    assert not verify_delivery(headers, body, secret=SECRET, now=NOW)
    assert parse_delivery(headers, body) is None


def test_a_pipeline_that_goes_on_wakes_nobody() -> None:
    assert set(GOES_ON) == {word for word, status in STATUSES.items() if not status.over}
    headers = {"X-Gitlab-Event": "Pipeline Hook", "X-Gitlab-Instance": "https://a.test"}
    runs = {}
    for word in (*STATUSES, "a word of tomorrow", None, ["running"]):
        body = json.dumps({**PIPELINE, "object_attributes": {"id": 31, "status": word}}).encode()
        runs[str(word)] = GitLabDeliveries().run(body, headers)
    assert {word for word, run in runs.items() if run is None} == set(GOES_ON)
