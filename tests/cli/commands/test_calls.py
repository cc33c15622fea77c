"""The calls of a stack, as its operator and seller read them."""

from sealrun_cli.commands.calls import account_lines


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
