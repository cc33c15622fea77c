"""Webhooks as the local GitLab sends them, verified by standardwebhooks and by us; lost and doubled ones."""

import base64
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest
from standardwebhooks import Webhook
from werkzeug import Response

from local.loopback import LoopbackServer, Request
from sealrun.providers.gitlab.client import GitLab
from sealrun.providers.gitlab.webhook import Delivery, parse_delivery, verify_delivery
from tests.answers import wait_until_over
from tests.sealrun.providers.gitlab.conftest import Setting
from tests.sealrun.providers.gitlab.samples import CALL

pytestmark = pytest.mark.peers

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


@dataclass(frozen=True)
class Got:
    headers: Mapping[str, str]
    body: bytes


class Receiver(LoopbackServer):
    """Takes deliveries on loopback and keeps them."""

    def __init__(self) -> None:
        self.got: list[Got] = []
        super().__init__(self._take, max_body=1 << 20)
        self.url += "/webhooks/gitlab"

    def _take(self, request: Request) -> Response:
        self.got.append(Got(dict(request.headers.items()), request.get_data()))
        return Response(status=202)

    def last_statuses(self) -> list[str]:
        return [json.loads(got.body)["object_attributes"]["status"] for got in self.got]

    def wait_for(self, status: str) -> None:
        ends = time.monotonic() + 30
        while status not in self.last_statuses():
            assert time.monotonic() < ends, f"no delivery says {status}: {self.last_statuses()}"
            time.sleep(0.05)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        yield made


def _hooked(setting: Setting, url: str, **hook: str | bool) -> tuple[int, GitLab]:
    project = setting.project()
    setting.server.add_hook(project, url, **hook)  # type: ignore[arg-type]
    return project, setting.open(project, setting.server.create_token(project))


def test_r6_signed_deliveries_hold_for_two_verifiers(setting: Setting, receiver: Receiver) -> None:
    project, gitlab = _hooked(setting, receiver.url, signing_token=SECRET)
    run = wait_until_over(gitlab, gitlab.start(name=CALL, inputs={}))
    receiver.wait_for("success")
    assert receiver.last_statuses() == ["pending", "running", "success"]
    for got in receiver.got:
        headers = {name.lower(): value for name, value in got.headers.items()}
        Webhook(SECRET).verify(got.body, headers)
        assert verify_delivery(got.headers, got.body, secret=SECRET, now=int(time.time()))
        assert parse_delivery(got.headers, got.body) == Delivery(project, run.id)
        assert headers["x-gitlab-instance"] == setting.server.url
        assert headers["idempotency-key"] == headers["webhook-id"]


def test_r6_deliveries_with_a_token_hold(setting: Setting, receiver: Receiver) -> None:
    _, gitlab = _hooked(setting, receiver.url, token="s3cret")
    gitlab.start(name=CALL, inputs={})
    receiver.wait_for("pending")
    got = receiver.got[0]
    assert verify_delivery(got.headers, got.body, secret="s3cret", now=0)
    assert not verify_delivery(got.headers, got.body, secret="other", now=0)


def test_r6_job_deliveries_name_the_run(setting: Setting, receiver: Receiver) -> None:
    project, gitlab = _hooked(setting, receiver.url, token="x", pipeline_events=False, job_events=True)
    run = wait_until_over(gitlab, gitlab.start(name=CALL, inputs={}))
    ends = time.monotonic() + 30
    while len(receiver.got) < 6:  # two jobs: created, running, success
        assert time.monotonic() < ends
        time.sleep(0.05)
    assert {parse_delivery(got.headers, got.body) for got in receiver.got} == {Delivery(project, run.id)}
    assert {json.loads(got.body)["object_kind"] for got in receiver.got} == {"build"}


def test_r6_deliveries_are_lost_and_doubled_on_request(setting: Setting, receiver: Receiver) -> None:
    _, gitlab = _hooked(setting, receiver.url, token="x")
    setting.server.faults.add("webhook", "lost")
    setting.server.faults.add("webhook", "doubled")
    wait_until_over(gitlab, gitlab.start(name=CALL, inputs={}))
    receiver.wait_for("success")
    assert receiver.last_statuses() == ["running", "running", "success"]


def test_a_receiver_that_is_gone_holds_up_nothing(setting: Setting) -> None:
    _, gitlab = _hooked(setting, "http://127.0.0.1:9/", token="x")
    wait_until_over(gitlab, gitlab.start(name=CALL, inputs={}))
