"""Paying out: who gets what is shown first; whoever agrees to pay for a missing account opens it."""

import json
from dataclasses import replace
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from mina.keys import PrivateKey
from mina.tokens import derive_token_id
from sealrun.offers.asset import asset_of
from sealrun_cli.commands import exit as leaving
from sealrun_cli.commands import pay_operator, withdraw
from sealrun_cli.lib import paying_out
from sealrun_cli.lib.chain_view import OnChain
from sealrun_cli.lib.errors import CliError
from sealrun_cli.main import app
from tests.sealrun.fake_chain import TERMS

BUYER = PrivateKey.from_scalar(931)
TOKEN = asset_of(derive_token_id(PrivateKey.from_scalar(932).public_key()))
COMMANDS = ("withdraw", "pay-operator")
SENDER = BUYER.public_key()
FEE = f"costs    0.1 MINA of fee, from {SENDER.to_base58()}"
FOUND = OnChain(TERMS.hash, 9, 0, 600, 2, 0, 0, slot=700, buyer=(SENDER.x, SENDER.is_odd))
PLANS = {
    "withdraw": ["withdraw 7 ", " of B62qa", f"buyer    gets it, {SENDER.to_base58()}", FEE],
    "pay-operator": ["pay      2 ", " of B62qa", f"operator gets it, {TERMS.operator.to_base58()}", FEE],
    "exit": ["exit     of B62qa; it cannot be taken back", f"from slot {740 + TERMS.exit_delay} on: 7 ", FEE],
}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each request said to open the receiver's account; without that the tool gives up."""
    opening: list[bool] = []

    def tool(*_given: object, open_receiver: bool = False, **_named: object) -> dict[str, Any]:
        opening.append(open_receiver)
        if not open_receiver:
            raise CliError(
                "receiver-missing", "Whoever is paid has no account in this asset: the buyer, B62qb"
            )
        return {"status": "included", "amount": "3"}

    monkeypatch.setattr(paying_out, "run_tool", tool)
    for command in (withdraw, pay_operator):
        monkeypatch.setattr(command, "confirm", lambda *_given, **_named: None)
    found(monkeypatch, FOUND)
    return opening


def found(monkeypatch: pytest.MonkeyPatch, account: OnChain) -> None:
    """The account is so on the chain."""
    named = {"account": "B62qa", "terms": TERMS.value()}
    for command in (withdraw, pay_operator, leaving):
        monkeypatch.setattr(command, "with_terms", lambda *_given: dict(named))
        monkeypatch.setattr(command, "asset_of_terms", lambda *_given: TOKEN)
        monkeypatch.setattr(command, "on_chain", lambda *_given: account)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the tool was asked for."""
    requests: list[dict[str, Any]] = []

    def tool(*_given: object, **named: Any) -> dict[str, Any]:
        requests.append(named)
        return {"status": "included", "amount": "3", "exit_slot": 760}

    for module in (paying_out, leaving):
        monkeypatch.setattr(module, "run_tool", tool)
    return requests


def run(command: str, *more: str) -> Result:
    words = [command, "B62qa", "--key", "-", "--node", "http://127.0.0.1:9/graphql", "--json", *more]
    return CliRunner().invoke(app, words, input=BUYER.to_base58())


@pytest.mark.parametrize("command", COMMANDS)
def test_nobody_pays_for_an_account_unasked(command: str, asked: list[bool]) -> None:
    done = run(command)
    error = json.loads(done.stdout)["error"]
    assert (error["type"], asked) == ("confirm", [False])
    assert "--yes" in error["next"]
    assert "has no account in this asset: the buyer, B62qb" in done.stderr
    assert "1 MINA for that account, once, and 0.1 MINA of fee" in done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_who_agrees_is_paid_out_in_one_go(command: str, asked: list[bool]) -> None:
    done = run(command, "--yes")
    assert json.loads(done.stdout)["amount"] == "3"
    assert asked == [False, True]


@pytest.mark.parametrize("command", PLANS)
def test_who_gets_what_and_the_fee_are_told_before_anything_is_sent(
    command: str, sent: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    found(monkeypatch, replace(FOUND, exit_slot=0) if command == "exit" else FOUND)
    refused = run(command)
    assert (json.loads(refused.stdout)["error"]["type"], sent) == ("confirm", [])
    assert [each for each in PLANS[command] if each not in refused.stderr] == []
    assert (run(command, "--yes").exit_code, len(sent)) == (0, 1)
    if command == "exit":
        assert sent[0]["latest"] == 740, "what is signed is what was shown"


@pytest.mark.parametrize(
    ("command", "account", "says"),
    [
        ("exit", FOUND, "already-requested"),
        ("withdraw", replace(FOUND, balance=2), "already-withdrawn"),
        ("withdraw", replace(FOUND, exit_slot=0), "not-yet"),
        ("pay-operator", replace(FOUND, accrued=0), "already-paid"),
    ],
)
def test_nobody_is_asked_where_nothing_is_to_be_sent(
    command: str,
    account: OnChain,
    says: str,
    sent: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nor is the tool: a node that tells it otherwise would have something sent that nobody agreed to."""
    found(monkeypatch, account)
    for more in ((), ("--yes",)):
        value = json.loads(run(command, *more).stdout)
        assert (value.get("status") or value["error"]["type"], sent) == (says, [])


@pytest.mark.parametrize("command", PLANS)
def test_a10_an_account_of_other_terms_tells_nothing_of_this_one(
    command: str, sent: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key has one on another network, of whose node the command was told: there it is all done."""
    found(monkeypatch, replace(FOUND, terms=5, balance=0, accrued=0))
    error = json.loads(run(command, "--yes").stdout)["error"]
    assert "expected the account of these terms" in error["detail"]
    assert TERMS.network in error["next"]
    assert sent == []


def test_before_the_exit_slot_nobody_is_asked_and_nothing_is_sent(
    sent: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    found(monkeypatch, replace(FOUND, exit_slot=701))
    error = json.loads(run("withdraw").stdout)["error"]
    assert (error["type"], sent) == ("not-yet", [])
    assert "expected slot 701 to be reached, got 700" in error["detail"]
