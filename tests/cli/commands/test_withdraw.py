"""Paying out to somebody who has no account in the asset: it is opened by whoever agrees to pay for it."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from mina.keys import PrivateKey
from mina.tokens import derive_token_id
from sealrun.offers.asset import asset_of
from sealrun_cli.commands import pay_operator, withdraw
from sealrun_cli.lib import paying_out
from sealrun_cli.lib.errors import CliError
from sealrun_cli.main import app

BUYER = PrivateKey.from_scalar(931)
TOKEN = asset_of(derive_token_id(PrivateKey.from_scalar(932).public_key()))
COMMANDS = ("withdraw", "pay-operator")


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
        monkeypatch.setattr(command, "with_terms", lambda *_given: {})
        monkeypatch.setattr(command, "asset_of_terms", lambda *_given: TOKEN)
    return opening


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
