"""Base58check, and everything that is not."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mina import base58

VERSION, SIZE = 90, 33
DATA = bytes(range(33))
GOOD = base58.encode(VERSION, DATA)


def test_what_was_encoded_is_decoded() -> None:
    assert base58.decode(GOOD, VERSION, SIZE, "thing") == DATA


@given(st.integers(1, 255), st.binary(max_size=70))
def test_decoding_undoes_encoding(version: int, data: bytes) -> None:
    assert base58.decode(base58.encode(version, data), version, len(data), "thing") == data


BROKEN: dict[str, tuple[Any, str]] = {
    "no text": (5, "base58check text, got int"),
    "bytes": (GOOD.encode(), "base58check text, got bytes"),
    "empty": ("", "38 bytes, got 0"),
    "too long": (GOOD + "1", "at most 52 characters, got 53"),
    "far too long": ("1" * 10**6, "at most 52 characters, got 1000000"),
    "a space at the end": (GOOD[:-1] + " ", "base58 characters, got another at position 51"),
    "a zero": ("0" + GOOD[1:], "base58 characters, got another at position 0"),
    "a letter outside ASCII": ("É" + GOOD[1:], "base58 characters, got another at position 0"),
    "a full-width digit": ("\uff11" + GOOD[1:], "base58 characters, got another at position 0"),
    "too short": (GOOD[:-2], "38 bytes, got 37"),
    "one digit changed": (
        GOOD[:-1] + ("2" if GOOD[-1] == "1" else "1"),
        "the checksum of its bytes, got another",
    ),
    "two digits swapped": (
        GOOD[:10] + GOOD[11] + GOOD[10] + GOOD[12:],
        "the checksum of its bytes, got another",
    ),
    "another version": (base58.encode(VERSION + 1, DATA), "version byte 90, got 91"),
    "a byte too few": (base58.encode(VERSION, DATA[:-1]), "38 bytes, got 37"),
    "a leftover byte": (base58.encode(1, DATA + b"\0"), "38 bytes, got 39"),
    "a leading one": ("1" + base58.encode(VERSION, DATA[:-1]), "the checksum of its bytes, got another"),
    "all ones": ("1" * 38, "the checksum of its bytes, got another"),
}


@pytest.mark.parametrize(("text", "fault"), BROKEN.values(), ids=BROKEN.keys())
def test_broken_text_is_refused_with_its_fault(text: Any, fault: str) -> None:
    with pytest.raises(ValueError, match=f"^thing: expected {fault}$"):
        base58.decode(text, VERSION, SIZE, "thing")


@given(st.text(max_size=60))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^thing: expected "):
        base58.decode(text, VERSION, SIZE, "thing")
