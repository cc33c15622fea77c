"""What is DynamoDB's alone: batches that leave keys out, and a table that stacks share."""

from typing import Any

import pytest
from moto import mock_aws

from sealrun.adapters.aws.dynamodb import DynamoLedger
from sealrun.errors import StoreUnavailable
from sealrun.offers.stored_offer import StoredOffer
from sealrun.runs.record import claimed
from tests.ports.stores import dynamo
from tests.ports.test_ledger import NOW, OFFER, record
from tests.sealrun.world import make_offer, sign_call


def test_what_dynamodb_leaves_out_of_a_batch_is_asked_for_again() -> None:
    with mock_aws():
        ledger = dynamo()
        ledger.publish(StoredOffer(OFFER, "", b"sealed", b"key", b"secret"))
        ledger.claim(record(), OFFER, identifier=None)

        expected, asked = ledger.offer(OFFER.hash), list[str]()

        def without_most(parsed: dict[str, Any], model: Any, **_: Any) -> None:
            asked.append(model.name)
            [(table, [first, *others])] = parsed["Responses"].items()
            left = [{name: item[name] for name in ("pk", "sk")} for item in others]
            parsed["Responses"] = {table: [first]}
            parsed["UnprocessedKeys"] = {table: {"Keys": left}} if left else {}

        ledger._table._client.meta.events.register("after-call.dynamodb", without_most)
        assert ledger.look(OFFER.hash, record().call_hash) == (expected, record())
        assert asked == ["BatchGetItem"] * 2, "what reads counters in a batch has no right to GetItem them"


def test_a_batch_of_which_dynamodb_reads_nothing_is_unavailable() -> None:
    with mock_aws():
        ledger = dynamo()

        def nothing(parsed: dict[str, Any], **_: Any) -> None:
            left = [{"pk": {"S": "offer#1"}, "sk": {"S": "offer"}}] * 2
            parsed["Responses"], parsed["UnprocessedKeys"] = {}, {"calls": {"Keys": left}}

        ledger._table._client.meta.events.register("after-call.dynamodb.BatchGetItem", nothing)
        with pytest.raises(StoreUnavailable, match="got none of them"):
            ledger.look(OFFER.hash, record().call_hash)


def test_a_table_that_is_not_there_is_unavailable_and_not_a_missing_call() -> None:
    with mock_aws():
        ledger = dynamo()
        ledger._table.name = "another"
        with pytest.raises(StoreUnavailable, match="expected an answer"):
            ledger.record(1)
        with pytest.raises(StoreUnavailable, match="expected an answer"):
            ledger.claim(record(), OFFER, identifier=None)


def test_a3_stacks_that_share_the_table_look_after_their_own_offers_only() -> None:
    """Another stack's credential does not open here, so its calls are not this stack's to take."""
    other = make_offer(title="Sold by another stack")
    with mock_aws():
        everything = dynamo()
        mine = DynamoLedger(everything._table._client, table="calls", serves=(OFFER.hash,))
        for offer in (OFFER, other):
            everything.publish(StoredOffer(offer, "", b"", b"", b""))
            everything.claim(claimed(sign_call(offer), now=NOW), offer, identifier=None)
        [own] = mine.unfinished(due_before=NOW + 1000, limit=10)
        assert mine.record(own).offer_hash == OFFER.hash  # type: ignore[union-attr]
        assert (mine.published(), mine.offer(other.hash)) == ([OFFER.hash], None)
        assert len(everything.unfinished(due_before=NOW + 1000, limit=10)) == 2
        assert sorted(everything.published()) == sorted([OFFER.hash, other.hash])


def test_a3_what_a_stack_does_not_serve_is_not_found_and_not_asked_for() -> None:
    """Its rights end at its own offers (infra/access.yaml): DynamoDB's no would be told as an outage."""
    asked: list[str] = []
    with mock_aws():
        mine = DynamoLedger(dynamo()._table._client, table="calls", serves=(OFFER.hash,))
        mine._table._client.meta.events.register(
            "before-call.dynamodb", lambda model, **_: asked.append(model.name)
        )
        assert (mine.offer(1), mine.document(1), mine.look(1, 2)) == (None, None, (None, None))
    assert asked == []
