"""``sealrun resume``: the operator takes calls again."""

from sealrun_cli.lib import options
from sealrun_cli.lib.offer_file import OFFER_FILE, read_offer
from sealrun_cli.lib.offer_state import tell_state
from sealrun_cli.lib.output import speaking
from sealrun_cli.lib.target import DEFAULT_NAME, Name, find_target


def resume(
    *, file: options.File = OFFER_FILE, stack: Name = DEFAULT_NAME, as_json: options.Json = False
) -> None:
    """End the operator's pause. What a health check found, or the closing of the offer, stays."""
    with speaking(as_json=as_json) as out:
        offer, target = read_offer(file), find_target(file.parent, stack)
        target.offer(offer.id)
        target.offers.pause_offer(offer.hash, "")
        tell_state(out, target, offer.id)
