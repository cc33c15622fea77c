"""The TypeScript core signs what the function checks, for both kinds of ticket."""

from pathlib import Path

import pytest

from sealrun.calls.ticket import Redemption
from tests import nodejs
from tests.sealrun.calls.test_ticket import batch, free_ticket
from tests.sealrun.market import Market
from tests.sealrun.world import make_offer, offer_value

pytestmark = pytest.mark.peers
SCRIPT = Path(__file__).with_name("redeem.mjs")


def test_the_page_redeems_a_free_and_a_prepaid_ticket_as_python_does() -> None:
    free, (paid,) = free_ticket(make_offer()), batch(Market(), 1)
    offer = offer_value()
    asked = [(free.url(), {"level": 3}, offer), (free.url(), {}, offer), (paid.url(), {}, offer)]
    made = nodejs.ask(SCRIPT, asked)
    assert len(made) == len(asked)
    for each in made:
        redeemed = Redemption.parse(each["body"])
        redeemed.check_signatures()
        assert redeemed.call.id == each["call"]
    assert dict(Redemption.parse(made[0]["body"]).call.inputs) == {"layer": "both", "level": 3}
    assert Redemption.parse(made[2]["body"]).call == paid.grant.prepaid_call


def test_the_page_shows_open_inputs_in_the_offers_order_and_fills_in_their_defaults() -> None:
    kinds = {
        "level": {"type": "integer", "minimum": 0, "maximum": 9, "default": 0},
        "flag": {"type": "boolean", "default": True},
        "layer": {"type": "string", "enum": ["both", "mina"], "default": "mina"},
    }
    inputs = {"type": "object", "properties": kinds, "additionalProperties": False}
    shown = offer_value(inputs={**inputs, "x-order": ["level", "layer", "flag"]})
    ticket = free_ticket(make_offer(inputs=shown["inputs"]), opened=("flag", "level"))
    left_out, chosen = nodejs.ask(
        SCRIPT, [(ticket.url(), {}, shown), (ticket.url(), {"level": 3, "flag": False}, shown)]
    )
    assert left_out["fields"] == ["level", "flag"]
    assert left_out["body"]["inputs"] == {"level": 0, "flag": True}
    assert chosen["body"]["inputs"] == {"level": 3, "flag": False}
