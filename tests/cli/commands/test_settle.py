"""What `sealrun settle` takes for settled, whatever the operator says."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from sealrun.offers.asset import asset_of
from sealrun_cli.commands import settle
from sealrun_cli.lib.backlog import kept_of
from sealrun_cli.lib.chain_view import OnChain
from sealrun_cli.main import app
from tests.cli.lib.test_backlog import TERMS, fold_of
from tests.sealrun.world import ACCOUNT, SELLER

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
    monkeypatch.setattr(settle, "run_tool", lambda *_, **__: {"status": "already-settled", "count": 1})
    named = ["settle", ADDRESS, "--url", "https://calls.example", "--node", "https://node.example"]
    options = [*named, "--key", "-", "--folder", str(tmp_path), "--json"]
    done = CliRunner().invoke(app, options, input=SELLER.to_base58())
    assert done.exit_code == 1, done.output
    assert "expected the terms of what is kept" in json.loads(done.stdout)["error"]["detail"]
    assert (kept.fold, kept.settled) == (fold, [])
