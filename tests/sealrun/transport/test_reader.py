"""L14: whatever a provider answers is bounded where it is read."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealrun.encoding.fields import canonical
from sealrun.errors import ProviderRefused, ProviderUnclear
from sealrun.providers.github import answers as github
from sealrun.providers.gitlab import answers as gitlab
from sealrun.transport.http import Answer
from sealrun.transport.rest import Reader

READER = Reader("gitlab")
CHECKS = {"gitlab": gitlab.check, "github": github.check}


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


@pytest.mark.parametrize(
    "link", ["https://x/" + "a" * 500_000, "javascript:alert(1)", "https://x/a b", "", 5, None]
)
def test_l14_what_is_no_link_to_follow_or_too_long_to_keep_is_not_shown(link: Any) -> None:
    assert READER.link({"web_url": link}, "web_url") == ""
    assert READER.link({"web_url": "https://x.example/p/1"}, "web_url") == "https://x.example/p/1"


def test_l14_a_text_that_no_record_can_hold_is_no_answer() -> None:
    with pytest.raises(ProviderUnclear, match="expected at most 4096 characters as name, got 4097"):
        READER.text({"name": "n" * 4097}, "name")


@pytest.mark.parametrize("depth", [100, 400, 900, 3000, 100_000])
@pytest.mark.parametrize("inner", [b"[%s]", b'{"base":%s}', b'["\\ud800",%s]'])
@pytest.mark.parametrize("provider", ["gitlab", "github"])
def test_l14_an_answer_of_any_depth_is_read_or_no_answer(depth: int, inner: bytes, provider: str) -> None:
    before, after = inner.split(b"%s")
    body = b'{"message":' + before * depth + b"1" + after * depth + b"}"
    with contextlib.suppress(ProviderUnclear):
        Reader(provider).json_value(body)
    with pytest.raises(ProviderRefused):
        CHECKS[provider](Answer(400, {}, []), body, 0.0, secret="glpat-1")


def test_l14_half_a_surrogate_is_replaced() -> None:
    assert READER.json_value(b'{"a\\uD800":["\\udc00b","\\ud83d\\ude00"]}') == {
        "a\ufffd": ["\ufffdb", "\U0001f600"]
    }


@pytest.mark.parametrize("half", [b"\xed\xa0\x80", b"\xed\xbf\xbf"])
def test_l14_half_a_surrogate_in_bytes_is_replaced(half: bytes) -> None:
    """Python's own reader of JSON lets these bytes pass, which are no UTF-8."""
    canonical(READER.json_value(b'{"a%s":["%sb"]}' % (half, half)))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32-le"])
def test_l14_an_answer_that_is_no_utf_8_is_no_answer(encoding: str) -> None:
    with pytest.raises(ProviderUnclear, match="expected JSON, got something else"):
        READER.json_value(r'{"a":"\ud800"}'.encode(encoding))
