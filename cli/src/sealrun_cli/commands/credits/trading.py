"""``sealrun credits sell``, ``buy`` and ``give``: credits change hands."""

import shlex
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer

from sealrun.offers.asset import MINA, Amount, Asset
from sealrun.offers.offer import Priced
from sealrun_cli.lib import options
from sealrun_cli.lib.accounts import told_terms
from sealrun_cli.lib.assets import require_same
from sealrun_cli.lib.book import opening
from sealrun_cli.lib.confirming import Yes, confirm
from sealrun_cli.lib.credit_desk import (
    AskAddress,
    Count,
    CreditAddress,
    Desk,
    check_held,
    dealing,
    done,
    held,
)
from sealrun_cli.lib.credit_view import Look, address_of
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.issuer import told_trust
from sealrun_cli.lib.keys import address_in, kept_or_new
from sealrun_cli.lib.offer_view import check_taken
from sealrun_cli.lib.once import Asked, Now
from sealrun_cli.lib.output import amount_of
from sealrun_cli.lib.service import is_here


def sell(
    credit: CreditAddress,
    count: Annotated[int, typer.Argument(help="How many, for a new ask.", min=0, metavar="COUNT")] = 0,
    *,
    key: options.Key,
    node: options.Node,
    price: Annotated[str, typer.Option(help="For one credit.", metavar="MINA")] = "",
    ask_key: Annotated[
        Path | None,
        typer.Option(help="File for a new ask's own key; made if there is none.", metavar="FILE"),
    ] = None,
    ask: AskAddress = "",
    back: Annotated[bool, typer.Option("--back", help="Take back what --ask has not sold.")] = False,
    network: options.Network = options.DEFAULT_NETWORK,
    fee: options.Fee = options.DEFAULT_FEE,
    poll_ms: options.PollMs = options.DEFAULT_POLL_MS,
    no_proofs: options.NoProofs = False,
    state: options.State = options.DEFAULT_STATE,
    yes: Yes = False,
    as_json: options.Json = False,
) -> None:
    """Offer credits for sale; with --ask, set the price of an ask, or take its credits back."""
    sent = (fee, poll_ms, no_proofs)
    with dealing(credit, key, node, network, sent, state, as_json=as_json) as desk:
        if bool(ask) == bool(ask_key and count) or bool(price) == back:
            expected = "COUNT, --price and --ask-key; or --ask with --price; or --ask with --back"
            raise CliError("bad-request", f"sell: expected {expected}, got something else")
        look = desk.look(ask=ask)
        asset = look.credit.asset
        each = _price(price) if price else MINA.of(0)
        if ask_key is not None:
            name, does = "credits-sell", f"sell     {asset.of(count)} at {each} each, new ask"
            named: dict[str, Any] = {"amount": str(count), "price": str(each.units)}
        elif back:
            name, does, named = "credits-take-back", f"back     all that {ask} has not sold", {"ask": ask}
        else:
            name, does = "credits-reprice", f"reprice  {ask} to {each} each"
            named = {"ask": ask, "price": str(each.units)}
        if not back and each < look.credit.backing:
            does += f", less than the {look.credit.backing} behind each"
        confirm(desk.out, desk.plan(name, look, does, 0, int(name == "credits-sell")), yes=yes)
        if ask_key is not None:
            named["ask_key"] = kept_or_new(ask_key, desk.out).to_base58()
        result = desk.tool(name, **named)
        desk.out.result(result, f"{done(result, 'done')}: ask {result['ask']}, {asset.of(result['amount'])}")


