"""Prepaid accounts as a Mina node tells them, and the one check that money behind a call must pass (A1).

Everything is read from one answer, so no two properties come from two moments. Not looked at, because anyone
or nobody can change them: nonce, delegate, URI, symbol, action state and events.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

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
from sealrun.chain.token import FUNGIBLE_CODE, VAULT_CODE, TokenView, check_owner, owner_query
from sealrun.encoding.fields import ACCOUNT, EXIT, WITHDRAW, network_field, text_field
from sealrun.encoding.origins import service_field
from sealrun.errors import AccountRefused, NodeUnavailable, Refused
from sealrun.offers.asset import MINA, Asset
from sealrun.offers.terms import MAX_UINT32, Terms
from sealrun.values import dataclass

MINA_TOKEN = MINA.id
# No key has any power over the account, and only proofs move its money; setVerificationKey stands apart.
PERMISSIONS = {
    "editState": "Proof",
    "send": "Proof",
    "access": "None",
    "receive": "None",
    "setPermissions": "Impossible",
    "setTiming": "Impossible",
    "setDelegate": "Impossible",
    "setZkappUri": "Impossible",
    "editActionState": "Impossible",
    "setTokenSymbol": "Impossible",
    "incrementNonce": "Impossible",
    "setVotingFor": "Impossible",
}
TIMING = ("initialMinimumBalance", "cliffTime", "cliffAmount", "vestingPeriod", "vestingIncrement")

# A slot without a block has a chance of one in four: eight in a row come less than once in 130 days.
STALE_SLOTS = 8
# How far the network's clock and ours may differ.
TIP_AHEAD_SECONDS = 300

_ACCOUNT = (
    "publicKey token balance{total} zkappState verificationKey{hash} "
    f"{permissions_query(PERMISSIONS)} timing{{{' '.join(TIMING)}}}"
)
_PAYEE = "publicKey token permissions{access receive}"


class Pinned(NamedTuple):
    """What the contract's build and the network's protocol version fix."""

    verification_key: str  # its hash, a decimal number: contracts/verification_keys.json
    txn_version: int = 3  # 3 before Mesa, 4 on it
    state_fields: int = 8  # 8 before Mesa, 32 on it
    token: str = FUNGIBLE_CODE  # the hash of the key of a token's owner
    vault: str = VAULT_CODE  # and of a credit's vault


@dataclass(frozen=True)
class AccountView:
    """A prepaid account that passed the check. Amounts are in the smallest unit of the terms' asset."""

    address: PublicKey
    buyer: PublicKey
    balance: int
    spent: int
    accrued: int  # the operator's share that still lies in the balance
    root: int
    count: int  # of the calls that are settled
    height: int  # of the block that the node answered from
    slot_seconds: int = 0  # the network's present slot length

    @property
    def funds(self) -> int:
        """All that calls of this account may cost in total, settled or not."""
        return self.balance - self.accrued + self.spent


# Amount and root of the signed due with that many leaves; None where none was signed.
Settled = Callable[[int], tuple[int, int] | None]
# What good runs of the account cost so far; None before its first call.
DueSoFar = Callable[[], int | None]


def account_query(address: PublicKey | None, terms: Terms) -> str:
    """The one question; without an address it asks for node, seller, operator and the token only."""
    account = f"account:{_account(address, _ACCOUNT, terms)}" if address else ""
    token = "" if terms.asset == MINA else owner_query(terms.asset)
    seller, operator = (_account(key, _PAYEE, terms) for key in (terms.seller, terms.operator))
    return (
        f"{{{NODE} "
        "bestChain(maxLength:1){protocolState{blockchainState{date} consensusState{blockHeight}}} "
        f"{account} {token} seller:{seller} operator:{operator}}}"
    )


def _account(address: PublicKey, members: str, terms: Terms) -> str:
    """One address can have an account in each token: all that is asked for is that of the terms' asset."""
    return f'account(publicKey:"{address.to_base58()}",token:"{terms.asset.id}"){{{members}}}'


def check_account(
    answer: Mapping[str, Any],
    *,
    address: PublicKey,
    terms: Terms,
    pinned: Pinned,
    settled: Settled,
    run_seconds: int,
    due: DueSoFar = lambda: None,
    asset: Asset = MINA,
) -> AccountView:
    """Every property of A1, in one answer.

    Not checked: that the funds cover what is due, pending and asked for, and how deep the deposit lies.

    Args:
        answer: ``data`` of the answer to ``account_query``.
        address: of the account.
        terms: that the account must have been opened for.
        pinned: code and protocol.
        settled: what the ledger knows of signed statements, where an oracle's word settles.
        run_seconds: the offer's time limit, for A5.
        due: what the ledger knows to be due, where proofs settle.
        asset: that of the terms, as the offer names it.

    Raises:
        NodeUnavailable: the node is not synced, of another network, or does not answer in this form.
        AccountRefused: a property is not as it must be; the text names it.
    """
    check_node(answer, terms)
    check_token(answer, terms, asset, pinned)
    try:
        account = _existing("account", address, answer["account"])
        check_code(account, address, pinned, permissions=PERMISSIONS, asset=terms.asset)
        _check_timing(account["timing"] or {})
        seconds = slot_seconds(answer)
        view = _view(account, address, terms, pinned, height=tip_height(answer), slot_seconds=seconds)
        terms.check_buyer(view.buyer, address)
        if terms.oracle is None:
            _check_proved(view, due())
        else:
            _check_settled(view, settled)
        _check_accrued(view, terms)
        terms.check_exit(run_seconds=run_seconds, slot_seconds=seconds)
    except AccountRefused:
        raise
    except Refused as error:
        raise AccountRefused(error.detail) from error
    except OF_ANOTHER_FORM as error:
        raise unreadable(error) from error
    return view


