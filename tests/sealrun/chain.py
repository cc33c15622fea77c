"""A Mina node's answers about one account, and a chain made of them."""

import copy
from dataclasses import dataclass, field
from typing import Any

from mina.keys import PublicKey
from sealrun.accounts import MINA_TOKEN, PERMISSIONS, TIMING, Pinned
from sealrun.errors import NodeUnavailable
from sealrun.ports import Answer
from sealrun.terms import Terms
from tests.sealrun.fakes import FakeClock
from tests.sealrun.world import ACCOUNT, BUYER, OPERATOR, SELLER, terms_value

PINNED = Pinned(verification_key="20497")
TERMS = Terms.parse(terms_value())
DEPOSIT = 20_000_000_000


def payee(key: PublicKey) -> dict[str, Any]:
    permissions = {"access": "None", "receive": "None"}
    return {"publicKey": key.to_base58(), "token": MINA_TOKEN, "permissions": permissions}


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
        "token": MINA_TOKEN,
        "balance": {"total": str(balance)},
        "zkappState": [str(value) for value in state],
        "verificationKey": {"hash": PINNED.verification_key},
        "permissions": permissions,
        "timing": dict.fromkeys(TIMING),
    }
    return {
        "syncStatus": "SYNCED",
        "networkID": "mina:devnet",
        "daemonStatus": {"consensusConfiguration": {"slotDuration": 180_000}},
        "bestChain": [{"protocolState": {"consensusState": {"blockHeight": str(height)}}}],
        "account": account,
        "seller": payee(SELLER.public_key()),
        "operator": payee(OPERATOR.public_key()),
    }


@dataclass
class FakeChain:
    """Answers with what it was told, as old as it may be, and counts how often it was asked."""

    clock: FakeClock
    answer: dict[str, Any] = field(default_factory=account_answer)
    down: bool = False
    looks: int = 0
    cached: Answer | None = None

    def look(self, address: PublicKey | None, terms: Terms, *, newer_than: int, nodes: int) -> Answer:
        if self.cached and self.cached.at > newer_than:
            return self.cached
        self.looks += 1
        if self.down:
            raise NodeUnavailable("node: expected an answer, got none")
        self.cached = Answer(copy.deepcopy(self.answer), self.clock.now)
        return self.cached
