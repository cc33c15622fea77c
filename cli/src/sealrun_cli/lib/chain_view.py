"""A prepaid account as a Mina node reports it, for its buyer; a seller must check more (A1)."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mina.keys import PublicKey
from sealrun.chain.account import PERMISSIONS, Pinned, check_code, check_tip
from sealrun.chain.answers import NODE, check_synced, permissions_query
from sealrun.errors import AccountRefused
from sealrun.offers.asset import MINA, Asset
from sealrun.offers.terms import Terms
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.nodes import data_of
from sealrun_cli.lib.service import Service, shown, well_formed
from sealrun_cli.lib.units import SLOT_SECONDS

STATE_FIELDS = 8
# The newest block: https://docs.minaprotocol.com/mina-protocol/time describes slots.
NEWEST = (
    "bestChain(maxLength:1){protocolState{"
    "blockchainState{date utcDate} consensusState{blockHeight slotSinceGenesis}}}"
)
# Of an account whose code is looked at, too.
_FIELDS = (
    f"publicKey token balance{{total}} zkappState verificationKey{{hash}} {permissions_query(PERMISSIONS)}"
)


@dataclass(frozen=True)
class OnChain:
    """Amounts are in the asset's smallest unit; ``exit_slot`` is 0 before the exit is asked for.

    ``exit_date`` is when that slot is expected, in Unix seconds; 0 where the node does not give its slot.
    """

    terms: int  # their hash
    balance: int
    spent: int
    exit_slot: int
    accrued: int
    root: int
    count: int
    exit_date: int = 0
    asset: Asset = MINA  # what it holds: the node is asked for no other balance than that of this token
    slot: int = 0  # of the newest block; 0 where the node does not give it
    block_date: int = 0  # of the newest block, in Unix seconds; 0 where the node does not give it
    buyer: tuple[int, int] = (0, 0)  # x and parity of its key

    @property
    def funds(self) -> int:
        """All that calls may cost in total; no settlement changes it, only a deposit or a withdrawal does."""
        return self.rest + self.spent

    @property
    def rest(self) -> int:
        """All but the operator's share: what its buyer would withdraw now."""
        return self.balance - self.accrued

    def value(self) -> dict[str, Any]:
        """As JSON, amounts and fields as decimal text."""
        texts = {name: str(getattr(self, name)) for name in ("balance", "spent", "accrued", "root")}
        plain = {"exit_slot": self.exit_slot, "count": self.count, "block_date": self.block_date}
        return {**texts, **plain, **self.asset.members()}


@dataclass(frozen=True)
class Moment:
    """An account, and somebody who pays into it, in one answer of one node."""

    account: OnChain
    height: int  # of the block
    nonce: int  # of the payer's next transaction
    money: int  # the payer's, in the smallest unit of the account's asset
    fees: int  # the payer's nanomina, of which fees are paid


def on_chain(service: Service, node: str, account: str, asset: Asset = MINA, *, network: str = "") -> OnChain:
    """Ask one node for the account that this address has in the asset.

    Where ``network`` is named, the node has to follow it now: a stuck one hides that a buyer leaves (A13).

    Raises:
        CliError: there is no prepaid account at the address, or the node gives no answer.
        NodeUnavailable: the node is of another network, not synced, or stuck.
    """
    members = f"account(publicKey:$key,token:$token){{balance{{total}} zkappState}} {NEWEST}"
    follows = NODE if network else ""
    query = f"query($key:PublicKey!,$token:TokenId!){{{members} {follows}}}"
    data = data_of(service, node, query, key=account, token=asset.id)
    if network:
        check_synced(data, network)
        check_tip(data, now=int(time.time()))
    with well_formed("node-unavailable", node):
        return _account_of(data, account, asset)


def check_terms(chain: OnChain, account: str, terms: Terms) -> None:
    """What a node shows at the address is the account of these terms: one key has another on each network.

    Raises:
        CliError: it is the account of others.
    """
    if chain.terms != terms.hash:
        detail = f"{account}: expected the account of these terms, {terms.hash:064x}, got {chain.terms:064x}"
        following = f"name a node of {terms.network}; else whoever named the terms did not name the account's"
        raise CliError("figure", detail, following)


def check_network(service: Service, node: str, network: str) -> None:
    """A node follows this network: what is paid for on another one is of no use here.

    Raises:
        CliError: the node gives no answer.
        NodeUnavailable: it is not synced, or of another network.
    """
    check_synced(data_of(service, node, "{syncStatus networkID}"), network)


def check_can_open(service: Service, node: str, network: str, account: str, asset: Asset) -> None:
    """Ask one node whether an account can be opened at the address; empty is that of a key to be made.

    Raises:
        CliError: an account in the asset is there, or the node gives no answer.
        NodeUnavailable: the node is not synced, or of another network.
    """
    check_network(service, node, network)
    if not account:
        return
    query = "query($key:PublicKey!,$token:TokenId!){account(publicKey:$key,token:$token){publicKey}}"
    if data_of(service, node, query, key=account, token=asset.id).get("account"):
        raise CliError("already-open", f"nothing was paid: {account}")


