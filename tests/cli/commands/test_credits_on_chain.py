"""A life of a credit by the commands, on the local chain: issued, sold, given, turned in, cashed."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from local.chain import MinaChain
from local.prover import Prover
from mina.keys import PrivateKey
from sealrun_cli.main import app

NANO = 10**9
OFFER = "https://ci.example/offers/" + "5f" * 32
SELLER, BUYER, MATE, TOKEN, VAULT, ASK = (PrivateKey.from_scalar(71 + n) for n in range(6))
PEOPLE = {"seller": SELLER, "buyer": BUYER, "mate": MATE, "token": TOKEN, "vault": VAULT, "ask": ASK}

pytestmark = pytest.mark.peers
Run = Callable[..., dict[str, Any]]


def address(key: PrivateKey) -> str:
    return key.public_key().to_base58()


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[MinaChain]:
    """With money for those who pay."""
    with MinaChain(tmp_path / "chain", proofs=False) as running:
        for key in (SELLER, BUYER, MATE):
            running.faucet(address(key), 1000 * NANO)
        yield running


@pytest.fixture
def run(chain: MinaChain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """A command of somebody, its result as JSON; all programs in one process."""
    for name, key in PEOPLE.items():
        (tmp_path / name).write_text(key.to_base58())
        (tmp_path / name).chmod(0o600)

    def run(name: str, *words: str, by: str = "") -> dict[str, Any]:
        paying = [f"--key={tmp_path / by}", "--no-proofs", "--poll-ms=50", "--yes"] if by else []
        kept = [f"--state={tmp_path / 'state'}"] if by and name != "issue" else []
        done = CliRunner().invoke(
            app, ["credits", name, *words, f"--node={chain.graphql}", "--json", *paying, *kept]
        )
        value: dict[str, Any] = json.loads(done.stdout)
        return value

    with Prover(tmp_path / "prover") as prover:
        monkeypatch.setenv("SEALRUN_PROVER", str(prover.socket))
        yield run


def test_a_credits_life(run: Run, chain: MinaChain, tmp_path: Path) -> None:
    credit, ask, file = address(TOKEN), address(ASK), tmp_path / "run.json"
    issue = [
        f"--promise={file}",
        "--at=https://ci.example/run.json",
        "--title=100 builds",
        "--text=One each.",
    ]
    issue += [f"--offer={OFFER}", "--symbol=RUN", "--cap=100", "--backing=0.5", "--price=1", "--days=1"]
    issue += [f"--token-key={tmp_path / 'token'}", f"--vault-key={tmp_path / 'vault'}"]
    assert run("issue", *issue, by="seller")["status"] == "included"
    assert run("issue", *issue, by="seller")["status"] == "already-issued"
    assert run("mint", credit, "50", by="seller")["minted"] == "50"
    sold = run("sell", credit, "30", "--price=1", f"--ask-key={tmp_path / 'ask'}", by="seller")
    assert (sold["status"], sold["ask"]) == ("included", ask)

    shown = run("show", credit, f"--promise={file}")
    assert (shown["circulating"], shown["locked"], shown["holders"]) == ("50", str(25 * NANO), 2)
    assert shown["asks"] == [{"ask": ask, "seller": address(SELLER), "price": str(NANO), "amount": "30"}]
    file.write_bytes(file.read_bytes() + b" ")
    assert "expected the document of hash" in run("show", credit, f"--promise={file}")["error"]["detail"]

    assert run("buy", credit, "10", f"--ask={ask}", by="buyer")["cost"] == str(10 * NANO)
    assert run("give", credit, "4", f"--to={address(MATE)}", by="buyer")["status"] == "included"
    assert run("redeem", credit, "20", by="seller")["paid"] == str(10 * NANO)
    assert run("cash", credit, "1", by="mate")["error"]["type"] == "not-yet"
    chain.pass_slots(600)
    assert run("buy", credit, "1", f"--ask={ask}", by="buyer")["error"]["type"] == "refused"
    assert run("cash", credit, "4", by="mate")["paid"] == str(2 * NANO)
    assert run("sell", credit, f"--ask={ask}", "--back", by="seller")["amount"] == "20"
    assert run("mint", credit, "1", by="seller")["error"]["type"] == "proof-failed"
