"""Credits and asks as a Mina node tells them: what must hold before a token is called a credit (A17).

A credit is worth what its promise and its backing are worth. The backing is there if an unmodified
FungibleToken has a ``CreditVault`` for its admin, if both run the pinned code under permissions that leave no
key any power, and if all credits are counted. Everything but the count is read from one answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from mina import tokens
from mina.keys import PublicKey
from sealrun.chain.account import PERMISSIONS, TIMING, Pinned, check_code, state_of
from sealrun.chain.answers import OF_ANOTHER_FORM, check_synced, expect, number, permissions_query, unreadable
from sealrun.chain.token import FUNGIBLE_CODE
from sealrun.errors import AccountRefused, Malformed
from sealrun.offers.asset import MINA, Amount, Asset
from sealrun.offers.offer import Offer, Priced
from sealrun.offers.prices import named_asset
from sealrun.offers.promise import Promise, names_promise

# Only proofs use token and vault at all.
CREDIT_PERMISSIONS = {**PERMISSIONS, "access": "Proof"}
_TIMING = f"timing{{{' '.join(TIMING)}}}"
_CONTRACT = (
    "publicKey token balance{total} zkappState verificationKey{hash} "
    f"{permissions_query(PERMISSIONS)} {_TIMING}"
)
_SLOT = "bestChain(maxLength:1){protocolState{blockchainState{date} consensusState{slotSinceGenesis}}}"

MONTH_SECONDS = 30 * 86_400

SLOT_QUERY = f"{{syncStatus networkID {_SLOT}}}"


class Codes(NamedTuple):
    """Hashes of verification keys, decimal numbers: contracts/verification_keys.json; and the protocol."""

    vault: str
    ask: str
    token: str = FUNGIBLE_CODE
    txn_version: int = 3
    state_fields: int = 8

    def pinned(self, code: str) -> Pinned:
        """For one of the three."""
        return Pinned(code, self.txn_version, self.state_fields)


@dataclass(frozen=True)
class Credit:
    """A token that passed ``check_credit``; that no credit is uncounted is ``check_supply``'s to say."""

    asset: Asset
    owner: PublicKey
    vault: PublicKey
    seller: PublicKey
    uri: str
    cap: int
    minted: int
    backing: Amount  # in MINA, for each credit
    expiry: int  # slot
    circulating: int
    locked: Amount  # in MINA, in the vault
    slot: int  # of the newest block

    @property
    def expired(self) -> bool:
        """Nothing is minted any more, and every holder gets the backing."""
        return self.slot >= self.expiry


@dataclass(frozen=True)
class AskView:
    """An ask that passed ``check_ask``."""

    address: PublicKey
    seller: PublicKey
    price: Amount  # in MINA, for one
    amount: int


def owner_query(owner: PublicKey) -> str:
    """The question that tells which vault a token has."""
    return f'{{syncStatus networkID token:account(publicKey:"{owner.to_base58()}"){{zkappState}}}}'


def vault_of(answer: Mapping[str, Any], network: str) -> PublicKey:
    """The admin of the token that ``owner_query`` asked for. Nothing else of it is checked.

    Raises:
        AccountRefused: there is no such token.
        NodeUnavailable: the node is not synced, of another network, or does not answer in this form.
    """
    check_synced(answer, network)
    try:
        state = (answer.get("token") or {}).get("zkappState") or []
        return PublicKey(number(state[1]), number(state[2]))
    except OF_ANOTHER_FORM as error:
        raise AccountRefused("token: expected one that its admin's vault backs, got none") from error


def credit_query(owner: PublicKey, vault: PublicKey, more: str = "") -> str:
    """The one question about token and vault; ``more`` are further accounts to ask for with it."""
    token, address = tokens.to_base58(tokens.derive_token_id(owner)), owner.to_base58()
    return (
        f"{{syncStatus networkID {_SLOT} "
        f'token:account(publicKey:"{address}"){{{_CONTRACT} tokenSymbol zkappUri}} '
        f'vault:account(publicKey:"{vault.to_base58()}"){{{_CONTRACT}}} '
        f'counted:account(publicKey:"{address}",token:"{token}"){{balance{{total}}}} {more}}}'
    )


def ask_member(name: str, address: PublicKey, asset: Asset) -> str:
    """An ask in a question, by this name."""
    return f'{name}:account(publicKey:"{address.to_base58()}",token:"{asset.id}"){{{_CONTRACT}}}'


