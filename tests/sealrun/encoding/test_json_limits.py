"""JSON from strangers is bounded before it is parsed."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealrun.encoding.json_limits import parse_object
from sealrun.errors import Malformed

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_what_is_within_bounds_is_parsed_as_it_is(value: dict[str, object]) -> None:
    assert parse_object(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b" " * 65537, "at most 65536 bytes, got 65537"),
        (b'{"a":' + b"[" * 16 + b"]" * 16 + b"}", "16 levels deep"),
        (b"[" * 60_000, "16 levels deep"),
        (b'{"a": ' + b"1" * 33 + b"}", "at most 32 characters, got 33"),
        (b'{"a": 1.' + b"0" * 31 + b"}", "at most 32 characters, got 33"),
        (b'{"a": 9007199254740992}', "numbers that RFC 8785 can hold, got 9007199254740992"),
        (b'{"a": -9007199254740992}', "numbers that RFC 8785 can hold"),
        (b'{"a": 1e999}', "numbers that RFC 8785 can hold"),
        (b'{"a": NaN}', "got NaN"),
        (b'{"a": -Infinity}', "got -Infinity"),
        (b'{"a": 1, "a": 2}', "got one twice"),
        (b'{"a": "\xff"}', "not UTF-8 at offset 7"),
        (b'{"a"', "at line 1, column"),
        (b"[]", "expected a JSON object, got list"),
        (b"", "at line 1, column 1"),
    ],
)
def test_what_is_not_is_refused_with_what_was_expected(body: bytes, text: str) -> None:
    with pytest.raises(Malformed, match=text):
        parse_object(body)


@pytest.mark.parametrize(
    ("text", "number"), [("1.0", 1), ("-0.0", 0), ("1e3", 1000), ("1.5", 1.5), ("1e300", 1e300)]
)
def test_a_whole_number_is_an_integer_however_it_is_written(text: str, number: float) -> None:
    found = parse_object(b'{"a": %s}' % text.encode())["a"]
    assert (found, type(found)) == (number, type(number))


def test_brackets_inside_strings_do_not_count() -> None:
    body = json.dumps({"a": '[{"\\"[[[[[[[[[[[[[[[[[[[['}).encode()
    assert parse_object(body) == json.loads(body)


def test_a_message_does_not_repeat_the_body() -> None:
    with pytest.raises(Malformed) as refused:
        parse_object(b'{"token": s3cret}')
    assert "s3cret" not in refused.value.detail
