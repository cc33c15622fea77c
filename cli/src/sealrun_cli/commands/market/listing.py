"""``sealrun market board``, ``list`` and ``delist``: what a seller does."""

from pathlib import Path
from typing import Annotated

import typer

from mina.keys import PrivateKey, PublicKey
from sealrun.chain.offer_contract import state_of_offer
from sealrun.market.board import board_asset, check_listing
from sealrun.market.entries import check_contract
from sealrun.market.listing import Listing, list_fields, listing_key, sign_listing
from sealrun.offers.asset import ACCOUNT_CREATION_FEE, MINA
from sealrun.offers.offer import Offer, Payment
from sealrun_cli.lib import options
from sealrun_cli.lib.board import BoardAddress, BoardNode, account_at, offer_code
from sealrun_cli.lib.chain_view import check_network
from sealrun_cli.lib.confirming import Yes, confirm
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.keys import kept_or_new, read_key
from sealrun_cli.lib.outgoing import open_client
from sealrun_cli.lib.output import speaking
from sealrun_cli.lib.service import HERE, Service, is_here
from sealrun_cli.lib.tools import Sender, run_tool


def board(
    *,
    board_key: Annotated[
        Path, typer.Option(help="File for the board's own key; made if there is none.", metavar="FILE")
    ],
    key: options.Key,
    node: options.Node,
    network: options.Network = options.DEFAULT_NETWORK,
    fee: options.Fee = options.DEFAULT_FEE,
    poll_ms: options.PollMs = options.DEFAULT_POLL_MS,
    no_proofs: options.NoProofs = False,
    yes: Yes = False,
    as_json: options.Json = False,
) -> None:
    """Open a board. Anybody may list on it from then on, and nobody can change that, you included."""
    with speaking(as_json=as_json) as out, open_client() as http:
        sender = Sender(read_key(key), node, fee, poll_ms, not no_proofs)
        check_network(Service(http), node, network)
        own = kept_or_new(board_key, out)
        address = own.public_key().to_base58()
        plan = [
            f"board    {address} on {network}: open to everybody, for ever",
            *_account_costs(sender),
        ]
        confirm(out, plan, yes=yes)
        result = run_tool("board", sender, out, board_key=own.to_base58())
        BoardNode(Service(http), node, network, own.public_key()).view()
        opened = "open already" if result["status"] == "already-open" else "opened"
        token = board_asset(own.public_key()).id
        out.result(
            {**result, "token": token},
            f"{opened}: board {address}",
            f"next     sealrun market list OFFER_URL --board {address}",
        )


def list_offer(
    url: options.OfferUrl,
    *,
    named: BoardAddress = "",
    key: options.Key,
    node: options.Node,
    unsafe_loopback: options.Loopback = False,
    network: options.Network = options.DEFAULT_NETWORK,
    fee: options.Fee = options.DEFAULT_FEE,
    poll_ms: options.PollMs = options.DEFAULT_POLL_MS,
    no_proofs: options.NoProofs = False,
    yes: Yes = False,
    as_json: options.Json = False,
) -> None:
    """List an offer on a board, as its seller.

    The listing is an account that says for ever where the offer is. Run again after a lost answer, it finds
    what is there. An offer that moved is listed again, under its new address.
    """
    with speaking(as_json=as_json) as out, open_client() as http:
        sender = Sender(read_key(key), node, fee, poll_ms, not no_proofs)
        service = Service(http)
        on = BoardNode.named(service, node, network, named)
        offer = service.offer(url)
        contract, _ = _sold(offer, sender.key, network)
        if is_here(url) and not unsafe_loopback:
            raise CliError("bad-request", f"url: expected one that others reach, got {url[:100]}", HERE)
        listing = sign_listing(sender.key, network, on.board, contract, offer.hash, url)
        own = listing_key(sender.key, list_fields(network, on.board, contract, offer.hash, url))
        address = own.public_key().to_base58()
        on.view()
        if _is_there(on, listing, own.public_key()):
            told = {"status": "already-listed", "listing": address, "board": on.board.to_base58()}
        else:
            _check_open(on, listing)
            plan = [
                f"list     {offer.title}, {offer.cost}",
                f"         {url}",
                f"         on {on.board.to_base58()}, for everybody to see; a listing cannot be taken back",
                *_account_costs(sender),
            ]
            confirm(out, plan, yes=yes)
            told = run_tool(
                "list",
                sender,
                out,
                network=network,
                board=on.board.to_base58(),
                listing_key=own.to_base58(),
                offer=contract.to_base58(),
                offer_hash=str(offer.hash),
                seller=listing.seller.to_base58(),
                url=url,
                signature=listing.signature.to_base58(),
            )
        listed = "listed before, and nothing sent now" if told["status"] == "already-listed" else "listed"
        value = {**told, "offer": offer.id, "url": url}
        out.result(
            value,
            f"{listed}: {offer.title}, listing {address}",
            f"next     sealrun market show {address} --board {on.board.to_base58()}",
        )


