"""Each request is the one that botocore makes of the same arguments; each answer is read as it does."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.exceptions import ClientError

from sealrun.adapters.aws.direct.connections import Answer
from sealrun.adapters.aws.direct.services import DynamoDb, Kms, Lambda
from sealrun.adapters.aws.errors import AwsError, cancelled_by, error_code, unavailable
from tests.sealrun.adapters.direct.canned import Canned, client

KEY = {"pk": {"S": "a#é"}, "sk": {"S": "b"}}
ITEM = {
    **KEY,
    "document": {"B": b"\x00\xff{}"},
    "all": {"L": [{"N": "-1.5"}, {"BOOL": True}, {"NULL": True}, {"M": {"B": {"B": b"x"}}}]},
    "sets": {"M": {"a": {"SS": ["x"]}, "b": {"NS": ["1"]}, "c": {"BS": [b"1", b"2"]}}},
}
WIRE_ITEM = {
    **KEY,
    "document": {"B": "AP97fQ=="},
    "all": {"L": [{"N": "-1.5"}, {"BOOL": True}, {"NULL": True}, {"M": {"B": {"B": "eA=="}}}]},
    "sets": {"M": {"a": {"SS": ["x"]}, "b": {"NS": ["1"]}, "c": {"BS": ["MQ==", "Mg=="]}}},
}
PUT: dict[str, Any] = {
    "Put": {"TableName": "t", "Item": ITEM, "ConditionExpression": "attribute_not_exists(pk)"}
}
VALUES = {":n": {"N": "1"}, ":b": {"B": b"\x01"}}
UPDATE: dict[str, Any] = {
    "TableName": "t",
    "Key": KEY,
    "UpdateExpression": "ADD #n :n",
    "ExpressionAttributeNames": {"#n": "n"},
    "ExpressionAttributeValues": VALUES,
}
BATCH = {"RequestItems": {"t": {"Keys": [KEY], "ConsistentRead": True}}}
TOKEN = {"ClientRequestToken": "4f0c"}
ARN = "arn:aws:lambda:eu-west-1:123456789012:function:collect"
Case = tuple[str, str, dict[str, Any], dict[str, Any]]
CASES: list[Case] = [
    ("dynamodb", "get_item", {"TableName": "t", "Key": KEY, "ConsistentRead": True}, {"Item": WIRE_ITEM}),
    ("dynamodb", "batch_get_item", BATCH, {"Responses": {"t": [WIRE_ITEM]}, "UnprocessedKeys": {}}),
    ("dynamodb", "put_item", {"TableName": "t", "Item": ITEM}, {"Attributes": WIRE_ITEM}),
    ("dynamodb", "update_item", UPDATE, {"Attributes": {"n": {"N": "2"}}}),
    ("dynamodb", "query", {"TableName": "t", "Limit": 2}, {"Items": [WIRE_ITEM], "LastEvaluatedKey": KEY}),
    ("dynamodb", "transact_write_items", {"TransactItems": [PUT, {"Update": UPDATE}], **TOKEN}, {}),
    (
        "kms",
        "encrypt",
        {"KeyId": "k", "Plaintext": b"\x00s", "EncryptionContext": {"offer": "é"}},
        {"CiphertextBlob": "AHM=", "KeyId": "k"},
    ),
    (
        "kms",
        "decrypt",
        {"KeyId": "k", "CiphertextBlob": b"\x00s", "EncryptionContext": {}},
        {"Plaintext": "AHM="},
    ),
    ("lambda", "invoke", {"FunctionName": "collect", "InvocationType": "Event", "Payload": b'{"a":1}'}, {}),
    ("lambda", "invoke", {"FunctionName": ARN, "InvocationType": "Event", "Payload": b"{}"}, {}),
]
KINDS: dict[str, Callable[[Any], Any]] = {"dynamodb": DynamoDb, "kms": Kms, "lambda": Lambda}
COMPARED = ("content-type", "x-amz-target", "x-amz-invocation-type")


class _Raw:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: Any) -> Any:
        yield self._body


def botocores(service: str, status: int, body: bytes) -> tuple[Any, list[Any]]:
    """boto3's client, whose requests are kept and have this answer."""
    config = Config(region_name="eu-west-1", retries={"total_max_attempts": 1})
    made = boto3.client(service, aws_access_key_id="x", aws_secret_access_key="y", config=config)  # type: ignore[call-overload]
    sent: list[Any] = []

    def answer(request: Any, **_: Any) -> AWSResponse:
        sent.append(request)
        return AWSResponse(request.url, status, HTTPHeaders(), _Raw(body))

    made.meta.events.register("before-send", answer)
    return made, sent


@pytest.mark.parametrize(
    ("service", "method", "arguments", "value"), CASES, ids=[f"{c[1]}-{n}" for n, c in enumerate(CASES)]
)
def test_requests_and_answers_are_botocores(
    service: str, method: str, arguments: dict[str, Any], value: dict[str, Any]
) -> None:
    body, status = json.dumps(value).encode(), 202 if service == "lambda" else 200
    theirs, sent = botocores(service, status, body)
    expected = getattr(theirs, method)(**arguments)
    connections = Canned(Answer(status, {}, body))
    found = getattr(KINDS[service](client(connections, service=service)), method)(**arguments)
    [request], [(verb, path, headers, content)] = sent, connections.asked
    assert (verb, path) == (request.method, urlsplit(request.url).path)
    named = {name: headers.get(name) for name in COMPARED if name in request.headers}
    assert named == {name: _text(request.headers[name]) for name in named}
    if service == "lambda":
        assert (content, found["StatusCode"]) == (request.body, expected["StatusCode"])
        return
    assert json.loads(content) == json.loads(request.body)
    assert found == {name: each for name, each in expected.items() if name != "ResponseMetadata"}


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


ERRORS = [
    {"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", "message": "no"},
    {"__type": "com.amazon.coral.service#AccessDeniedException", "Message": "not yours"},
    {
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "message": "cancelled",
        "CancellationReasons": [{"Code": "None"}, {"Code": "ConditionalCheckFailed", "Message": "x"}],
    },
    {"__type": "UnrecognizedClientException"},
]


@pytest.mark.parametrize("value", ERRORS)
def test_r11_errors_are_botocores(value: dict[str, Any]) -> None:
    body = json.dumps(value).encode()
    theirs, _ = botocores("dynamodb", 400, body)
    with pytest.raises(ClientError) as expected:
        theirs.transact_write_items(TransactItems=[PUT])
    with pytest.raises(AwsError) as found:
        DynamoDb(client(Canned(Answer(400, {}, body)))).transact_write_items(TransactItems=[PUT])
    for read in (error_code, cancelled_by, lambda error: unavailable("table", error).detail):
        assert read(found.value) == read(expected.value)


def test_what_json_cannot_hold_is_no_request() -> None:
    connections = Canned()
    with pytest.raises(TypeError, match=r"request: expected JSON values and bytes, got set"):
        DynamoDb(client(connections)).get_item(TableName={"t"})
    assert not connections.asked
