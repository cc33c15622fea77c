"""Token ids against o1js."""

from typing import Any

import pytest
from hypothesis import given

from mina import base58, tokens
from mina.field import P
from mina.keys import PrivateKey, PublicKey
from tests.mina import strategies
from tests.mina.vectors import load

VECTORS = load("tokens")
OWNER = PrivateKey(5).public_key()


@pytest.mark.parametrize("case", VECTORS["derived"], ids=lambda case: case["text"][:6])
def test_derived_ids_are_those_of_o1js(case: dict[str, Any]) -> None:
    token_id = tokens.derive_token_id(PublicKey.from_base58(case["publicKey"]), int(case["parent"]))
    assert str(token_id) == case["id"]
    assert tokens.to_base58(token_id) == case["text"]


@pytest.mark.parametrize("case", VECTORS["tokens"], ids=lambda case: case["text"][:6])
def test_the_text_of_an_id_is_that_of_o1js(case: dict[str, Any]) -> None:
    assert tokens.to_base58(int(case["id"])) == case["text"]
    assert str(tokens.from_base58(case["text"])) == case["id"]


def test_the_parent_is_mina_unless_told() -> None:
    assert (
        tokens.derive_token_id(OWNER) == tokens.derive_token_id(OWNER, 1) != tokens.derive_token_id(OWNER, 2)
    )
    assert tokens.to_base58(tokens.MINA) == "wSHV2S4qX9jFsLjQo8r1BsMLH2ZRKsZx6EJd1sbozGPieEC4Jf"


@given(strategies.fields)
def test_an_id_survives_its_text(token_id: int) -> None:
    assert tokens.from_base58(tokens.to_base58(token_id)) == token_id


@pytest.mark.parametrize("parent", [-1, P, True, "1", None])
def test_an_id_that_is_no_field_is_refused(parent: Any) -> None:
    with pytest.raises(ValueError, match=r"^parent token id: expected an integer from 0 to p - 1, got "):
        tokens.derive_token_id(OWNER, parent)
    with pytest.raises(ValueError, match=r"^token id: expected an integer from 0 to p - 1, got "):
        tokens.to_base58(parent)


def test_only_a_public_key_owns_a_token() -> None:
    owner: Any = OWNER.to_base58()
    with pytest.raises(ValueError, match=r"^public key: expected PublicKey, got str$"):
        tokens.derive_token_id(owner)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            base58.encode(28, P.to_bytes(32, "little")),
            "an integer from 0 to p - 1, got a larger integer of 255 bits",
        ),
        (base58.encode(29, bytes(32)), "version byte 28, got 29"),
        (base58.encode(28, bytes(31)), "37 bytes, got 36"),
        ("w" * 10**6, "at most 51 characters, got 1000000"),
        (None, "base58check text, got NoneType"),
    ],
)
def test_broken_text_of_an_id_is_refused_with_its_fault(text: Any, fault: str) -> None:
    with pytest.raises(ValueError, match=f"^token id: expected {fault}$"):
        tokens.from_base58(text)