def delist(
    url: options.OfferUrl,
    *,
    key: options.Key,
    node: options.Node,
    network: options.Network = options.DEFAULT_NETWORK,
    fee: options.Fee = options.DEFAULT_FEE,
    poll_ms: options.PollMs = options.DEFAULT_POLL_MS,
    no_proofs: options.NoProofs = False,
    yes: Yes = False,
    as_json: options.Json = False,
) -> None:
    """Take an offer off all boards by closing its contract: it sells nothing any more, for ever.

    A listing alone cannot be taken back: its signature is public, and anybody could list it again. Calls that
    run are finished, and what is due can be settled.
    """
    with speaking(as_json=as_json) as out, open_client() as http:
        sender = Sender(read_key(key), node, fee, poll_ms, not no_proofs)
        service = Service(http)
        offer = service.offer(url)
        contract, payment = _sold(offer, sender.key, network)
        account = account_at(service, node, network, contract, MINA)
        if state_of_offer(account, contract, offer_code()).is_closed:
            value = {"status": "already-closed", "contract": contract.to_base58()}
            out.result(value, f"closed before, and nothing sent now: {offer.title}")
            return
        plan = [
            f"close    {offer.title}: for everybody, for ever, not only on a board",
            f"         contract {contract.to_base58()}: who knows its address cannot call it either",
            f"costs    {sender.costs} of fee",
            "takes    1 proof, usually 4 to 9 s on two idle cores, then one to three blocks",
        ]
        confirm(out, plan, yes=yes)
        named = {"offer": contract.to_base58(), "terms": payment.terms.value()}
        result = run_tool("close", sender, out, **named, seller_key=sender.key.to_base58())
        advice = "next     on the machine that serves it: sealrun close, which tells callers why at once"
        out.result(
            {**result, "contract": contract.to_base58()}, f"closed: {offer.title}, off every board", advice
        )


def _account_costs(sender: Sender) -> list[str]:
    account = ACCOUNT_CREATION_FEE
    return [
        f"costs    {account + sender.costs}: {account} for an account, {sender.costs} of fee",
        "takes    no proof: a few seconds, then one to three blocks",
    ]


def _sold(offer: Offer, seller: PrivateKey, network: str) -> tuple[PublicKey, Payment]:
    """The contract and the terms of an offer that this seller can list and close on chain.

    Raises:
        CliError: it has no contract, is of another network, or another's.
    """
    if offer.contract is None or offer.payment is None:
        detail = "offer: expected one with a contract on chain, got one whose credential its service keeps"
        following = (
            "make one with `sealrun init --contract FILE`, publish it with --contract-key, and list that"
        )
        raise CliError("no-contract", detail, following)
    if offer.network != network:
        raise CliError("bad-request", f"network: expected that of the offer, {offer.network}, got {network}")
    if (wanted := offer.payment.terms.seller) != seller.public_key():
        raise CliError("not-allowed", f"key: expected the seller's, {wanted.to_base58()}, got another")
    return offer.contract, offer.payment


def _is_there(on: BoardNode, listing: Listing, address: PublicKey) -> bool:
    """The same listing is on the board; it never changes."""
    account = on.account(address, board_asset(on.board))
    if account is None:
        return False
    if check_listing(account, address.to_base58(), on.board) != listing:
        raise CliError(
            "wrong-account", f"listing: expected {address.to_base58()} to be this one, got another"
        )
    return True


def _check_open(on: BoardNode, listing: Listing) -> None:
    """The contract is there and open.

    Raises:
        CliError: it is closed.
        Unavailable: there is no such contract yet.
    """
    state = check_contract(on.account(listing.contract, MINA), listing, offer_code())
    if state.is_closed:
        raise CliError("offer-closed", "offer: expected one that is open, got one that its seller closed")
