"""A1 and A11 against o1js: what the contracts' own tools opened, told by the local chain's GraphQL."""

import json
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from local.chain import CONTRACTS, MinaChain
from local.contract import run_tool
from mina.keys import PrivateKey, PublicKey
from mina.sign import sign_fields
from sealrun.adapters.mina.node import MinaNodes
from sealrun.chain.account import AccountView, Pinned, account_fields, check_account, exit_fields
from sealrun.chain.offer_contract import credential_document
from sealrun.errors import AccountRefused, OfferClosed, Unavailable
from sealrun.offers.asset import MINA
from sealrun.offers.terms import Terms
from sealrun.runs.run import RunStatus
from sealrun.service.credentials import Credential, open_credential
from sealrun.workflows.publish_offer import publish_offer
from sealrun.workflows.read_account import read_account
from sealrun.workflows.read_contract import OfferContracts
from tests.outgoing import HttpxClient
from tests.sealrun.fakes import FakeClock, FakeKeys
from tests.sealrun.market import SERVICE, Market
from tests.sealrun.world import (
    ACCOUNT,
    BUYER,
    CONTRACT,
    OPERATOR,
    PRICE,
    SELLER,
    make_chain_offer,
    terms_value,
)

DEPOSIT = 20_000_000_000
FUNDS = 1000 * 10**9
TERMS = Terms.parse(terms_value())
tool = partial(run_tool, proofs=False)

pytestmark = pytest.mark.peers


