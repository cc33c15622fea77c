"""Transactions that meet: DynamoDB cancels all but one of them at once, which moto does not."""

import threading
from collections import Counter
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError
from moto import mock_aws

from sealrun.adapters.aws.dynamodb import DynamoLedger
from sealrun.offers.stored_offer import StoredOffer
from sealrun.receipts.receipt import Outcome
from sealrun.runs.record import claimed, trying
from tests.ports.at_once import at_once
from tests.ports.stores import dynamo
from tests.ports.test_ledger import NOW
from tests.ports.test_ledger_accounts import NAME, OFFER, PRICE, claim, end
from tests.sealrun.world import BUSY, make_offer, sign_call

# A stack's function for calls runs as often at once (template.yaml).
AT_ONCE = 20
TRANSACTION_SECONDS = 0.005


class Conflicts:
    """DynamoDB's answer to a transaction on an item that another one holds just then."""

    def __init__(self, ledger: DynamoLedger) -> None:
        client: Any = ledger._table._client
        self._write, self._busy = client.transact_write_items, set[Any]()
        self._lock = threading.Lock()
        client.transact_write_items = self

    def __call__(self, *, TransactItems: list[dict[str, Any]]) -> Any:  # noqa: N803
        keys = [_key(item) for [item] in map(dict.values, TransactItems)]
        with self._lock:
            codes = ["TransactionConflict" if key in self._busy else "None" for key in keys]
            free = set(codes) == {"None"}
            self._busy.update(keys if free else [])
        threading.Event().wait(TRANSACTION_SECONDS)
        if not free:
            answer: Any = {"Error": {"Code": "TransactionCanceledException"}}
            answer["CancellationReasons"] = [{"Code": code} for code in codes]
            raise ClientError(answer, "TransactWriteItems")
        try:
            return self._write(TransactItems=TransactItems)
        finally:
            with self._lock:
                self._busy.difference_update(keys)


def _key(item: dict[str, Any]) -> tuple[str, str]:
    found = item.get("Key") or item["Item"]
    return found["pk"]["S"], found["sk"]["S"]


def test_l1_calls_of_one_offer_that_come_at_once_are_all_claimed() -> None:
    offer = make_offer(**BUSY)
    with mock_aws():
        ledger = dynamo()
        ledger.publish(StoredOffer(offer, "", b"", b"", b""))
        Conflicts(ledger)
        records = [claimed(sign_call(offer, nonce=nonce), now=NOW) for nonce in range(AT_ONCE)]
        assert all(at_once(lambda each: ledger.claim(each, offer, identifier=None), records))


def test_a8_calls_of_one_account_that_end_at_once_all_become_due() -> None:
    with mock_aws():
        ledger = dynamo()
        ledger.publish(StoredOffer(OFFER, "", b"sealed", b"key", b"secret"))
        records = [claim(ledger, nonce, limit=99 * PRICE, failed_per_day=99) for nonce in range(AT_ONCE)]
        Conflicts(ledger)
        at_once(lambda each: end(ledger, each, Outcome.SUCCEEDED), records)
        standing: Any = ledger.standing(NAME)
        assert (standing.due, standing.pending) == (AT_ONCE * PRICE, 0)
        assert [leaf.index for leaf in ledger.leaves(NAME, range(99))] == list(range(AT_ONCE))


def test_r3_a_run_is_recorded_while_the_same_call_comes_again() -> None:
    """Claims that come too late hold the call's item for a moment all the same."""
    with mock_aws():
        ledger = dynamo()
        ledger.publish(StoredOffer(OFFER, "", b"sealed", b"key", b"secret"))
        record = claim(ledger, 1, limit=PRICE)
        client: Any = ledger._table._client
        put, held = client.put_item, ["TransactionConflictException"]

        def put_item(**request: Any) -> Any:
            if held:
                raise ClientError({"Error": {"Code": held.pop()}}, "PutItem")
            return put(**request)

        client.put_item = put_item
        after = trying(record, now=NOW)
        assert ledger.save(record, after)
        assert ledger.record(record.call_hash) == after
        assert not ledger.save(record, after), "and only once"


def test_l6_no_item_is_written_by_every_claim_of_an_offer_that_sells_much() -> None:
    """DynamoDB lets one transaction after the other write an item, so one that all write bounds them all."""
    offer = make_offer(**{**BUSY, "quota_per_hour": 2000})
    written = Counter[tuple[str, str]]()
    with mock_aws():
        ledger = dynamo()
        ledger.publish(StoredOffer(offer, "", b"", b"", b""))
        client: Any = ledger._table._client
        write = client.transact_write_items

        def noted(*, TransactItems: list[dict[str, Any]]) -> Any:  # noqa: N803
            written.update(_key(item) for [item] in map(dict.values, TransactItems))
            return write(TransactItems=TransactItems)

        client.transact_write_items = noted
        one = claimed(sign_call(offer), now=NOW)
        calls = [replace(one, call_hash=n, holder=f"buyer {n}") for n in range(64)]
        assert all(ledger.claim(each, offer, identifier=None) for each in calls)
    assert max(written.values()) == len(calls) // 15 + 1, "at_once of 1000 makes 15 shards"
