"""A board's life by the commands, on the local chain: opened, listed on, searched, shown, delisted."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from local.chain import MinaChain
from local.contract import Contract
from local.prover import Prover
from mina.keys import PrivateKey
from sealrun.offers.offer import Offer
from sealrun_cli.main import app
from tests.cli.web import Web, web
from tests.sealrun.world import make_chain_offer, make_offer, terms_value

NANO = 10**9
SELLER, OTHER, BOARD, CONTRACT, SECOND = (PrivateKey.from_scalar(171 + n) for n in range(5))

pytestmark = [pytest.mark.peers, pytest.mark.usefixtures("prover")]
Run = Callable[..., dict[str, Any]]


def address(key: PrivateKey) -> str:
    return key.public_key().to_base58()


def offer_of(contract: PrivateKey, title: str) -> Offer:
    credential = {"kind": "chain", "contract": address(contract)}
    return make_chain_offer(title=title, credential=credential, terms=terms_value(seller=address(SELLER)))


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[MinaChain]:
    with MinaChain(tmp_path / "chain", proofs=False) as running:
        for key in (SELLER, OTHER):
            running.faucet(address(key), 1000 * NANO)
        yield running


@pytest.fixture
def prover(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Prover]:
    with Prover(tmp_path / "prover") as running:
        monkeypatch.setenv("SEALRUN_PROVER", str(running.socket))
        yield running


@pytest.fixture
def site() -> Iterator[Web]:
    with web({}) as running:
        yield running


@pytest.fixture
def run(chain: MinaChain, tmp_path: Path) -> Run:
    """A command of somebody, its result as JSON; all programs in one process."""
    for name, key in {"seller": SELLER, "other": OTHER, "board": BOARD}.items():
        (tmp_path / name).write_text(key.to_base58())
        (tmp_path / name).chmod(0o600)

    def run(name: str, *words: str, by: str = "") -> dict[str, Any]:
        paying = [f"--key={tmp_path / by}", "--no-proofs", "--poll-ms=50", "--yes"] if by else []
        on = [] if name in ("board", "delist") else [f"--board={address(BOARD)}", "--unsafe-loopback"]
        done = CliRunner().invoke(
            app, ["market", name, *words, f"--node={chain.graphql}", "--json", *on, *paying]
        )
        value: dict[str, Any] = json.loads(done.stdout)
        return value

    return run


def sell(offer: Offer, contract: PrivateKey, chain: MinaChain, prover: Prover, site: Web) -> str:
    """Open its contract, and have a host show it; its address."""
    url = f"{site.url}/offers/{offer.id}"
    Contract(chain, SELLER, contract, prover).open(offer, b"sealed", uri=url)
    site.answers[f"GET /offers/{offer.id}"] = (200, {"open": True, "document": json.loads(offer.document)})
    return url


def test_a_boards_life(run: Run, chain: MinaChain, prover: Prover, site: Web, tmp_path: Path) -> None:
    first, second = offer_of(CONTRACT, "Build the layers"), offer_of(SECOND, "Fuzz a parser")
    assert run("search")["error"]["detail"].startswith("board: expected the account")
    assert run("board", f"--board-key={tmp_path / 'board'}", by="other")["status"] == "included"
    assert run("board", f"--board-key={tmp_path / 'board'}", by="other")["status"] == "already-open"
    assert run("search")["entries"] == []

    urls = [sell(first, CONTRACT, chain, prover, site), sell(second, SECOND, chain, prover, site)]
    assert run("list", urls[0], by="other")["error"]["type"] == "not-allowed"
    before = chain.balance(address(SELLER))
    listed = run("list", urls[0], by="seller")
    assert (listed["status"], before - chain.balance(address(SELLER))) == ("included", 1_100_000_000)
    again = run("list", urls[0], by="seller")
    assert (again["status"], again["listing"]) == ("already-listed", listed["listing"])
    assert run("list", urls[1], by="seller")["status"] == "included"

    found = run("search")
    assert [entry["title"] for entry in found["entries"]] == ["Build the layers", "Fuzz a parser"]
    assert (found["listed"], found["read"], found["failed"]) == (2, 2, {})
    assert [entry["url"] for entry in run("search", "FUZZ", "--at-most=5")["entries"]] == [urls[1]]
    assert run("search", "--at-most=4.9")["entries"] == []
    shown = run("show", listed["listing"])
    assert (shown["offer"], shown["seller"], shown["contract"]) == (
        first.id,
        address(SELLER),
        address(CONTRACT),
    )
    assert run("show", urls[1])["listing"] != listed["listing"]

    site.answers[f"GET /offers/{second.id}"] = (200, {"document": json.loads(first.document)})
    assert run("search", "--all")["not_shown"][0]["fault"] == "offer"
    site.answers[f"GET /offers/{second.id}"] = (302, {"location": "http://127.0.0.1/"})
    assert run("search")["failed"] == {"document": 1}

    assert run("delist", urls[0], by="other")["error"]["type"] == "not-allowed"
    assert run("delist", urls[0], by="seller")["status"] == "included"
    assert run("delist", urls[0], by="seller")["status"] == "already-closed"
    assert run("search")["failed"] == {"closed": 1, "document": 1}
    assert "closed: contract" in run("show", listed["listing"])["error"]["detail"]


def test_an_offer_without_a_contract_is_not_listed(run: Run, site: Web) -> None:
    offer = make_offer()
    site.answers[f"GET /offers/{offer.id}"] = (200, {"document": json.loads(offer.document)})
    error = run("list", f"{site.url}/offers/{offer.id}", by="seller")["error"]
    assert error["type"] == "no-contract"
    assert "expected one with a contract on chain" in error["detail"]
