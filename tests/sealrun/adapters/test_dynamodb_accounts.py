"""Accounts in DynamoDB whose item changes between a read and the transaction that rests on it."""

from typing import Any

import pytest
from moto import mock_aws

from sealrun.adapters.aws import dynamodb_accounts as accounts
from sealrun.adapters.aws import dynamodb_keys as keys
from sealrun.adapters.aws.dynamodb import DynamoLedger
from sealrun.errors import NotCovered, StoreUnavailable, TooMany
from sealrun.money.vouchers import Standing
from sealrun.receipts.receipt import Outcome
from tests.ports.stores import dynamo
from tests.ports.test_ledger_accounts import NAME, OFFER, claim, end, record, reserve, stored


class Late(DynamoLedger):
    """Reads an account as it was before another call came in between, as often as it is told."""

    stale: Any = None  # its item, or None
    times = 0

    def standing(self, account: str) -> Standing | None:
        if self.times:
            self.times -= 1
            return accounts.standing(self.stale)
        return super().standing(account)

    def _items(self, *wanted: dict[str, Any]) -> list[dict[str, Any] | None]:
        items = super()._items(*wanted)
        if self.times:
            self.times -= 1
            return [*items[:-1], self.stale]
        return items


def late(times: int, *, limit: int = 5) -> Late:
    base = dynamo()
    base.publish(stored())
    made = Late(base._table._client, table="calls")
    claim(made, 1, limit=limit)
    made.stale = made._table.get(keys.account_key(NAME))
    made.times = times
    return made


@pytest.mark.parametrize(("limit", "funds"), [(10, 1000), (1000, 10)], ids=["limit", "funds"])
def test_l1_a_call_that_read_too_early_is_stopped_by_the_table_itself(limit: int, funds: int) -> None:
    with mock_aws():
        ledger = late(0, limit=10)
        claim(ledger, 2, limit=10)
        ledger.times = 1  # the next claim still reads one call of 5
        with pytest.raises(NotCovered, match=r"expected at least 15 nanomina .*, got 10 nanomina"):
            ledger.claim(record(3), OFFER, identifier=None, reserve=reserve(limit, funds=funds))
        assert ledger.standing(NAME).committed == 10  # type: ignore[union-attr]


def test_a16_a_call_that_read_too_early_is_stopped_by_the_table_itself() -> None:
    with mock_aws():
        ledger = late(0, limit=10)
        claim(ledger, 2, limit=10)
        ledger.times = 1  # the next claim still reads one call
        with pytest.raises(TooMany, match="expected fewer than 2 calls that no proof has settled, got 2"):
            ledger.claim(record(3), OFFER, identifier=None, reserve=reserve(15, unsettled=2))
        assert ledger.standing(NAME).calls == 2  # type: ignore[union-attr]


def test_l1_an_opening_that_comes_second_reserves_on_the_first() -> None:
    with mock_aws():
        ledger = late(1)
        ledger.stale = None
        claim(ledger, 2, limit=10)
        assert ledger.standing(NAME).committed == 10  # type: ignore[union-attr]


def test_a8_two_calls_that_end_at_once_get_two_leaves() -> None:
    with mock_aws():
        ledger = late(0)
        second = claim(ledger, 2, limit=10)
        end(ledger, record(1), Outcome.SUCCEEDED)
        ledger.times = 1  # the second end still reads a tree without leaves
        end(ledger, second, Outcome.SUCCEEDED)
        assert [leaf.running_total for leaf in ledger.leaves(NAME, range(9))] == [5, 10]
        assert ledger.standing(NAME).pending == 0  # type: ignore[union-attr]


def test_l1_a_table_that_never_lets_through_is_unavailable() -> None:
    with mock_aws():
        ledger = late(100)
        ledger.stale = None
        with pytest.raises(StoreUnavailable, match="in the way of other calls"):
            ledger.claim(record(2), OFFER, identifier=None, reserve=reserve(10))
