"""Sealing and publishing as two steps, and a token that is replaced."""

import secrets
from typing import Any

import pytest

from sealrun.errors import Refused, Unavailable
from sealrun.service.credentials import open_credential
from sealrun.workflows.publish_offer import publish_sealed, replace_credential, seal_offer
from tests.sealrun.world import World, make_chain_offer, make_offer


def sealed(world: World, offer: Any, token: str) -> Any:
    return seal_offer(
        offer,
        token=token,
        webhook_secret="whsec_x",
        ledger=world.ledger,
        keys=world.keys,
        entropy=secrets.token_bytes,
    )


def test_sealing_stores_nothing_and_publishing_does() -> None:
    world, offer = World(), make_offer(title="Another")
    stored = sealed(world, offer, "glpat-one")
    assert world.ledger.offer(offer.hash) is None
    publish_sealed(stored, ledger=world.ledger)
    found = world.ledger.offer(offer.hash)
    assert found == stored
    assert open_credential(offer, found.sealed, found.sealing_key, world.keys).token == "glpat-one"


def test_r1_a_replaced_token_opens_and_the_old_box_does_not_open_with_the_new_key() -> None:
    world, offer = World(), make_offer(title="Another")
    old = sealed(world, offer, "glpat-one")
    publish_sealed(old, ledger=world.ledger)
    replace_credential(sealed(world, offer, "glpat-two"), ledger=world.ledger)
    found = world.ledger.offer(offer.hash)
    assert found is not None
    assert open_credential(offer, found.sealed, found.sealing_key, world.keys).token == "glpat-two"
    assert found.webhook_secret == old.webhook_secret
    with pytest.raises(Unavailable, match="seal it again"):
        open_credential(offer, old.sealed, found.sealing_key, world.keys)


def test_a_token_on_chain_is_never_replaced() -> None:
    world, offer = World(), make_chain_offer()
    stored = sealed(world, offer, "glpat-one")
    publish_sealed(stored, ledger=world.ledger)
    with pytest.raises(Refused, match="a new token is a new offer"):
        replace_credential(stored, ledger=world.ledger)
    kept = world.ledger.offer(offer.hash)
    assert kept is not None
    assert (kept.sealed, bool(kept.suspended)) == (b"", True)
