"""GitHub's deliveries: what is genuine, and which run it is about (R6)."""

import hmac
import json
from pathlib import Path
from typing import Any

import pytest

from sealrun.providers.github.webhook import MAX_BODY_BYTES, GitHubDeliveries, signature
from sealrun.runs.record import RunKey

SECRET = "It's a secret"
NOW = 1_795_341_600
EVENT: dict[str, Any] = {
    "action": "completed",
    "workflow_run": {"id": 31, "updated_at": "2026-11-22T10:00:00Z"},
    "repository": {"full_name": "octo-org/job", "url": "https://api.github.com/repos/octo-org/job"},
}
DELIVERIES = GitHubDeliveries()


def delivery(event: object = EVENT, *, secret: str = SECRET) -> tuple[bytes, dict[str, str]]:
    body = json.dumps(event).encode()
    made = "sha256=" + hmac.digest(secret.encode(), body, "sha256").hex()
    return body, {"X-GitHub-Event": "workflow_run", "X-Hub-Signature-256": made}


def test_a_delivery_names_its_run() -> None:
    assert DELIVERIES.run(*delivery()) == RunKey("github", "https://api.github.com", "octo-org/job", 31)


def test_a_run_that_goes_on_wakes_nobody() -> None:
    for action, named in (("requested", False), ("in_progress", False), ("completed", True), (None, True)):
        assert (DELIVERIES.run(*delivery({**EVENT, "action": action})) is not None) == named


@pytest.mark.parametrize(
    "event",
    [
        [],
        "x",
        {},
        {**EVENT, "workflow_run": None},
        {**EVENT, "workflow_run": {"id": "31"}},
        {**EVENT, "workflow_run": {"id": True}},
        {**EVENT, "workflow_run": {"id": 0}},
        {**EVENT, "workflow_run": {"id": 2**63}},
        {**EVENT, "repository": {"full_name": 1, "url": "https://api.github.com/"}},
        {**EVENT, "repository": {"full_name": "a/b", "url": 1}},
        {**EVENT, "repository": {"full_name": "a/b", "url": "https://[/"}},
        {**EVENT, "repository": {"full_name": "a/b", "url": "https://\ud800/"}},
        {**EVENT, "repository": {"full_name": "a/b", "url": "\x00://a.test/"}},
        {**EVENT, "repository": {"full_name": "a/\ud800", "url": "https://api.github.com/"}},
        {**EVENT, "repository": {"full_name": "a/b\x00", "url": "https://api.github.com/"}},
        {**EVENT, "repository": {"full_name": "a/" + "b" * 5000, "url": "https://api.github.com/"}},
        {"zen": "Design for failure.", "hook_id": 1},
    ],
)
def test_r6_l14_anything_else_names_none(event: object) -> None:
    assert DELIVERIES.run(*delivery(event)) is None


def test_r6_other_events_and_bodies_name_none() -> None:
    body, headers = delivery()
    assert DELIVERIES.run(body, {**headers, "X-GitHub-Event": "push"}) is None
    assert DELIVERIES.run(b"payload=%7B%7D", headers) is None
    assert DELIVERIES.run(b"[" * 100_000, headers) is None
    assert DELIVERIES.run(body + b" " * MAX_BODY_BYTES, headers) is None


def test_r6_a_signed_delivery_holds_in_its_window_only() -> None:
    body, headers = delivery()
    for now, holds in ((NOW, True), (NOW + 600, True), (NOW + 601, False), (NOW - 601, False)):
        assert DELIVERIES.hold(body, headers, secret=SECRET, now=now) is holds


@pytest.mark.parametrize(
    "given", ["", "sha256=", "sha256=" + "0" * 64, "sha1=" + "0" * 40, "\ud800", "\u00e9"]
)
def test_r6_a_delivery_without_the_secret_does_not_hold(given: str) -> None:
    body, headers = delivery()
    assert not DELIVERIES.hold(body, {**headers, "X-Hub-Signature-256": given}, secret=SECRET, now=NOW)
    assert not DELIVERIES.hold(body, headers, secret="another", now=NOW)
    assert not DELIVERIES.hold(body + b" ", headers, secret=SECRET, now=NOW)
    assert not DELIVERIES.hold(*delivery(secret=""), secret="", now=NOW)


@pytest.mark.parametrize("event", [[], {}, {"workflow_run": {"updated_at": "yesterday"}}])
def test_r6_a_delivery_without_a_time_does_not_hold(event: object) -> None:
    assert not DELIVERIES.hold(*delivery(event), secret=SECRET, now=NOW)


def test_the_signature_is_the_one_of_githubs_documentation() -> None:
    known = json.loads(Path(__file__).with_name("signature.json").read_bytes())
    assert signature(known["payload"].encode(), known["secret"]) == known["signature"]
