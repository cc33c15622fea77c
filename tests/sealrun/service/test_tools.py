"""An offer as a tool of the Model Context Protocol."""

from sealrun.offers.stored_offer import StoredOffer
from sealrun.service.tools import offer_tool
from tests.sealrun.market import SERVICE
from tests.sealrun.world import make_offer, offer_value


def test_programs_that_draw_a_form_get_the_inputs_in_the_sellers_order() -> None:
    inputs = offer_value()["inputs"]
    names = sorted(inputs["properties"], reverse=True)
    offer = make_offer(inputs={**inputs, "x-order": names})
    tool = offer_tool(StoredOffer(offer, "", b"", b"", b""), SERVICE)
    assert list(tool.input_schema["properties"]) == names
    assert tool.input_schema == offer.inputs.schema
