"""Credits as a node tells them to people who deal in them (A17)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mina import tokens
from mina.keys import PublicKey
from sealrun.adapters.mina.node import MAX_SUPPLY_BYTES
from sealrun.chain.credits import (
    SLOT_QUERY,
    AskView,
    Codes,
    Credit,
    ask_member,
    check_ask,
    check_credit,
    credit_query,
    holders_query,
    owner_query,
    slot_of,
    vault_of,
)
from sealrun.chain.token import check_supply, supply_query
from sealrun.errors import SealrunError
from sealrun.offers.asset import MINA, Amount, asset_of
from sealrun_cli.lib.contracts import pinned_keys
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.nodes import data_of
from sealrun_cli.lib.service import MAX_ANSWER_BYTES, Service, well_formed
from sealrun_cli.lib.units import SLOT_SECONDS, slot_date


@dataclass(frozen=True)
class Trader:
    """Somebody in the same answer as the credit."""

    nonce: int
    money: Amount  # in MINA
    held: Amount  # in credits
    has_account: bool  # in the token


@dataclass(frozen=True)
class Look:
    """One answer of one node."""

    credit: Credit
    payer: Trader
    ask: AskView | None
    other: Trader  # whoever is given something; the payer if nobody was named


def codes() -> Codes:
    """What the installed contracts are compiled to."""
    keys = pinned_keys()
    return Codes(keys["CreditVault"], keys["Ask"], keys["FungibleToken"])


def address_of(text: str, name: str) -> PublicKey:
    """A public key of the command line.

    Raises:
        CliError: it is none.
    """
    try:
        return PublicKey.from_base58(text)
    except ValueError as error:
        raise CliError("bad-request", f"{name}: {error}") from error


@dataclass(frozen=True)
class CreditNode:
    """A node and the network that it must be of."""

    service: Service
    url: str
    network: str

    def look(self, token: PublicKey, payer: PublicKey, *, ask: str = "", other: str = "") -> Look:
        """Credit, ask and payer, in one answer.

        Raises:
            AccountRefused: the token is no credit, or the ask none of it.
            NodeUnavailable: the node is not one to believe now.
            CliError: the payer has no account, or the node gives no answer.
        """
        vault = vault_of(self._data(owner_query(token)), self.network)
        asset = asset_of(tokens.derive_token_id(token))
        to = address_of(other, "to") if other else payer
        more = [*_trader("payer", payer, asset.id), *_trader("other", to, asset.id)]
        if ask:
            more.append(ask_member("ask", address_of(ask, "ask"), asset))
        answer = self._data(credit_query(token, vault, " ".join(more)))
        credit = check_credit(answer, token, network=self.network, codes=codes())
        found = None
        if ask:
            found = check_ask(answer.get("ask"), address_of(ask, "ask"), credit.asset, codes=codes())
        if answer.get("payer") is None:
            raise CliError("account-missing", f"payer: expected an account of {payer.to_base58()}, got none")
        with well_formed("node-unavailable", self.url):
            payer_view, other_view = (_read_trader(answer, each, credit) for each in ("payer", "other"))
        return Look(credit, payer_view, found, other_view)

    def slot(self) -> int:
        """The newest block's.

        Raises:
            NodeUnavailable: the node is not one to believe now.
        """
        return slot_of(self._data(SLOT_QUERY), self.network)

    def credit(self, token: PublicKey) -> Credit:
        """The credit alone; raises what ``look`` does."""
        vault = vault_of(self._data(owner_query(token)), self.network)
        return check_credit(
            self._data(credit_query(token, vault)), token, network=self.network, codes=codes()
        )

    def check_counted(self, credit: Credit) -> None:
        """All accounts of the token together hold what is counted.

        Raises:
            AccountRefused: they do not, so that the backing covers only a part of them.
            NodeUnavailable: the node is not one to believe now.
        """
        answer = self._data(supply_query(credit.asset), at_most=MAX_SUPPLY_BYTES)
        check_supply(answer, credit.asset, network=self.network)

    def asks(self, credit: Credit) -> tuple[list[AskView], int]:
        """All asks that hold some of the credit, cheapest first, and how many accounts hold any.

        Raises what ``check_counted`` does.
        """
        answer = self._data(holders_query(credit.asset), at_most=MAX_SUPPLY_BYTES)
        check_supply(answer, credit.asset, network=self.network)
        others = [each for each in answer["tokenAccounts"] if each["publicKey"] != credit.owner.to_base58()]
        asks = [view for each in others if (view := _ask_of(each, credit)) is not None and view.amount]
        return sorted(asks, key=lambda each: each.price.units), len(others)

    def _data(self, query: str, *, at_most: int = MAX_ANSWER_BYTES) -> Mapping[str, Any]:
        return data_of(self.service, self.url, query, at_most=at_most)


def ask_value(ask: AskView) -> dict[str, str]:
    """An ask as JSON: nanomina for one credit, and how many there are."""
    return {
        "ask": ask.address.to_base58(),
        "seller": ask.seller.to_base58(),
        "price": str(ask.price.units),
        "amount": str(ask.amount),
    }


def told(credit: Credit, words: str = "") -> list[str]:
    """The credit as people read it. Never more than what holds: what locks, for whom, from when on."""
    asset, backed = credit.asset, credit.backing
    backing = f"{backed} behind each, {credit.locked} in the vault" if backed.units else "nothing behind it"
    date = slot_date(credit.expiry, 0)
    ends = "expired: every holder gets the backing" if credit.expired else f"until {date}{_left(credit)}"
    return [
        f"credit   {asset.symbol}, {asset.id}",
        f"         seller {credit.seller.to_base58()}",
        f"         {words or backing}, {ends}",
        *([f"         {backing}"] if words else []),
        f"         {credit.circulating} out, {credit.minted} minted, at most {credit.cap}",
    ]


def _left(credit: Credit) -> str:
    days = (credit.expiry - credit.slot) * SLOT_SECONDS // 86_400
    return f", about {days} days"


def _ask_of(account: Any, credit: Credit) -> AskView | None:
    """The ask that this account is; None for all others, of which nothing is said."""
    try:
        address = PublicKey.from_base58(account["publicKey"])
        return check_ask(account, address, credit.asset, codes=codes())
    except (SealrunError, ValueError, KeyError, TypeError):
        return None


def _trader(name: str, key: PublicKey, token: str) -> Sequence[str]:
    address = key.to_base58()
    return (
        f'{name}:account(publicKey:"{address}"){{nonce balance{{total}}}}',
        f'{name}Held:account(publicKey:"{address}",token:"{token}"){{balance{{total}}}}',
    )


def _read_trader(answer: Any, name: str, credit: Credit) -> Trader:
    account, held = answer.get(name), answer.get(f"{name}Held")
    return Trader(
        nonce=int(account["nonce"]) if account else 0,
        money=MINA.of(account["balance"]["total"] if account else 0),
        held=credit.asset.of(held["balance"]["total"] if held else 0),
        has_account=held is not None,
    )