def opened_by(
    service: Service, node: str, account: str, buyer: PublicKey, codes: Sequence[Pinned], asset: Asset
) -> OnChain:
    """Ask one node for the prepaid account that this key opened at the address, and that it alone calls on.

    Not checked: terms, timing, and what is settled.

    Raises:
        CliError: there is none, or the node gives no answer.
        AccountRefused: the account is another buyer's, or has other code or permissions.
    """
    members = f"account(publicKey:$key,token:$token){{{_FIELDS}}} {NEWEST}"
    query = f"query($key:PublicKey!,$token:TokenId!){{{members}}}"
    data = data_of(service, node, query, key=account, token=asset.id)
    with well_formed("node-unavailable", node):
        if not (data.get("account") or {}).get("verificationKey"):
            raise _missing(account, asset)
        _check_code(data["account"], account, codes, asset)
        if [int(each) for each in data["account"]["zkappState"][1:3]] != buyer.to_fields():
            detail = f"account: expected one whose buyer is {buyer.to_base58()}, got another's, {account}"
            raise AccountRefused(detail)
        return _account_of(data, account, asset)


def moment(
    service: Service, node: str, account: str, payer: str, codes: Sequence[Pinned], asset: Asset = MINA
) -> Moment:
    """Ask one node about an account that is to be paid into, and about the payer, who pays in the same asset.

    Not checked: terms, timing, and what is settled; those are the operator's to judge (A1).

    Raises:
        CliError: one of them is not there, or the node gives no answer or is not synced.
        AccountRefused: the account has other code or permissions than a prepaid account.
    """
    query = (
        "query($key:PublicKey!,$payer:PublicKey!,$token:TokenId!){syncStatus "
        f"{NEWEST} account(publicKey:$key,token:$token){{{_FIELDS}}} "
        "payer:account(publicKey:$payer){nonce balance{total}} "
        "purse:account(publicKey:$payer,token:$token){balance{total}}}"
    )
    data = data_of(service, node, query, key=account, payer=payer, token=asset.id)
    if data.get("syncStatus") != "SYNCED":
        got = str(data.get("syncStatus"))[:20]
        raise CliError("node-unavailable", f"{shown(node)}: expected SYNCED, got {got}")
    with well_formed("node-unavailable", node):
        if not (data.get("account") or {}).get("verificationKey"):
            raise _missing(account, asset)
        if data.get("payer") is None:
            raise CliError("account-missing", f"payer: expected the account {payer} to exist, got none")
        _check_code(data["account"], account, codes, asset)
        height = int(data["bestChain"][0]["protocolState"]["consensusState"]["blockHeight"])
        nonce, fees = int(data["payer"]["nonce"]), int(data["payer"]["balance"]["total"])
        money = int(data["purse"]["balance"]["total"]) if data.get("purse") else 0
        return Moment(_account_of(data, account, asset), height, nonce, money, fees)


def _check_code(account: Mapping[str, Any], address: str, codes: Sequence[Pinned], asset: Asset) -> None:
    """The account has one of these codes."""
    code = account["verificationKey"]["hash"]
    pinned = next((each for each in codes if each.verification_key == code), codes[0])
    check_code(account, PublicKey.from_base58(address), pinned, permissions=PERMISSIONS, asset=asset)


def _account_of(data: Mapping[str, Any], account: str, asset: Asset) -> OnChain:
    value = data.get("account") or {}
    state = value.get("zkappState") or []
    if len(state) < STATE_FIELDS:
        raise _missing(account, asset)
    terms, x, odd, spent, exit_slot, accrued, root, count = (int(each) for each in state[:STATE_FIELDS])
    balance, (newest, made) = int(value["balance"]["total"]), _newest(data)
    date = made + (exit_slot - newest) * SLOT_SECONDS if exit_slot and made else 0
    known = (terms, balance, spent, exit_slot, accrued, root, count)
    return OnChain(*known, date, asset, newest, made, (x, odd))


def _newest(data: Mapping[str, Any]) -> tuple[int, int]:
    """Slot of the newest block, and its date in Unix seconds; each is 0 where the node does not give it."""
    try:
        state = data["bestChain"][0]["protocolState"]
        slot = int(state["consensusState"]["slotSinceGenesis"])
    except (KeyError, TypeError, ValueError, IndexError):
        return 0, 0
    try:
        return slot, int(state["blockchainState"]["utcDate"]) // 1000  # milliseconds
    except (KeyError, TypeError, ValueError, IndexError):
        return slot, 0


def _missing(account: str, asset: Asset) -> CliError:
    """None in this asset: a client that has not seen the account does not know in which one it is kept."""
    detail = f"account: expected a prepaid account in {asset.symbol} at {account}, got none"
    following = "check the address; name another asset with --asset; or open an account with `sealrun open`"
    return CliError("account-missing", detail, following)