def holders_query(asset: Asset) -> str:
    """The question for all accounts of the token, which ``check_supply`` reads too, with what tells asks."""
    return (
        f'{{syncStatus networkID tokenOwner(tokenId:"{asset.id}"){{publicKey}} '
        f'tokenAccounts(tokenId:"{asset.id}"){{{_CONTRACT}}}}}'
    )


def check_credit(answer: Mapping[str, Any], owner: PublicKey, *, network: str, codes: Codes) -> Credit:
    """Every property of token and vault, in one answer to ``credit_query``.

    Raises:
        AccountRefused: a property is not as it must be; the text names it.
        NodeUnavailable: the node is not synced, of another network, or does not answer in this form.
    """
    check_synced(answer, network)
    try:
        token, vault = _existing(answer["token"]), _existing(answer["vault"])
        check_code(token, owner, codes.pinned(codes.token), permissions=CREDIT_PERMISSIONS)
        address = PublicKey.from_base58(vault["publicKey"])
        decimals, admin_x, admin_odd, paused = state_of(token, codes.pinned(codes.token))[:4]
        expect("token.admin", [*address.to_fields()], [admin_x, admin_odd])
        expect("token.decimals", 0, decimals)
        expect("token.paused", 0, paused)
        return _credit(answer, owner, address, codes, slot=slot_of(answer, network))
    except Malformed as error:
        raise AccountRefused(f"token: {error.detail}") from error
    except OF_ANOTHER_FORM as error:
        raise unreadable(error) from error


def backing_query(owner: PublicKey, admin: PublicKey, seller: PublicKey) -> str:
    """The question about a token, its admin, and what a seller holds of the token itself.

    The answer tells the time of the node's own tip, too: see ``sealrun.chain.account.check_tip``.
    """
    token = tokens.to_base58(tokens.derive_token_id(owner))
    own = f'own:account(publicKey:"{seller.to_base58()}",token:"{token}"){{balance{{total}}}}'
    return credit_query(owner, admin, f"daemonStatus{{consensusConfiguration{{slotDuration}}}} {own}")


def check_backing(
    answer: Mapping[str, Any], owner: PublicKey, *, network: str, codes: Codes
) -> Credit | None:
    """The credit, whose backing is there; None for a token that does not say that it is a credit.

    A token says so by its admin, if that runs a vault's code, or by a URI that names a promise.

    Args:
        answer: ``data`` of the answer to ``backing_query``.
        owner: of the token.
        network: that the node must be of.
        codes: what a credit's contracts are compiled to.

    Raises:
        AccountRefused: it says that it is a credit, and a property is not as it must be.
        NodeUnavailable: the node is not synced, of another network, or does not answer in this form.
    """
    check_synced(answer, network)
    try:
        code = (answer["vault"] or {}).get("verificationKey") or {}
        uri = str((answer["token"] or {}).get("zkappUri") or "")
        if code.get("hash") != codes.vault and not names_promise(uri):
            return None
    except OF_ANOTHER_FORM as error:
        raise unreadable(error) from error
    return check_credit(answer, owner, network=network, codes=codes)


