"""Deliveries of the local GitHub, received and judged as the functions do."""

import json
import time
from collections.abc import Iterator

import pytest
from werkzeug import Response

from local.loopback import LoopbackServer, Request
from sealrun.providers.github.webhook import GitHubDeliveries
from sealrun.runs.record import RunKey
from tests.answers import wait_until_over
from tests.sealrun.providers.github.conftest import Setting
from tests.sealrun.providers.github.peer import CALL

pytestmark = pytest.mark.peers
SECRET = "a secret of the hook"
DELIVERIES = GitHubDeliveries()


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[Request]]]:
    got: list[Request] = []

    def answer(request: Request) -> Response:
        got.append(request)
        return Response(status=202)

    with LoopbackServer(answer, max_body=1 << 20) as server:
        yield server.url, got


def test_a_runs_deliveries_name_it_and_hold_by_their_signature(
    setting: Setting, receiver: tuple[str, list[Request]]
) -> None:
    url, got = receiver
    repository = setting.repository()
    setting.server.add_hook(repository, f"{url}/hook", secret=SECRET)
    github = setting.open(repository, setting.server.create_token(repository).value)
    run = wait_until_over(github, github.start(name=CALL, inputs={}))
    while len(got) < 3:
        time.sleep(0.05)
    key = RunKey("github", setting.server.url, repository.full_name, run.id)
    now = int(time.time())
    for one in got:
        headers = dict(one.headers.items())
        over = json.loads(one.get_data())["action"] == "completed"
        assert DELIVERIES.run(one.get_data(), headers) == (key if over else None)
        assert DELIVERIES.hold(one.get_data(), headers, secret=SECRET, now=now)
        assert not DELIVERIES.hold(one.get_data(), headers, secret="another", now=now)
    sent = [one for one in setting.server.hooks.sent if one.url == f"{url}/hook"]
    assert [one.status for one in sent] == [202, 202, 202]
