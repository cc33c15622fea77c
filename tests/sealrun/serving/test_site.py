"""The files of a service without a server: the receipts of each offer that lists them, in one page."""

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from sealrun.serving.site import Site
from sealrun.workflows.list_receipts import MAX_RECEIPTS
from tests.sealrun.market import Market
from tests.sealrun.world import PRICE, evidence_value, make_paid_offer


def published(market: Market) -> dict[str, Any]:
    """What stands in the bucket then, by its name."""
    files: dict[str, Any] = {}
    bucket: Any = SimpleNamespace(publish=lambda name, body: files.__setitem__(name, json.loads(body)))
    unused: Any = None
    Site(unused, bucket, unused).receipts(market.offer, market.ledger)
    return files


@pytest.mark.parametrize(("calls", "listed"), [(1, 1), (130, 130), (MAX_RECEIPTS + 60, MAX_RECEIPTS)])
def test_the_newest_receipts_of_an_offer_stand_in_one_file(calls: int, listed: int) -> None:
    market = Market(offer=make_paid_offer(evidence=evidence_value(inputs="public")))
    over = market.bought(limit=PRICE)
    for at in range(1, calls):
        market.ledger.records[at] = replace(over, call_hash=at, claimed_at=over.claimed_at - at)
    [(name, page)] = published(market).items()
    assert name == f"offers/{market.offer.id}/receipts"
    assert (page["offer"], page["next"], len(page["receipts"])) == (market.offer.id, None, listed)


def test_l5_an_offer_that_keeps_inputs_for_the_buyer_has_no_file_of_receipts() -> None:
    market = Market()
    market.bought(limit=PRICE)
    assert published(market) == {}
