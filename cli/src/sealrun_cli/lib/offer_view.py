"""What a service says of its offer beside the document: whether it takes calls now, and in which assets."""

from collections.abc import Mapping
from typing import Any

from sealrun.offers.asset import Asset
from sealrun.offers.offer import Offer
from sealrun_cli.lib.errors import CliError


def dropped_prices(view: Mapping[str, Any], offer: Offer) -> list[dict[str, str]]:
    """The prices that the service says take no calls now, by the offer's own names of their assets."""
    told = view.get("dropped")
    reasons = {
        str(each.get("asset")): str(each.get("reason"))
        for each in (told if isinstance(told, list) else [])
        if isinstance(each, Mapping)
    }
    return [
        {"asset": asset.id, "symbol": asset.symbol, "reason": reasons[asset.id]}
        for asset in (price.cost.asset for price in offer.prices)
        if asset.id in reasons
    ]


def check_taken(view: Mapping[str, Any], offer: Offer, asset: Asset) -> None:
    """The offer takes calls in this asset now, by the service's word; else nobody should pay or sign for it.

    Raises:
        CliError: it is closed, paused or suspended, or the price in the asset is dropped.
    """
    if not view.get("open"):
        raise CliError("offer-closed", f"offer: expected an open one, got: {view.get('reason')}")
    for each in dropped_prices(view, offer):
        if each["asset"] == asset.id:
            detail = f"price: expected one that takes calls now, got that in {asset.symbol}: {each['reason']}"
            raise CliError("offer-closed", detail, "pay in another asset of the offer, or try again later")
