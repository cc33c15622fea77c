"""A board and its listings as a Mina node tells them (A18).

A board is the token of an account that asks nobody for approval: its ``access`` is None, and that can never
change. So anybody makes an account in it, with no proof, and a node lists them all. Nothing of that is to be
believed; see ``sealrun.market.entries`` for what makes an entry of a listing.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from mina import tokens
from mina.keys import PublicKey
from sealrun.chain.account import PERMISSIONS, check_permissions, check_tip
from sealrun.chain.answers import (
    NODE,
    OF_ANOTHER_FORM,
    check_synced,
    expect,
    number,
    permissions_query,
    unreadable,
)
from sealrun.errors import AccountRefused, NodeUnavailable
from sealrun.market.listing import Listing
from sealrun.offers.asset import MINA, Asset, asset_of

# Nothing of a listing can change, and nobody can use it.
LISTING_PERMISSIONS = dict.fromkeys(PERMISSIONS, "Impossible")
# Of a board nothing can change either; everybody may make accounts in its token.
BOARD_PERMISSIONS = {**LISTING_PERMISSIONS, "access": "None"}
# Addresses of all accounts on a board; one takes 90 bytes in an answer.
MAX_ADDRESSES = 100_000
# Accounts in one question: a node answers them from memory, and the question stays small.
BATCH = 25

# Reading one in full takes a square root, which is too dear for all that strangers put there.
_ADDRESS = re.compile(r"B62[1-9A-HJ-NP-Za-km-z]{52}", re.ASCII)

_ACCOUNT = f"publicKey token zkappState zkappUri verificationKey{{hash}} {permissions_query(PERMISSIONS)}"


class Protocol(NamedTuple):
    """What the network's protocol version fixes."""

    txn_version: int = 3  # 3 before Mesa, 4 on it
    state_fields: int = 8  # 8 before Mesa, 32 on it


class BoardView(NamedTuple):
    """A board that passed ``check_board``."""

    owner: PublicKey
    height: int  # of the block that the node answered from
    addresses: tuple[str, ...]  # of the accounts on it, by name


def board_asset(board: PublicKey) -> Asset:
    """The token that the board's owner owns."""
    return asset_of(tokens.derive_token_id(board))


def board_query(board: PublicKey) -> str:
    """The question for the board itself, and which accounts are on it."""
    return (
        f"{{{NODE} "
        "bestChain(maxLength:1){protocolState{blockchainState{date} consensusState{blockHeight}}} "
        f'board:account(publicKey:"{board.to_base58()}"){{{_ACCOUNT}}} '
        f'tokenAccounts(tokenId:"{board_asset(board).id}"){{publicKey token}}}}'
    )


def accounts_query(addresses: Sequence[str], asset: Asset) -> str:
    """The question for so many accounts in a token, each by its number; at most ``BATCH`` of them."""
    members = (
        f'a{at}:account(publicKey:"{address}",token:"{asset.id}"){{{_ACCOUNT}}}'
        for at, address in enumerate(addresses)
    )
    return f"{{syncStatus networkID {' '.join(members)}}}"


def accounts_in(answer: Mapping[str, Any], addresses: Sequence[str], *, network: str) -> Iterator[Any]:
    """The accounts of an answer to ``accounts_query``, in order; None for one that is not there.

    Raises:
        NodeUnavailable: the node is not synced, of another network, or does not answer in this form.
    """
    check_synced(answer, network)
    for at in range(len(addresses)):
        if f"a{at}" not in answer:
            raise unreadable(KeyError(f"a{at}"))
        yield answer[f"a{at}"]


def check_board(
    answer: Mapping[str, Any],
    board: PublicKey,
    *,
    network: str,
    now: int,
    protocol: Protocol = Protocol(),  # noqa: B008  a value
) -> BoardView:
    """A board, and the accounts on it, in one answer to ``board_query``.

    Args:
        answer: ``data`` of the answer.
        board: the owner of the board's token.
        network: that the node must be of.
        now: Unix seconds; a node with an old tip hides what was listed and closed since (A13).
        protocol: of the network.

    Raises:
        AccountRefused: it is no board.
        NodeUnavailable: the node is not one to believe now, or names accounts of something else.
    """
    check_synced(answer, network)
    check_tip(answer, now=now)
    try:
        owner = _existing("board", board.to_base58(), answer["board"])
        expect("board.publicKey", board.to_base58(), owner["publicKey"])
        expect("board.token", MINA.id, owner["token"])
        _check_closed("board", owner, BOARD_PERMISSIONS, protocol)
        height = number(answer["bestChain"][0]["protocolState"]["consensusState"]["blockHeight"])
        return BoardView(board, height, _addresses(answer["tokenAccounts"], board_asset(board)))
    except OF_ANOTHER_FORM as error:
        raise unreadable(error) from error


def check_listing(
    account: Any,
    address: str,
    board: PublicKey,
    *,
    protocol: Protocol = Protocol(),  # noqa: B008  a value
) -> Listing:
    """What a listing's account says, if no key has any power over it.

    Not checked: the seller's signature and the offer.

    Raises:
        AccountRefused: there is no such account, or a property is not as it must be; the text names it.
        Malformed: it is no listing.
        NodeUnavailable: the node does not answer in this form.
    """
    try:
        account = _existing("listing", address, account)
        expect("listing.publicKey", address, account["publicKey"])
        expect("listing.token", board_asset(board).id, account["token"])
        _check_closed("listing", account, LISTING_PERMISSIONS, protocol)
        state = [number(value) for value in account["zkappState"] or []]
        expect("listing.zkappState.length", protocol.state_fields, len(state))
        return Listing.parse(state, str(account["zkappUri"] or ""))
    except OF_ANOTHER_FORM as error:
        raise unreadable(error) from error


def _addresses(accounts: Any, asset: Asset) -> tuple[str, ...]:
    if len(accounts) > MAX_ADDRESSES:
        raise AccountRefused(f"board: expected at most {MAX_ADDRESSES} accounts, got {len(accounts)}")
    names = {str(each["publicKey"]) for each in accounts}
    if len(names) != len(accounts) or any(each["token"] != asset.id for each in accounts):
        raise NodeUnavailable("node: expected each account of the board once, got others")
    if not all(map(_ADDRESS.fullmatch, names)):
        raise NodeUnavailable("node: expected addresses of accounts, got others")
    return tuple(sorted(names))


def _check_closed(
    name: str, account: Mapping[str, Any], wanted: Mapping[str, str], protocol: Protocol
) -> None:
    try:
        expect("verificationKey", None, account["verificationKey"])
        check_permissions(account["permissions"], wanted, txn_version=protocol.txn_version)
    except AccountRefused as error:
        raise AccountRefused(f"{name}.{error.detail}") from error


def _existing(name: str, address: str, account: Any) -> Mapping[str, Any]:
    if account is None:
        raise AccountRefused(f"{name}: expected the account {address} to exist, got none")
    if not isinstance(account, Mapping):
        raise TypeError("expected an account")
    return account
