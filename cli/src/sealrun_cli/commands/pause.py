"""``sealrun pause``: the operator takes no new calls for a while. Running calls finish."""

from typing import Annotated

import typer

from sealrun_cli.lib import options
from sealrun_cli.lib.offer_file import OFFER_FILE, read_offer
from sealrun_cli.lib.offer_state import tell_state
from sealrun_cli.lib.output import speaking
from sealrun_cli.lib.target import DEFAULT_NAME, Name, find_target


def pause(
    *,
    file: options.File = OFFER_FILE,
    stack: Name = DEFAULT_NAME,
    reason: Annotated[str, typer.Option(help="What callers are told.")] = "its operator paused it",
    as_json: options.Json = False,
) -> None:
    """Take no new calls until `sealrun resume`.

    Running calls finish. No health check reopens it earlier.
    """
    with speaking(as_json=as_json) as out:
        offer, target = read_offer(file), find_target(file.parent, stack)
        target.offer(offer.id)
        target.offers.pause_offer(offer.hash, reason)
        tell_state(out, target, offer.id)
