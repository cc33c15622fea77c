"""Private and public keys."""

import copy
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mina import base58
from mina.field import P, Q
from mina.keys import PrivateKey, PublicKey
from mina.pallas import is_on_curve
from tests.mina import strategies
from tests.mina.vectors import integers, load

KEYS = load("keys")["keys"]
# The first x from 0 on without and with a point.
OFF_CURVE_X, ON_CURVE_X = 0, 1


@pytest.mark.parametrize("case", KEYS, ids=lambda case: case["publicKey"][-6:])
def test_keys_are_those_of_the_peers(case: dict[str, Any]) -> None:
    private_key = PrivateKey.from_base58(case["privateKey"])
    public_key = PublicKey.from_base58(case["publicKey"])
    assert str(private_key.reveal_scalar()) == case["scalar"]
    assert private_key.to_base58() == case["privateKey"]
    assert private_key.public_key() == public_key
    assert public_key.to_base58() == case["publicKey"]
    assert public_key.to_fields() == integers(case["fields"])
    assert is_on_curve(public_key.point())


@given(strategies.private_keys)
def test_keys_survive_their_text(private_key: PrivateKey) -> None:
    public_key = private_key.public_key()
    assert PrivateKey.from_base58(private_key.to_base58()) == private_key
    assert PublicKey.from_base58(public_key.to_base58()) == public_key
    assert PublicKey(*public_key.to_fields()) == public_key
    assert hash(PublicKey(*public_key.to_fields())) == hash(public_key)


def test_negating_the_scalar_flips_the_parity_only() -> None:
    one, minus_one = PrivateKey(1).public_key(), PrivateKey(Q - 1).public_key()
    assert (one.x, one.is_odd) == (minus_one.x, 1 - minus_one.is_odd)
    assert one != minus_one


@pytest.mark.parametrize(
    ("scalar", "fault"),
    [
        (0, "a scalar from 1 to q - 1, got 0"),
        (-1, "an integer from 0 to q - 1, got a negative integer"),
        (Q, "an integer from 0 to q - 1, got a larger integer of 255 bits"),
        (2**255, "an integer from 0 to q - 1, got a larger integer of 256 bits"),
        (True, "an integer from 0 to q - 1, got bool"),
        ("1", "an integer from 0 to q - 1, got str"),
        (b"1", "an integer from 0 to q - 1, got bytes"),
    ],
)
def test_a_scalar_that_is_no_private_key_is_refused(scalar: Any, fault: str) -> None:
    with pytest.raises(ValueError, match=f"^private key: expected {fault}$"):
        PrivateKey(scalar)
    with pytest.raises(ValueError, match=f"^private key: expected {fault}$"):
        PrivateKey.from_scalar(scalar)


def private(number: int, inner: bytes = b"\x01", version: int = 90) -> str:
    return base58.encode(version, inner + number.to_bytes(32, "little"))


def public(x: int, parity: bytes = b"\0", inner: bytes = b"\x01\x01", version: int = 203) -> str:
    return base58.encode(version, inner + x.to_bytes(32, "little") + parity)


BROKEN_PRIVATE: dict[str, tuple[Any, str]] = {
    "zero": (private(0), "a scalar from 1 to q - 1, got 0"),
    "the order": (private(Q), "an integer from 0 to q - 1, got a larger integer of 255 bits"),
    "all bits": (private(2**256 - 1), "an integer from 0 to q - 1, got a larger integer of 256 bits"),
    "another inner version": (private(5, b"\x02"), "inner version 01, got 02"),
    "a signature's version": (private(5, version=154), "version byte 90, got 154"),
    "a public key": (public(1), "at most 52 characters, got 55"),
    "a leftover byte": (base58.encode(1, bytes(34)), "38 bytes, got 39"),
    "a broken checksum": (private(5)[:-1] + "z", "the checksum of its bytes, got another"),
    "a letter I": ("I" + private(5)[1:], "base58 characters, got another at position 0"),
    "no text": (None, "base58check text, got NoneType"),
    "oversized": ("E" * 10**6, "at most 52 characters, got 1000000"),
}


@pytest.mark.parametrize(("text", "fault"), BROKEN_PRIVATE.values(), ids=BROKEN_PRIVATE.keys())
def test_a_broken_private_key_is_refused_with_its_fault(text: Any, fault: str) -> None:
    with pytest.raises(ValueError, match=f"^private key: expected {fault}$"):
        PrivateKey.from_base58(text)


