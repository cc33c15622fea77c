"""What every ledger promises about money."""

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mina.sign import sign_fields
from sealrun.errors import AccountRefused, NotCovered, TooMany
from sealrun.money.dues import Due, root_from_path
from sealrun.money.vouchers import Deposits, Reserve, Standing, Voucher
from sealrun.offers.asset import MINA
from sealrun.offers.stored_offer import StoredOffer
from sealrun.receipts.grade import Grade
from sealrun.receipts.receipt import Outcome, Receipt, SignedReceipt
from sealrun.runs.record import Ending, Record, claimed, finished, judged
from tests.ports.stores import LEDGERS, SHARED_LEDGERS, parameters
from tests.sealrun.fakes import FakeLedger
from tests.sealrun.world import ACCOUNT, BUSY, BUYER, ORACLE, in_mina, make_paid_offer, sign_paid_call

NOW = 1_800_000_000
PRICE = 5
OFFER = make_paid_offer(prices=in_mina(PRICE), **BUSY)
NAME = ACCOUNT.public_key().to_base58()


def stored() -> StoredOffer:
    return StoredOffer(OFFER, "", b"sealed", b"key", b"secret")


@pytest.fixture(params=parameters(LEDGERS))
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    with LEDGERS[request.param](tmp_path) as made:
        made.publish(stored())
        yield made


def reserve(limit: int, *, funds: int = 1000, failed_per_day: int = 5, **changes: Any) -> Reserve:
    voucher = Voucher(limit, 77, f"signature of {limit}")
    return Reserve(PRICE, voucher, BUYER.public_key().to_base58(), funds, failed_per_day, **changes)


def record(nonce: int, now: int = NOW) -> Record:
    return claimed(sign_paid_call(OFFER, nonce=nonce), now=now, price=PRICE)


def claim(ledger: Any, nonce: int, limit: int, **changes: Any) -> Record:
    one = record(nonce)
    assert ledger.claim(one, OFFER, identifier=None, reserve=reserve(limit, **changes))
    return one


def end(ledger: Any, one: Record, outcome: Outcome, *, blameless: bool = False) -> Record:
    receipt = Receipt("mina:devnet", one.call_hash, OFFER.hash, 1, 2, 3, 4, outcome, Grade.OPERATOR, NOW)
    signed = SignedReceipt(receipt, sign_fields(ORACLE, receipt.fields()), ORACLE.public_key())
    before = judged(one, Ending(outcome, "said so", NOW, blameless=blameless))
    after = finished(before, receipt=signed.document(), index="aa", openings="bb", statements="cc")
    assert ledger.save(one, replace(after, version=one.version + 1))
    return after


def test_l1_a_claim_reserves_the_price_and_keeps_the_voucher(ledger: Any) -> None:
    assert ledger.standing(NAME) is None
    claim(ledger, 1, limit=5)
    expected = Standing(OFFER.hash, BUYER.public_key().to_base58(), reserve(5).voucher, committed=5, calls=1)
    assert ledger.standing(NAME) == expected
    assert (expected.due, expected.pending) == (0, 5)


@pytest.mark.parametrize(("limit", "funds"), [(9, 1000), (1000, 9)])
def test_l1_limit_and_funds_cover_every_call_or_nothing_is_claimed(
    ledger: Any, limit: int, funds: int
) -> None:
    claim(ledger, 1, limit=5)
    with pytest.raises(NotCovered, match="expected at least 10"):
        ledger.claim(record(2), OFFER, identifier="two", reserve=reserve(limit, funds=funds))
    assert ledger.record(record(2).call_hash) is None
    assert ledger.standing(NAME).committed == 5
    assert ledger.claim(record(2), OFFER, identifier="two", reserve=reserve(10, funds=10))


def test_l1_the_voucher_of_the_highest_limit_stays(ledger: Any) -> None:
    claim(ledger, 1, limit=100)
    claim(ledger, 2, limit=50)
    assert ledger.standing(NAME).voucher.limit == 100
    claim(ledger, 3, limit=101)
    assert ledger.standing(NAME).voucher == reserve(101).voucher


