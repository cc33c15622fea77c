"""One canonical form of an origin."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealrun.encoding.origins import canonical_origin, origin_of, same_place, service_field
from sealrun.errors import Malformed
from sealrun.offers.source import check_spelling, split_base
from tests.sealrun.world import make_offer, offer_value

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


@pytest.mark.parametrize(
    ("spelling", "canonical"),
    [
        ("https://GitLab.Example", "https://gitlab.example"),
        ("https://gitlab.example:443", "https://gitlab.example"),
        ("https://gitlab.example:0443", "https://gitlab.example"),
        ("https://gitlab.example.", "https://gitlab.example"),
        ("https://gitlab.example:8443", "https://gitlab.example:8443"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("https://b\u00fccher.example", "https://xn--bcher-kva.example"),
        ("https://XN--BCHER-KVA.example", "https://xn--bcher-kva.example"),
        ("https://[2001:DB8:0:0::1]:443", "https://[2001:db8::1]"),
    ],
)
def test_e2_an_origin_has_one_spelling(spelling: str, canonical: str) -> None:
    assert canonical_origin(spelling) == canonical == canonical_origin(canonical)
    assert same_place(spelling) == canonical


@pytest.mark.parametrize(
    "text",
    [
        "https://user@gitlab.example",
        "https://gitlab.example/",
        "https://gitlab.example?x",
        "https://gitlab.example:0",
        "https://gitlab.example:65536",
        "https://gitlab..example",
        "https://-gitlab.example",
        "https://127.1",
        "https://0x7f000001",
        "https://2130706433",
        "https://xn--a.example",
        "ftp://gitlab.example",
        "gitlab.example",
        "",
    ],
)
def test_e2_what_is_not_an_origin_is_malformed_and_compared_as_it_is(text: str) -> None:
    with pytest.raises(Malformed, match="origin: expected"):
        canonical_origin(text)
    assert same_place(text) == text


@pytest.mark.parametrize("read", [canonical_origin, origin_of, split_base])
def test_a_password_in_an_address_is_in_no_message(read: Callable[[str], object]) -> None:
    for url in ("https://user:hunter2@gitlab.example", "user:hunter2@gitlab.example", "ftp://hunter2@a@b"):
        with pytest.raises(Malformed, match="expected https") as refused:
            read(url)
        assert "hunter2" not in refused.value.detail


def test_e2_a_new_offer_spells_its_origin_canonically_and_an_older_one_may_not() -> None:
    older = make_offer(source={**offer_value()["source"], "origin": "https://gitlab.example:443"}).source
    assert older.place == make_offer().source.place
    check_spelling(make_offer().source)
    with pytest.raises(Malformed, match="which is the same place"):
        check_spelling(older)
