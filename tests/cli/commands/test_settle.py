"""What `sealrun settle` takes for settled, whatever the operator says."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from sealrun.offers.asset import MINA, asset_of
from sealrun_cli.commands import settle
from sealrun_cli.lib import paying_out
from sealrun_cli.lib.backlog import Good, kept_of
from sealrun_cli.lib.chain_view import OnChain
from sealrun_cli.main import app
from tests.cli.lib.test_backlog import ACCOUNT_KEY, BUYER_KEY, TERMS, fold_of
from tests.cli.lib.test_backlog import market as _market
from tests.cli.lib.test_backlog import told as _told
from tests.sealrun.fake_chain import TERMS as ORACLES
from tests.sealrun.world import ACCOUNT, PRICE, SELLER

market, told = _market, _told
ADDRESS = ACCOUNT.public_key().to_base58()
OF = (BUYER_KEY.x, BUYER_KEY.is_odd)
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
    monkeypatch.setattr(settle, "on_chain", lambda *_: OnChain(WORTHLESS.hash, 9, 5, 0, 0, 7, 1, buyer=OF))
    monkeypatch.setattr(paying_out, "run_tool", lambda *_, **__: {"status": "already-settled", "count": 1})
    exit_code, value = settled(tmp_path)
    assert exit_code == 1
    assert "expected the terms of what is kept" in value["error"]["detail"]
    assert (kept.fold, kept.settled) == (fold, [])


def test_a16_a_fold_of_another_buyers_calls_is_not_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operator named that buyer to `prove`; the chain names the account's."""
    ran = owed(monkeypatch, spent=0, terms=TERMS.hash)
    known: dict[str, Any] = {"account": ADDRESS, "terms": TERMS.value(), "voucher": {}, "calls": []}
    monkeypatch.setattr(settle, "read_account", lambda *_: known)
    kept_of(tmp_path, ADDRESS).keep_fold(fold_of(7, "a", terms=TERMS.hash, buyer=SELLER.public_key()))
    exit_code, value = settled(tmp_path)
    assert (exit_code, ran) == (1, [])
    assert "expected the buyer of what is kept" in value["error"]["detail"]


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
    monkeypatch.setattr(settle, "on_chain", lambda *_: OnChain(TERMS.hash, 9, spent, 0, 0, 0, 0, buyer=OF))
    monkeypatch.setattr(paying_out, "run_tool", run_tool)
    exit_code, value = settled(tmp_path)
    assert exit_code == 0, value
    assert sent == [older if spent else good.signed()]