def test_l1_amounts_of_64_bits_are_kept_and_compared(ledger: Any) -> None:
    half, whole = 2**63, 2**64 - 1
    voucher = Voucher(whole, 77, "signature")
    large = Reserve(half, voucher, BUYER.public_key().to_base58(), whole, 5)
    assert ledger.claim(replace(record(1), price=half), OFFER, identifier=None, reserve=large)
    with pytest.raises(
        NotCovered, match=rf"expected at least {2 * half} nanomina \(.* MINA\), got {whole} nanomina"
    ):
        ledger.claim(replace(record(2), price=half), OFFER, identifier=None, reserve=large)
    assert ledger.claim(record(2), OFFER, identifier=None, reserve=replace(large, price=half - 1))
    assert ledger.standing(NAME).committed == whole


def test_a14_an_account_is_used_under_the_terms_of_its_first_call_in_whatever_order_claims_come(
    ledger: Any,
) -> None:
    assert ledger.claim(record(1), OFFER, identifier=None, reserve=replace(reserve(100), terms=8))
    for terms in (0, 9):
        with pytest.raises(AccountRefused, match="expected the terms of its first call here"):
            ledger.claim(record(2), OFFER, identifier="two", reserve=replace(reserve(100), terms=terms))
    assert ledger.record(record(2).call_hash) is None
    assert (ledger.standing(NAME).committed, ledger.standing(NAME).terms) == (PRICE, 8)
    assert ledger.claim(record(2), OFFER, identifier="two", reserve=replace(reserve(100), terms=8))


def test_l1_a_claim_that_was_there_already_reserves_nothing(ledger: Any) -> None:
    claim(ledger, 1, limit=100)
    assert not ledger.claim(record(1), OFFER, identifier=None, reserve=reserve(100))
    assert ledger.standing(NAME).committed == 5


def test_a8_a_good_run_is_due_a_bad_one_frees_its_reserve_and_each_has_one_leaf(ledger: Any) -> None:
    first, second = claim(ledger, 1, limit=5), claim(ledger, 2, limit=10)
    end(ledger, second, Outcome.FAILED)
    assert (ledger.standing(NAME).due, ledger.standing(NAME).pending) == (0, 5)
    end(ledger, first, Outcome.SUCCEEDED)
    standing = ledger.standing(NAME)
    assert (standing.due, standing.pending, standing.tree.count) == (5, 0, 2)
    leaves = ledger.leaves(NAME, [0, 1, 2])
    assert [leaf.call_hash for leaf in leaves] == [second.call_hash, first.call_hash]
    assert [(leaf.index, leaf.price_due, leaf.running_total) for leaf in leaves] == [(0, 0, 0), (1, 5, 5)]
    assert [leaf.hash for leaf in leaves] == [replace(leaf, nodes=()).hash for leaf in leaves]
    assert ledger.leaves(NAME, [1]) == leaves[1:]
    assert ledger.leaves(NAME, []) == []


def test_a8_the_leaf_of_a_call_is_found_and_leads_to_the_root(ledger: Any) -> None:
    ended = [claim(ledger, nonce, limit=5 * nonce, failed_per_day=9) for nonce in range(1, 6)]
    running = claim(ledger, 6, limit=30, failed_per_day=9)
    for one in ended:
        end(ledger, one, Outcome.SUCCEEDED)
    tree = ledger.standing(NAME).tree
    for one in ended:
        leaf = ledger.leaf(NAME, one.call_hash)
        beside = ledger.leaves(NAME, list(tree.beside(leaf.index).values()))
        siblings = tree.path(leaf.index, {each.index: each for each in beside})
        assert (leaf.call_hash, root_from_path(leaf, siblings)) == (one.call_hash, tree.root)
    assert ledger.leaf(NAME, running.call_hash) is None
    assert ledger.leaf("B62another", ended[0].call_hash) is None


