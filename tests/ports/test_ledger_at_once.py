"""What every shared ledger promises of calls that come at one moment, from threads or from processes."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sealrun.errors import NotCovered, TooMany
from sealrun.offers.stored_offer import StoredOffer
from sealrun.ports.calls import PLACES, Rate
from sealrun.receipts.receipt import Outcome
from sealrun.runs.record import Record, claimed, trying
from tests.ports.at_once import at_once
from tests.ports.stores import LEDGERS, SHARED_LEDGERS, parameters
from tests.ports.test_ledger_accounts import NAME, NOW, OFFER, PRICE, claim, end, record, reserve, stored
from tests.sealrun.world import BUSY, make_offer, sign_call

CALLS = 20
COVERED = 7


@pytest.fixture(params=parameters(SHARED_LEDGERS))
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    with LEDGERS[request.param](tmp_path) as made:
        made.publish(stored())
        yield made


def test_one_call_is_claimed_by_one_of_all_that_try(ledger: Any) -> None:
    def try_it(_: int) -> Any:
        return ledger.claim(record(1), OFFER, identifier="one", reserve=reserve(99))

    assert sum(at_once(try_it, [0] * CALLS)) == 1
    assert ledger.standing(NAME).committed == PRICE


def test_l1_calls_of_one_account_never_pass_what_covers_them(ledger: Any) -> None:
    covering = reserve(500, funds=COVERED * PRICE, failed_per_day=500)
    records = [record(nonce) for nonce in range(CALLS)]

    def try_one(each: Record) -> bool:
        with contextlib.suppress(NotCovered):
            return bool(ledger.claim(each, OFFER, identifier=None, reserve=covering))
        return False

    taken = at_once(try_one, records)
    assert sum(taken) == COVERED
    assert ledger.standing(NAME).committed == COVERED * PRICE
    assert [ledger.record(each.call_hash) is not None for each in records] == taken


def test_l6_calls_of_one_offer_never_pass_its_quota(ledger: Any) -> None:
    offer = make_offer(**{**BUSY, "quota_per_hour": COVERED})
    ledger.publish(StoredOffer(offer, "", b"", b"", b""))

    def try_one(nonce: int) -> bool:
        with contextlib.suppress(TooMany):
            return bool(ledger.claim(claimed(sign_call(offer, nonce=nonce), now=NOW), offer, identifier=None))
        return False

    assert sum(at_once(try_one, list(range(CALLS)))) == COVERED


def test_requests_of_one_source_never_pass_its_rate(ledger: Any) -> None:
    counted = at_once(lambda _: ledger.count_request(Rate("192.0.2.1", 1, COVERED)), [0] * CALLS)
    assert sum(counted) == COVERED


def test_a_record_is_replaced_by_one_of_all_that_read_it(ledger: Any) -> None:
    first = claim(ledger, 1, limit=PRICE)
    saved = at_once(lambda later: ledger.save(first, trying(first, now=NOW + later)), list(range(CALLS)))
    assert sum(saved) == 1
    read: Record = ledger.record(first.call_hash)
    assert read == trying(first, now=NOW + saved.index(True))


def test_a8_calls_of_one_account_that_end_at_once_all_become_due(ledger: Any) -> None:
    records = [claim(ledger, nonce, limit=99 * PRICE, failed_per_day=99) for nonce in range(CALLS)]
    at_once(lambda each: end(ledger, each, Outcome.SUCCEEDED), records)
    standing = ledger.standing(NAME)
    assert (standing.due, standing.pending, standing.tree.count) == (CALLS * PRICE, 0, CALLS)
    leaves = ledger.leaves(NAME, range(99))
    assert [leaf.index for leaf in leaves] == list(range(CALLS))
    assert [leaf.running_total for leaf in leaves] == [PRICE * (index + 1) for index in range(CALLS)]


def test_l11_collections_of_one_offer_never_pass_its_places(ledger: Any) -> None:
    taken = at_once(
        lambda call: ledger.take_place(OFFER.hash, call, now=NOW, until=NOW + 10), list(range(CALLS))
    )
    assert sum(taken) == PLACES
    for call, has_one in enumerate(taken):
        if has_one:
            assert not ledger.take_place(OFFER.hash, call, now=NOW, until=NOW + 10), "it has one"
    ledger.leave_place(OFFER.hash, taken.index(True), until=NOW + 10)
    assert ledger.take_place(OFFER.hash, CALLS, now=NOW, until=NOW + 10)


def test_l11_of_functions_that_ask_at_once_for_one_call_one_has_a_place(ledger: Any) -> None:
    call, times = record(1), {"now": NOW, "until": NOW + 9}
    assert ledger.claim(call, OFFER, identifier=None, reserve=reserve(99))
    for _ in range(10):
        asked = at_once(lambda _: ledger.take_place(OFFER.hash, call.call_hash, **times), [0] * 6)
        assert asked.count(True) == 1
        ledger.leave_place(OFFER.hash, call.call_hash, until=NOW + 9)
