"""Python and mina-signer answer each other about keys, fields and text that nobody has seen before."""

import random
from pathlib import Path
from typing import Any

import pytest

from mina.field import P, Q
from mina.keys import PrivateKey
from mina.sign import sign_fields, sign_message
from mina.signature import Signature
from mina.verify import verify_fields, verify_message
from tests import nodejs

SCRIPT = Path(__file__).with_name("peer.mjs")
ROUNDS = 12

pytestmark = [
    pytest.mark.peers,
    pytest.mark.parametrize("signer", ["mina-signer", "mina-signer-3"]),
]
draw = random.SystemRandom()


def ask(signer: str, requests: list[dict[str, Any]]) -> list[Any]:
    answers: list[Any] = nodejs.ask(SCRIPT, requests, signer)
    assert len(answers) == len(requests)
    return answers


def field_cases() -> list[tuple[PrivateKey, list[int]]]:
    return [
        (PrivateKey(draw.randrange(1, Q)), [draw.randrange(P) for _ in range(length)])
        for length in range(ROUNDS)
    ]


def message_cases() -> list[tuple[PrivateKey, str, str]]:
    alphabet = "aZ0 \n\0é\u20ac\U0001d11e"
    return [
        (
            PrivateKey(draw.randrange(1, Q)),
            "".join(draw.choices(alphabet, k=9 * i)),
            draw.choice(["devnet", "mainnet"]),
        )
        for i in range(ROUNDS)
    ]


def test_it_signs_fields_as_python_does(signer: str) -> None:
    cases = field_cases()
    asked = [{"ask": "signFields", "privateKey": k.to_base58(), "fields": [*map(str, f)]} for k, f in cases]
    for (key, fields), answer in zip(cases, ask(signer, asked), strict=True):
        assert sign_fields(key, fields).to_base58() == answer
        assert verify_fields(Signature.from_base58(answer), key.public_key(), fields)


def test_it_accepts_the_fields_that_python_signed_and_no_others(signer: str) -> None:
    asked, expected = [], []
    for key, fields in field_cases():
        signed = {
            "ask": "verifyFields",
            "publicKey": key.public_key().to_base58(),
            "signature": sign_fields(key, fields).to_base58(),
        }
        asked += [
            {**signed, "fields": [*map(str, fields)]},
            {**signed, "fields": [*map(str, fields), "1"]},
        ]
        expected += [True, False]
    assert ask(signer, asked) == expected


def test_it_signs_text_as_python_does(signer: str) -> None:
    cases = message_cases()
    asked = [
        {"ask": "signMessage", "privateKey": key.to_base58(), "message": text, "network": network}
        for key, text, network in cases
    ]
    for (key, text, network), answer in zip(cases, ask(signer, asked), strict=True):
        signature = sign_message(key, text, network)
        assert {"field": str(signature.r), "scalar": str(signature.s)} == answer
        assert verify_message(signature, key.public_key(), text, network)


def test_it_accepts_the_text_that_python_signed_and_no_other(signer: str) -> None:
    asked, expected = [], []
    for key, text, network in message_cases():
        signature = sign_message(key, text, network)
        signed = {
            "ask": "verifyMessage",
            "publicKey": key.public_key().to_base58(),
            "signature": {"field": str(signature.r), "scalar": str(signature.s)},
            "network": network,
        }
        asked += [{**signed, "message": text}, {**signed, "message": text + "!"}]
        expected += [True, False]
    assert ask(signer, asked) == expected
