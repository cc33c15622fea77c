"""Whether a published offer takes calls now, and why not."""

from sealrun.offers.stored_offer import StoredOffer
from sealrun_cli.lib.output import Output
from sealrun_cli.lib.target import Target


def tell_state(out: Output, target: Target, offer_id: str) -> None:
    """The command's result: whether the stack's offer takes calls now."""
    stored = target.offer(offer_id)
    reasons = {"closed": stored.closed, "paused": stored.paused, "suspended": stored.suspended}
    value = {"offer": offer_id, "open": not stored.reason, **reasons, "dropped": dict(stored.dropped)}
    out.result(value, f"{offer_id[:16]}…  {state_of(stored)}", *dropped_lines(stored))


def state_of(stored: StoredOffer) -> str:
    """Open, or why it takes no call now, and who says so."""
    return f"{stored.state}: {stored.reason}" if stored.reason else stored.state


def dropped_lines(stored: StoredOffer) -> list[str]:
    """A line for each price that takes no call now."""
    named = {price.cost.asset.id: price.cost.asset.symbol for price in stored.offer.prices}
    return [f"dropped  the price in {named.get(name, name)}: {why}" for name, why in stored.dropped.items()]
