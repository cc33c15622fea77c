"""A Mina node's answers about one account or contract, and a chain made of them."""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mina.keys import PublicKey
from sealrun.chain.account import MINA_TOKEN, PERMISSIONS, TIMING, Pinned
from sealrun.chain.credits import CREDIT_PERMISSIONS
from sealrun.chain.offer_contract import contract_of
from sealrun.chain.token import FUNGIBLE_CODE, VAULT_CODE
from sealrun.encoding.fields import document_hash
from sealrun.errors import NodeUnavailable
from sealrun.offers.asset import MINA, Asset
from sealrun.offers.offer import Offer
from sealrun.offers.terms import Terms
from sealrun.ports.node import Answer, asked_freely
from tests.sealrun.fakes import FakeClock
from tests.sealrun.world import ACCOUNT, BUYER, OPERATOR, SELLER, terms_value

PINNED = Pinned(verification_key="20497")
PINNED_PROVED = Pinned(verification_key="23011")
PINNED_OFFER = Pinned(verification_key="25869")
TERMS = Terms.parse(terms_value())
DEPOSIT = 20_000_000_000


def payee(key: PublicKey, token: str = MINA_TOKEN) -> dict[str, Any]:
    permissions = {"access": "None", "receive": "None"}
    return {"publicKey": key.to_base58(), "token": token, "permissions": permissions}


def token_answer(*, decimals: int = 0, symbol: str = "RUN", paused: int = 0) -> dict[str, Any]:
    """The owner of the token that the tests' offers name, as it must be; the seller's key owns it."""
    state = [decimals, *OPERATOR.public_key().to_fields(), paused, 0, 0, 0, 0]
    return {
        "publicKey": SELLER.public_key().to_base58(),
        "token": MINA_TOKEN,
        "tokenSymbol": symbol,
        "zkappState": [str(value) for value in state],
        "verificationKey": {"hash": FUNGIBLE_CODE},
        "permissions": {
            "access": "Proof",
            "editState": "Proof",
            "setPermissions": "Impossible",
            "setVerificationKey": {"auth": "Impossible", "txnVersion": "3"},
        },
    }


def supply_answer(
    asset: Asset, held: Mapping[PublicKey, int], circulating: int, *, date: int = 1_800_000_000
) -> dict[str, Any]:
    """All accounts of the same token, with what its code counts as circulating."""
    accounts = {SELLER.public_key(): circulating, **held}
    return {
        "syncStatus": "SYNCED",
        "networkID": "mina:devnet",
        "daemonStatus": {"consensusConfiguration": {"slotDuration": 180_000}},
        "bestChain": [{"protocolState": {"blockchainState": {"date": str(date * 1000)}}}],
        "tokenOwner": {"publicKey": SELLER.public_key().to_base58()},
        "tokenAccounts": [
            {"publicKey": key.to_base58(), "token": asset.id, "balance": {"total": str(units)}}
            for key, units in accounts.items()
        ],
    }


def backing_answer(
    vault: dict[str, Any] | None,
    *,
    out: int = 3,
    own: int = 0,
    uri: str = "",
    date: int = 1_800_000_000,
) -> dict[str, Any]:
    """The same token with its admin, which is no contract unless a vault is given."""
    permissions: dict[str, Any] = {
        **CREDIT_PERMISSIONS,
        "setVerificationKey": {"auth": "Impossible", "txnVersion": "3"},
    }
    rest = {"permissions": permissions, "timing": dict.fromkeys(TIMING), "balance": {"total": "0"}}
    return {
        "syncStatus": "SYNCED",
        "networkID": "mina:devnet",
        "daemonStatus": {"consensusConfiguration": {"slotDuration": 180_000}},
        "bestChain": [
            {
                "protocolState": {
                    "blockchainState": {"date": str(date * 1000)},
                    "consensusState": {"slotSinceGenesis": "800"},
                }
            }
        ],
        "token": {**token_answer(), **rest, "zkappUri": uri},
        "vault": None if vault is None else {**rest, **vault},
        "counted": {"balance": {"total": str(out)}},
        "own": {"balance": {"total": str(own)}},
    }


def vault_answer(
    *, cap: int = 100, minted: int = 60, backing: int = 10**9, locked: int = 60 * 10**9
) -> dict[str, Any]:
    """The vault of the same token, at the operator's address."""
    seller, owner = SELLER.public_key(), SELLER.public_key()
    state = [*seller.to_fields(), *owner.to_fields(), cap, minted, backing, 29_600]
    return {
        "publicKey": OPERATOR.public_key().to_base58(),
        "token": MINA_TOKEN,
        "balance": {"total": str(locked)},
        "zkappState": [str(value) for value in state],
        "verificationKey": {"hash": VAULT_CODE},
    }


