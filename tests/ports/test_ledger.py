"""What every ledger promises of offers, calls, counters and the sweep."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sealrun.encoding.fields import canonical
from sealrun.errors import StoreUnavailable, TooMany
from sealrun.offers.offer import Offer
from sealrun.offers.stored_offer import StoredOffer
from sealrun.ports.calls import Quota, Rate, Totals
from sealrun.receipts.receipt import Outcome
from sealrun.runs.record import (
    GIVE_UP_AFTER,
    Ending,
    Fault,
    Record,
    State,
    accepted,
    claimed,
    finished,
    judged,
    trying,
    without_offer,
)
from tests.ports.stores import LEDGERS, parameters
from tests.sealrun.world import BUSY, BUYER, limits_value, make_offer, offer_value, sign_call

NOW = 1_800_000_000
OFFER = make_offer(quota_per_hour=2)
BUYERS_NAME = BUYER.public_key().to_base58()


@pytest.fixture(params=parameters(LEDGERS))
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    with LEDGERS[request.param](tmp_path) as made:
        made.publish(StoredOffer(OFFER, "", b"sealed", b"key", b"secret"))
        yield made


def record(nonce: int = 1, now: int = NOW) -> Record:
    return claimed(sign_call(OFFER, nonce=nonce), now=now)


def test_an_offer_reads_back_as_it_was_published(ledger: Any) -> None:
    assert ledger.offer(OFFER.hash) == StoredOffer(OFFER, "", b"sealed", b"key", b"secret")
    assert ledger.offer(5) is None


def test_an_offer_that_an_older_version_published_is_over_and_stands_in_nobodys_way(ledger: Any) -> None:
    value = {**offer_value(title="Older"), "sealrun": 1, "price": "0"}
    del value["prices"]
    older = replace(make_offer(title="Older"), document=canonical(value))
    ledger.publish(StoredOffer(older, "", b"", b"key", b"secret"))
    assert set(ledger.published()) == {OFFER.hash, older.hash}
    assert (ledger.offer(older.hash), ledger.document(older.hash)) == (None, None)
    assert ledger.offers_of([older.hash, OFFER.hash]) == [ledger.offer(OFFER.hash)]
    assert ledger.look(older.hash, 5) == (None, None)


def test_calls_of_an_offer_of_an_older_version_are_listed_come_due_and_end_without_a_receipt(
    ledger: Any,
) -> None:
    value = {**offer_value(title="Older"), "sealrun": 1, "price": "5"}
    del value["prices"]
    older = replace(make_offer(title="Older"), document=canonical(value))
    ledger.publish(StoredOffer(older, "", b"", b"key", b"secret"))
    first = replace(record(), offer_hash=older.hash)
    assert ledger.claim(first, older, identifier=None)
    assert ledger.newest(older.hash, most=5, unfinished=True) == [first]
    assert ledger.unfinished(due_before=first.wake_at, limit=5) == [first.call_hash]
    over = replace(without_offer(first, now=NOW + GIVE_UP_AFTER), price=5)
    assert ledger.save(first, over), "a price stays reserved: nothing signs that it is free"
    assert ledger.record(first.call_hash) == over
    assert ledger.newest(older.hash, most=5, unfinished=True) == []
    assert [each.state for each in ledger.newest(older.hash, most=5)] == [State.FAILED]
    assert ledger.unfinished(due_before=NOW + 2 * GIVE_UP_AFTER, limit=5) == []


def test_many_offers_are_read_at_once_in_the_order_that_was_asked_for(ledger: Any) -> None:
    others = [make_offer(title=f"Offer {number}") for number in range(30)]
    for other in others:
        ledger.publish(StoredOffer(other, "", b"", b"key", b"secret", paused="not yet"))
    wanted = [OFFER.hash, 5, *(other.hash for other in others)]
    found = ledger.offers_of(wanted)
    assert found == [offer for each in wanted if (offer := ledger.offer(each))]
    assert len(found) == len(others) + 1
    assert ledger.offers_of([]) == []


def test_an_offer_may_be_published_paused_and_opens_later(ledger: Any) -> None:
    other = make_offer(title="Another title")
    stored = StoredOffer(other, "", b"", b"key", b"secret", suspended="not looked at yet")
    ledger.publish(stored)
    assert ledger.offer(other.hash) == stored
    ledger.suspend_offer(other.hash, "")
    assert ledger.offer(other.hash).suspended == ""


def test_l8_prices_are_dropped_with_their_reasons_and_come_back(ledger: Any) -> None:
    other = make_offer(title="Another title")
    ledger.publish(StoredOffer(other, "", b"", b"key", b"secret", dropped={"wAsset": "not looked at"}))
    assert ledger.offer(other.hash).dropped == {"wAsset": "not looked at"}
    assert ledger.offer(OFFER.hash).dropped == {}
    ledger.drop_prices(OFFER.hash, {"wAsset": "paused", "wOther": "not backed"})
    stored = ledger.offer(OFFER.hash)
    assert (stored.dropped, stored.reason) == ({"wAsset": "paused", "wOther": "not backed"}, "")
    ledger.drop_prices(OFFER.hash, {"wOther": "not backed"})
    assert ledger.look(OFFER.hash, 5)[0].dropped == {"wOther": "not backed"}
    ledger.drop_prices(OFFER.hash, {})
    assert ledger.offers_of([OFFER.hash])[0].dropped == {}


def test_an_offer_remembers_whether_anyone_may_open_its_runs(ledger: Any) -> None:
    assert ledger.offer(OFFER.hash).shows_runs is None
    for shown in (True, False):
        ledger.note_visibility(OFFER.hash, shows_runs=shown)
        assert ledger.offer(OFFER.hash).shows_runs is shown
        assert ledger.offers_of([OFFER.hash])[0].shows_runs is shown


def test_an_offer_remembers_when_a_delivery_last_came_in_time(ledger: Any) -> None:
    assert ledger.offer(OFFER.hash).delivered_at == 0
    for now in (NOW, NOW + 3600):
        ledger.note_delivery(OFFER.hash, now=now)
        assert ledger.offer(OFFER.hash).delivered_at == now
        assert ledger.offers_of([OFFER.hash])[0].delivered_at == now


def test_e2_a_ci_token_counts_for_one_call_only(ledger: Any) -> None:
    assert ledger.take_token("https://gitlab.com", "jti-1", call_hash=5)
    assert ledger.take_token("https://gitlab.com", "jti-1", call_hash=5), "the same call is collected again"
    assert not ledger.take_token("https://gitlab.com", "jti-1", call_hash=6)
    assert ledger.take_token("https://gitlab.com", "jti-2", call_hash=6)
    assert ledger.take_token("https://gitlab.example", "jti-1", call_hash=6)


def test_r1_a_credential_is_replaced_and_nothing_else(ledger: Any) -> None:
    ledger.close_offer(OFFER.hash, "the source changed")
    ledger.replace_credential(OFFER.hash, sealed=b"new", sealing_key=b"new key")
    expected = StoredOffer(OFFER, "the source changed", b"new", b"new key", b"secret")
    assert ledger.offer(OFFER.hash) == expected
    with pytest.raises(StoreUnavailable, match="expected the offer"):
        ledger.replace_credential(5, sealed=b"new", sealing_key=b"new key")


def test_publishing_again_does_not_open_a_closed_offer(ledger: Any) -> None:
    ledger.close_offer(OFFER.hash, "the source changed")
    ledger.publish(StoredOffer(OFFER, "", b"other", b"other", b"other"))
    assert ledger.offer(OFFER.hash) == StoredOffer(OFFER, "the source changed", b"sealed", b"key", b"secret")


def test_a9_the_first_reason_why_an_offer_is_closed_stays_but_for_one_anew(ledger: Any) -> None:
    ledger.close_offer(OFFER.hash, "its key is closed")
    ledger.close_offer(OFFER.hash, "the source changed")
    assert ledger.offer(OFFER.hash).closed == "its key is closed"
    ledger.close_offer(OFFER.hash, "its key leaked", anew=True)
    assert ledger.offer(OFFER.hash).closed == "its key leaked"


def test_a_call_is_claimed_once(ledger: Any) -> None:
    assert ledger.claim(record(), OFFER, identifier=None)
    assert not ledger.claim(record(), OFFER, identifier=None)
    assert ledger.record(record().call_hash) == record()


def test_l3_an_identifier_is_written_only_together_with_its_claim(ledger: Any) -> None:
    assert ledger.claim(record(1), OFFER, identifier="one")
    assert not ledger.claim(record(2), OFFER, identifier="one")
    assert ledger.record(record(2).call_hash) is None
    assert ledger.claim(record(2), OFFER, identifier="two")


def test_l6_a_claim_past_the_quota_claims_nothing(ledger: Any) -> None:
    for nonce in (1, 2):
        assert ledger.claim(record(nonce), OFFER, identifier=None)
    with pytest.raises(TooMany) as refused:
        ledger.claim(record(3), OFFER, identifier="three")
    assert refused.value.retry_after == 3600 - NOW % 3600
    assert ledger.record(record(3).call_hash) is None
    assert ledger.claim(record(3, now=NOW + 3600), OFFER, identifier="three")


def test_a_claim_that_was_there_already_uses_no_quota(ledger: Any) -> None:
    for nonce in (1, 1, 1, 2):
        ledger.claim(record(nonce), OFFER, identifier=None)
    assert ledger.record(record(2).call_hash) is not None


def test_a_record_changes_only_from_the_version_that_was_read(ledger: Any) -> None:
    first = record()
    ledger.claim(first, OFFER, identifier=None)
    second = trying(first, now=NOW)
    assert ledger.save(first, second)
    assert not ledger.save(first, trying(first, now=NOW + 1))
    assert ledger.record(first.call_hash) == second


def test_a_record_of_another_call_is_refused(ledger: Any) -> None:
    with pytest.raises(ValueError, match="expected one of"):
        ledger.save(record(1), record(2))


def test_an_accepted_run_is_found_by_its_name_across_providers(ledger: Any) -> None:
    first = record()
    ledger.claim(first, OFFER, identifier=None)
    running = accepted(first, run_id=77, run_url="https://gitlab.example/77", now=NOW, seconds=600)
    assert ledger.save(first, running)
    key = running.run_key(OFFER)
    assert ledger.call_of_run(key) == first.call_hash
    for other in (
        replace(key, id=78),
        replace(key, project="43"),
        replace(key, origin="https://other.example"),
    ):
        assert ledger.call_of_run(other) is None


def test_the_sweep_finds_what_is_due_and_nothing_that_is_over(ledger: Any) -> None:
    first, second = record(1), record(2, now=NOW + 50)
    for each in (first, second):
        ledger.claim(each, OFFER, identifier=None)
    assert ledger.unfinished(due_before=NOW + 89, limit=10) == []
    assert ledger.unfinished(due_before=NOW + 90, limit=10) == [first.call_hash]
    assert ledger.unfinished(due_before=NOW + 140, limit=10) == [first.call_hash, second.call_hash]
    assert ledger.unfinished(due_before=NOW + 140, limit=1) == [first.call_hash]
    over = finished(
        judged(first, Ending(Outcome.FAILED, "x", NOW)),
        receipt={"data": {}},
        index="aa",
        openings="bb",
        statements="cc",
    )
    assert ledger.save(first, replace(over, version=first.version + 1))
    assert ledger.unfinished(due_before=NOW + 140, limit=10) == [second.call_hash]
    read = ledger.record(first.call_hash)
    assert (read.state, read.ending.outcome) == (State.FAILED, Outcome.FAILED)


def test_requests_are_counted_by_source_and_minute(ledger: Any) -> None:
    assert [ledger.count_request(Rate("192.0.2.1", 1, 2)) for _ in range(3)] == [True, True, False]
    assert ledger.count_request(Rate("192.0.2.2", 1, 2))
    assert ledger.count_request(Rate("192.0.2.1", 2, 2))


def test_a_claim_beyond_the_rate_claims_nothing(ledger: Any) -> None:
    rate = Rate("192.0.2.1", NOW // 60, 1)
    assert ledger.claim(record(1), OFFER, identifier=None, rate=rate)
    with pytest.raises(TooMany, match="fewer in a minute"):
        ledger.claim(record(2), OFFER, identifier=None, rate=rate)
    assert ledger.record(record(2).call_hash) is None
    assert ledger.claim(record(2), OFFER, identifier=None, rate=rate._replace(minute=rate.minute + 1))


def test_offer_and_call_are_read_as_they_are_now_in_one_request(ledger: Any) -> None:
    assert ledger.document(OFFER.hash) == OFFER
    assert (ledger.document(5), ledger.look(5, 6)) == (None, (None, None))
    assert ledger.look(OFFER.hash, record().call_hash) == (ledger.offer(OFFER.hash), None)
    ledger.claim(record(), OFFER, identifier=None)
    ledger.close_offer(OFFER.hash, "the source changed")
    stored, found = ledger.look(OFFER.hash, record().call_hash)
    assert (stored.closed, found) == ("the source changed", record())


def test_l8_a_paused_offer_opens_again_and_a_closed_one_does_not(ledger: Any) -> None:
    assert ledger.published() == [OFFER.hash]
    ledger.suspend_offer(OFFER.hash, "the node is not synced")
    assert ledger.offer(OFFER.hash).suspended == "the node is not synced"
    ledger.close_offer(OFFER.hash, "the source changed")
    ledger.suspend_offer(OFFER.hash, "")
    stored = ledger.offer(OFFER.hash)
    assert (stored.suspended, stored.closed) == ("", "the source changed")


def test_l8_what_the_operator_holds_is_told_apart_and_not_let_go_by_a_health_check(ledger: Any) -> None:
    ledger.pause_offer(OFFER.hash, "maintenance")
    ledger.suspend_offer(OFFER.hash, "the node is not synced")
    ledger.suspend_offer(OFFER.hash, "")
    stored = ledger.offer(OFFER.hash)
    assert (stored.paused, stored.suspended, stored.reason) == ("maintenance", "", "maintenance")
    ledger.pause_offer(OFFER.hash, "")
    assert ledger.offer(OFFER.hash).reason == ""


def test_l14_a_reason_may_repeat_any_character_that_a_provider_sent(ledger: Any) -> None:
    """PostgreSQL keeps no NUL; where a reason is not kept, no health check goes on to the next offer."""
    said = "the offer's commit, got a\0b"
    ledger.suspend_offer(OFFER.hash, said)
    ledger.rest_offer(OFFER.hash, said, until=NOW)
    ledger.pause_offer(OFFER.hash, said)
    ledger.close_offer(OFFER.hash, said)
    kept = ledger.offer(OFFER.hash)
    for reason in (kept.suspended, kept.resting, kept.paused, kept.closed):
        assert reason.replace("\ufffd", "\0") == said


def test_l6_a_buyers_own_quota_bounds_that_buyer_and_is_all_or_nothing(ledger: Any) -> None:
    assert ledger.claim(record(1), OFFER, identifier=None, quotas=[Quota(BUYERS_NAME, 1)])
    with pytest.raises(TooMany, match="of this buyer"):
        ledger.claim(record(2), OFFER, identifier="two", quotas=[Quota(BUYERS_NAME, 1)])
    assert ledger.record(record(2).call_hash) is None
    assert ledger.claim(record(2), OFFER, identifier="two"), "neither quota nor identifier was used up"
    with pytest.raises(TooMany, match="of this buyer"):
        ledger.claim(record(3, now=NOW + 3600), OFFER, identifier=None, quotas=[Quota(BUYERS_NAME, 0)])
    assert ledger.claim(record(3, now=NOW + 3600), OFFER, identifier=None, quotas=[Quota(BUYERS_NAME, 1)])


def test_l6_an_offer_that_sells_much_sells_its_whole_quota_and_no_more(ledger: Any) -> None:
    """A ledger may divide a quota among several counters; whichever one is used up, the others are sold."""
    quota = 150
    busy = make_offer(**{**BUSY, "quota_per_hour": quota})
    ledger.publish(StoredOffer(busy, "", b"sealed", b"key", b"secret"))
    for each in calls_of(busy, quota):
        assert ledger.claim(each, busy, identifier=None)
    [one_more] = calls_of(busy, 1, first=quota)
    with pytest.raises(TooMany, match="at most 150 an hour"):
        ledger.claim(one_more, busy, identifier="one")
    assert ledger.record(one_more.call_hash) is None


def test_l12_what_runs_at_once_is_bounded_over_all_counters_whichever_calls_end(ledger: Any) -> None:
    most = 130
    busy = make_offer(**{**BUSY, "limits": limits_value(at_once=most, minutes_per_month=100_000)})
    ledger.publish(StoredOffer(busy, "", b"sealed", b"key", b"secret"))
    running = calls_of(busy, most)
    for each in running:
        assert ledger.claim(each, busy, identifier=None)
    assert ledger.totals(busy).unfinished == most
    [*more, one_too_many] = calls_of(busy, 11, first=most)
    for ended, later in zip(running, more, strict=False):
        with pytest.raises(TooMany, match=f"at most {most} of all buyers at once"):
            ledger.claim(later, busy, identifier=None)
        end(ledger, ended)
        assert ledger.claim(later, busy, identifier=None)
    with pytest.raises(TooMany, match=f"at most {most} of all buyers at once"):
        ledger.claim(one_too_many, busy, identifier=None)
    assert ledger.totals(busy).unfinished == most
    for ended in [*running[len(more) :], *more]:
        end(ledger, ended)
    assert ledger.totals(busy).unfinished == 0


def test_calls_are_counted_as_they_are_claimed_and_as_they_end(ledger: Any) -> None:
    busy = make_offer(**BUSY)
    ledger.publish(StoredOffer(busy, "", b"sealed", b"key", b"secret"))
    none = {state: 0 for state in State if state.over}
    assert ledger.totals(busy) == Totals(0, none)
    calls = calls_of(busy, 5)
    for each in calls:
        assert ledger.claim(each, busy, identifier=None)
        assert not ledger.claim(each, busy, identifier=None)
    for each in calls[:3]:
        end(ledger, each)
    assert ledger.totals(busy) == Totals(2, {**none, State.FAILED: 3})
    assert ledger.totals(OFFER) == Totals(0, none)


def test_calls_are_listed_the_newest_first_and_late_ones_are_counted(ledger: Any) -> None:
    """However many calls there are, neither reads them all."""
    busy = make_offer(**BUSY)
    ledger.publish(StoredOffer(busy, "", b"sealed", b"key", b"secret"))
    calls = [replace(each, claimed_at=NOW + age) for age, each in enumerate(calls_of(busy, 40))]
    for each in calls:
        assert ledger.claim(each, busy, identifier=None)
    for each in calls[:30]:
        end(ledger, each)
    assert [each.call_hash for each in ledger.newest(busy.hash, most=35)] == [
        each.call_hash for each in calls[:4:-1]
    ]
    assert ledger.newest(busy.hash, most=100, unfinished=True) == calls[:29:-1]
    assert ledger.newest(OFFER.hash, most=5) == []
    assert ledger.count_late(busy, claimed_before=NOW + 30) == 0
    assert ledger.count_late(busy, claimed_before=NOW + 33) == 3


def test_many_records_are_read_at_once_in_the_order_that_was_asked_for(ledger: Any) -> None:
    busy = make_offer(**BUSY)
    ledger.publish(StoredOffer(busy, "", b"sealed", b"key", b"secret"))
    calls = calls_of(busy, 100)
    for each in calls[1:]:
        assert ledger.claim(each, busy, identifier=None)
    assert ledger.records_of([each.call_hash for each in reversed(calls)]) == calls[:0:-1]
    assert ledger.records_of([]) == []


def test_an_accounts_calls_are_listed_page_after_page_the_newest_first(ledger: Any) -> None:
    busy = make_offer(**BUSY)
    ledger.publish(StoredOffer(busy, "", b"sealed", b"key", b"secret"))
    calls = [replace(each, claimed_at=NOW + at // 3) for at, each in enumerate(calls_of(busy, 20))]
    for each in [*calls, replace(calls[0], call_hash=5, account="B62another")]:
        assert ledger.claim(each, busy, identifier=None)
    found: list[Record] = []
    for most in (7, 7, 100):
        after = (found[-1].claimed_at, found[-1].call_hash) if found else None
        page = ledger.calls_of(BUYERS_NAME, most=most, after=after)
        assert len(page) == min(most, len(calls) - len(found))
        found += page
    assert {each.call_hash: each for each in found} == {each.call_hash: each for each in calls}
    assert len(found) == len(calls)
    times = [each.claimed_at for each in found]
    assert times == sorted(times, reverse=True)
    last = found[-1]
    assert ledger.calls_of(BUYERS_NAME, most=5, after=(last.claimed_at, last.call_hash)) == []
    assert ledger.calls_of("B62nobody", most=5) == []


@pytest.mark.parametrize("at_once", [100, 1000])  # one shard of DynamoDB's, and several
def test_an_offers_calls_that_are_over_are_listed_page_after_page_the_newest_first(
    ledger: Any, at_once: int
) -> None:
    limits = limits_value(at_once=at_once, minutes_per_month=10**6)
    sold = make_offer(**{**BUSY, "limits": limits, "quota_per_hour": at_once})
    ledger.publish(StoredOffer(sold, "", b"sealed", b"key", b"secret"))
    calls = [replace(each, claimed_at=NOW + at // 7) for at, each in enumerate(calls_of(sold, 40))]
    for each in calls:
        assert ledger.claim(each, sold, identifier=None)
    over = [each for at, each in enumerate(calls) if at % 4]
    for each in over:
        end(ledger, each)
    found: list[Record] = []
    for most in (1, 8, 8, 100):
        after = (found[-1].claimed_at, found[-1].call_hash) if found else None
        page = ledger.ended(sold.hash, most=most, after=after)
        assert len(page) == min(most, len(over) - len(found))
        found += page
    assert sorted(each.call_hash for each in found) == [each.call_hash for each in over]
    assert all(each.state is State.FAILED for each in found)
    times = [each.claimed_at for each in found]
    assert times == sorted(times, reverse=True)
    last = found[-1]
    assert ledger.ended(sold.hash, most=5, after=(last.claimed_at, last.call_hash)) == []
    assert ledger.ended(OFFER.hash, most=5) == []


def calls_of(offer: Offer, number: int, *, first: int = 0) -> list[Record]:
    """Calls as a claim has them; no ledger looks at their signatures."""
    signed = sign_call(offer)
    one = claimed(signed, now=NOW)
    return [replace(one, call_hash=one.call_hash + nonce) for nonce in range(first, first + number)]


def end(ledger: Any, before: Record) -> None:
    """The call is over, without success."""
    receipt = {"receipt": {"data": {}}, "index": "aa", "openings": "bb", "statements": "cc"}
    over = finished(judged(before, Ending(Outcome.FAILED, "x", NOW)), **receipt)  # type: ignore[arg-type]
    assert ledger.save(before, replace(over, version=before.version + 1))


def test_l12_each_holder_has_its_share_of_runs_and_minutes_and_gets_it_back(ledger: Any) -> None:
    minutes = OFFER.limits.minutes
    quotas = [Quota(BUYERS_NAME, 9, at_once=1, minutes_per_month=2 * minutes), Quota("ab" * 16, 9)]

    def one(nonce: int) -> Record:
        counted = tuple(quota.holder for quota in quotas)
        return claimed(sign_call(OFFER, nonce=nonce), now=NOW, counted=counted)

    assert ledger.claim(one(1), OFFER, identifier=None, quotas=quotas)
    with pytest.raises(TooMany, match="at most 1 of this buyer at once"):
        ledger.claim(one(2), OFFER, identifier=None, quotas=quotas)
    ending = Ending(Outcome.NEVER_STARTED, "the token is refused", NOW, blameless=True, fault=Fault.CERTAIN)
    before = judged(one(1), ending)
    results: Any = {"receipt": {"data": {}}, "index": "aa", "openings": "bb", "statements": "cc"}
    assert ledger.save(one(1), before)
    assert ledger.save(before, finished(before, **results))
    assert ledger.record(one(1).call_hash).counted == ()
    for nonce in (2, 3):  # the offer takes two calls an hour: the first one does not count any more
        with_room = [quotas[0]._replace(at_once=2), quotas[1]]
        assert ledger.claim(one(nonce), OFFER, identifier=None, quotas=with_room)


def test_l12_a_witness_of_an_offers_faults_counts_once(ledger: Any) -> None:
    assert [ledger.count_fault(OFFER.hash, name) for name in ("one", "one", "two")] == [1, 1, 2]
    assert ledger.offer(OFFER.hash).faults == 2
    ledger.forget_faults(OFFER.hash)
    assert ledger.offer(OFFER.hash).faults == 0
    assert ledger.count_fault(OFFER.hash, "one") == 1


def test_l12_calls_whose_collection_was_spoiled_share_one_place(ledger: Any) -> None:
    slow, times = range(1, 4), {"now": NOW, "until": NOW + 10}
    assert [ledger.take_place(OFFER.hash, call, **times, spoiled=True) for call in slow] == [
        True,
        False,
        False,
    ]
    assert [ledger.take_place(OFFER.hash, call, **times) for call in (11, 12, 13)] == [True, True, False]
    ledger.leave_place(OFFER.hash, 1, until=NOW + 10)
    assert ledger.take_place(OFFER.hash, 2, **times, spoiled=True)


def test_l11_a_call_that_asks_again_takes_no_second_place_and_frees_none_of_the_first_one(
    ledger: Any,
) -> None:
    times = {"now": NOW, "until": NOW + 9}
    assert [ledger.take_place(OFFER.hash, call, **times) for call in (1, 4)] == [True, True]
    ledger.leave_place(OFFER.hash, 1, until=NOW + 9)
    assert not ledger.take_place(OFFER.hash, 4, **times), "another function works on it"
    assert not ledger.take_place(OFFER.hash, 4, **times, spoiled=True), "as it was read before"
    assert ledger.take_place(OFFER.hash, 4, **times, start=True), "of another kind"
    assert [ledger.take_place(OFFER.hash, call, **times) for call in (7, 10, 13)] == [True, True, False]


def test_l11_whoever_took_longer_than_its_place_lasts_frees_none_of_the_next_one(ledger: Any) -> None:
    for at in (NOW, NOW + 9):
        assert ledger.take_place(OFFER.hash, 4, now=at, until=at + 9)
    ledger.leave_place(OFFER.hash, 4, until=NOW + 9)
    times = {"now": NOW + 9, "until": NOW + 18}
    assert [ledger.take_place(OFFER.hash, call, **times) for call in (5, 6, 7)] == [True, True, False]
    ledger.leave_place(OFFER.hash, 4, until=NOW + 18)
    assert ledger.take_place(OFFER.hash, 7, **times)


def test_l11_starts_have_two_places_of_their_own(ledger: Any) -> None:
    times = {"now": NOW, "until": NOW + 10}
    assert [ledger.take_place(OFFER.hash, call, **times, start=True) for call in (1, 2, 3)] == [
        True,
        True,
        False,
    ]
    assert [ledger.take_place(OFFER.hash, call, **times) for call in (11, 12, 13, 14)] == [
        True,
        True,
        True,
        False,
    ]
    ledger.leave_place(OFFER.hash, 1, until=NOW + 10)
    assert not ledger.take_place(OFFER.hash, 14, **times)
    assert ledger.take_place(OFFER.hash, 3, **times, start=True)
    later = {"now": NOW + 10, "until": NOW + 20}  # whoever did not leave is gone
    assert [ledger.take_place(OFFER.hash, call, **later, start=True) for call in (4, 5)] == [True, True]
