"""What every key service promises: a ciphertext opens only in the context in which it was made."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sealrun.errors import StoreUnavailable
from sealrun.ports.keys import KeyService
from sealrun.service.credentials import key_context
from tests.ports.stores import KEYS, parameters

CONTEXT = key_context("credential", "offer-1")
# KMS takes no more.
MOST = 4096


@pytest.fixture(params=parameters(KEYS))
def keys(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[KeyService]:
    with KEYS[request.param](tmp_path) as made:
        yield made


@pytest.mark.parametrize("secret", [b"\0", b"secret", b"s" * MOST])
def test_r1_what_was_encrypted_opens_in_its_context(keys: KeyService, secret: bytes) -> None:
    closed = keys.encrypt(secret, context=CONTEXT)
    assert keys.decrypt(closed, context=dict(reversed(CONTEXT.items()))) == secret


def test_r1_nothing_opens_in_another_context(keys: KeyService) -> None:
    closed = keys.encrypt(b"secret", context=CONTEXT)
    others = [key_context("credential", "offer-2"), key_context("webhook", "offer-1"), {}, {"purpose": ""}]
    for other in [*others, {**CONTEXT, "more": "x"}, dict(list(CONTEXT.items())[:1])]:
        with pytest.raises(StoreUnavailable, match="key service: expected") as refused:
            keys.decrypt(closed, context=other)
        assert refused.value.__suppress_context__
        assert "secret" not in str(refused.value)


def test_a_ciphertext_that_changed_or_never_was_one_does_not_open(keys: KeyService) -> None:
    closed = keys.encrypt(b"secret", context=CONTEXT)
    changed = closed[:-1] + bytes([closed[-1] ^ 1])
    for other in (changed, closed[:-1], closed + b"\0", b"", b"x" * 100):
        with pytest.raises(StoreUnavailable, match="key service: expected"):
            keys.decrypt(other, context=CONTEXT)


def test_one_secret_has_another_ciphertext_each_time(keys: KeyService) -> None:
    first, second = (keys.encrypt(b"secret", context=CONTEXT) for _ in range(2))
    assert first != second
    assert b"secret" not in first