def buy(
    credit: CreditAddress,
    count: Count,
    *,
    ask: AskAddress,
    key: options.Key,
    node: options.Node,
    to: Annotated[str, typer.Option(help="Who gets them; you, if left out.", metavar="ADDRESS")] = "",
    into: Annotated[
        str, typer.Option(help="Put them into a new prepaid account for this offer.", metavar="OFFER_URL")
    ] = "",
    account_key: Annotated[
        Path | None,
        typer.Option(help="File for that account's own key; made if there is none.", metavar="FILE"),
    ] = None,
    network: options.Network = options.DEFAULT_NETWORK,
    fee: options.Fee = options.DEFAULT_FEE,
    poll_ms: options.PollMs = options.DEFAULT_POLL_MS,
    no_proofs: options.NoProofs = False,
    state: options.State = options.DEFAULT_STATE,
    yes: Yes = False,
    as_json: options.Json = False,
) -> None:
    """Buy credits of an ask, at its price of now or not at all."""
    sent = (fee, poll_ms, no_proofs)
    with dealing(credit, key, node, network, sent, state, as_json=as_json) as desk:
        if bool(into) != (account_key is not None) or (into and to):
            raise CliError("bad-request", "buy: expected --into with --account-key and no --to, got others")
        address_of(ask, "ask")  # without one there is no price
        kept = address_in(account_key)
        look = desk.look(ask=ask, other=to or kept)
        price = look.ask.price if look.ask else MINA.of(0)
        asset, cost = look.credit.asset, count * price.units

        def plan() -> list[str]:
            _check_for_sale(look, count)
            desk.node.check_counted(look.credit)
            receiver = f"a new prepaid account for {into}" if into else to or "yourself"
            does = f"buy      {asset.of(count)} at {price} each, backed {look.credit.backing}: for {receiver}"
            plan = desk.plan("credits-buy", look, does, cost, 1 if into else int(not look.other.has_account))
            return [*plan, *_trust(look, count, cost)]

        named: dict[str, Any] = {"ask": ask, "amount": str(count), "price": str(price.units)}
        if into and account_key is not None:
            if kept and look.other.has_account:
                raise CliError("already-open", f"nothing was paid: {kept}")
            result = _buy_into(desk, look, into, account_key, named, plan(), yes=yes)
        else:
            result = _buy_for(desk, to, count, named, plan, yes=yes)
        bought = f"{done(result, 'bought')}: {asset.of(count)} for {MINA.of(cost)}"
        account = result.get("account", "")
        following = [f"next     {_call(into, account, asset, key)}"] if into else []
        desk.out.result(result, f"{bought}, in {account}" if into else bought, *following)


def _trust(look: Look, count: int, cost: int) -> list[str]:
    """What of the price nobody holds: all above the backing, which is paid from the expiry on."""
    held = count * look.credit.backing.units
    if cost <= held:
        return []
    back = f"only {MINA.of(held)} is held for you, and paid from slot {look.credit.expiry} on"
    return [f"trust    {MINA.of(cost - held)} of it is the seller's word: {back}"]


def _check_for_sale(look: Look, count: int) -> None:
    if look.credit.expired:
        detail = f"credit: expected one that has not expired, got one until slot {look.credit.expiry}"
        raise CliError("refused", detail, "holders get the backing with `sealrun credits cash`")
    if look.ask is not None and look.ask.amount < count:
        raise CliError("refused", f"ask: expected at least {count} credits, got {look.ask.amount}")


def _buy_for(
    desk: Desk, to: str, count: int, named: dict[str, Any], plan: Callable[[], list[str]], *, yes: bool
) -> dict[str, Any]:
    def figure() -> Now:
        seen = desk.look(other=to)
        return Now(seen.payer.nonce, seen.other.held.units)

    def send(asked: Asked) -> dict[str, Any]:
        receiver = {"to": to} if to else {}
        return desk.tool("credits-buy", nonce=asked.nonce, **receiver, **named)

    what = f"buy {count} of {named['ask']} for {to or 'the payer'}"
    return desk.once(what, count, figure, send, plan, yes=yes)


def _buy_into(
    desk: Desk,
    look: Look,
    offer: str,
    account_key: Path,
    named: dict[str, Any],
    plan: list[str],
    *,
    yes: bool,
) -> dict[str, Any]:
    """The account's own key makes it once: an account that is there is not opened again."""
    (cost, terms), trusted = _priced(desk, look, offer)
    confirm(desk.out, [*plan, *told_terms(terms), *trusted], yes=yes)
    own = kept_or_new(account_key, desk.out)
    address = own.public_key().to_base58()
    with opening(desk.state, address, terms, cost.asset):
        result = desk.tool("credits-buy", account_key=own.to_base58(), terms=terms.value(), **named)
    return {**result, "account": address}


