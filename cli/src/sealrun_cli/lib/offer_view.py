"""What a service says of its offer beside the document: whether it takes calls now, and in which assets."""

from collections.abc import Mapping
from typing import Any

from sealrun.offers.asset import Asset
from sealrun.offers.dropped import dropped_prices
from sealrun.offers.offer import Offer
from sealrun_cli.lib.errors import CliError


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
