"""E3 and the encodings that everything signed is made of."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mina.poseidon import hash_with_prefix
from sealrun.encoding import fields as fields_module
from sealrun.encoding.fields import (
    READ,
    RECEIPT,
    VOUCHER,
    canonical,
    digest_fields,
    document_hash,
    network_field,
    tagged_hash,
    text_field,
)
from sealrun.errors import Malformed
from tests.sealrun.world import make_offer, sign_call


def test_e3_every_signed_list_begins_with_its_own_constant_tag_and_the_network() -> None:
    every = [
        value for name, value in vars(fields_module).items() if name.isupper() and isinstance(value, str)
    ]
    assert {VOUCHER, RECEIPT, READ} < set(every)
    assert all(tag.startswith("sealrun:") for tag in every)
    assert len({text_field(tag) for tag in every}) == len(every)
    fields = sign_call(make_offer()).call.voucher_fields(5)
    assert fields[:2] == [text_field("sealrun:voucher2"), text_field("mina:devnet")]
    assert len(fields) == 7


@pytest.mark.parametrize("text", ["", "a" * 32, "é", "a\n", "\0"])
def test_e3_text_becomes_a_field_only_up_to_31_printable_ascii_characters(text: str) -> None:
    with pytest.raises(Malformed, match="1 to 31 printable ASCII"):
        text_field(text)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=31), st.data())
def test_e3_no_two_texts_share_a_field(text: str, data: st.DataObject) -> None:
    other = data.draw(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=31))
    assert (text_field(text) == text_field(other)) == (text == other)
    assert text_field(text) < 2**248


def test_a_text_is_its_bytes_in_little_endian_order() -> None:
    assert text_field("ab") == ord("a") + 256 * ord("b")


def test_a_digest_is_its_high_and_its_low_128_bits() -> None:
    digest = bytes(range(32))
    assert digest_fields(digest) == [int(digest[:16].hex(), 16), int(digest[16:].hex(), 16)]
    with pytest.raises(Malformed, match="expected 32 bytes, got 31"):
        digest_fields(digest[:31])


def test_a_documents_hash_is_the_tagged_hash_of_its_digest() -> None:
    digest = hashlib.sha256(b"{}").digest()
    assert document_hash("sealrun:offer", b"{}") == hash_with_prefix("sealrun:offer", digest_fields(digest))


def test_a_tag_is_at_most_20_characters() -> None:
    with pytest.raises(Malformed, match="at most 20 characters, got 21"):
        tagged_hash("a" * 21, [1])


def test_an_unknown_network_is_refused() -> None:
    with pytest.raises(Malformed, match="expected one of mina:devnet, mina:mainnet"):
        network_field("mina:testnet")


@pytest.mark.parametrize("value", [2**53, float("nan"), {1: 2}, "\ud800", {"\ud800": 1}, b""])
def test_what_canonical_json_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(Malformed, match="RFC 8785"):
        canonical([value])
