"""Signatures over fields and over text: vectors, round trips, edges, and what is refused."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mina import base58
from mina.field import P, Q
from mina.keys import PrivateKey, PublicKey
from mina.sign import sign_fields, sign_message
from mina.signature import Signature
from mina.verify import verify_fields, verify_message
from tests.mina import strategies
from tests.mina.vectors import integers, load

KEY = PrivateKey(12345)
OTHER = PrivateKey(54321)
FIELDS = [1, 2, 3, 4, 5, 6]
SIGNATURE = sign_fields(KEY, FIELDS)
MESSAGE_SIGNATURE = sign_message(KEY, "text")


@pytest.mark.parametrize("case", load("field_signatures")["signed"], ids=lambda case: case["signature"][-6:])
def test_field_signatures_are_those_of_the_peers(case: dict[str, Any]) -> None:
    key, fields = PrivateKey.from_base58(case["privateKey"]), integers(case["fields"])
    signature = sign_fields(key, fields)
    assert signature.to_base58() == case["signature"]
    assert [str(signature.r), str(signature.s)] == [case["r"], case["s"]]
    read = Signature.from_base58(case["signature"])
    assert verify_fields(read, PublicKey.from_base58(case["publicKey"]), fields)


@pytest.mark.parametrize("case", load("message_signatures")["messages"], ids=lambda case: case["network"])
def test_message_signatures_are_those_of_the_peers(case: dict[str, Any]) -> None:
    key, text, network = PrivateKey.from_base58(case["privateKey"]), case["text"], case["network"]
    signature = sign_message(key, text, network)
    assert [str(signature.r), str(signature.s)] == [case["r"], case["s"]]
    assert verify_message(signature, key.public_key(), text, network)
    other = "mainnet" if network == "devnet" else "devnet"
    assert not verify_message(signature, key.public_key(), text, other)


@given(strategies.private_keys, strategies.field_lists)
@settings(max_examples=40)
def test_a_field_signature_holds_for_its_key_and_fields_only(key: PrivateKey, fields: list[int]) -> None:
    signature = sign_fields(key, fields)
    assert verify_fields(signature, key.public_key(), fields)
    assert verify_fields(Signature.from_base58(signature.to_base58()), key.public_key(), tuple(fields))
    assert not verify_fields(signature, OTHER.public_key(), fields)
    for index, field in enumerate(fields):
        changed = [*fields[:index], (field + 1) % P, *fields[index + 1 :]]
        assert not verify_fields(signature, key.public_key(), changed)


@given(strategies.private_keys, st.text(max_size=60), st.sampled_from(["devnet", "mainnet"]))
@settings(max_examples=30)
def test_a_message_signature_holds_for_its_key_and_text_only(
    key: PrivateKey, text: str, network: str
) -> None:
    signature = sign_message(key, text, network)
    assert verify_message(signature, key.public_key(), text, network)
    assert not verify_message(signature, key.public_key(), text + "!", network)
    assert not verify_message(signature, OTHER.public_key(), text, network)


@pytest.mark.parametrize("key", [PrivateKey(1), PrivateKey(2), PrivateKey(P), PrivateKey(Q - 1)])
@pytest.mark.parametrize("fields", [[0], [1], [P - 1], [0, 1, P - 1]])
def test_signatures_hold_at_the_edges(key: PrivateKey, fields: list[int]) -> None:
    assert verify_fields(sign_fields(key, fields), key.public_key(), fields)


def test_signing_twice_gives_the_same_signature() -> None:
    assert sign_fields(KEY, FIELDS) == SIGNATURE
    assert sign_message(KEY, "text") == MESSAGE_SIGNATURE
    assert len({SIGNATURE, sign_fields(KEY, FIELDS)}) == 1


def test_a_signature_over_text_is_for_devnet_unless_told() -> None:
    assert sign_message(KEY, "text", "devnet") == MESSAGE_SIGNATURE
    assert verify_message(MESSAGE_SIGNATURE, KEY.public_key(), "text")


@pytest.mark.parametrize(
    ("r", "s"),
    [
        (SIGNATURE.r, (SIGNATURE.s + 1) % Q),
        (SIGNATURE.r, Q - SIGNATURE.s),
        (SIGNATURE.r, 0),
        (SIGNATURE.r, Q - 1),
        (SIGNATURE.r + 1, SIGNATURE.s),
        (1, SIGNATURE.s),
        (P - 1, Q - 1),
        (1, 0),
        (1, 1),
    ],
)
def test_a_changed_signature_does_not_hold(r: int, s: int) -> None:
    assert not verify_fields(Signature(r, s), KEY.public_key(), FIELDS)
    assert not verify_message(Signature(r, s), KEY.public_key(), "text")


def test_a_commitment_with_odd_y_does_not_hold() -> None:
    """The equation alone would hold for the negative nonce; only the parity refuses it."""
    from mina import challenge  # noqa: PLC0415
    from mina.multiply import scale_base  # noqa: PLC0415

    key = KEY.public_key().point()
    nonces = (nonce for nonce in range(1, 50) if scale_base(nonce)[1] & 1)  # type: ignore[index]
    nonce = next(nonces)
    r = scale_base(nonce)[0]  # type: ignore[index]
    s = challenge.of_fields(FIELDS, key, r) * KEY.reveal_scalar()
    assert verify_fields(Signature(r, (s - nonce) % Q), KEY.public_key(), FIELDS)
    assert not verify_fields(Signature(r, (s + nonce) % Q), KEY.public_key(), FIELDS)


def test_a_commitment_at_infinity_does_not_hold() -> None:
    from mina import challenge  # noqa: PLC0415

    e = challenge.of_fields(FIELDS, KEY.public_key().point(), 1)
    assert not verify_fields(Signature(1, e * KEY.reveal_scalar() % Q), KEY.public_key(), FIELDS)


@pytest.mark.parametrize("field", [-1, P, P + 5, 5 + 2**255, 2**256, True, 1.0, "1", None, b"1"])
def test_what_is_no_field_is_refused_before_signing_and_before_verifying(field: Any) -> None:
    with pytest.raises(ValueError, match=r"^fields\[1\]: expected an integer from 0 to p - 1, got "):
        sign_fields(KEY, [1, field])
    with pytest.raises(ValueError, match=r"^fields\[1\]: expected an integer from 0 to p - 1, got "):
        verify_fields(SIGNATURE, KEY.public_key(), [1, field])


@pytest.mark.parametrize(
    "network", ["testnet", "", "Mainnet", "mainnet ", "mina:devnet", "zeko-testnet", None, 1, ["devnet"]]
)
def test_text_is_signed_for_devnet_and_mainnet_only(network: Any) -> None:
    with pytest.raises(ValueError, match=r"^network: expected devnet or mainnet, got another$"):
        sign_message(KEY, "text", network)
    with pytest.raises(ValueError, match=r"^network: expected devnet or mainnet, got another$"):
        verify_message(MESSAGE_SIGNATURE, KEY.public_key(), "text", network)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (b"text", "text, got bytes"),
        (None, "text, got NoneType"),
        ("\udfff", "text, got half a surrogate pair at 0"),
        ("x" * 65537, "at most 65536 bytes, got 65537 characters"),
        ("é" * 32769, "at most 65536 bytes, got 65538"),
    ],
)
def test_a_message_that_is_no_text_or_too_long_is_refused(text: Any, fault: str) -> None:
    with pytest.raises(ValueError, match=f"^message: expected {fault}$"):
        sign_message(KEY, text)
    with pytest.raises(ValueError, match=f"^message: expected {fault}$"):
        verify_message(MESSAGE_SIGNATURE, KEY.public_key(), text)


@pytest.mark.parametrize("key", [None, 5, KEY.to_base58(), KEY.public_key()])
def test_only_a_private_key_signs(key: Any) -> None:
    with pytest.raises(ValueError, match=f"^private key: expected PrivateKey, got {type(key).__name__}$"):
        sign_fields(key, FIELDS)
    with pytest.raises(ValueError, match=f"^private key: expected PrivateKey, got {type(key).__name__}$"):
        sign_message(key, "text")


def test_only_a_signature_and_a_public_key_are_verified() -> None:
    public_key: Any
    for public_key in (None, KEY, KEY.public_key().to_base58(), KEY.public_key().point()):
        with pytest.raises(ValueError, match=r"^public key: expected PublicKey, got "):
            verify_fields(SIGNATURE, public_key, FIELDS)
        with pytest.raises(ValueError, match=r"^public key: expected PublicKey, got "):
            verify_message(SIGNATURE, public_key, "text")
    signature: Any
    for signature in (None, SIGNATURE.to_base58(), (SIGNATURE.r, SIGNATURE.s)):
        with pytest.raises(ValueError, match=r"^signature: expected Signature, got "):
            verify_fields(signature, KEY.public_key(), FIELDS)
        with pytest.raises(ValueError, match=r"^signature: expected Signature, got "):
            verify_message(signature, KEY.public_key(), "text")


def text_of(r: int, s: int, inner: bytes = b"\x01", version: int = 154) -> str:
    return base58.encode(version, inner + r.to_bytes(32, "little") + s.to_bytes(32, "little"))


BROKEN: dict[str, tuple[Any, str]] = {
    "r is zero": (text_of(0, 5), " r: expected an integer from 1 to p - 1, got 0"),
    "r is p": (text_of(P, 5), " r: expected an integer from 0 to p - 1, got a larger integer of 255 bits"),
    "r has all bits": (
        text_of(2**256 - 1, 5),
        " r: expected an integer from 0 to p - 1, got a larger integer of 256 bits",
    ),
    "s is q": (text_of(5, Q), " s: expected an integer from 0 to q - 1, got a larger integer of 255 bits"),
    "another inner version": (text_of(5, 5, b"\x00"), ": expected inner version 01, got 00"),
    "another version": (text_of(5, 5, version=153), ": expected version byte 154, got 153"),
    "a leftover byte": (text_of(5, 5, b"\x01\x01", version=1), ": expected 70 bytes, got 71"),
    "a byte too few": (text_of(5, 5, b""), ": expected 70 bytes, got 69"),
    "a broken checksum": (text_of(5, 5)[:-1] + "z", ": expected the checksum of its bytes, got another"),
    "a letter O": ("O" + text_of(5, 5)[1:], ": expected base58 characters, got another at position 0"),
    "oversized": ("7" * 10**6, ": expected at most 96 characters, got 1000000"),
    "no text": (b"7m", ": expected base58check text, got bytes"),
}


@pytest.mark.parametrize(("text", "fault"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_signature_is_refused_with_its_fault(text: Any, fault: str) -> None:
    with pytest.raises(ValueError, match=f"^signature{fault}$"):
        Signature.from_base58(text)


@given(st.integers(1, P - 1), st.integers(0, Q - 1))
def test_a_signature_survives_its_text(r: int, s: int) -> None:
    signature = Signature(r, s)
    assert Signature.from_base58(signature.to_base58()) == signature
    assert repr(signature) == f"Signature(r={r}, s={s})"


def test_a_signature_cannot_be_changed() -> None:
    with pytest.raises(AttributeError, match=r"^Signature is immutable: cannot set r$"):
        SIGNATURE.r = 5
