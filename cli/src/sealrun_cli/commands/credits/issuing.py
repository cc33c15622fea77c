"""``sealrun credits issue`` and ``mint``: credits come to be."""

from pathlib import Path
from typing import Annotated, Any

import typer

from sealrun.offers.asset import ACCOUNT_CREATION_FEE, MINA
from sealrun.offers.promise import Promise, promise_uri
from sealrun_cli.lib import options
from sealrun_cli.lib.chain_view import check_network
from sealrun_cli.lib.confirming import Yes, confirm
from sealrun_cli.lib.credit_desk import TAKES, Count, CreditAddress, dealing, done
from sealrun_cli.lib.credit_view import CreditNode
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.keys import kept_or_new, read_key
from sealrun_cli.lib.once import Asked, Now
from sealrun_cli.lib.outgoing import open_client
from sealrun_cli.lib.output import speaking
from sealrun_cli.lib.promises import Draft
from sealrun_cli.lib.service import Service
from sealrun_cli.lib.tools import Sender, run_tool

NEW_ACCOUNTS = MINA.of(3 * ACCOUNT_CREATION_FEE.units)  # token, vault, and the one that counts


def issue(
    *,
    promise: Annotated[
        Path, typer.Option(help="File of the promise; written if there is none.", metavar="FILE")
    ],
    at: Annotated[str, typer.Option(help="Where you publish that file.", metavar="URL")],
    key: options.Key,
    token_key: Annotated[
        Path, typer.Option(help="File for the token's own key; made if there is none.", metavar="FILE")
    ],
    vault_key: Annotated[
        Path, typer.Option(help="File for the vault's own key; made if there is none.", metavar="FILE")
    ],
    node: options.Node,
    title: Annotated[str, typer.Option(help="What a credit is, in a line.")] = "",
    text: Annotated[str, typer.Option(help="What you promise, in words.")] = "",
    offer: Annotated[
        list[str] | None, typer.Option(help="An offer that takes the credit.", metavar="OFFER_URL")
    ] = None,
    symbol: Annotated[str, typer.Option(help="1 to 6 letters and digits.")] = "",
    cap: Annotated[int, typer.Option(help="Credits that there can ever be.", min=0)] = 0,
    backing: Annotated[str, typer.Option(help="Locked behind each credit.", metavar="MINA")] = "",
    price: Annotated[str, typer.Option(help="What you ask for one at first.", metavar="MINA")] = "",
    days: Annotated[int, typer.Option(help="Days until every holder gets the backing.", min=0)] = 0,
    network: options.Network = options.DEFAULT_NETWORK,
    fee: options.Fee = options.DEFAULT_FEE,
    poll_ms: options.PollMs = options.DEFAULT_POLL_MS,
    no_proofs: options.NoProofs = False,
    yes: Yes = False,
    as_json: options.Json = False,
) -> None:
    """Issue credits: a promise, a token that names it for ever, and a vault for the backing.

    Nothing of it can be changed later. Credits are minted with `sealrun credits mint`. Run again after a lost
    answer, it finds what is there.
    """
    with speaking(as_json=as_json) as out, open_client() as http:
        sender = Sender(read_key(key), node, fee, poll_ms, not no_proofs)
        asked = CreditNode(Service(http), node, network)
        owner, vault = kept_or_new(token_key, out), kept_or_new(vault_key, out)
        draft = Draft(title, text, tuple(offer or ()), symbol, cap, backing, price, days)
        parties = (owner.public_key(), vault.public_key(), sender.key.public_key())
        document = draft.document(promise, parties, asked)
        made = Promise.parse(document)
        if (made.token, made.vault, made.seller, made.network) != (*parties, network):
            detail = f"promise: expected {promise} of these keys on {network}, got one of others"
            raise CliError("bad-request", detail, "name the keys that it was written for, or another file")
        check_network(asked.service, node, network)
        total = NEW_ACCOUNTS + sender.costs
        plan = [
            f"issue    up to {made.cap} {made.symbol}, {made.words}, until slot {made.expiry}: {made.title}",
            f"         for ever: publish {promise} at {at} and leave it as it is",
            f"costs    {total}: {NEW_ACCOUNTS} for 3 accounts, {sender.costs} of fee",
            f"         {MINA.of(made.cap * made.backing.units)} are locked once all of them are minted",
            f"takes    {TAKES['credits-issue']} on two idle cores, then one to three blocks",
        ]
        uri = promise_uri(at, document)
        confirm(out, plan, yes=yes)
        result = run_tool(
            "credits-issue",
            sender,
            out,
            token_key=owner.to_base58(),
            vault_key=vault.to_base58(),
            cap=str(made.cap),
            backing=str(made.backing.units),
            expiry=made.expiry,
            symbol=made.symbol,
            uri=uri,
        )
        issued = "issued before" if result["status"] == "already-issued" else "issued"
        address = result["token"]
        out.result(
            {**result, "uri": uri},
            f"{issued}: {made.symbol}, owner {address}",
            f"next     sealrun credits mint {address} COUNT --key {key}",
        )


def mint(
    credit: CreditAddress,
    count: Count,
    *,
    key: options.Key,
    node: options.Node,
    to: Annotated[str, typer.Option(help="Who gets them; you, if left out.", metavar="ADDRESS")] = "",
    network: options.Network = options.DEFAULT_NETWORK,
    fee: options.Fee = options.DEFAULT_FEE,
    poll_ms: options.PollMs = options.DEFAULT_POLL_MS,
    no_proofs: options.NoProofs = False,
    state: options.State = options.DEFAULT_STATE,
    yes: Yes = False,
    as_json: options.Json = False,
) -> None:
    """Mint credits and lock their backing, as their seller."""
    sent = (fee, poll_ms, no_proofs)
    with dealing(credit, key, node, network, sent, state, as_json=as_json) as desk:
        look = desk.look(other=to)
        backing, new = count * look.credit.backing.units, int(not look.other.has_account)

        def plan() -> list[str]:
            return desk.plan("credits-mint", look, f"mint     {count} for {to or 'yourself'}", backing, new)

        def figure() -> Now:
            seen = desk.look()
            return Now(seen.payer.nonce, seen.credit.minted)

        def send(asked: Asked) -> dict[str, Any]:
            named = {"to": to} if to else {}
            return desk.tool("credits-mint", amount=str(count), minted=str(asked.before), **named)

        result = desk.once(f"mint {count} for {to or 'the seller'}", count, figure, send, plan, yes=yes)
        desk.out.result(result, f"{done(result, 'minted')}: {look.credit.asset.of(count)}")
