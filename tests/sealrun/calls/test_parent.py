"""A call says for whose run a job makes it, in what its buyer signs; a service takes calls to a depth."""

from typing import Any

import pytest

from sealrun.calls.call import MAX_CALL_DEPTH, Call, Parent, SignedCall
from sealrun.encoding.fields import canonical
from sealrun.encoding.json_limits import parse_object
from sealrun.errors import Malformed
from sealrun.service.views import public_view
from tests.sealrun.world import World, make_offer, sign_call

ABOVE = "0a" * 32
OFFER = make_offer()


def test_the_parent_is_part_of_what_is_signed() -> None:
    plain, child = sign_call(OFFER), sign_call(OFFER, parent=Parent(ABOVE, 1))
    assert plain.call.hash != child.call.hash != sign_call(OFFER, parent=Parent(ABOVE, 2)).call.hash
    assert b"parent" not in plain.call.inputs_document
    read = SignedCall.parse(parse_object(canonical(child.body())), OFFER)
    assert (read.call.parent, read.call.hash) == (Parent(ABOVE, 1), child.call.hash)
    read.check_signature()


# The same figure stands in web/shared/test/named_offer.test.ts.
def test_the_inputs_hash_covers_reads_and_parent() -> None:
    call = Call(
        "mina:devnet",
        sign_call(OFFER).call.account,
        offer_hash=1,
        terms_hash=0,
        asset=0,
        inputs={"layer": "both"},
        salt="ab" * 32,
        nonce=7,
        expires_at=1_800_003_600,
        reads=("0b" * 32,),
        parent=Parent(ABOVE, 2),
    )
    assert call.inputs_hash == (
        22_399_217_642_304_877_740_796_791_052_319_957_434_339_841_055_627_948_332_450_184_480_977_937_681_005
    )


@pytest.mark.parametrize(
    "parent",
    [
        {"call": ABOVE, "depth": MAX_CALL_DEPTH + 1},
        {"call": ABOVE, "depth": 100},
        {"call": ABOVE, "depth": 0},
        {"call": ABOVE, "depth": -1},
        {"call": ABOVE, "depth": True},
        {"call": ABOVE, "depth": "1"},
        {"call": ABOVE},
        {"call": "B62", "depth": 1},
        {"call": ABOVE, "depth": 1, "more": 1},
        [],
        None,
    ],
    ids=str,
)
def test_r12_a_service_takes_no_call_that_is_deeper_than_calls_go(parent: Any) -> None:
    body = sign_call(OFFER, parent=Parent(ABOVE, 1)).body()
    with pytest.raises(Malformed, match=r"parent|depth|call"):
        SignedCall.parse({**body, "parent": parent}, OFFER)


def test_a_view_of_a_call_says_how_deep_it_is_and_not_below_which() -> None:
    world = World()
    taken = world.call(sign_call(world.offer, parent=Parent(ABOVE, 3)))
    shown = public_view(taken.record)
    assert shown["depth"] == 3
    assert ABOVE not in str(shown)
    assert public_view(world.call(sign_call(world.offer, nonce=8)).record)["depth"] == 0
