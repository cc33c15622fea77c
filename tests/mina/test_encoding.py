"""Fields from bytes and text."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mina.encoding import bytes_to_fields, text_to_field, utf8
from mina.field import P
from tests.mina.vectors import integers, load


@pytest.mark.parametrize(
    "case", load("encodings")["encodings"], ids=lambda case: f"{len(case['hex']) // 2}-bytes"
)
def test_fields_from_bytes_are_those_of_o1js(case: dict[str, Any]) -> None:
    data = bytes.fromhex(case["hex"])
    assert bytes_to_fields(data) == integers(case["fields"])


@given(st.binary(max_size=200))
def test_fields_from_bytes_can_be_read_back(data: bytes) -> None:
    fields = bytes_to_fields(data)
    assert all(0 <= field < P for field in fields)
    joined = b"".join(field.to_bytes(31, "little") for field in fields)
    assert joined.rstrip(b"\0")[:-1] == data


@pytest.mark.parametrize("value", ["text", 5, None, [1], bytearray(1)])
def test_only_bytes_become_fields(value: Any) -> None:
    with pytest.raises(ValueError, match=f"^data: expected bytes, got {type(value).__name__}$"):
        bytes_to_fields(value)


def test_the_first_character_is_the_lowest_byte() -> None:
    assert text_to_field("") == 0
    assert text_to_field("ab") == ord("a") + 256 * ord("b")


@given(st.text(st.characters(min_codepoint=1, max_codepoint=127), max_size=31))
def test_a_field_from_text_can_be_read_back(text: str) -> None:
    assert text_to_field(text).to_bytes(31, "little").rstrip(b"\0").decode() == text


def test_e3_text_becomes_a_field_only_up_to_31_bytes() -> None:
    assert text_to_field("~" * 31) < P
    with pytest.raises(ValueError, match=r"^text: expected at most 31 bytes, got 32 characters$"):
        text_to_field("~" * 32)


def test_bytes_are_counted_not_characters() -> None:
    assert utf8("é" * 5, 10, "message") == "é".encode() * 5
    with pytest.raises(ValueError, match=r"^message: expected at most 9 bytes, got 10$"):
        utf8("é" * 5, 9, "message")
