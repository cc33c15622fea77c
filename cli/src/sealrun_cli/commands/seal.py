"""``sealrun seal``: seal the provider's token for the stack's functions alone, and add the webhook."""

from sealrun.offers.offer import Offer
from sealrun_cli.lib import options
from sealrun_cli.lib.confirming import Yes, confirm
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.offer_file import OFFER_FILE, read_offer
from sealrun_cli.lib.output import speaking
from sealrun_cli.lib.sealing import asked_token, hook_url, sealed_for
from sealrun_cli.lib.target import DEFAULT_NAME, TICKED, Name, Target, find_target, step


def seal(
    *,
    file: options.File = OFFER_FILE,
    stack: Name = DEFAULT_NAME,
    token_file: options.TokenFile = "",
    yes: Yes = False,
    as_json: options.Json = False,
) -> None:
    """Seal the provider's API token for the offer.

    Only the stack's functions can open it. Adds the webhook as well. The token is asked for, or comes on
    stdin.
    """
    with speaking(as_json=as_json) as out:
        offer, target = read_offer(file), find_target(file.parent, stack)
        known = target.offers.offer(offer.hash)
        if known is not None and offer.contract is None:
            raise CliError(
                "offer",
                "offer: expected one that is not published, got one that is",
                "run: sealrun rotate token",
            )
        confirm(out, _plan(offer, target), yes=yes)
        token = asked_token(offer, file.parent, token_file)
        path, hooked = sealed_for(offer, target, token, file.parent, out)
        following = f"next     {step('publish', file, stack)}"
        lines = [f"sealed for offer {offer.id[:16]}… on {target.name}: {path}", following]
        out.result({"offer": offer.id, "file": str(path), "webhook": hooked}, *lines)


def _plan(offer: Offer, target: Target) -> list[str]:
    place = "in the contract's opening event, public for ever" if offer.contract else "in the stack's table"
    hook = "none: nothing takes deliveries" if TICKED in target.local else hook_url(offer, target)
    return [
        f"seal     a token for {offer.source.url}, project {offer.source.project}, offer {offer.id[:16]}…",
        f"         for {target.key_name}; the sealed token is stored {place}",
        f"webhook  {hook}",
    ]
