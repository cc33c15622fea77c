"""Which offers a service shows, and in how many pages and requests."""

from typing import Any

import httpx
import pytest
from moto import mock_aws

from sealrun.errors import Malformed
from sealrun.offers.stored_offer import StoredOffer
from sealrun.workflows.list_offers import PAGE_OFFERS, list_offers
from tests.ports.stores import dynamo
from tests.sealrun.fakes import Remembers
from tests.sealrun.gateway import Gateway, load
from tests.sealrun.market import SERVICE, Market
from tests.sealrun.world import PRICE, SELLER, World, in_mina, make_offer, make_paid_offer


def shown(world: World, after: str | None = None) -> dict[str, Any]:
    return list_offers(after, ledger=world.ledger, service=SERVICE)


def test_an_offer_is_listed_with_what_a_buyer_chooses_by() -> None:
    world = Market()
    url = f"{SERVICE}/offers/{world.offer.id}"
    assert shown(world) == {
        "offers": [
            {
                "offer": world.offer.id,
                "url": url,
                "title": "Build the layers",
                "network": "mina:devnet",
                "provider": "gitlab",
                "seller": SELLER.public_key().to_base58(),
                "prices": in_mina(PRICE),
                "dropped": [],
                "grade": 0,
                "inputs": f"{url}#/document/inputs",
                "open": True,
                "reason": None,
            }
        ],
        "next": None,
    }


def test_a_free_offer_names_no_seller() -> None:
    assert [each["seller"] for each in shown(World())["offers"]] == [None]


def test_a_paused_offer_is_listed_with_its_reason_and_a_closed_one_is_not() -> None:
    world, other = World(), make_paid_offer()
    world.ledger.publish(StoredOffer(other, "", b"", b"", b""))
    world.ledger.pause_offer(world.offer.hash, "holidays")
    found = {each["offer"]: (each["open"], each["reason"]) for each in shown(world)["offers"]}
    assert found == {world.offer.id: (False, "holidays"), other.id: (True, None)}
    world.ledger.close_offer(other.hash, "the source changed")
    assert [each["offer"] for each in shown(world)["offers"]] == [world.offer.id]


def test_l14_many_offers_come_in_pages_of_two_requests_each() -> None:
    world = World(ledger=Remembers())
    made = [make_offer(title=f"Offer {number}") for number in range(2 * PAGE_OFFERS)]
    for offer in made:
        world.ledger.publish(StoredOffer(offer, "", b"", b"", b""))
    found, after, pages = [], None, 0
    while pages == 0 or after is not None:
        world.ledger.asked.clear()
        page = shown(world, after)
        assert len(page["offers"]) <= PAGE_OFFERS
        assert world.ledger.asked == ["published", "offers_of"]
        found += [each["offer"] for each in page["offers"]]
        after, pages = page["next"], pages + 1
    assert pages == 3
    assert found == sorted(offer.id for offer in [world.offer, *made])


@pytest.mark.parametrize("after", ["", "x", "0" * 63, "f" * 64])
def test_l14_a_place_that_no_page_named_is_malformed(after: str) -> None:
    with pytest.raises(Malformed, match="after: expected 64 lower-case hex digits"):
        shown(World(), after)


def test_the_function_lists_them_over_a_table_too(monkeypatch: Any) -> None:
    with mock_aws():
        market = Market(ledger=dynamo())
        gateway = Gateway(load("call", market, monkeypatch))
        answer = gateway.answer(httpx.Request("GET", "https://calls.test/offers"))
        assert answer.json() == shown(market)
        beyond = gateway.answer(httpx.Request("GET", f"https://calls.test/offers?after={market.offer.id}"))
        assert beyond.json() == {"offers": [], "next": None}
        wrong = gateway.answer(httpx.Request("GET", "https://calls.test/offers?after=x"))
        assert (wrong.status_code, wrong.json()["type"]) == (400, "urn:sealrun:problem:malformed")