def check_node(answer: Mapping[str, Any], terms: Terms) -> None:
    """The node is synced and of the network, and seller and operator can be paid.

    Raises:
        NodeUnavailable: the node is not one to believe now.
        AccountRefused: seller or operator has no account, or one that cannot receive.
    """
    try:
        check_synced(answer, terms.network)
        tip_height(answer)
        slot_seconds(answer)
        for name, key in (("seller", terms.seller), ("operator", terms.operator)):
            _check_payee(name, key, answer[name], terms.asset)
    except OF_ANOTHER_FORM as error:
        raise unreadable(error) from error


def check_token(answer: Mapping[str, Any], terms: Terms, asset: Asset, pinned: Pinned) -> TokenView | None:
    """The token of the terms, which is one to sell for (A15); None for MINA, where nothing is to be checked.

    Args:
        answer: ``data`` of the answer to ``account_query``.
        terms: whose asset it is.
        asset: the same, as the offer names it.
        pinned: code and protocol.

    Raises:
        NodeUnavailable: the node does not answer in this form.
        AccountRefused: see ``sealrun.chain.token.check_owner``.
    """
    if terms.asset.id != asset.id:
        raise ValueError("asset: expected that of the terms, got another")
    if asset == MINA:
        return None
    versions = {"txn_version": pinned.txn_version, "state_fields": pinned.state_fields}
    return check_owner(answer.get("token"), asset, code=pinned.token, **versions)


def check_code(
    account: Mapping[str, Any],
    address: PublicKey,
    pinned: Pinned,
    *,
    permissions: Mapping[str, str],
    asset: Asset = MINA,
) -> None:
    """The account is this one, in this asset, runs the pinned code, and has exactly these permissions.

    Args:
        account: an account from an answer to ``account_query``.
        address: of the account.
        pinned: code and protocol.
        permissions: all but ``setVerificationKey``, which must be impossible for ever.
        asset: that the account must be kept in.

    Raises:
        AccountRefused: one of them is not so.
    """
    _check_identity(account, address, pinned, asset)
    check_permissions(account["permissions"], permissions, txn_version=pinned.txn_version)


def state_of(account: Mapping[str, Any], pinned: Pinned) -> list[int]:
    """The account's state fields, of which the protocol has so many.

    Raises:
        AccountRefused: there is another number of them.
    """
    state = [number(value) for value in account["zkappState"] or []]
    expect("zkappState.length", pinned.state_fields, len(state))
    return state


def account_fields(network: str, account: PublicKey, expires_at: int, *, service: str) -> list[int]:
    """The six fields that seller, operator or buyer sign to read an account until ``expires_at``.

    Only the service whose URL is ``service`` takes them: another one cannot use the signature (C1).
    """
    right = [text_field(ACCOUNT), network_field(network), *account.to_fields(), expires_at]
    return [*right, service_field(service)]


def exit_fields(network: str, account: PublicKey, asset: Asset, latest: int) -> list[int]:
    """What a buyer signs to leave; the request must be on chain by slot ``latest`` (A5).

    ``asset`` is what the account is kept in, here and in a withdrawal.
    """
    return [text_field(EXIT), network_field(network), *account.to_fields(), asset.token, latest]


def withdraw_fields(network: str, account: PublicKey, asset: Asset, exit_slot: int, amount: int) -> list[int]:
    """What a buyer signs to take out ``amount`` smallest units; it is used up with that exit slot (A12)."""
    return [
        text_field(WITHDRAW),
        network_field(network),
        *account.to_fields(),
        asset.token,
        exit_slot,
        amount,
    ]


def slot_seconds(answer: Mapping[str, Any]) -> int:
    """The present slot length, rounded down."""
    seconds = number(answer["daemonStatus"]["consensusConfiguration"]["slotDuration"]) // 1000
    if seconds < 1:
        raise ValueError("slot duration: expected at least a second")
    return seconds


def check_tip(answer: Mapping[str, Any], *, now: int) -> None:
    """The node's newest block is no older than a few slots (A13): a stuck node hides exits and withdrawals.

    Args:
        answer: ``data`` of the answer to ``account_query``.
        now: Unix seconds.

    Raises:
        NodeUnavailable: it is older, dated ahead of our clock, or not told.
    """
    try:
        made = number(answer["bestChain"][0]["protocolState"]["blockchainState"]["date"]) // 1000
        oldest, newest = now - STALE_SLOTS * slot_seconds(answer), now + TIP_AHEAD_SECONDS
    except OF_ANOTHER_FORM as error:
        raise unreadable(error) from error
    if not oldest <= made <= newest:
        raise NodeUnavailable(f"node: expected a newest block of {oldest} to {newest}, got one of {made}")


