"""A token as a Mina node tells it: what must hold before anything is sold for it (A15).

A token is worth what its owner's code keeps to. Only an unmodified FungibleToken is taken: its code moves
amounts that add up, mints what its admin's contract allows, and nothing else can touch its accounts. The
admin may still pause it, and then nothing in it moves, neither in nor out.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from mina import tokens
from mina.keys import PublicKey
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
from sealrun.offers.asset import Asset

# The hash of FungibleToken's verification key: mina-fungible-token 1.1.0, as contracts/verification_keys.json
# has it.
FUNGIBLE_CODE = "11275266297357989434659649579180929660472107786900344600948115953037388411671"
# The same of CreditVault's, which backs a credit as its admin (A17).
VAULT_CODE = "25337180523789483233012037946547963240658056095392735211684395783723299150649"
# Every update of the owner takes a proof of its code, and code and permissions never change. What else its
# permissions give to a signature is out of reach, for one update cannot have both.
OWNER_PERMISSIONS = {"access": "Proof", "editState": "Proof", "setPermissions": "Impossible"}
# All accounts of a token are added up once. One of them takes 160 bytes in an answer.
MAX_HOLDERS = 50_000

_OWNER = (
    f"publicKey token tokenSymbol zkappState verificationKey{{hash}} {permissions_query(OWNER_PERMISSIONS)}"
)


class TokenView(NamedTuple):
    """A token that passed ``check_owner``."""

    owner: PublicKey
    admin: PublicKey  # the address of its contract, which decides about minting and pausing


def owner_query(asset: Asset) -> str:
    """The part of a question that asks for the account that owns the token, by the name ``token``."""
    return f'token:tokenOwner(tokenId:"{asset.id}"){{{_OWNER}}}'


def check_owner(
    account: Any, asset: Asset, *, txn_version: int, state_fields: int, code: str = FUNGIBLE_CODE
) -> TokenView:
    """Every property of the token's owner (A15), of an account that ``owner_query`` asked for.

    Not checked: what the admin's contract allows, and that no account held the token before the code was
    there; see ``check_supply``.

    Args:
        account: what the node answered.
        asset: as the offer names it; decimals and symbol must be the token's own.
        txn_version: of the network's protocol; with an older one the owner's own key can replace the code.
        state_fields: how many an account has.
        code: the hash of the owner's verification key.

    Raises:
        AccountRefused: a property is not as it must be, or the token is paused; the text names it.
        NodeUnavailable: the node does not answer in this form.
    """
    if account is None:
        raise AccountRefused(f"token: expected an owner of {asset.id} ({asset.symbol}), got none")
    try:
        owner = PublicKey.from_base58(account["publicKey"])
        # The node may name anyone; the id follows from the owner's address alone.
        expect("token.owner", asset.token, tokens.derive_token_id(owner))
        expect("token.owner.token", tokens.to_base58(tokens.MINA), account["token"])
        key = account["verificationKey"]
        expect("token.verificationKey.hash", code, key["hash"] if key else None)
        _check_permissions(account["permissions"] or {}, txn_version)
        state = [number(value) for value in account["zkappState"] or []]
        expect("token.zkappState.length", state_fields, len(state))
        decimals, admin_x, admin_odd, paused = state[:4]
        expect("token.decimals", asset.decimals, decimals)
        expect("token.symbol", asset.symbol, account["tokenSymbol"])
        if paused:
            raise AccountRefused(f"token: expected one that moves, got {asset.symbol}, which is paused")
        return TokenView(owner, _admin(admin_x, admin_odd))
    except OF_ANOTHER_FORM as error:
        raise unreadable(error) from error


def supply_query(asset: Asset) -> str:
    """The question for all accounts of a token; a node goes through its whole ledger for it.

    The answer tells the time of the node's own tip, too: see ``sealrun.chain.account.check_tip``.
    """
    return (
        f"{{{NODE} "
        "bestChain(maxLength:1){protocolState{blockchainState{date}}} "
        f'tokenOwner(tokenId:"{asset.id}"){{publicKey}} '
        f'tokenAccounts(tokenId:"{asset.id}"){{publicKey token balance{{total}}}}}}'
    )


def check_supply(answer: Mapping[str, Any], asset: Asset, *, network: str) -> int:
    """All accounts of the token together hold what its code counts as circulating; that amount.

    A token that was made before the code was there is in nobody's count, and can be spent like any other.
    What adds up once the code is there adds up for ever, as long as ``check_owner`` passes: only the code
    moves the token.

    Args:
        answer: ``data`` of the answer to ``supply_query``.
        asset: the token.
        network: that the node must be of.

    Raises:
        AccountRefused: they hold something else, or there are more than can be added up.
        NodeUnavailable: the node is not synced, of another network, or does not answer in this form.
    """
    try:
        check_synced(answer, network)
        owner = answer["tokenOwner"]
        accounts = answer["tokenAccounts"]
        if len(accounts) > MAX_HOLDERS:
            raise AccountRefused(
                f"token: expected at most {MAX_HOLDERS} accounts to add up, got {len(accounts)}"
            )
        expect("token.owner", asset.token, tokens.derive_token_id(PublicKey.from_base58(owner["publicKey"])))
        held = {each["publicKey"]: number(each["balance"]["total"]) for each in accounts}
        if len(held) != len(accounts) or any(each["token"] != asset.id for each in accounts):
            raise NodeUnavailable("node: expected each account of the token once, got others")
    except OF_ANOTHER_FORM as error:
        raise unreadable(error) from error
    circulating = held.pop(owner["publicKey"], 0)
    expect("token.accounts: sum", circulating, sum(held.values()))
    return circulating


def _check_permissions(permissions: Mapping[str, Any], txn_version: int) -> None:
    for name, wanted in OWNER_PERMISSIONS.items():
        expect(f"token.permissions.{name}", wanted, permissions.get(name))
    key = permissions.get("setVerificationKey") or {}
    expect("token.permissions.setVerificationKey.auth", "Impossible", key.get("auth"))
    version = str(key.get("txnVersion"))
    expect("token.permissions.setVerificationKey.txnVersion", str(txn_version), version)


def _admin(x: int, is_odd: int) -> PublicKey:
    try:
        return PublicKey(x, is_odd)
    except ValueError as error:
        raise AccountRefused(f"token.admin: {error}") from error