def pinned() -> Pinned:
    keys = json.loads((CONTRACTS / "verification_keys.json").read_text())
    return Pinned(verification_key=keys["PrepaidAccount"]["hash"])


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A chain that counts every proof as valid, with an open account on it."""
    with MinaChain(tmp_path_factory.mktemp("chain"), proofs=False) as chain:
        yield opened(chain)


def opened(chain: MinaChain) -> str:
    """Fund everybody and open the buyer's account; the node's address."""
    for key in (BUYER, SELLER, OPERATOR):
        chain.faucet(key.public_key().to_base58(), FUNDS)
    tool(
        "open",
        node=chain.graphql,
        payer_key=BUYER.to_base58(),
        account_key=ACCOUNT.to_base58(),
        terms=TERMS.value(),
        deposit=str(DEPOSIT),
    )
    return str(chain.graphql)


def view(
    url: str, *, settled: tuple[int, int] | None = None, address: PublicKey | None = None
) -> AccountView:
    address = address or ACCOUNT.public_key()
    with HttpxClient(timeout=60, trust_env=False) as client:
        nodes = MinaNodes(client, urls=[url], clock=FakeClock(int(time.time())))
        answer = nodes.look(address, TERMS, newer_than=0, nodes=1)
    return check_account(
        answer.value,
        address=address,
        terms=TERMS,
        pinned=pinned(),
        settled=lambda _: settled,
        run_seconds=600,
    )


@pytest.fixture
def market(node: str) -> Iterator[Market]:
    """The market over the real chain."""
    made = Market(pinned=pinned())
    made.clock.now = int(time.time())  # the chain's blocks carry the machine's time (A13)
    with HttpxClient(timeout=60, trust_env=False) as client:
        made.chain = MinaNodes(client, urls=[node], clock=made.clock)
        yield made


def test_a1_an_account_opened_by_the_contracts_passes_and_another_does_not(node: str) -> None:
    found = view(node)
    assert (found.buyer, found.funds, found.count) == (BUYER.public_key(), DEPOSIT, 0)
    with pytest.raises(AccountRefused, match=r"verificationKey\.hash: expected"):
        view(node, address=BUYER.public_key())
    with pytest.raises(AccountRefused, match="to exist, got none"):
        view(node, address=PrivateKey.from_scalar(77).public_key())


def settlement(market: Market) -> dict[str, Any]:
    """What the seller reads, as the settling tool takes it."""
    until = market.clock.now + 60
    signature = sign_fields(
        SELLER, account_fields("mina:devnet", ACCOUNT.public_key(), until, service=SERVICE)
    )
    right = {
        "key": SELLER.public_key().to_base58(),
        "expires_at": str(until),
        "signature": signature.to_base58(),
    }
    return read_account(
        ACCOUNT.public_key().to_base58(),
        right,
        service=SERVICE,
        ledger=market.ledger,
        oracle=lambda _: market.oracle,
        now=market.clock.now,
    )


def test_a8_what_the_ledger_hands_out_settles_and_the_account_passes_again(node: str, market: Market) -> None:
    market.bought(limit=PRICE, nonce=1)
    market.provider.ends_as = RunStatus.FAILED
    market.bought(limit=2 * PRICE, nonce=2)

    found = settlement(market)
    sent = {name: found[name] for name in ("account", "terms", "voucher", "due")}
    settled = tool("settle", node=node, payer_key=SELLER.to_base58(), **sent)
    assert (settled["status"], settled["spent"]) == ("included", str(PRICE))
    again = tool("settle", node=node, payer_key=SELLER.to_base58(), **sent)
    assert again["status"] == "already-settled"

    after = view(node, settled=(PRICE, int(found["root"])))
    share = TERMS.operator_part(PRICE)
    assert (after.spent, after.accrued, after.count) == (PRICE, share, 2)
    assert (after.balance, after.funds) == (DEPOSIT - PRICE + share, DEPOSIT)
    market.clock.passes(60)
    assert market.pay(market.sign(limit=2 * PRICE, nonce=3)).first

    with pytest.raises(AccountRefused, match=r"state\.spent: expected 1"):
        view(node, settled=(1, int(found["root"])))
    signed = exit_fields("mina:devnet", ACCOUNT.public_key(), MINA, 500)
    signature = sign_fields(BUYER, signed).to_base58()
    leaving = {"account": found["account"], "terms": found["terms"], "latest": 500}
    tool("exit", node=node, payer_key=SELLER.to_base58(), signature=signature, **leaving)
    market.clock.passes(60)
    with pytest.raises(AccountRefused, match=r"state\.exitSlot: expected 0, got 600"):
        market.pay(market.sign(limit=3 * PRICE, nonce=4))


def contracts(market: Market) -> OfferContracts:
    keys = json.loads((CONTRACTS / "verification_keys.json").read_text())
    return OfferContracts(market.chain, Pinned(keys["Offer"]["hash"]))


def test_a11_the_credential_of_an_offer_that_the_contracts_opened_is_read_until_it_is_closed(
    node: str, market: Market
) -> None:
    offer, keys, entropy = make_chain_offer(), FakeKeys(), lambda size: bytes(range(size))
    published = {"token": "glpat-x", "webhook_secret": "w", "ledger": market.ledger, "keys": keys}
    made = publish_offer(offer, entropy=entropy, **published)
    reader, stored = contracts(market), market.ledger.offer(offer.hash)
    with pytest.raises(Unavailable, match="to exist, got none"):
        reader.sealed(stored, now=market.clock.now)

    opened = tool(
        "offer",
        node=node,
        payer_key=SELLER.to_base58(),
        offer_key=CONTRACT.to_base58(),
        offer_hash=str(offer.hash),
        terms=TERMS.value(),
        uri="https://calls.test/offers/" + offer.id,
        credential=json.loads(credential_document(offer.source.origin, made.sealed)),
    )
    assert opened["offer"] == CONTRACT.public_key().to_base58()
    market.clock.passes(60)
    state = reader.check(offer, newer_than=market.clock.now - 1)
    assert str(state.credential_hash) == opened["credential_hash"]
    assert open_credential(offer, reader.sealed(stored, now=market.clock.now), stored.sealing_key, keys) == (
        Credential("glpat-x", offer.source.origin, offer.source.project, offer.id)
    )
    other = make_chain_offer(title="Another offer of this contract")
    with pytest.raises(OfferClosed, match=r"expected state\.offerHash"):
        reader.check(other, newer_than=0)

    closing = {"offer": opened["offer"], "terms": TERMS.value(), "seller_key": SELLER.to_base58()}
    assert tool("close", node=node, payer_key=SELLER.to_base58(), **closing)["status"] == "included"
    market.clock.passes(60)
    with pytest.raises(OfferClosed, match="the seller closed the offer"):
        reader.sealed(stored, now=market.clock.now)
