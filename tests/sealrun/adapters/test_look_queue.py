"""Groups of calls travel through SQS, and come out as Lambda's event has them."""

import boto3
import pytest
from moto import mock_aws

from sealrun.adapters.aws.look_queue import LookQueue, calls_of
from sealrun.errors import Malformed, StoreUnavailable
from tests.ports.stores import REGION


def test_each_group_is_a_message_and_ten_are_a_request() -> None:
    groups = [[100 * number + call for call in range(3)] for number in range(25)]
    asked: list[str] = []
    with mock_aws():
        client = boto3.client("sqs", **REGION)  # type: ignore[call-overload]
        url = client.create_queue(QueueName="looks")["QueueUrl"]
        client.meta.events.register("before-call.sqs", lambda model, **_: asked.append(model.name))
        LookQueue(client, url=url).send(groups)
        assert asked == ["SendMessageBatch"] * 3
        records = []
        while messages := client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            records += [{"body": message["Body"]} for message in messages]
    assert sorted(calls_of({"Records": records})) == [call for group in groups for call in group]


def test_a_queue_that_is_not_there_is_unavailable() -> None:
    with mock_aws():
        client = boto3.client("sqs", **REGION)  # type: ignore[call-overload]
        with pytest.raises(StoreUnavailable, match="queue: expected an answer"):
            LookQueue(client, url="https://sqs.eu-central-1.amazonaws.com/1/none").send([[1]])


def test_a_message_that_names_no_call_is_refused() -> None:
    with pytest.raises(Malformed, match="look"):
        calls_of({"Records": [{"body": '{"look": ["x"]}'}]})
