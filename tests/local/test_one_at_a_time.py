"""moto's DynamoDB answers one request after the other, as if each were atomic."""

import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from werkzeug.test import Client
from werkzeug.wrappers import Request, Response

from local.aws import OneAtATime

TIMES = 200


@pytest.fixture
def switching() -> Iterator[None]:
    """Threads that give way to each other as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("switching")
def test_a_count_that_is_read_and_written_in_two_steps_loses_none() -> None:
    counts = [0]

    @Request.application
    def count(_request: Request) -> Response:
        before = counts[0]
        time.sleep(0)  # gives way to another thread
        counts[0] = before + 1
        return Response()

    client = Client(OneAtATime(count))
    with ThreadPoolExecutor(8) as clients:
        asked = [
            clients.submit(client.post, "/", headers={"X-Amz-Target": "DynamoDB_20120810.UpdateItem"})
            for _ in range(TIMES)
        ]
    assert {each.result().status_code for each in asked} == {200}
    assert counts == [TIMES]
