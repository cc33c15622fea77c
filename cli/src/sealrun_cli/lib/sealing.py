"""Ask for a provider's token and seal it for an offer, keep the ciphertexts, add the webhook."""

import base64
import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sealrun.encoding import read
from sealrun.errors import Malformed
from sealrun.offers.offer import Offer
from sealrun.offers.stored_offer import StoredOffer
from sealrun.workflows.publish_offer import seal_offer
from sealrun_cli.lib.confirming import read_secret
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.output import Output
from sealrun_cli.lib.sandbox_state import sandbox_token
from sealrun_cli.lib.set_up import set_up_of
from sealrun_cli.lib.target import TICKED, Target
from sealrun_cli.lib.work_folder import work_folder

NAMES = ("offer", "sealed", "sealing_key", "webhook_secret")


def asked_token(offer: Offer, folder: Path, token_file: str) -> str:
    """The token, which must be the one that the offer names (R1, R3).

    Raises:
        CliError: it is another account's, lives too long, or the provider does not take it.
    """
    token_file = token_file or sandbox_token(folder, offer)
    token = read_secret(token_file, f"Access token for {offer.source.url}, project {offer.source.project}")
    there = set_up_of(offer.source.provider, offer.source.url, token)
    there.user(offer.source.user, today=datetime.now(UTC).date())
    return token


def sealed_for(offer: Offer, target: Target, token: str, folder: Path, out: Output) -> tuple[Path, bool]:
    """Seal the token for an offer that is not published yet, and add its webhook unless that is there.

    Returns:
        The file with the ciphertexts, and whether the webhook was added.
    """
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    stored = seal_offer(
        offer,
        token=token,
        webhook_secret=secret,
        ledger=target.offers,
        keys=target.keys,
        entropy=secrets.token_bytes,
    )
    # An offer with a contract may be sealed again; the table keeps the first webhook secret.
    known = target.offers.offer(offer.hash) is not None
    # Where nobody serves, nobody takes a delivery.
    hooked = (
        not known
        and TICKED not in target.local
        and _hooked(offer, token, hook_url(offer, target), secret, out)
    )
    return keep(stored, folder), hooked


@dataclass(frozen=True)
class Sealed:
    """What ``seal`` wrote: ciphertexts only."""

    sealed: bytes
    sealing_key: bytes
    webhook_secret: bytes

    def stored(self, offer: Offer) -> StoredOffer:
        """As the table keeps it."""
        return StoredOffer(offer, "", self.sealed, self.sealing_key, self.webhook_secret)


def keep(stored: StoredOffer, folder: Path) -> Path:
    """Write the ciphertexts beside the offer."""
    value = {name: base64.b64encode(getattr(stored, name)).decode() for name in NAMES[1:]}
    path = work_folder(folder) / f"{stored.offer.id[:16]}.sealed"
    path.write_text(json.dumps({"offer": stored.offer.id, **value}) + "\n")
    return path


def kept(offer: Offer, folder: Path, again: str = "sealrun seal") -> Sealed:
    """What ``seal`` wrote for the offer; ``again`` is the command that writes it.

    Raises:
        CliError: nothing, or for another offer.
    """
    path = work_folder(folder) / f"{offer.id[:16]}.sealed"
    if not path.exists():
        raise CliError("seal", f"seal: expected {path} for this offer, got none", f"run: {again}")
    try:
        value: dict[str, Any] = read.only(json.loads(path.read_bytes()), NAMES, where=path.name)
        read.one_of(value, "offer", [offer.id])
        return Sealed(**{name: base64.b64decode(value[name], validate=True) for name in NAMES[1:]})
    except (ValueError, TypeError, Malformed) as error:
        raise CliError("seal", f"{path}: expected what `seal` wrote, got {error}", f"run: {again}") from error


def hook_url(offer: Offer, target: Target) -> str:
    """One for each offer: each has a secret of its own."""
    return f"{target.url}/webhooks/{offer.source.provider}?offer={offer.id[:16]}"


def _hooked(offer: Offer, token: str, url: str, secret: str, out: Output) -> bool:
    """Add the webhook; False where that failed, so that only the schedule collects runs, minutes later."""
    source = offer.source
    try:
        set_up_of(source.provider, source.url, token).add_hook(source.project, url, secret)
    except CliError as error:
        out.progress(f"no webhook: {error.detail}; receipts come by the schedule, minutes later")
        return False
    return True
