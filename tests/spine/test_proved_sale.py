"""A sale that proofs of the CI's own token settle, by the commands alone; the chain counts proofs as valid.

``make demo-proved`` takes the same steps with real proofs.
"""

from collections.abc import Iterator

import pytest

from local import proved
from local.chain import MinaChain
from local.gitlab.server import GitLabServer
from local.market import Market
from local.people import People
from local.proved import ProvedSale
from local.prover import Prover
from local.sale import LEDGER, PRICE
from local.served import Served
from local.steps import Progress

pytestmark = pytest.mark.peers


@pytest.fixture(scope="module")
def sale(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProvedSale]:
    folder = tmp_path_factory.mktemp("proved-sale")
    people = People.make(folder / "keys")
    with (
        MinaChain(folder / "chain", proofs=False) as chain,
        Prover(folder / "prover.log") as prover,
        GitLabServer(folder / "gitlab") as gitlab,
        Served(folder / "service", environment=chain.environment(LEDGER)) as served,
    ):
        people.fund(chain)
        market = Market(served, gitlab, people.oracle)
        progress, seller = Progress(8), folder / "seller"
        offer = proved.offered(progress, chain, people, market, seller)
        yield ProvedSale(progress, chain, people, served.url, offer, folder, prover, seller_folder=seller)


def test_a_call_is_sold_proved_and_settled_and_whoever_has_the_oracles_key_moves_no_coin(
    sale: ProvedSale,
) -> None:
    sale.open()
    good, bad = sale.buy("greeting=hello"), sale.buy("greeting=fail")
    sale.follow(good, bad, states=("succeeded", "failed"))
    sale.prove(bad)
    sale.attack()
    assert [name for name, _ in sale.attempts()] == [
        "a due that the oracle signed",
        "under terms of its own",
        "the seller's proof, with the oracle's yes",
    ]
    sale.settle_proved(PRICE)
    assert sale.balances.at("settled", "account") < sale.balances.at("opened", "account")