def test_a16_what_was_proved_is_settled_without_the_operator(
    told: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Operator and buyer wait until the seller has proved; then the one is silent, and the other leaves."""
    good = Good.parse(told)
    kept, fold = kept_of(tmp_path, ADDRESS), fold_of(7, good.id, terms=TERMS.hash)
    fold["statement"]["amount"] = str(PRICE)
    kept.keep_fold({**fold, "terms": TERMS.value()})
    sent: list[Any] = []

    def run_tool(_name: str, _sender: object, _out: object, **request: Any) -> dict[str, Any]:
        sent.append([request[name] for name in ("account", "terms", "voucher")])
        return {"status": "included", "spent": "5", "count": 1}

    monkeypatch.setattr(settle, "on_chain", lambda *_: OnChain(TERMS.hash, 9, 0, 0, 0, 0, 0, buyer=OF))
    monkeypatch.setattr(paying_out, "run_tool", run_tool)
    exit_code, value = settled(tmp_path, url="")
    assert (exit_code, sent) == (1, [])
    assert "expected one of at least" in value["error"]["detail"]
    kept.keep_voucher([good])
    exit_code, value = settled(tmp_path, url="")
    assert exit_code == 0, value
    assert sent == [[ADDRESS, TERMS.value(), good.signed()]]


def test_an_account_of_which_nothing_is_kept_needs_its_operator(tmp_path: Path) -> None:
    exit_code, value = settled(tmp_path, url="")
    assert exit_code == 1
    assert "expected --url, or a proof" in value["error"]["detail"]
    assert not (tmp_path / ADDRESS).exists()


def test_a16_an_account_of_other_terms_changes_nothing_that_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same key has one on another network, of whose node the seller's command was told."""
    ran = owed(monkeypatch, spent=0)
    kept, fold = kept_of(tmp_path, ADDRESS), fold_of(7, "a", terms=TERMS.hash)
    kept.note_settled({**fold, "terms": TERMS.value()})
    exit_code, value = settled(tmp_path, url="")
    assert (exit_code, ran) == (1, [])
    assert "expected the account of these terms" in value["error"]["detail"]
    assert kept.settled == fold["calls"]


def owed(monkeypatch: pytest.MonkeyPatch, *, spent: int, terms: int = ORACLES.hash) -> list[str]:
    """An account of an oracle's, on which ten prices are due, and the chain's terms; the tools that run."""
    known: dict[str, Any] = {"account": ADDRESS, "terms": ORACLES.value(), "voucher": {}}
    known["due"] = {"due": str(10 * PRICE)}
    ran: list[str] = []

    def run_tool(name: str, *_: object, **__: Any) -> dict[str, Any]:
        ran.append(name)
        return {"status": "included", "spent": "5"}

    monkeypatch.setattr(settle, "read_account", lambda *_: known)
    monkeypatch.setattr(settle, "on_chain", lambda *_: OnChain(terms, 9, spent, 0, 0, 0, 0, buyer=OF))
    monkeypatch.setattr(paying_out, "run_tool", run_tool)
    return ran


def test_who_gets_what_and_the_fee_are_told_before_anything_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = owed(monkeypatch, spent=6 * PRICE)
    refused = command(tmp_path)
    assert (json.loads(refused.stdout)["error"]["type"], ran) == ("confirm", [])
    share = ORACLES.operator_part(10 * PRICE) - ORACLES.operator_part(6 * PRICE)
    assert share
    for told in (
        f"settle   {MINA.of(4 * PRICE)} of {ADDRESS}",
        f"seller   {MINA.of(4 * PRICE - share)} to {ORACLES.seller.to_base58()}",
        f"operator {MINA.of(share)} set aside in the account",
        f"costs    0.1 MINA of fee, from {SELLER.public_key().to_base58()}",
    ):
        assert told in refused.stderr
    assert (command(tmp_path, "--yes").exit_code, ran) == (0, ["settle"])


def test_nobody_is_asked_where_nothing_is_due(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is the tool: a node that tells it otherwise would have something sent that nobody agreed to."""
    ran = owed(monkeypatch, spent=10 * PRICE)
    for more in ((), ("--yes",)):
        done = command(tmp_path, *more)
        assert (done.exit_code, json.loads(done.stdout)["status"], ran) == (0, "already-settled", [])


def test_a10_an_account_of_other_terms_does_not_tell_that_this_one_is_settled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same key has one on another network, of whose node the seller's command was told."""
    ran = owed(monkeypatch, spent=10 * PRICE, terms=5)
    error = json.loads(command(tmp_path, "--yes").stdout)["error"]
    assert "expected the account of these terms" in error["detail"]
    assert ran == []


def test_a_proof_is_sent_only_if_somebody_agrees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = owed(monkeypatch, spent=0, terms=TERMS.hash)
    known: dict[str, Any] = {"account": ADDRESS, "terms": TERMS.value(), "voucher": {}, "calls": []}
    monkeypatch.setattr(settle, "read_account", lambda *_: known)
    kept, fold = kept_of(tmp_path, ADDRESS), fold_of(7, "a", terms=TERMS.hash)
    fold["statement"]["amount"] = str(PRICE)
    kept.keep_fold(fold)
    refused = command(tmp_path)
    assert (json.loads(refused.stdout)["error"]["type"], ran) == ("confirm", [])
    assert f"settle   {MINA.of(PRICE)} of {ADDRESS}" in refused.stderr
    assert (kept.fold, kept.settled) == (fold, [])


def settled(folder: Path, *, url: str = "https://calls.example") -> tuple[int, dict[str, Any]]:
    done = command(folder, "--yes", url=url)
    return done.exit_code, json.loads(done.stdout)


def command(folder: Path, *more: str, url: str = "https://calls.example") -> Result:
    named = ["settle", ADDRESS, "--url", url, "--node", "https://node.example"]
    options = [*named, "--key", "-", "--folder", str(folder), "--json", *more]
    return CliRunner().invoke(app, options, input=SELLER.to_base58())
