"""``sealrun pause`` and ``resume``: the operator takes no new calls for a while. Running calls finish."""

from typing import Annotated

import typer

from sealrun_cli import options
from sealrun_cli.check import File
from sealrun_cli.offer_file import OFFER_FILE, read_offer
from sealrun_cli.output import Output, speaking
from sealrun_cli.status import state_of
from sealrun_cli.target import DEFAULT_NAME, Name, Target, find_target


def pause(
    *,
    file: File = OFFER_FILE,
    stack: Name = DEFAULT_NAME,
    reason: Annotated[str, typer.Option(help="What callers are told.")] = "its operator paused it",
    as_json: options.Json = False,
) -> None:
    """Take no new call of the offer until `sealrun resume`; no health check opens it before."""
    with speaking(as_json=as_json) as out:
        offer, target = read_offer(file), find_target(file.parent, stack)
        target.offer(offer.id)
        target.offers.pause_offer(offer.hash, reason)
        _tell(out, target, offer.id)


def resume(*, file: File = OFFER_FILE, stack: Name = DEFAULT_NAME, as_json: options.Json = False) -> None:
    """End the operator's pause. What a health check found, or the closing of the offer, stays."""
    with speaking(as_json=as_json) as out:
        offer, target = read_offer(file), find_target(file.parent, stack)
        target.offer(offer.id)
        target.offers.pause_offer(offer.hash, "")
        _tell(out, target, offer.id)


def _tell(out: Output, target: Target, offer_id: str) -> None:
    stored = target.offer(offer_id)
    said = {"closed": stored.closed, "paused": stored.paused, "suspended": stored.suspended}
    out.result(
        {"offer": offer_id, "open": not stored.reason, **said}, f"{offer_id[:16]}…  {state_of(stored)}"
    )