def check_served(
    credit: Credit, answer: Mapping[str, Any], offer: Offer, priced: Priced, *, slot_seconds: int
) -> None:
    """A call that is taken now is settled before the expiry, and the offer's minutes serve all that are out.

    Credits that the offer's seller holds itself are not out.

    Args:
        credit: that ``check_backing`` found.
        answer: the same answer; ``backing_query`` asked for the offer's seller.
        offer: whose limits say how many runs a month has, and how long one may take.
        priced: its price in the credit.
        slot_seconds: of the network.

    Raises:
        AccountRefused: it is not, or there are more.
        NodeUnavailable: the node does not answer in this form.
    """
    (cost, terms), limits = priced, offer.limits
    settling_seconds = terms.settling_seconds(limits.longest)
    if (credit.expiry - credit.slot) * slot_seconds < settling_seconds:
        ends = f"{'expired' if credit.expired else 'expires'} at slot {credit.expiry}"
        minutes = -(-settling_seconds // 60)
        raise AccountRefused(
            f"credits: expected an expiry at least {minutes} min ahead, which a call and its settlement may "
            f"take, got {credit.asset.symbol}, which {ends}"
        )
    try:
        own = number(answer["own"]["balance"]["total"]) if answer["own"] else 0
    except OF_ANOTHER_FORM as error:
        raise unreadable(error) from error
    months = -(-(credit.expiry - credit.slot) * slot_seconds // MONTH_SECONDS)
    served = credit.asset.of(months * (limits.minutes_per_month // limits.minutes) * cost.units)
    out = credit.asset.of(credit.circulating - (own if credit.seller == terms.seller else 0))
    if out.units > served.units:
        raise AccountRefused(
            f"credits: expected at most {served} out, which the offer's minutes serve until slot "
            f"{credit.expiry}, got {out}"
        )


def slot_of(answer: Mapping[str, Any], network: str) -> int:
    """The newest block's slot, in an answer to ``SLOT_QUERY`` or ``credit_query``.

    Raises:
        NodeUnavailable: the node is not synced, of another network, or does not answer in this form.
    """
    check_synced(answer, network)
    try:
        return number(answer["bestChain"][0]["protocolState"]["consensusState"]["slotSinceGenesis"])
    except OF_ANOTHER_FORM as error:
        raise unreadable(error) from error


def check_agrees(promise: Promise, credit: Credit, network: str) -> None:
    """The promise says of the credit what the chain says.

    Raises:
        AccountRefused: a number, a name or a key differs.
    """
    expect("promise.network", network, promise.network)
    for name, chain in (("token", credit.owner), ("vault", credit.vault), ("seller", credit.seller)):
        expect(f"promise.{name}", chain.to_base58(), getattr(promise, name).to_base58())
    expect("promise.symbol", credit.asset.symbol, promise.symbol)
    for name in ("cap", "expiry"):
        expect(f"promise.{name}", getattr(credit, name), getattr(promise, name))
    expect("promise.backing", credit.backing.units, promise.backing.units)


def check_ask(account: Any, address: PublicKey, asset: Asset, *, codes: Codes) -> AskView:
    """Every property of an ask, of an account that ``ask_member`` asked for.

    Raises:
        AccountRefused: a property is not as it must be, or the ask is no account of this token.
        NodeUnavailable: the node does not answer in this form.
    """
    if account is None:
        raise AccountRefused(f"ask: expected one in {asset.symbol} at {address.to_base58()}, got none")
    pinned = codes.pinned(codes.ask)
    try:
        check_code(account, address, pinned, permissions=PERMISSIONS, asset=asset)
        _check_timing("ask", account)
        x, odd, price, *rest = state_of(account, pinned)
        expect("ask.state", [0] * len(rest), rest)
        if price == 0:
            raise AccountRefused("ask.price: expected above 0, got 0")
        return AskView(
            address, _key("ask.seller", x, odd), MINA.of(price), number(account["balance"]["total"])
        )
    except OF_ANOTHER_FORM as error:
        raise unreadable(error) from error


def _credit(
    answer: Mapping[str, Any], owner: PublicKey, vault: PublicKey, codes: Codes, *, slot: int
) -> Credit:
    account = answer["vault"]
    pinned = codes.pinned(codes.vault)
    check_code(account, vault, pinned, permissions=CREDIT_PERMISSIONS)
    _check_timing("vault", account)
    seller_x, seller_odd, *kept, cap, minted, backing, expiry = state_of(account, pinned)[:8]
    expect("vault.token", [*owner.to_fields()], kept)
    circulating = number(answer["counted"]["balance"]["total"]) if answer["counted"] else 0
    locked = number(account["balance"]["total"])
    if not circulating <= minted <= cap:
        raise AccountRefused(f"vault.minted: expected {circulating} to {cap}, got {minted}")
    if locked < circulating * backing:
        short = MINA.of(circulating * backing)
        raise AccountRefused(f"vault.balance: expected at least {short}, got {MINA.of(locked)}")
    token = tokens.to_base58(tokens.derive_token_id(owner))
    named = {"asset": token, "symbol": answer["token"]["tokenSymbol"], "decimals": 0}
    return Credit(
        asset=named_asset(named),
        owner=owner,
        vault=vault,
        seller=_key("vault.seller", seller_x, seller_odd),
        uri=str(answer["token"]["zkappUri"] or ""),
        cap=cap,
        minted=minted,
        backing=MINA.of(backing),
        expiry=expiry,
        circulating=circulating,
        locked=MINA.of(locked),
        slot=slot,
    )


def _existing(account: Any) -> Mapping[str, Any]:
    if not isinstance(account, Mapping):
        raise AccountRefused("token: expected an owner and its vault, got none")
    return account


def _check_timing(name: str, account: Mapping[str, Any]) -> None:
    for each, value in (account["timing"] or {}).items():
        expect(f"{name}.timing.{each}", None, value)


def _key(name: str, x: int, is_odd: int) -> PublicKey:
    try:
        return PublicKey(x, is_odd)
    except ValueError as error:
        raise AccountRefused(f"{name}: {error}") from error