def test_a8_a_call_that_is_over_gets_no_second_leaf(ledger: Any) -> None:
    first = claim(ledger, 1, limit=5)
    over = end(ledger, first, Outcome.SUCCEEDED)
    assert not ledger.save(first, replace(over, version=first.version + 1))
    assert ledger.standing(NAME).tree.count == 1
    assert ledger.standing(NAME).due == 5


def test_l7_the_reserve_stays_until_the_call_is_over(ledger: Any) -> None:
    first = claim(ledger, 1, limit=5)
    before = judged(first, Ending(Outcome.FAILED, "said so", NOW))
    assert ledger.save(first, before)
    assert ledger.standing(NAME).pending == 5
    assert ledger.leaves(NAME, range(9)) == []


def test_l7_an_account_causes_so_many_unpaid_runs_a_day(ledger: Any) -> None:
    for nonce in (1, 2):
        end(ledger, claim(ledger, nonce, limit=5), Outcome.FAILED)
    with pytest.raises(TooMany, match="failed runs") as refused:
        claim(ledger, 3, limit=5, failed_per_day=2)
    assert refused.value.retry_after == 60
    assert ledger.standing(NAME).committed == 0
    tomorrow = record(3, now=NOW + 86_400)
    assert ledger.claim(tomorrow, OFFER, identifier=None, reserve=reserve(5, failed_per_day=2))


def test_l12_a_call_counts_from_the_first_on_until_it_ends_well_or_by_no_buyers_fault(ledger: Any) -> None:
    first = claim(ledger, 1, limit=20, failed_per_day=2)
    second = claim(ledger, 2, limit=20, failed_per_day=2)
    for _ in range(2):
        with pytest.raises(TooMany, match="failed runs"):
            claim(ledger, 3, limit=20, failed_per_day=2)
    end(ledger, first, Outcome.SUCCEEDED)
    third = claim(ledger, 3, limit=20, failed_per_day=2)
    end(ledger, second, Outcome.NEVER_STARTED, blameless=True)
    end(ledger, claim(ledger, 4, limit=20, failed_per_day=2), Outcome.FAILED)
    end(ledger, third, Outcome.TIME_LIMIT)
    with pytest.raises(TooMany, match="failed runs"):
        claim(ledger, 5, limit=20, failed_per_day=2)


def test_a16_so_many_calls_may_wait_for_a_proof_and_no_more(ledger: Any) -> None:
    running = [claim(ledger, nonce, limit=10, unsettled=2) for nonce in (1, 2)]
    with pytest.raises(TooMany, match="expected fewer than 2 calls that no proof has settled, got 2") as full:
        claim(ledger, 3, limit=15, unsettled=2)
    assert "`sealrun prove` and `sealrun settle`" in full.value.detail
    assert (ledger.record(record(3).call_hash), ledger.standing(NAME).committed) == (None, 10)
    end(ledger, running[0], Outcome.FAILED)
    third = claim(ledger, 3, limit=15, unsettled=2)
    for one in (running[1], third):
        end(ledger, one, Outcome.SUCCEEDED)
    with pytest.raises(TooMany, match="got 2"):
        claim(ledger, 4, limit=20, unsettled=2)
    claim(ledger, 4, limit=20, unsettled=2, settled=1)
    with pytest.raises(TooMany, match="got 2"):
        claim(ledger, 5, limit=25, unsettled=2, settled=1)
    assert ledger.standing(NAME).calls == 3


def test_a16_calls_of_an_account_that_an_oracle_settles_wait_for_no_proof(ledger: Any) -> None:
    for nonce in range(4):
        claim(ledger, nonce, limit=100)
    assert ledger.standing(NAME).calls == 4


def test_a1_what_was_signed_is_known_again_by_its_number_of_leaves(ledger: Any) -> None:
    due = Due("mina:devnet", ACCOUNT.public_key(), MINA, 5, 99, 1)
    assert ledger.settled(NAME, 1) is None
    ledger.keep_due(due)
    assert ledger.settled(NAME, 1) == (5, due.root)