def give(
    credit: CreditAddress,
    count: Count,
    *,
    key: options.Key,
    node: options.Node,
    to: Annotated[str, typer.Option(help="Who gets them.", metavar="ADDRESS")] = "",
    into: Annotated[
        str,
        typer.Option(
            help="A prepaid account in the credit; or an offer, for which a new one is opened.",
            metavar="ACCOUNT|OFFER_URL",
        ),
    ] = "",
    account_key: Annotated[
        Path | None,
        typer.Option(help="File for the new account's own key; made if there is none.", metavar="FILE"),
    ] = None,
    for_: Annotated[
        str,
        typer.Option("--for", help="Who calls on the new account; you, if left out.", metavar="ADDRESS"),
    ] = "",
    network: options.Network = options.DEFAULT_NETWORK,
    fee: options.Fee = options.DEFAULT_FEE,
    poll_ms: options.PollMs = options.DEFAULT_POLL_MS,
    no_proofs: options.NoProofs = False,
    state: options.State = options.DEFAULT_STATE,
    yes: Yes = False,
    as_json: options.Json = False,
) -> None:
    """Give credits to somebody, or into somebody's prepaid account.

    With an offer's address it opens the account, for whoever is named with --for: that key calls on it,
    leaves it and gets what is left.
    """
    sent = (fee, poll_ms, no_proofs)
    with dealing(credit, key, node, network, sent, state, as_json=as_json) as desk:
        if bool(to) == bool(into):
            raise CliError("bad-request", "give: expected either --to or --into, got both or none")
        if ("/offers/" in into) != (account_key is not None) or (for_ and account_key is None):
            detail = "give: expected --account-key, and perhaps --for, with an offer's address, got others"
            raise CliError("bad-request", detail)
        if account_key is not None:
            _give_into_new(desk, count, into, account_key, for_, yes=yes)
            return
        look = desk.look(other=to or into)
        asset = look.credit.asset
        name = "topup" if into else "credits-give"

        def plan() -> list[str]:
            check_held(look, count)
            if into and not look.other.has_account:
                detail = f"into: expected a prepaid account in {asset.symbol}, got none"
                raise CliError("account-missing", detail)
            does = f"give     {asset.of(count)} {'into' if into else 'to'} {into or to}"
            return desk.plan(name, look, does, 0, int(not look.other.has_account))

        def send(asked: Asked) -> dict[str, Any]:
            if into:
                named = {"account": into, "asset": asset.id, "amount": str(count), "nonce": asked.nonce}
                return desk.run("topup", **named)
            return desk.tool("credits-give", to=to, amount=str(count), nonce=asked.nonce)

        what = f"give {count} {'into' if into else 'to'} {into or to}"
        result = desk.once(what, -count, lambda: held(desk), send, plan, yes=yes)
        desk.out.result(result, f"{done(result, 'given')}: {asset.of(count)}")


def _give_into_new(desk: Desk, count: int, offer: str, account_key: Path, buyer: str, *, yes: bool) -> None:
    """The account's own key makes it once: an account that is there is not opened again.

    This client keeps no page of the account unless it is the payer's own: its buyer signs for it.
    """
    kept = address_in(account_key)
    look = desk.look(other=kept)
    if kept and look.other.has_account:
        detail = f"nothing was given: {kept}"
        raise CliError("already-open", detail, f"add to it with --into {kept}")
    own = buyer in ("", desk.payer.to_base58())
    who = desk.payer if own else address_of(buyer, "for")
    asset, ((cost, terms), trusted) = look.credit.asset, _priced(desk, look, offer)
    check_held(look, count)
    desk.node.check_counted(look.credit)
    if kept:
        terms.check_buyer(who, address_of(kept, "account"))
    runs = f"{count // cost.units} runs" if count >= cost.units else f"no run, which costs {cost}"
    does = f"give     {asset.of(count)} into a new prepaid account of {who.to_base58()}: {runs}"
    plan = desk.plan("open", look, does, 0, 1)
    confirm(desk.out, [*plan, f"         for {offer}", *told_terms(terms), *trusted], yes=yes)
    key = kept_or_new(account_key, desk.out)
    address = key.public_key().to_base58()
    named = {"buyer": who.to_base58(), "terms": terms.value(), "deposit": str(count)}
    with opening(desk.state, address, terms, cost.asset) if own else nullcontext():
        result = desk.run("open", account_key=key.to_base58(), **named)
    desk.out.result(
        {**result, "account": address, "amount": str(count), **asset.members()},
        f"given: {asset.of(count)}, in {address}",
        f"next     {who.to_base58()} calls: {_call(offer, address, asset, 'KEY')}",
    )


def _call(offer: str, account: str, asset: Asset, key: str) -> str:
    """How the account's owner calls on it, from a client that has not seen it before too."""
    pay = f"--pay --account {account} --asset {asset.symbol} --key {shlex.quote(key)} --node NODE"
    return f"sealrun call {shlex.quote(offer)} {pay}"


def _priced(desk: Desk, look: Look, offer: str) -> tuple[Priced, list[str]]:
    """The offer's price in the credit, and whose word moves the money where proofs settle.

    Raises:
        CliError: the offer is free, on another network, writes the credit otherwise, or takes no calls in it;
            or proofs settle it, and the keys in its terms are not the issuer's.
        Refused: it has no price in the credit.
    """
    sold, view = desk.node.service.offer_and_view(offer)
    if sold.payment is None:
        raise CliError("bad-request", "offer: expected one with a price, got one of price 0")
    if sold.network != desk.node.network:
        detail = f"offer: expected one on {desk.node.network}, got one on {sold.network}"
        raise CliError("bad-request", detail, "name its network with --network, and a node of it with --node")
    priced = sold.payment.priced_in(look.credit.asset.id)
    require_same(priced.cost.asset, look.credit.asset)
    check_taken(view, sold, priced.cost.asset)
    return priced, told_trust(sold, priced.terms, here=is_here(offer))


def _price(text: str) -> Amount:
    price = amount_of(text, MINA)
    if price.units == 0:
        raise CliError("bad-request", "price: expected above 0, got 0")
    return price
