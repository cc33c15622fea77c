"""The calls of a stack, as its operator and seller read them."""

from types import SimpleNamespace
from typing import Any

from sealrun_cli.commands.calls import account_lines, call_lines
from sealrun_cli.lib.stack_calls import newest_calls
from tests.sealrun.fake_chain import account_answer
from tests.sealrun.market import Market
from tests.sealrun.offers.test_prices import TOKEN, both
from tests.sealrun.workflows.test_assets import pay, priced
from tests.sealrun.world import make_paid_offer


def test_a_call_in_a_token_is_listed_with_the_symbol_of_its_offer() -> None:
    market = Market(make_paid_offer(prices=both()))
    market.chain.answer = account_answer(balance=3, terms=priced(market, TOKEN).terms)
    pay(market, TOKEN, limit=1)

    stack: Any = SimpleNamespace(offers=market.ledger)
    shown = newest_calls(stack, offer="", most=9, unfinished=False)
    assert [(call["asset"], call["symbol"], call["decimals"]) for call in shown] == [(TOKEN, "RUN", 0)]
    (line,) = call_lines(shown)
    assert " 1 RUN  " in line
    assert TOKEN[:10] not in line


def test_two_tokens_of_one_symbol_are_told_apart_by_their_ids() -> None:
    call: dict[str, Any] = {
        "call": "ab" * 32, "claimed_at": 1_790_000_000, "reason": "", "state": "running", "price": "25",
        "symbol": "RUN", "decimals": 1, "asset": "xone" * 10,
    }  # fmt: skip
    one, other = call_lines([call, {**call, "asset": "xtwo" * 10}])
    assert "2.5 RUN (token xonexonexone…)" in one
    assert "2.5 RUN (token xtwoxtwoxtwo…)" in other


def test_the_accounts_that_pay_are_named_with_their_good_runs() -> None:
    calls = [
        {"account": "B62a", "state": "succeeded", "price": "1"},
        {"account": "B62a", "state": "succeeded", "price": "1"},
        {"account": "B62a", "state": "failed", "price": "1"},
        {"account": "B62b", "state": "running", "price": "1"},
        {"account": "B62free", "state": "succeeded", "price": "0"},
        {"account": "B62c", "state": "succeeded", "price": "5"},
    ]
    assert account_lines(calls) == ["account  B62a: 2 good runs", "account  B62c: 1 good run"]
