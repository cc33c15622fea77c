"""A11: a sale whose API token lies on chain; the operator's table holds only the key that opens it."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.chain import MinaChain
from local.contract import Contract
from local.market import Market, in_mina
from local.people import People
from local.sale import LEDGER, PAYMENT, PRICE, Sale
from local.stack import Stack
from local.steps import Progress
from mina.keys import PrivateKey
from sealrun.adapters.aws.dynamodb import DynamoLedger
from sealrun.offers.offer import Offer
from sealrun.offers.stored_offer import StoredOffer
from sealrun.workflows.check_health import FRESH_SECONDS
from tests.spine.conftest import PROPERTIES, repository

pytestmark = pytest.mark.peers


@dataclass
class Setting:
    """A running stack with one offer whose credential is on chain."""

    stack: Stack
    sale: Sale
    contract: Contract
    token: str

    @property
    def stored(self) -> StoredOffer:
        aws = self.stack.aws
        ledger = DynamoLedger(aws.client("dynamodb"), table=self.stack.provisioned.table)
        found = ledger.offer(self.sale.offer.hash)
        assert found is not None
        return found


@pytest.fixture(scope="module")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    folder = tmp_path_factory.mktemp("chain-credential")
    people = People.make(folder / "keys")
    with (
        MinaChain(folder / "chain", proofs=False) as chain,
        Stack(folder / "stack", with_gitlab=True, environment=chain.environment(LEDGER)) as stack,
    ):
        people.fund(chain)
        assert stack.gitlab is not None
        contract = Contract(chain, people.seller, PrivateKey.from_scalar(6006))
        market = Market(stack, stack.gitlab, people.oracle)
        offer, token = published(market, people, contract, folder / "seller")
        sale = Sale(Progress(9), chain, people, stack.url, offer, folder)
        yield Setting(stack, sale, contract, token)


def published(market: Market[Stack], people: People, contract: Contract, folder: Path) -> tuple[Offer, str]:
    commit = repository(folder)
    paid: dict[str, Any] = {"prices": in_mina(PRICE), "terms": people.terms(LEDGER), "payment": PAYMENT}
    offer, token = market.offer_pipeline(
        "seller/greetings",
        folder,
        tag="v1",
        commit=commit,
        properties=PROPERTIES,
        credential=contract.member,
        **paid,
    )
    market.publish(offer, token.value, contract=contract)
    return offer, token.value


def test_a11_a_paid_call_runs_with_the_token_from_the_chain(setting: Setting) -> None:
    assert (setting.stored.sealed, setting.stored.suspended, setting.stored.closed) == (b"", "", "")
    setting.sale.open()
    answer = setting.sale.buy("greeting=hello")
    setting.sale.follow(answer, states=("succeeded",))


def test_l8_an_offer_that_its_seller_closed_on_chain_takes_no_call(setting: Setting) -> None:
    setting.contract.close(setting.sale.offer)
    end = time.monotonic() + 2 * FRESH_SECONDS
    while not setting.stored.closed and time.monotonic() < end:
        setting.stack.host.invoke("health", {})
        time.sleep(2)
    assert "the seller closed the offer" in setting.stored.closed
    refused = httpx.post(f"{setting.sale.offer_url}/calls", json={}, timeout=60)
    assert (refused.status_code, refused.headers["content-type"]) == (503, "application/problem+json")
    assert "the seller closed the offer" in refused.json()["detail"]
