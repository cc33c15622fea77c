"""What is kept of AWS's errors: code and operation for everybody, its words for the operator's log."""

import json
import traceback
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.stub import Stubber

from sealrun.adapters.aws.dynamodb_table import Table
from sealrun.adapters.aws.errors import unavailable
from sealrun.adapters.aws.function_url import resolver
from sealrun.adapters.aws.kms import KmsKeys
from sealrun.adapters.aws.log import Log
from sealrun.adapters.aws.s3 import PART, S3EvidenceStore
from sealrun.adapters.aws.waker import LambdaWaker
from sealrun.encoding.measure import measure
from sealrun.errors import StoreUnavailable
from tests.sealrun.adapters.test_function_url import event
from tests.sealrun.gateway import CONTEXT

WORDS = "User: arn:aws:sts::1:assumed-role/x is not authorized to perform it"
SMALL, LARGE = [b"x"], [b"x" * (PART + 1)]
KEY = {"pk": {"S": "a"}, "sk": {"S": "b"}}


def put(client: Any, content: list[bytes]) -> None:
    S3EvidenceStore(client, bucket="b").put(lambda: content, measure(content), media_type="text/plain")


def store(client: Any) -> S3EvidenceStore:
    return S3EvidenceStore(client, bucket="b")


def failed(client: Any) -> set[str]:
    table = Table(client, "t")
    return table.failed({"a": table.new(KEY), "b": table.new(KEY)})


ASKED: list[tuple[str, str, str, Callable[[Any], object]]] = [
    ("dynamodb", "get_item", "GetItem", lambda client: Table(client, "t").get(KEY)),
    ("dynamodb", "batch_get_item", "BatchGetItem", lambda client: Table(client, "t").get_all(KEY)),
    ("dynamodb", "query", "Query", lambda client: Table(client, "t").items(KeyConditionExpression="pk = :a")),
    ("dynamodb", "transact_write_items", "TransactWriteItems", failed),
    ("s3", "put_object", "PutObject", lambda client: put(client, SMALL)),
    ("s3", "head_object", "HeadObject", lambda client: put(client, LARGE)),
    ("s3", "get_object", "GetObject", lambda client: store(client).get("ab" * 32)),
    ("s3", "get_object", "GetObject", lambda client: list(store(client).read("ab" * 32))),
    ("kms", "encrypt", "Encrypt", lambda client: KmsKeys(client, key_id="k").encrypt(b"s", context={})),
    ("kms", "decrypt", "Decrypt", lambda client: KmsKeys(client, key_id="k").decrypt(b"s", context={})),
    ("lambda", "invoke", "Invoke", lambda client: LambdaWaker(client, function="f").wake(1)),
]


def client(service: str) -> Any:
    config = Config(region_name="eu-west-1", retries={"total_max_attempts": 1})
    return boto3.client(service, aws_access_key_id="x", aws_secret_access_key="y", config=config)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("service", "method", "operation", "ask"), ASKED, ids=[f"{a[0]}-{a[1]}-{n}" for n, a in enumerate(ASKED)]
)
@pytest.mark.parametrize("code", ["AccessDeniedException", "ThrottlingException", "ExpiredToken"])
def test_r11_every_adapter_keeps_awss_code_and_its_operation(
    service: str, method: str, operation: str, ask: Callable[[Any], object], code: str
) -> None:
    asked = client(service)
    stub = Stubber(asked)
    stub.add_client_error(method, code, WORDS, 400)
    with stub, pytest.raises(StoreUnavailable) as refused:
        ask(asked)
    assert refused.value.detail.endswith(f"expected an answer to {operation}, got {code}")
    assert refused.value.words == WORDS
    assert WORDS not in refused.value.detail


def test_r11_a_cancelled_transaction_says_what_cancelled_it() -> None:
    reasons = [{"Code": "None"}, {"Code": "ThrottlingError"}]
    answer: Any = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}
    error = unavailable("table", ClientError(answer, "TransactWriteItems"))
    assert error.detail.endswith("TransactWriteItems, got TransactionCanceledException ThrottlingError")


def test_r11_without_an_answer_botocores_name_of_the_error_is_kept() -> None:
    error = unavailable("evidence", EndpointConnectionError(endpoint_url="https://s3.test"))
    assert error.detail == "evidence: expected an answer, got EndpointConnectionError"


def test_r11_the_log_has_awss_code_and_words_and_the_answer_has_the_code_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    made, asked = resolver(Log("test")), client("dynamodb")

    @made.get("/x")
    def get_x() -> Any:
        with Stubber(asked) as stub:
            stub.add_client_error("get_item", "AccessDeniedException", WORDS, 400)
            Table(asked, "t").get(KEY)

    found = made.resolve(event("/x"), CONTEXT)
    [line] = [json.loads(each) for each in capsys.readouterr().out.splitlines()]
    assert (line["aws"], "AccessDenied" in line["detail"]) == (WORDS, True)
    assert found["statusCode"] == 503
    assert "got AccessDeniedException" in found["body"]
    assert "arn:" not in found["body"]


def test_r11_why_boto3_has_no_connection_stands_in_the_operators_words() -> None:
    made = boto3.client(
        "s3",
        endpoint_url="https://127.0.0.1:1",
        aws_access_key_id="x",
        aws_secret_access_key="y",
        config=Config(region_name="eu-west-1", retries={"total_max_attempts": 1}),
    )
    with pytest.raises(StoreUnavailable) as refused:
        store(made).get("ab" * 32)
    assert refused.value.detail == "bucket: expected an answer, got EndpointConnectionError"
    assert "Connection refused" in refused.value.words


def test_r11_no_error_of_the_key_service_shows_what_it_was_asked_to_encrypt() -> None:
    secret = "glpat-of-somebody"
    with pytest.raises(StoreUnavailable) as refused:
        KmsKeys(client("kms"), key_id="k").encrypt([secret], context={})  # type: ignore[arg-type]
    shown = "".join(traceback.format_exception(refused.value))
    assert secret in str(refused.value.__context__), "botocore quotes it"
    assert secret not in shown
    assert refused.value.detail == "key service: expected an answer, got ParamValidationError"