def account_answer(
    *,
    balance: int = DEPOSIT,
    terms: Terms = TERMS,
    buyer: PublicKey | None = None,
    spent: int = 0,
    exit_slot: int = 0,
    accrued: int = 0,
    root: int = 0,
    count: int = 0,
    height: int = 100,
    date: int = 1_800_000_000,
) -> dict[str, Any]:
    """What a synced node says of an account that is as it must be, with changes."""
    key = buyer or BUYER.public_key()
    state = [terms.hash, *key.to_fields(), spent, exit_slot, accrued, root, count]
    permissions: dict[str, Any] = {
        **PERMISSIONS,
        "setVerificationKey": {"auth": "Impossible", "txnVersion": "3"},
    }
    account = {
        "publicKey": ACCOUNT.public_key().to_base58(),
        "token": terms.asset.id,
        "balance": {"total": str(balance)},
        "zkappState": [str(value) for value in state],
        "verificationKey": {"hash": (PINNED if terms.oracle else PINNED_PROVED).verification_key},
        "permissions": permissions,
        "timing": dict.fromkeys(TIMING),
    }
    return {
        "syncStatus": "SYNCED",
        "networkID": "mina:devnet",
        "daemonStatus": {"consensusConfiguration": {"slotDuration": 180_000}},
        "bestChain": [
            {
                "protocolState": {
                    "blockchainState": {"date": str(date * 1000)},
                    "consensusState": {"blockHeight": str(height)},
                }
            }
        ],
        "account": account,
        **({} if terms.asset == MINA else {"token": token_answer()}),
        "seller": payee(SELLER.public_key(), terms.asset.id),
        "operator": payee(OPERATOR.public_key(), terms.asset.id),
    }


@dataclass
class FakeChain:
    """Answers with what it was told, as old as it may be, and counts how often it was asked."""

    clock: FakeClock
    answer: dict[str, Any] = field(default_factory=account_answer)
    down: bool = False
    looks: int = 0
    cached: Answer | None = None
    told: list[object] = field(default_factory=list)  # the events of an archive
    asked: int = 0
    supplies: int = 0
    held: dict[PublicKey, int] = field(default_factory=lambda: {BUYER.public_key(): 3})
    circulating: int = 3
    backed: dict[str, Any] = field(default_factory=lambda: backing_answer(None))

    def supply(self, terms: Terms, *, nodes: int) -> Sequence[Mapping[str, Any]]:
        self.supplies += 1
        if self.down:
            raise NodeUnavailable("node: expected an answer, got none")
        return [supply_answer(terms.asset, self.held, self.circulating)] * nodes

    def backing(
        self, owner: PublicKey, admin: PublicKey, terms: Terms, *, nodes: int
    ) -> Sequence[Mapping[str, Any]]:
        if self.down:
            raise NodeUnavailable("node: expected an answer, got none")
        return [copy.deepcopy(self.backed)] * nodes

    def look(
        self,
        address: PublicKey | None,
        terms: Terms,
        *,
        newer_than: int,
        nodes: int,
        asking: Callable[[], object] = asked_freely,
    ) -> Answer:
        if self.cached and self.cached.at > newer_than:
            return self.cached
        asking()
        self.looks += 1
        if self.down:
            raise NodeUnavailable("node: expected an answer, got none")
        self.cached = Answer(copy.deepcopy(self.answer), self.clock.now)
        return self.cached

    def events(self, address: PublicKey, *, height: int) -> Iterator[object]:
        self.asked += 1
        if self.down:
            raise NodeUnavailable("archive: expected events, got none")
        yield from self.told


def event_of(document: bytes) -> list[str]:
    """The fields of an event that holds these bytes, as an archive tells them."""
    chunks = [document[start : start + 31] for start in range(0, len(document), 31)]
    return [str(len(document)), *(str(int.from_bytes(chunk, "little")) for chunk in chunks)]


def contract_answer(offer: Offer, document: bytes, *, closed: int = 0, **changes: Any) -> dict[str, Any]:
    """What a synced node says of an offer's contract that is as it must be, with changes of its account."""
    answer = account_answer()
    contract, _ = contract_of(offer)
    state = [offer.hash, offer.terms, document_hash("sealrun:credential", document), closed, 0, 0, 0, 0]
    account = {
        **answer["account"],
        "publicKey": contract.to_base58(),
        "zkappState": [str(value) for value in state],
        "verificationKey": {"hash": PINNED_OFFER.verification_key},
        "permissions": {**answer["account"]["permissions"], "access": "Proof"},
    }
    return {**answer, "account": {**account, **changes}}
