"""What a service says of an offer's prices beside the document: which take no calls now, and why."""

from collections.abc import Mapping
from typing import Any

from sealrun.encoding.plain_text import plain_text
from sealrun.offers.offer import Offer


def dropped_prices(view: Mapping[str, Any], offer: Offer) -> list[dict[str, str]]:
    """The prices that the service says take no calls now, by the offer's own names of their assets.

    A service says it to its own disadvantage, so nothing has to be checked.
    """
    told = view.get("dropped")
    reasons = {
        str(each.get("asset")): plain_text(each.get("reason")) or "its service does not say why"
        for each in (told if isinstance(told, list) else [])
        if isinstance(each, Mapping)
    }
    return [
        {"asset": asset.id, "symbol": asset.symbol, "reason": reasons[asset.id]}
        for asset in (price.cost.asset for price in offer.prices)
        if asset.id in reasons
    ]


def dropped_line(dropped: Mapping[str, str]) -> str:
    """One of them in words."""
    return f"the price in {dropped['symbol']}: {dropped['reason']}"
