"""``sealrun rotate``: another API token for an offer, or another oracle key for what is sold from now on."""

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from sealrun.errors import SealrunError
from sealrun.offers.offer import Offer
from sealrun.offers.stored_offer import StoredOffer
from sealrun.workflows.publish_offer import replace_credential, seal_offer
from sealrun_cli.lib import options
from sealrun_cli.lib.confirming import Yes, confirm, read_secret
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.help import Panels, example
from sealrun_cli.lib.keys import read_key
from sealrun_cli.lib.offer_file import OFFER_FILE, read_offer, read_values, write_values
from sealrun_cli.lib.output import Output, speaking
from sealrun_cli.lib.sandbox_state import MAINTAINER, sandbox_token
from sealrun_cli.lib.sealing import sealed_for
from sealrun_cli.lib.set_up import set_up_of
from sealrun_cli.lib.target import DEFAULT_NAME, Name, Target, find_target
from sealrun_cli.lib.token_rules import MAX_TOKEN_DAYS

app = typer.Typer(
    help="Replace the API token or the oracle key.", no_args_is_help=True, rich_markup_mode=None, cls=Panels
)


@app.command("token", epilog=example("sealrun rotate token --days 30"))
def rotate_token(
    *,
    file: options.File = OFFER_FILE,
    stack: Name = DEFAULT_NAME,
    token_file: options.TokenFile = "",
    also: Annotated[
        Path | None,
        typer.Option("--and", help="A new offer that the new token is sealed for, too.", metavar="FILE"),
    ] = None,
    days: Annotated[
        int, typer.Option(help="How long the new token lives.", min=1, max=MAX_TOKEN_DAYS)
    ] = MAX_TOKEN_DAYS,
    yes: Yes = False,
    as_json: options.Json = False,
) -> None:
    """Revoke the offer's token at the provider, seal its successor, and store that. Nobody sees the new one.

    Asks for the present token, or for one of a maintainer of the project.
    """
    with speaking(as_json=as_json) as out:
        offer, target = read_offer(file), find_target(file.parent, stack)
        more = read_offer(also) if also else None
        _check_rotation(offer, target, more)
        source, known = offer.source, list(_same_token(offer, target))
        served = [each.offer for each in known if each.offer.contract is None]
        ended = [each.offer for each in known if each.offer.contract is not None and not each.closed]
        plan = [
            f"revoke   the token of user {source.user} at {source.url}, project {source.project}: at once",
            f"seal     its successor ({days} days), in the table of {target.name}, for",
            *(
                f"         offer {each.id[:16]}…: {each.title}"
                for each in [*served, *([more] if more else [])]
            ),
            *(
                f"end      offer {each.id[:16]}…: {each.title}; its token lies on chain, and stays"
                for each in ended
            ),
        ]
        confirm(out, plan, yes=yes)
        where = token_file or sandbox_token(file.parent, offer, MAINTAINER)
        present = read_secret(where, "The present token, or a maintainer's")
        account = set_up_of(source.provider, source.url, present)
        token = account.rotate(source.project, source.user, today=datetime.now(UTC).date(), days=days)
        for each in served:
            _store(each, target, token)
        if more is not None:
            sealed_for(more, target, token, file.parent, out)
        target.invoke("health")
        suspended = target.offer(offer.id).suspended
        state = f"but suspended: {suspended}" if suspended else "the offer is open"
        out.result({"offer": offer.id, "user": source.user, "suspended": suspended}, f"rotated: {state}")


@app.command("oracle", epilog=example("sealrun rotate oracle --key new-oracle.key --to offer-2.toml"))
def rotate_oracle(
    *,
    key: Annotated[str, typer.Option("--key", help="The new oracle's key file.", metavar="FILE")],
    file: options.File = OFFER_FILE,
    to: Annotated[Path, typer.Option("--to", help="Where to write the new offer.", metavar="FILE")],
    as_json: options.Json = False,
) -> None:
    """Write the offer anew under another oracle key: new terms, and so new accounts for buyers.

    The old offer goes on until it is closed; the old key signs what is due until its accounts are settled.
    """
    with speaking(as_json=as_json) as out:
        before, address = read_offer(file), read_key(key).public_key().to_base58()
        if address == before.oracle:
            raise CliError("key", f"oracle: expected another key than {address}, got the same")
        if to.exists():
            raise CliError("offer", f"offer: expected no {to} yet, got one", "name another file with --to")
        value = {**read_values(file), "oracle": address}
        write_values(to, value)
        offer = read_offer(to)
        steps = [
            f"sealrun deploy --file {to} --oracle-key {key}",
            f"sealrun rotate token --file {file} --and {to}",
            f"sealrun publish --file {to}",
            f"sealrun close --file {file}",
            "settle every account of the old terms; then end the old key",
        ]
        _warn_chain(offer, out)
        lines = [
            f"wrote {to}: offer {offer.id[:16]}…, oracle {address}",
            *(f"next     {step}" for step in steps),
        ]
        out.result({"file": str(to), "offer": offer.id, "replaces": before.id, "next": steps}, *lines)


def _same_token(offer: Offer, target: Target) -> Iterator[StoredOffer]:
    """The stack's offers with the same token. Closed ones too, as their last runs are still collected."""
    source, table = offer.source, target.offers
    same = source.url, source.project, source.user
    for each in table.published():
        stored = table.offer(each)
        if stored is None:
            continue
        theirs = stored.offer.source
        if (theirs.url, theirs.project, theirs.user) == same:
            yield stored


def _check_rotation(offer: Offer, target: Target, more: Offer | None) -> None:
    """Check, before a token is revoked, that the table has the offer and can replace its credential."""
    if more is not None and more.source != offer.source:
        raise CliError(
            "offer", "offer: expected the same source in both files, got another", "seal it by itself"
        )
    stored = target.offer(offer.id)
    if stored.closed:
        raise CliError("offer", f"offer: expected an open one, got a closed one: {stored.closed}")
    if offer.contract is not None:
        raise CliError(
            "new-offer",
            "credential: expected one in the stack, got one on chain, which cannot be replaced",
            "sealrun init --force --contract NEW.key, seal, publish; then close the old offer",
        )
    set_up_of(offer.source.provider, offer.source.url).may_rotate()


def _store(offer: Offer, target: Target, token: str) -> None:
    """Seal and store the token. The old one is revoked by now, so an error says what to do."""
    try:
        stored = seal_offer(
            offer,
            token=token,
            webhook_secret=secrets.token_hex(32),  # not stored: the webhook stays as it is
            ledger=target.offers,
            keys=target.keys,
            entropy=secrets.token_bytes,
        )
        replace_credential(stored, ledger=target.offers)
    except SealrunError as error:
        detail = f"token: the old one is revoked, the new one was not stored: {error.detail}"
        raise CliError(
            "token", detail, "run `sealrun rotate token` again with a maintainer's token"
        ) from error


def _warn_chain(offer: Offer, out: Output) -> None:
    if offer.contract is not None:
        out.progress(
            "the old contract names the old offer: put another [credential] contract into the new file"
        )
