"""What functions ask of AWS, in IAM's words: action, resource and condition keys."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
S3_ACTIONS = {
    "AbortMultipartUpload": "AbortMultipartUpload",
    "CompleteMultipartUpload": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "GetObject": "GetObject",
    "HeadObject": "GetObject",
    "PutObject": "PutObject",
    "UploadPart": "PutObject",
}
# A transaction needs the right to each of its parts.
PARTS = {"Put": "PutItem", "Update": "UpdateItem", "ConditionCheck": "ConditionCheckItem"}
LAMBDA = "arn:aws:lambda:eu-central-1:123456789012:function:"


@dataclass(frozen=True)
class Request:
    """One thing that one function asked for; ``keys`` are the condition keys with their values."""

    function: str
    action: str
    resource: str
    keys: Mapping[str, list[str]] = field(default_factory=dict)


class Recorder:
    """Hears every request of boto3's default session, and says whose it was; ``function`` is set before."""

    def __init__(self, session: Any) -> None:
        self.function = ""
        self.seen: list[Request] = []
        session.events.register("provide-client-params.*.*", self._hear)
        # Nobody answers here, and nobody waits for an answer.
        answer = SimpleNamespace(status_code=202, headers={}), {"StatusCode": 202}
        session.events.register("before-call.lambda.Invoke", lambda **_: answer)

    def _hear(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        if self.function:
            service, name = model.service_model.service_name, model.name
            for action, resource, keys in _READERS[service](name, params):
                self.seen.append(Request(self.function, f"{service}:{action}", resource, keys))


Asked = Iterator[tuple[str, str, Mapping[str, list[str]]]]


def _dynamodb(name: str, params: dict[str, Any]) -> Asked:
    if name == "TransactWriteItems":
        for item in params["TransactItems"]:
            [(part, request)] = item.items()
            yield from _dynamodb(PARTS[part], request)
        return
    if name == "BatchGetItem":
        [wanted] = params["RequestItems"].values()
        yield name, "table", {"dynamodb:LeadingKeys": [key["pk"]["S"] for key in wanted["Keys"]]}
        return
    index = f"/index/{params['IndexName']}" if "IndexName" in params else ""
    if name == "Query":
        values = params["ExpressionAttributeValues"]
        leading = next(values[each] for each in (":shard", ":pk", ":in", ":by") if each in values)["S"]
    else:
        leading = (params.get("Key") or params["Item"])["pk"]["S"]
    keys = {"dynamodb:LeadingKeys": [leading]}
    if "ProjectionExpression" in params:
        read = params["ProjectionExpression"].split(", ")
        names = params.get("ExpressionAttributeNames", {})
        keys["dynamodb:Attributes"] = sorted({*params["Key"], *(names.get(each, each) for each in read)})
    yield name, f"table{index}", keys


def _kms(name: str, params: dict[str, Any]) -> Asked:
    context = params["EncryptionContext"]
    named = {f"kms:EncryptionContext:{key}": [value] for key, value in context.items()}
    yield name, "key", {**named, "kms:EncryptionContextKeys": list(context)}


def _s3(name: str, params: dict[str, Any]) -> Asked:
    yield S3_ACTIONS[name], f"bucket/{params['Key']}", {}


def _lambda(name: str, params: dict[str, Any]) -> Asked:
    yield {"Invoke": "InvokeFunction"}[name], LAMBDA + params["FunctionName"], {}


def _sqs(name: str, params: dict[str, Any]) -> Asked:
    # A batch needs the right to send.
    yield name.removesuffix("Batch"), params["QueueUrl"].rpartition("/")[2], {}


_READERS = {"dynamodb": _dynamodb, "kms": _kms, "s3": _s3, "lambda": _lambda, "sqs": _sqs}
