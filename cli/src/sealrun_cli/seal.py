"""``sealrun seal``: the provider's token into a box that only the stack's functions open, and the webhook."""

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
from sealrun_cli import options
from sealrun_cli.check import File, TokenFile, sandbox_token
from sealrun_cli.confirming import Yes, confirm, read_secret
from sealrun_cli.errors import CliError
from sealrun_cli.github_account import ADVICE, GitHubAccount, github_token_troubles
from sealrun_cli.gitlab_account import GitLabAccount, token_troubles
from sealrun_cli.offer_file import OFFER_FILE, read_offer
from sealrun_cli.output import Output, speaking
from sealrun_cli.target import DEFAULT_NAME, Name, Target, find_target, step, work_folder

NAMES = ("offer", "sealed", "sealing_key", "webhook_secret")


def seal(
    *,
    file: File = OFFER_FILE,
    stack: Name = DEFAULT_NAME,
    token_file: TokenFile = "",
    yes: Yes = False,
    as_json: options.Json = False,
) -> None:
    """Seal the API token for the offer, and add the webhook. The token is asked for, or comes on stdin."""
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
    hooked = not known and _hooked(offer, token, _hook(offer, target), secret, out)
    return keep(stored, folder), hooked


def asked_token(offer: Offer, folder: Path, token_file: str) -> str:
    """The token, which must be the one that the offer names (R1, R3).

    Raises:
        CliError: it is another account's, lives too long, or the provider does not take it.
    """
    token_file = token_file or sandbox_token(folder, offer)
    token = read_secret(token_file, f"Access token for {offer.source.origin}, project {offer.source.project}")
    today = datetime.now(UTC).date()
    if offer.source.provider == "github":
        theirs = GitHubAccount(offer.source.origin, token).holder()
        for trouble in github_token_troubles(theirs, offer.source.user, today=today):
            raise CliError("token", trouble, ADVICE)
    elif offer.source.provider == "gitlab":
        holder = GitLabAccount(offer.source.origin, token).holder()
        for trouble in token_troubles(holder, offer.source.user, today=today):
            raise CliError(
                "token", trouble, "make a project access token: role Maintainer, scope api, 90 days"
            )
    return token


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


def _plan(offer: Offer, target: Target) -> list[str]:
    lies = "in the contract's opening event, for ever public" if offer.contract else "in the stack's table"
    return [
        f"seal     a token for {offer.source.origin}, project {offer.source.project}, offer {offer.id[:16]}…",
        f"         to a key that only KMS key {target.kms_key} opens; the box lies {lies}",
        f"webhook  {_hook(offer, target)}",
    ]


def _hook(offer: Offer, target: Target) -> str:
    """One for each offer: each has a secret of its own."""
    return f"{target.url}/webhooks/{offer.source.provider}?offer={offer.id[:16]}"


def _hooked(offer: Offer, token: str, url: str, secret: str, out: Output) -> bool:
    """Add the webhook; without it runs are found by the schedule, later."""
    if offer.source.provider == "forgejo":
        out.progress("no webhook: Forgejo's are not understood; receipts come by the schedule, minutes later")
        return False
    account = GitHubAccount if offer.source.provider == "github" else GitLabAccount
    try:
        account(offer.source.origin, token).add_hook(offer.source.project, url, secret)
    except CliError as error:
        out.progress(f"no webhook: {error.detail}; receipts come by the schedule, minutes later")
        return False
    return True
