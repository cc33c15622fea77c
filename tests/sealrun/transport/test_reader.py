"""L14: whatever a provider answers is bounded where it is read."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealrun.encoding.fields import canonical
from sealrun.errors import ProviderUnclear
from sealrun.transport.rest import Reader

READER = Reader("gitlab")


@pytest.mark.parametrize("number", [10**3000, 2**53, -1, True, 1.0, "1", None])
def test_l14_an_id_that_no_receipt_can_hold_is_no_answer(number: Any) -> None:
    with pytest.raises(ProviderUnclear, match="expected a whole number"):
        READER.whole({"id": number}, "id")


@pytest.mark.parametrize(
    "stamp", ["0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "9" * 3000, "", 5, [], "\ud800"]
)
def test_l14_a_time_before_1970_is_no_answer(stamp: Any) -> None:
    with pytest.raises(ProviderUnclear, match="expected a time"):
        READER.seconds({"at": stamp}, "at")


@pytest.mark.parametrize("digits", [3000, 10_000])
def test_l14_a_number_of_many_digits_is_read_or_no_answer(digits: int) -> None:
    body = b'{"id":' + b"9" * digits + b"}"
    with pytest.raises(ProviderUnclear):
        READER.whole(READER.json_value(body), "id")


@given(
    st.dictionaries(
        st.text(), st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
    )
)
def test_l14_any_text_of_a_provider_can_stand_in_a_signed_document(value: dict[str, Any]) -> None:
    canonical(READER.json_value(json.dumps(value).encode()))


def test_l14_half_a_surrogate_is_replaced() -> None:
    assert READER.json_value(b'{"a\\uD800":["\\udc00b","\\ud83d\\ude00"]}') == {
        "a\ufffd": ["\ufffdb", "\U0001f600"]
    }
