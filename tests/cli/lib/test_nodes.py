"""Answers of a node: strangers choose what stands in their accounts, and a node repeats it."""

import json
from typing import TYPE_CHECKING

import httpx
import pytest

from mina.keys import PrivateKey
from sealrun.errors import SealrunError
from sealrun.offers.asset import MINA
from sealrun_cli.lib.chain_view import moment, on_chain, opened_by
from sealrun_cli.lib.contracts import account_codes
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.nodes import data_of
from sealrun_cli.lib.service import Service

if TYPE_CHECKING:
    from collections.abc import Callable

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


def test_a13_a_node_that_starts_anew_does_not_tell_that_an_account_is_missing() -> None:
    # As Mina's node answers before it has a chain: what it cannot tell is null, with an error beside it.
    body = (
        b'{"errors": [{"message": "Could not obtain best chain from transition frontier", '
        b'"path": ["bestChain"]}], "data": {"account": null, "bestChain": null}}'
    )
    transport = httpx.MockTransport(lambda _request: httpx.Response(200, content=body))
    with httpx.Client(transport=transport) as http, pytest.raises(CliError, match="best chain") as refused:
        on_chain(Service(http), NODE, PrivateKey(7).public_key().to_base58())
    assert refused.value.kind == "node-unavailable"


def _account(**other: object) -> dict[str, object]:
    return {"balance": {"total": "5"}, "zkappState": ["1"] * 8, **other}


@pytest.mark.parametrize(
    "data",
    [
        {"account": "x"},
        {"account": [7]},
        {"account": _account(balance=None)},
        {"account": _account(balance={"total": "x"})},
        {"account": _account(zkappState=True)},
        {"account": _account(zkappState=["1", "2", "3", None, "5", "6", "7", "8"])},
        {"account": _account(zkappState=["1", "2", "3", "4", "x", "6", "7", "8"])},
        {"account": _account(zkappState=["1"] * 7 + ["9" * 5000])},
        {"account": _account(balance={"total": float("inf")})},
        {
            "account": _account(),
            "bestChain": [{"protocolState": {"consensusState": {"slotSinceGenesis": 1e999}}}],
        },
    ],
)
def test_l14_an_account_of_another_form_is_an_error_of_its_own(data: dict[str, object]) -> None:
    """Else `exit`, `withdraw`, `settle` and `topup` ended with a traceback."""
    address, code = PrivateKey(7).public_key().to_base58(), account_codes()
    body = json.dumps({"data": {"syncStatus": "SYNCED", **data}}).encode()
    transport = httpx.MockTransport(lambda _request: httpx.Response(200, content=body))
    with httpx.Client(transport=transport) as http:
        service = Service(http)
        asks: list[Callable[[], object]] = [
            lambda: on_chain(service, NODE, address),
            lambda: moment(service, NODE, address, address, code, MINA),
            lambda: opened_by(service, NODE, address, PrivateKey(7).public_key(), code, MINA),
        ]
        for ask in asks:
            with pytest.raises((CliError, SealrunError)):
                ask()
