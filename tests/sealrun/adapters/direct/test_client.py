"""What is tried again, how often, and what an error keeps."""

import pytest
from botocore import retryhandler
from botocore.loaders import Loader

from sealrun.adapters.aws.direct import opening
from sealrun.adapters.aws.direct.client import RETRIED_CODES, RETRIED_STATUS, Retries
from sealrun.adapters.aws.direct.connections import Answer
from sealrun.adapters.aws.direct.services import DynamoDb
from sealrun.adapters.aws.direct.sigv4 import Credentials
from sealrun.adapters.aws.dynamodb_table import Table
from sealrun.adapters.aws.errors import AwsError, NoAnswer, unavailable
from sealrun.errors import StoreUnavailable
from tests.sealrun.adapters.direct.canned import Canned, client, said

KEY = {"pk": {"S": "a"}, "sk": {"S": "b"}}
LOST = NoAnswer(ConnectionResetError("the other end went away"))


def throttled(code: str = "ThrottlingException") -> Answer:
    return said(400, {"__type": f"com.amazon.coral.service#{code}", "message": "slower, please"})


@pytest.mark.parametrize("first", [LOST, said(500), said(503, {"x": 1}), throttled(), said(429)])
def test_what_may_pass_is_asked_again_after_pauses_that_double(first: Answer | Exception) -> None:
    connections, pauses = Canned(first, first, said(200, {})), list[float]()
    assert DynamoDb(client(connections, pauses=pauses)).get_item(TableName="t", Key=KEY) == {}
    assert pauses == [0.05, 0.1]


@pytest.mark.parametrize("code", ["ConditionalCheckFailedException", "AccessDeniedException"])
def test_what_stays_is_asked_once(code: str) -> None:
    connections = Canned(throttled(code), said(200, {}))
    with pytest.raises(AwsError) as refused:
        DynamoDb(client(connections)).get_item(TableName="t", Key=KEY)
    assert (refused.value.code, len(connections.asked)) == (code, 1)


def test_the_attempts_end_with_the_last_error() -> None:
    with pytest.raises(NoAnswer):
        DynamoDb(client(Canned(said(500), said(500), LOST))).get_item(TableName="t", Key=KEY)
    with pytest.raises(AwsError) as refused:
        DynamoDb(client(Canned(LOST, LOST, throttled()))).get_item(TableName="t", Key=KEY)
    assert refused.value.response["Error"]["Message"] == "slower, please"


def test_a_transaction_that_is_sent_again_carries_the_same_token() -> None:
    connections = Canned(LOST, said(200, {}), said(200, {}))
    table = DynamoDb(client(connections))
    for _ in range(2):
        table.transact_write_items(TransactItems=[])
    first, again, another = (body for *_, body in connections.asked)
    assert first == again != another


def test_each_attempt_is_signed_with_the_credentials_of_its_moment() -> None:
    keys = iter([Credentials("FIRST", "s"), Credentials("SECOND", "s", "token")])
    connections = Canned(LOST, said(200, {}))
    DynamoDb(client(connections, credentials=lambda: next(keys))).get_item(TableName="t", Key=KEY)
    first, second = (headers for _, _, headers, _ in connections.asked)
    assert "Credential=FIRST/" in first["authorization"]
    assert "Credential=SECOND/" in second["authorization"]
    assert ("x-amz-security-token" in first, second["x-amz-security-token"]) == (False, "token")


def test_retries_are_those_of_botocores_data() -> None:
    data = Loader().load_data("_retry")
    usual, own = data["retry"]["__default__"], data["retry"]["dynamodb"]["__default__"]
    assert Retries(usual["max_attempts"], None) == opening._USUAL_RETRIES
    assert usual["delay"] == {"type": "exponential", "base": "rand", "growth_factor": 2}
    assert opening._RETRIES["dynamodb"] == Retries(own["max_attempts"], own["delay"]["base"])
    named = [
        (data["definitions"].get(name) or policy)["applies_when"].get("response", {})
        for policies in (usual["policies"], own["policies"])
        for name, policy in policies.items()
    ]
    codes = {each["service_error_code"] for each in named if "service_error_code" in each}
    statuses = {each["http_status_code"] for each in named if set(each) == {"http_status_code"}}
    assert (codes, statuses) == (set(RETRIED_CODES), set(RETRIED_STATUS))
    assert retryhandler.delay_exponential(0.05, 2, 3) == client(Canned())._seconds(2)


def test_r11_code_operation_and_words_are_kept() -> None:
    denied = said(
        400, {"Message": "not authorized"}, **{"x-amzn-errortype": "AccessDeniedException:http://x/"}
    )
    with pytest.raises(StoreUnavailable) as refused:
        Table(DynamoDb(client(Canned(denied))), "t").get(KEY)  # type: ignore[arg-type]
    assert refused.value.detail == "table: expected an answer to GetItem, got AccessDeniedException"
    assert refused.value.words == "not authorized"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'"x"', b"\xff"])
def test_r11_an_error_without_a_document_keeps_its_status(body: bytes) -> None:
    with pytest.raises(AwsError) as refused:
        DynamoDb(client(Canned(Answer(413, {}, body)))).get_item(TableName="t", Key=KEY)
    assert unavailable("table", refused.value).detail == "table: expected an answer to GetItem, got 413"


def test_r11_no_answer_keeps_the_systems_reason() -> None:
    error = unavailable("table", LOST)
    assert error.detail == "table: expected an answer, got ConnectionResetError"
    assert error.words == "the other end went away"