def test_a5_deposits_read_back_as_they_were_noted(ledger: Any) -> None:
    assert ledger.deposits(NAME, 10) == Deposits()
    ledger.note_deposits(NAME, 10, Deposits(1, 2, 3, 4))
    assert ledger.deposits(NAME, 10) == Deposits(1, 2, 3, 4)
    assert ledger.deposits(NAME, 1) == Deposits()


STEPS = st.lists(
    st.tuples(st.sampled_from(["claim", "good", "bad"]), st.integers(min_value=0, max_value=40)), max_size=25
)


@given(STEPS, st.integers(min_value=0, max_value=40))
@settings(max_examples=60, deadline=None)
def test_l1_parallel_calls_never_pass_what_is_signed_or_deposited(
    steps: list[tuple[str, int]], funds: int
) -> None:
    """Calls overlap in any order; the account stays within the highest limit and the deposit."""
    ledger, running, highest, paid = FakeLedger(), [], 0, 0
    ledger.publish(stored())
    for nonce, (step, number) in enumerate(steps):
        if step == "claim":
            try:
                running.append(claim(ledger, nonce, limit=number, funds=funds, failed_per_day=99))
                highest = max(highest, number)
            except NotCovered:
                pass
        elif running:
            one = running.pop(number % len(running))
            end(ledger, one, Outcome.SUCCEEDED if step == "good" else Outcome.FAILED)
            paid += PRICE * (step == "good")
        standing = ledger.standing(NAME)
        committed, calls = (standing.committed, standing.calls) if standing else (0, 0)
        assert (committed, calls) == (paid + PRICE * len(running), paid // PRICE + len(running))
        assert committed <= min(highest, funds)


@pytest.mark.parametrize("name", parameters(SHARED_LEDGERS))
@given(steps=STEPS)
@settings(max_examples=8, deadline=None)
def test_l1_every_ledger_and_the_fake_say_the_same_of_every_sequence(
    name: str, steps: list[tuple[str, int]]
) -> None:
    with tempfile.TemporaryDirectory() as folder, LEDGERS[name](Path(folder)) as real:
        ledgers: list[Any] = [real, FakeLedger()]
        for ledger in ledgers:
            _walk(ledger, steps)
        assert ledgers[0].standing(NAME) == ledgers[1].standing(NAME)
        leaves = [each.leaves(NAME, range(99)) for each in ledgers]
        assert leaves[0] == leaves[1]
        assert [leaf.nodes for leaf in leaves[0]] == [leaf.nodes for leaf in leaves[1]]


def _walk(ledger: Any, steps: list[tuple[str, int]]) -> None:
    ledger.publish(stored())
    running: list[Record] = []
    for nonce, (step, number) in enumerate(steps):
        if step == "claim":
            with contextlib.suppress(NotCovered, TooMany):
                bounds = {"failed_per_day": 3, "settled": number % 3, "unsettled": 2}
                running.append(claim(ledger, nonce, limit=number, funds=30, **bounds))
        elif running:
            outcome = Outcome.SUCCEEDED if step == "good" else Outcome.TIME_LIMIT
            end(ledger, running.pop(number % len(running)), outcome)


def test_l12_an_account_testifies_once_for_what_it_has_paid(ledger: Any) -> None:
    claim(ledger, 1, limit=5)
    assert [ledger.testify(NAME, paid=paid, price=5) for paid in (4, 5, 5, 4, 9, 10, 10)] == [
        False,
        True,
        False,
        False,
        False,
        True,
        False,
    ]
    ledger.forget_faults(OFFER.hash)
    assert not ledger.testify(NAME, paid=10, price=1)
    standing = ledger.standing(NAME)
    assert (standing.due, standing.committed) == (0, 5)


def test_l12_an_account_testifies_with_amounts_of_64_bits(ledger: Any) -> None:
    """A token may have so small units that what an account has paid passes 63 bits."""
    claim(ledger, 1, limit=5)
    high, whole = 2**63, 2**64 - 1
    low = [(high - 1, True), (high, False)]
    for paid, testifies in [*low, (high + 4, True), (high + 8, False), (whole, True), (whole, False)]:
        assert ledger.testify(NAME, paid=paid, price=5) is testifies, paid
