"""Answers of a node: strangers choose what stands in their accounts, and a node repeats it."""

import httpx
import pytest

from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.nodes import data_of
from sealrun_cli.lib.service import Service

NODE = "https://node.example/graphql"


def answered(body: bytes) -> object:
    transport = httpx.MockTransport(lambda _request: httpx.Response(200, content=body))
    with httpx.Client(transport=transport) as http:
        return data_of(Service(http), NODE, "{x}")


def test_a18_an_account_with_bytes_that_are_no_text_spoils_nothing_of_the_others() -> None:
    body = b'{"data": {"a0": {"zkappUri": "https://\xff\xfe"}, "a1": {"zkappUri": "https://ci.example"}}}'
    assert answered(body) == {
        "a0": {"zkappUri": "https://\ufffd\ufffd"},
        "a1": {"zkappUri": "https://ci.example"},
    }


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"data": null}', b'{"data": []}', b"[" * 100_000, b"\xff"]
)
def test_what_is_no_answer_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(CliError, match="expected data, got"):
        answered(body)
