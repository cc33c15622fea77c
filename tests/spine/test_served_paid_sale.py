"""A sale for money from ``sealrun serve``, with its evidence on another server with S3's API."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.chain import MinaChain
from local.gitlab.server import GitLabServer
from local.market import Market
from local.people import People
from local.prover import Prover
from local.sale import LEDGER, PRICE, Sale
from local.served import Served
from local.steps import Progress
from tests.ports.stores import new_bucket, s3_server
from tests.spine.test_paid_sale import published, said

pytestmark = pytest.mark.peers


@pytest.fixture(scope="module")
def sale(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sale]:
    folder = tmp_path_factory.mktemp("served-sale")
    people, bucket = People.make(folder / "keys"), new_bucket()
    keys = {name: value for name, value in s3_server()[0].environment().items() if "URL" not in name}
    with (
        MinaChain(folder / "chain", proofs=False) as chain,
        Prover(folder / "prover.log") as prover,
        GitLabServer(folder / "gitlab") as gitlab,
        Served(
            folder / "service",
            "--evidence",
            bucket,
            environment={**chain.environment(LEDGER), **keys},
        ) as served,
    ):
        people.fund(chain)
        offer = published(Market(served, gitlab, people.oracle), people, folder / "seller")
        yield Sale(Progress(9), chain, people, served.url, offer, folder, prover)


def test_calls_are_bought_with_money_and_settled_and_evidence_comes_from_the_bucket(
    sale: Sale, tmp_path: Path
) -> None:
    sale.open()
    good, bad = sale.buy("greeting=hello"), sale.buy("greeting=fail")
    ended = sale.follow(good, bad, states=("succeeded", "failed"))
    sale.settle(PRICE, ended[1])

    named = ["--key", sale.people.file("buyer"), "--to", str(tmp_path / "got")]
    assert sale.run(said, "evidence", good["url"], *named)["files"] > 1
    receipt = json.loads((tmp_path / "got" / "receipt.json").read_bytes())
    assert receipt == ended[0]["receipt"]
