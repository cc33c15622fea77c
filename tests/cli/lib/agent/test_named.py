"""An agent whose run calls another offer: it reads that offer first, and signs for none out of bounds."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from sealrun.errors import Refused
from sealrun.offers.asset import MINA
from sealrun.offers.named_offer import FORMAT
from sealrun_cli.lib.errors import CliError
from tests.cli.lib.agent.shop import Shop
from tests.sealrun.market import SERVICE, Market
from tests.sealrun.world import PRICE, make_paid_offer

SCANNER = make_paid_offer(title="Scans")
NAMED = f"scan.test/offers/{SCANNER.id}"


def shop_of(folder: Path, monkeypatch: pytest.MonkeyPatch, most: int) -> Shop:
    """A shop whose offer calls a scanner that costs at most so much."""
    kind = {"type": "string", "format": FORMAT, "maxLength": 256}
    bounded = {**kind, "x-price": {**MINA.of(most).value(), **MINA.value()}}
    inputs = {"type": "object", "properties": {"scanner": bounded}, "additionalProperties": False}
    shop = Shop(folder, monkeypatch, Market(make_paid_offer(inputs=inputs)))
    shop.open_account()
    view = {"offer": SCANNER.id, "document": json.loads(SCANNER.document), "open": True, "reason": None}

    def elsewhere(request: httpx.Request, answer: httpx.Response) -> httpx.Response:
        return httpx.Response(200, json=view) if request.url.host == "scan.test" else answer

    shop.spoil = elsewhere
    return shop


def test_the_named_offer_is_told_with_its_price(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = shop_of(tmp_path, monkeypatch, PRICE)
    bought: dict[str, Any] = shop.desk().buy(shop.offer, {"scanner": NAMED}, "order-1", beyond=False)
    (named,) = bought["calls"]
    assert (named["input"], named["price"], named["paid_by"]) == ("scanner", "5 MINA", "the seller")
    assert named["offer"] == f"https://scan.test/offers/{SCANNER.id}"
    assert named["seller_says"]["title"] == "Scans"


def test_r12_nothing_is_signed_for_a_named_offer_out_of_bounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = shop_of(tmp_path, monkeypatch, PRICE - 1)
    desk = shop.desk()
    with pytest.raises(Refused, match="expected one that costs at most"):
        desk.question(shop.offer, {"scanner": NAMED}, "order-1")
    with pytest.raises(Refused, match="expected one that costs at most"):
        desk.buy(shop.offer, {"scanner": NAMED}, "order-1", beyond=True)
    assert shop.payments == []


def test_r12_a_named_offer_is_read_at_services_that_the_person_allowed_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = shop_of(tmp_path, monkeypatch, PRICE)
    with pytest.raises(CliError, match="expected one of"):
        shop.desk(services=(SERVICE,)).buy(shop.offer, {"scanner": NAMED}, "order-1", beyond=False)
    assert not any(request.url.host == "scan.test" for request in shop.asked)
