"""One canonical form of an origin."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealrun.encoding.origins import origin_of, service_field
from sealrun.errors import Malformed

SAME = [
    "https://a.test",
    "HTTPS://A.Test",
    "https://a.test.",
    "https://a.test:443",
    "https://a.test/calls/1?x#y",
]
OTHERS = ["http://a.test", "https://a.test:444", "https://b.test", "https://a.test.b", "http://[::1]:1"]
WRONG = [
    "",
    "a.test",
    "ftp://a.test",
    "https://",
    "https://u@a.test",
    "https://a.test:x",
    "https://ä.test",
    "https://[",
]


def test_spellings_of_one_origin_are_one_field_and_others_are_others() -> None:
    assert {origin_of(url) for url in SAME} == {"https://a.test"}
    assert len({service_field(url) for url in SAME + OTHERS}) == 1 + len(OTHERS)


@pytest.mark.parametrize("url", WRONG)
def test_what_is_no_url_of_a_service_is_malformed(url: str) -> None:
    with pytest.raises(Malformed, match="expected https:// and a host"):
        origin_of(url)


@given(st.text(max_size=300))
def test_l14_any_text_has_an_origin_or_is_malformed(text: str) -> None:
    for url in (text, f"https://{text}", f"https://a.test:{text}"):
        try:
            assert origin_of(origin_of(url)) == origin_of(url)
        except Malformed:
            continue
