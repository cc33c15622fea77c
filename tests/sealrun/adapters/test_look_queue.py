"""Groups of calls travel through SQS, and come out as Lambda's event has them."""

import boto3
import pytest
from botocore.stub import Stubber
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


def test_a_message_that_the_queue_does_not_take_is_told_once_the_others_were_sent() -> None:
    client = boto3.client("sqs", **REGION)  # type: ignore[call-overload]
    failed = {"Id": "3", "SenderFault": False, "Code": "InternalError", "Message": "try again"}
    with Stubber(client) as stubber:
        stubber.add_response("send_message_batch", {"Successful": [], "Failed": [failed]})
        stubber.add_response("send_message_batch", {"Successful": [], "Failed": []})
        with pytest.raises(StoreUnavailable, match="12 messages taken, got 11, and InternalError") as error:
            LookQueue(client, url="https://sqs.eu-central-1.amazonaws.com/1/looks").send([[1]] * 12)
        stubber.assert_no_pending_responses()
    assert error.value.words == "try again"


def test_a_message_that_names_no_call_is_refused() -> None:
    with pytest.raises(Malformed, match="look"):
        calls_of({"Records": [{"body": '{"look": ["x"]}'}]})
