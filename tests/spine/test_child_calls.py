"""A job calls the offer that its buyer named, from an account of its own; both receipts are one tree."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from local.chain import MinaChain
from local.market import Market, in_mina
from local.people import People, client_environment
from local.repositories import commit_all
from local.sale import LEDGER, PAYMENT, PRICE, Sale
from local.stack import Stack
from local.steps import Progress
from mina.keys import PrivateKey
from sealrun.offers.asset import MINA
from sealrun.offers.named_offer import FORMAT, NamedOffer
from sealrun.offers.offer import Offer
from sealrun_cli.lib.keys import new_key
from tests.spine.conftest import PROPERTIES, repository

pytestmark = pytest.mark.peers

# Two jobs race for the same child, each with a folder of its own, as on two machines; then one runs again.
PIPELINE = """\
spec:
  inputs:
    sealrun_call:
      regex: ^[0-9a-f]{64}$
    greeter: {}
---
workflow:
  name: "sealrun $[[ inputs.sealrun_call ]]"

ask:
  script:
    - >-
      ask() { printf %s "$WALLET" | "$PYTHON" -m sealrun_cli.main child "$[[ inputs.greeter ]]" --as greeter
      --parent "$SERVICE/calls/$[[ inputs.sealrun_call ]]" --input greeting=child --unsafe-loopback
      --key - --pay --account "$ACCOUNT" --per-call 5 --service "$SERVICE" --node "$NODE"
      --state "$1.state" --evidence "$1" --left "$2"; }
    - ask first sealrun-children & ask second other; wait $!
    - rm -r first.state && ask first sealrun-children
    - cat first/outputs/greet/out/greeting.txt > answer.txt
  artifacts:
    paths: [answer.txt, sealrun-children/]
"""


class Town(NamedTuple):
    """Two offers on one stack: one greets for money, the other asks whichever greeter its buyer names."""

    sale: Sale  # of the greeter; its buyer is the job of the other offer
    asking: Offer
    buyer: PrivateKey
    key: Path
    market: Market[Stack]

    @property
    def greeter(self) -> NamedOffer:
        return NamedOffer.of(self.sale.offer_url)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "sealrun_cli.main", *arguments, "--json"],
            env=client_environment(self.sale.chain, self.sale.folder),
            check=False,
            capture_output=True,
            text=True,
            timeout=240,
        )


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("town")
    people = People.make(folder / "keys")
    with (
        MinaChain(folder / "chain", proofs=False) as chain,
        Stack(folder / "stack", with_gitlab=True, environment=chain.environment(LEDGER)) as stack,
    ):
        people.fund(chain)
        assert stack.gitlab is not None
        market = Market(stack, stack.gitlab, people.oracle)
        paid = {"prices": in_mina(PRICE), "terms": people.terms(LEDGER), "payment": PAYMENT}
        greeter = published(market, "seller/greetings", folder / "greetings", PROPERTIES, **paid)
        sale = Sale(Progress(1), chain, people, stack.url, greeter, folder)
        sale.open()
        (folder / "asking").mkdir()
        (folder / "asking" / ".gitlab-ci.yml").write_text(PIPELINE)
        bounds = {
            "x-sellers": [people.seller.public_key().to_base58()],
            "x-price": {**MINA.of(PRICE).value(), **MINA.value()},
        }
        names = {"greeter": {"type": "string", "format": FORMAT, "maxLength": 256, **bounds}}
        asking = published(market, "other/asking", folder / "asking", names)
        (project,) = [each for each in stack.gitlab.store.projects.values() if each.path == "other/asking"]
        project.variables |= {
            "WALLET": people.buyer.to_base58(),
            "ACCOUNT": sale.account,
            "SERVICE": stack.url,
            "NODE": chain.graphql,
            "PYTHON": sys.executable,
        }
        yield Town(sale, asking, new_key(folder / "stranger.key"), folder / "stranger.key", market)


def published(
    market: Market[Stack], path: str, folder: Path, properties: dict[str, Any], **changes: Any
) -> Offer:
    commit = commit_all(folder, "v1") if folder.exists() else repository(folder)
    offer, token = market.offer_pipeline(
        path, folder, tag="v1", commit=commit, properties=properties, **changes
    )
    market.publish(offer, token.value)
    return offer


def test_r12_a_job_buys_the_named_run_once_and_both_receipts_are_one_tree(town: Town, tmp_path: Path) -> None:
    url, got = f"{town.sale.url}/offers/{town.asking.id}", tmp_path / "got"
    given = ["--input", f"greeter={town.greeter}", "--key", str(town.key), "--evidence", str(got)]
    done = town.run("call", url, *given)
    assert done.returncode == 0, done.stderr + log_of(town)
    assert "calls    greeter is A pipeline of this project, for 5 MINA a run" in done.stderr
    ended = json.loads(done.stdout)
    assert (ended["state"], ended["evidence"]["holds"]) == ("succeeded", True)
    assert (got / "outputs/ask/answer.txt").read_text() == "child\n"

    (left,) = (got / "outputs/ask/sealrun-children").iterdir()
    graph = json.loads(town.run("lineage", str(got)).stdout)
    assert graph["holds"]
    (child,) = graph["nodes"][graph["root"]]["calls"]
    node = graph["nodes"][child]
    assert (node["call"], node["status"], node["link"]) == (left.name, "succeeded", "followed")
    checked = json.loads(town.run("verify", str(got), "--oracle", town.asking.oracle).stdout)
    claims = [claim for claim in checked["claims"] if claim["name"] == "child"]
    assert [claim["verdict"] for claim in claims] == ["holds"], claims
    assert "called at depth 1" in claims[0]["says"]

    assert httpx.get(f"{town.sale.url}/calls/{left.name}", timeout=30).json()["depth"] == 1
    pipelines = town.market.gitlab.store.pipelines.values()
    greeted = [each for each in pipelines if str(each.project) == town.sale.offer.source.project]
    assert len(greeted) == 1, "two jobs and one that ran again buy one run"
    everything = [path.read_bytes() for path in got.rglob("*") if path.is_file()]
    assert not any(town.sale.people.buyer.to_base58().encode() in each for each in everything)


def log_of(town: Town) -> str:
    """What the engines said, for whoever reads a failure."""
    folder = town.market.gitlab.store.folder
    return "\n".join(path.read_text()[-4000:] for path in folder.rglob("engine.log"))