def tip_height(answer: Mapping[str, Any]) -> int:
    """The block that a node answered from, of an answer that ``check_node`` passed."""
    return number(answer["bestChain"][0]["protocolState"]["consensusState"]["blockHeight"])


def _check_payee(name: str, key: PublicKey, account: Any, asset: Asset) -> None:
    account = _existing(name, key, account)
    expect(f"{name}.publicKey", key.to_base58(), account["publicKey"])
    expect(f"{name}.token", asset.id, account["token"])
    for permission in ("access", "receive"):
        expect(f"{name}.permissions.{permission}", "None", account["permissions"][permission])


def _existing(name: str, key: PublicKey, account: Any) -> Any:
    if account is None:
        raise AccountRefused(f"{name}: expected the account {key.to_base58()} to exist, got none")
    return account


def _check_identity(account: Mapping[str, Any], address: PublicKey, pinned: Pinned, asset: Asset) -> None:
    expect("publicKey", address.to_base58(), account["publicKey"])
    expect("token", asset.id, account["token"])
    key = account["verificationKey"]
    expect("verificationKey.hash", pinned.verification_key, key["hash"] if key else None)


def check_permissions(
    permissions: Mapping[str, Any] | None, wanted: Mapping[str, str], *, txn_version: int
) -> None:
    """Exactly these permissions, and code that can never be set.

    Args:
        permissions: of an account, as a node tells them.
        wanted: all but ``setVerificationKey``, which must be impossible for ever.
        txn_version: of the network's protocol; with an older one the account's own key can set the code.

    Raises:
        AccountRefused: one differs, is missing, or is known to nobody.
    """
    expected: dict[str, Any] = {f"permissions.{name}": value for name, value in wanted.items()}
    got = {f"permissions.{name}": value for name, value in _members(permissions)}
    key = dict(_members(got.pop("permissions.setVerificationKey", None)))
    expected["permissions.setVerificationKey.auth"] = "Impossible"
    expected["permissions.setVerificationKey.txnVersion"] = str(txn_version)
    got |= {f"permissions.setVerificationKey.{name}": str(value) for name, value in key.items()}
    for name in sorted(expected.keys() | got.keys()):
        expect(name, expected.get(name, "nothing by that name"), got.get(name))


def _members(value: object) -> Iterable[tuple[str, Any]]:
    """None of what a node gives in place of an object."""
    return value.items() if isinstance(value, Mapping) else ()


def _check_timing(timing: Mapping[str, Any]) -> None:
    """Money that vests later cannot be settled now."""
    for name in TIMING:
        expect(f"timing.{name}", None, timing.get(name))


def _view(
    account: Mapping[str, Any],
    address: PublicKey,
    terms: Terms,
    pinned: Pinned,
    *,
    height: int,
    slot_seconds: int,
) -> AccountView:
    """The state, in the order of ``PrepaidAccount``'s declarations."""
    state = state_of(account, pinned)
    terms_hash, buyer_x, buyer_odd, spent, exit_slot, accrued, root, count = state[:8]
    expect("state.termsHash", terms.hash, terms_hash)
    expect("state.exitSlot", 0, exit_slot)
    for index, value in enumerate(state[8:], start=8):
        expect(f"state[{index}]", 0, value)
    try:
        buyer = PublicKey(buyer_x, buyer_odd)
    except ValueError as error:
        raise AccountRefused(f"state.buyer: {error}") from error
    balance = number(account["balance"]["total"])
    return AccountView(address, buyer, balance, spent, accrued, root, count, height, slot_seconds)


def _check_proved(view: AccountView, due: int | None) -> None:
    """Only proofs change what the account says it has paid, once it was seen before anything was settled.

    Its buyer chose the state that it was opened with. A proof may come before the ledger knows of the run's
    end, so what was paid may be more than is due for that moment only: then there is no new call.
    """
    if due is None:
        for name, got in (("spent", view.spent), ("receiptsRoot", view.root), ("receiptsCount", view.count)):
            expect(f"state.{name}", 0, got)
    elif view.spent > due:
        raise AccountRefused(f"state.spent: expected at most what is due here, {due}, got {view.spent}")


def _check_settled(view: AccountView, settled: Settled) -> None:
    """What the account says it has paid is what the oracle has signed, and nothing else.

    Its buyer chose the state that it was opened with: no ledger is asked for a count that no contract makes.
    """
    known = (0, 0) if view.count == 0 else settled(view.count) if view.count <= MAX_UINT32 else None
    if known is None:
        raise AccountRefused(f"state.receiptsCount: expected that of a signed due, got {view.count}")
    expect("state.spent", known[0], view.spent)
    expect("state.receiptsRoot", known[1], view.root)


def _check_accrued(view: AccountView, terms: Terms) -> None:
    most = min(terms.operator_part(view.spent), view.balance)
    if view.accrued > most:
        raise AccountRefused(f"state.accrued: expected at most {most}, got {view.accrued}")
