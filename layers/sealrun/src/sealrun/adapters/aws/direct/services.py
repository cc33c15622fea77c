"""The requests that the adapters make of DynamoDB, KMS and Lambda, under boto3's names."""

import base64
import json
import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from sealrun.adapters.aws.direct.client import Client


def to_json(value: object) -> bytes:
    """JSON as AWS has it: bytes are in base64."""
    return json.dumps(value, default=_binary).encode()


def _binary(value: object) -> str:
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    raise TypeError(f"request: expected JSON values and bytes, got {type(value).__name__}")


def _attribute(value: dict[str, Any]) -> Any:
    """DynamoDB's values of the types B and BS with bytes; every other object as it is."""
    if len(value) == 1:
        [(kind, content)] = value.items()
        if kind == "B" and isinstance(content, str):
            return {"B": base64.b64decode(content)}
        if kind == "BS" and isinstance(content, list):
            return {"BS": [base64.b64decode(each) for each in content]}
    return value


class _Json:
    """A service that takes each operation as a POST of JSON to ``/``."""

    def __init__(self, client: Client, *, target: str, version: str) -> None:
        self._client, self._target = client, target
        self._type = f"application/x-amz-json-{version}"

    def ask(self, operation: str, arguments: Mapping[str, Any]) -> bytes:
        """The answer's body."""
        headers = {"content-type": self._type, "x-amz-target": f"{self._target}.{operation}"}
        body = to_json(arguments)
        return self._client.ask(operation, "/", headers, body).body


class DynamoDb:
    """boto3's low-level client of DynamoDB; attributes are ``{"S": ...}`` and the like."""

    def __init__(self, client: Client) -> None:
        self._json = _Json(client, target="DynamoDB_20120810", version="1.0")

    def get_item(self, **arguments: Any) -> dict[str, Any]:
        return self._ask("GetItem", arguments)

    def batch_get_item(self, **arguments: Any) -> dict[str, Any]:
        return self._ask("BatchGetItem", arguments)

    def put_item(self, **arguments: Any) -> dict[str, Any]:
        return self._ask("PutItem", arguments)

    def update_item(self, **arguments: Any) -> dict[str, Any]:
        return self._ask("UpdateItem", arguments)

    def query(self, **arguments: Any) -> dict[str, Any]:
        return self._ask("Query", arguments)

    def transact_write_items(self, **arguments: Any) -> dict[str, Any]:
        """Under a token of its own, by which DynamoDB knows a request that is sent again."""
        return self._ask("TransactWriteItems", {"ClientRequestToken": os.urandom(16).hex(), **arguments})

    def _ask(self, operation: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self._json.ask(operation, arguments), object_hook=_attribute)
        return answer


class Kms:
    """boto3's client of KMS, as far as it encrypts and decrypts."""

    def __init__(self, client: Client) -> None:
        self._json = _Json(client, target="TrentService", version="1.1")

    def encrypt(self, **arguments: Any) -> dict[str, Any]:
        return self._ask("Encrypt", arguments, "CiphertextBlob")

    def decrypt(self, **arguments: Any) -> dict[str, Any]:
        return self._ask("Decrypt", arguments, "Plaintext")

    def _ask(self, operation: str, arguments: Mapping[str, Any], binary: str) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self._json.ask(operation, arguments))
        return {**answer, binary: base64.b64decode(answer[binary])}


class Lambda:
    """boto3's client of Lambda, as far as it invokes functions."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def invoke(self, *, FunctionName: str, InvocationType: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
        """Start an event; what a function answers is not read."""
        path = f"/2015-03-31/functions/{quote(FunctionName, safe='')}/invocations"
        headers = {"content-type": "application/octet-stream", "x-amz-invocation-type": InvocationType}
        return {"StatusCode": self._client.ask("Invoke", path, headers, Payload).status}
