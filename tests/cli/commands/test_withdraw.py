"""Taking the rest of an account out: what a buyer is told that has no place for it."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from mina.keys import PrivateKey
from mina.tokens import derive_token_id
from sealrun.offers.asset import MINA, Asset, asset_of
from sealrun_cli.commands import withdraw
from sealrun_cli.lib.errors import CliError
from sealrun_cli.main import app

BUYER = PrivateKey.from_scalar(931)
TOKEN = asset_of(derive_token_id(PrivateKey.from_scalar(932).public_key()))


@pytest.mark.parametrize(
    ("asset", "says"), [(MINA, "have MINA sent to it"), (TOKEN, "sealrun credits give --to")]
)
def test_who_has_no_account_in_the_token_is_told_how_one_opens(
    asset: Asset, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tool(*_given: object, **_named: object) -> dict[str, Any]:
        raise CliError("account-missing", "the buyer has no account")

    monkeypatch.setattr(withdraw, "run_tool", tool)
    monkeypatch.setattr(withdraw, "with_terms", lambda *_given: {})
    monkeypatch.setattr(withdraw, "asset_of_terms", lambda *_given: asset)
    words = ["withdraw", "B62qa", "--key", "-", "--node", "http://127.0.0.1:9/graphql", "--json"]
    done = CliRunner().invoke(app, words, input=BUYER.to_base58())
    assert says in json.loads(done.stdout)["error"]["next"]
