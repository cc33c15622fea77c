"""What `sealrun settle` takes for settled, whatever the operator says."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from sealrun.offers.asset import asset_of
from sealrun_cli.commands import settle
from sealrun_cli.lib import paying_out
from sealrun_cli.lib.backlog import Good, kept_of
from sealrun_cli.lib.chain_view import OnChain
from sealrun_cli.main import app
from tests.cli.lib.test_backlog import ACCOUNT_KEY, BUYER_KEY, TERMS, fold_of
from tests.cli.lib.test_backlog import market as _market
from tests.cli.lib.test_backlog import told as _told
from tests.sealrun.world import ACCOUNT, PRICE, SELLER

market, told = _market, _told
ADDRESS = ACCOUNT.public_key().to_base58()
# Of a token that operator and buyer made, in which the buyer's key has an account with any state.
WORTHLESS = replace(TERMS, asset=asset_of(7))


def test_a16_another_account_of_the_address_settles_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A seller who believed it would not settle while the buyer leaves with the money."""
    kept, fold = kept_of(tmp_path, ADDRESS), fold_of(7, "a", terms=TERMS.hash)
    kept.keep_fold(fold)
    known: dict[str, Any] = {"account": ADDRESS, "terms": WORTHLESS.value(), "voucher": {}, "calls": []}
    monkeypatch.setattr(settle, "read_account", lambda *_: known)
    monkeypatch.setattr(settle, "on_chain", lambda *_: OnChain(WORTHLESS.hash, 9, 5, 0, 0, 7, 1))
    monkeypatch.setattr(paying_out, "run_tool", lambda *_, **__: {"status": "already-settled", "count": 1})
    exit_code, value = settled(tmp_path)
    assert exit_code == 1
    assert "expected the terms of what is kept" in value["error"]["detail"]
    assert (kept.fold, kept.settled) == (fold, [])


@pytest.mark.parametrize("spent", [0, PRICE])
def test_a_voucher_that_the_seller_saw_is_not_kept_back(
    told: dict[str, Any], spent: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operator showed it for `prove`, and names an older one now. Its own serves where that is low."""
    good = Good.parse(told)
    good.check(ACCOUNT_KEY, TERMS, BUYER_KEY)
    kept, fold = kept_of(tmp_path, ADDRESS), fold_of(7, good.id, terms=TERMS.hash)
    fold["statement"]["amount"] = str(PRICE)
    kept.keep_voucher([good])
    kept.keep_fold(fold)
    older = {"limit": "1", "call_hash": "5", "signature": "another"}
    known: dict[str, Any] = {"account": ADDRESS, "terms": TERMS.value(), "voucher": older, "calls": []}
    sent: list[Any] = []

    def run_tool(_name: str, _sender: object, _out: object, **request: Any) -> dict[str, Any]:
        sent.append(request["voucher"])
        return {"status": "included", "spent": "5", "count": 1}

    monkeypatch.setattr(settle, "read_account", lambda *_: known)
    monkeypatch.setattr(settle, "on_chain", lambda *_: OnChain(TERMS.hash, 9, spent, 0, 0, 0, 0))
    monkeypatch.setattr(paying_out, "run_tool", run_tool)
    exit_code, value = settled(tmp_path)
    assert exit_code == 0, value
    assert sent == [older if spent else good.signed()]


def settled(folder: Path) -> tuple[int, dict[str, Any]]:
    named = ["settle", ADDRESS, "--url", "https://calls.example", "--node", "https://node.example"]
    options = [*named, "--key", "-", "--folder", str(folder), "--json"]
    done = CliRunner().invoke(app, options, input=SELLER.to_base58())
    return done.exit_code, json.loads(done.stdout)