BROKEN_PUBLIC: dict[str, tuple[Any, str]] = {
    "off the curve": (public(OFF_CURVE_X), ": expected the x of a point of the curve, got one of no point"),
    "x is p": (public(P), " x: expected an integer from 0 to p - 1, got a larger integer of 255 bits"),
    "x is p + 1": (
        public(P + ON_CURVE_X),
        " x: expected an integer from 0 to p - 1, got a larger integer of 255 bits",
    ),
    "all bits": (
        public(2**256 - 1),
        " x: expected an integer from 0 to p - 1, got a larger integer of 256 bits",
    ),
    "parity 2": (public(1, b"\x02"), " parity: expected 0 or 1, got 2"),
    "inner version of the key": (public(1, inner=b"\x02\x01"), ": expected inner versions 01 01, got 02 01"),
    "inner version of the field": (
        public(1, inner=b"\x01\x00"),
        ": expected inner versions 01 01, got 01 00",
    ),
    "another version": (public(1, version=204), ": expected version byte 203, got 204"),
    "a byte too few": (public(1, b""), ": expected 40 bytes, got 39"),
    "a leftover byte": (public(1, b"\0\0", version=2), ": expected 40 bytes, got 41"),
    "a broken checksum": (public(1)[:-1] + "z", ": expected the checksum of its bytes, got another"),
    "a letter l": ("l" + public(1)[1:], ": expected base58 characters, got another at position 0"),
    "no text": (5, ": expected base58check text, got int"),
    "oversized": ("B" * 10**6, ": expected at most 55 characters, got 1000000"),
}


@pytest.mark.parametrize(("text", "fault"), BROKEN_PUBLIC.values(), ids=BROKEN_PUBLIC.keys())
def test_a_broken_public_key_is_refused_with_its_fault(text: Any, fault: str) -> None:
    with pytest.raises(ValueError, match=f"^public key{fault}$"):
        PublicKey.from_base58(text)


@pytest.mark.parametrize("parity", [2, -1, None, "1", 0.0, 1.0])
def test_a_parity_is_zero_or_one(parity: Any) -> None:
    with pytest.raises(ValueError, match=r"^public key parity: expected 0 or 1, got "):
        PublicKey(1, parity)


def test_a_parity_may_be_a_bool_and_becomes_a_number() -> None:
    assert PublicKey(1, is_odd=True).to_fields() == [1, 1]
    assert type(PublicKey(1, is_odd=True).is_odd) is int


@pytest.mark.parametrize("key", [PrivateKey(5), PrivateKey(5).public_key()], ids=["private", "public"])
def test_keys_cannot_be_changed(key: Any) -> None:
    name = key.__slots__[0]
    with pytest.raises(AttributeError, match="is immutable: cannot set"):
        setattr(key, name, 6)
    with pytest.raises(AttributeError, match="is immutable: cannot delete"):
        delattr(key, name)
    with pytest.raises(AttributeError, match="is immutable: cannot set"):
        key.new = 6


def test_keys_of_different_kinds_are_different() -> None:
    assert PrivateKey(5) == PrivateKey(5) != PrivateKey(6)
    assert len({PrivateKey(5), PrivateKey(5), PrivateKey(6)}) == 2
    assert PrivateKey(5) != 5
    assert PrivateKey(5).public_key() != PrivateKey(5)


def secrets_of(key: PrivateKey) -> list[str]:
    scalar = key.reveal_scalar()
    return [key.to_base58(), str(scalar), f"{scalar:x}", f"{scalar:X}", scalar.to_bytes(32, "little").hex()]


@given(strategies.private_keys.filter(lambda key: key.reveal_scalar() > 2**200))
def test_no_form_of_a_private_key_shows_it(key: PrivateKey) -> None:
    shown = f"{key} {key!r} {[key]} {key.public_key()!r}"
    assert not [secret for secret in secrets_of(key) if secret in shown]


@given(strategies.private_keys.filter(lambda key: key.reveal_scalar() > 2**200), st.integers(0, 51))
def test_no_error_about_a_mistyped_private_key_shows_it(key: PrivateKey, position: int) -> None:
    text = key.to_base58()
    for mistyped in (
        text[:position] + "0" + text[position + 1 :],
        text[:position] + text[position + 1 :],
        text + text,
    ):
        with pytest.raises(ValueError, match=r"^private key: expected ") as caught:
            PrivateKey.from_base58(mistyped)
        assert not [part for part in (text[:8], text[-8:], *secrets_of(key)) if part in str(caught.value)]
        assert caught.value.__cause__ is None


@pytest.mark.parametrize("take", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_private_key_is_neither_pickled_nor_copied(take: Any) -> None:
    with pytest.raises(
        TypeError, match=r"^private key: expected to_base58 where it must be kept, got pickle or copy$"
    ):
        take(PrivateKey(5))
