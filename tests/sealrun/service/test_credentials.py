"""R1: a token is used only where and for what it was sealed, and is never shown."""

from dataclasses import replace

import pytest
from nacl.public import PrivateKey

from sealrun.errors import StoreUnavailable, Unavailable
from sealrun.service.credentials import Credential, key_context, open_credential, seal
from tests.sealrun.fakes import FakeKeys
from tests.sealrun.world import make_offer

OFFER = make_offer()
TOKEN = "glpat-a-secret-token"
CREDENTIAL = Credential(TOKEN, OFFER.source.origin, OFFER.source.project, OFFER.id)


def sealed(credential: Credential, keys: FakeKeys, *, bound_to: str = OFFER.id) -> tuple[bytes, bytes]:
    key = PrivateKey(bytes(range(32)))
    closed = keys.encrypt(bytes(key), context=key_context("credential", bound_to))
    return seal(credential, bytes(key.public_key)), closed


def test_r1_a_credential_opens_for_its_own_offer() -> None:
    keys = FakeKeys()
    assert open_credential(OFFER, *sealed(CREDENTIAL, keys), keys) == CREDENTIAL


@pytest.mark.parametrize("name", ["origin", "project", "offer"])
def test_r1_a_credential_for_something_else_is_refused_by_what_differs(name: str) -> None:
    keys = FakeKeys()
    other = replace(CREDENTIAL, **{name: "another"})
    with pytest.raises(Unavailable, match=f"expected one for {name}") as refused:
        open_credential(OFFER, *sealed(other, keys), keys)
    assert TOKEN not in str(refused.value)


def test_r1_the_key_opens_only_in_its_offers_context() -> None:
    keys = FakeKeys()
    with pytest.raises(StoreUnavailable, match="in this context"):
        open_credential(OFFER, *sealed(CREDENTIAL, keys, bound_to="another offer"), keys)


def test_r1_a_box_for_another_key_does_not_open_and_says_no_secret() -> None:
    keys = FakeKeys()
    _, closed = sealed(CREDENTIAL, keys)
    box = seal(CREDENTIAL, bytes(PrivateKey(bytes(32)).public_key))
    with pytest.raises(Unavailable, match="seal it again") as refused:
        open_credential(OFFER, box, closed, keys)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


def test_r1_no_repr_shows_the_token() -> None:
    assert TOKEN not in repr(CREDENTIAL)
    assert TOKEN not in str(CREDENTIAL)
