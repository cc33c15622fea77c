"""What a seller keeps to prove and settle, and that nothing an operator says of a call is believed."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mina.keys import PublicKey
from sealrun.errors import Malformed
from sealrun.offers.terms import Terms
from sealrun_cli.lib.backlog import Good, Kept, kept_of
from sealrun_cli.lib.errors import CliError
from tests.sealrun.market import Market
from tests.sealrun.workflows.test_proved_sale import OFFER
from tests.sealrun.workflows.test_proved_sale import market as _market
from tests.sealrun.workflows.test_read_account import asked
from tests.sealrun.world import ACCOUNT, BUYER, PRICE, SELLER

market = _market
ACCOUNT_KEY, BUYER_KEY = ACCOUNT.public_key(), BUYER.public_key()
TERMS: Terms = OFFER.payment.terms  # type: ignore[union-attr]


@pytest.fixture
def told(market: Market) -> dict[str, Any]:
    """One good call as the service opens it to the seller."""
    market.bought(limit=PRICE)
    (call,) = asked(market, SELLER)["calls"]
    return dict(call)


def test_a_call_that_its_buyer_signed_is_taken(told: dict[str, Any]) -> None:
    good = Good.parse(told)
    good.check(ACCOUNT_KEY, TERMS, BUYER_KEY)
    assert (good.price, good.offer) == (PRICE, OFFER.id)
    assert good.opened() == told["opened"]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"call": "ab" * 32}, "expected one of this account"),
        ({"offer": "ab" * 32}, "expected one of this account"),
        ({"opened": {"expires_at": 1}}, "expected one of this account"),
        ({"opened": {"terms_hash": "1"}}, "expected one of this account"),
        ({"opened": {"account": SELLER.public_key().to_base58()}}, "expected one of this account"),
        ({"voucher": {"limit": str(PRICE + 1)}}, "expected its buyer's signature"),
    ],
)
def test_a_call_that_the_operator_made_up_is_refused(
    told: dict[str, Any], change: dict[str, Any], text: str
) -> None:
    changed = {
        name: {**told[name], **each} if isinstance(each, dict) else each for name, each in change.items()
    }
    with pytest.raises(CliError, match=text):
        Good.parse({**told, **changed}).check(ACCOUNT_KEY, TERMS, BUYER_KEY)


def test_another_buyers_call_is_refused(told: dict[str, Any]) -> None:
    with pytest.raises(CliError, match="expected its buyer's signature"):
        Good.parse(told).check(ACCOUNT_KEY, TERMS, SELLER.public_key())


def fold_of(
    after: int, *calls: str, before: int = 0, terms: int = 1, buyer: PublicKey = BUYER_KEY
) -> dict[str, Any]:
    settled = [{"call": call, "outputs": "cd" * 32, "iat": 1, "price": "5"} for call in calls]
    statement = {
        "terms_hash": str(terms),
        "buyer": buyer.to_base58(),
        "before": str(before),
        "after": str(after),
    }
    return {"sealrun": 1, "statement": statement, "calls": settled, "proof": "AAAA"}


def good(call: str, claimed_at: int, told: dict[str, Any]) -> Good:
    return Good.parse({**told, "call": call, "claimed_at": claimed_at})


def test_what_is_settled_waits_no_more_and_the_oldest_comes_first(
    told: dict[str, Any], tmp_path: Path
) -> None:
    kept = kept_of(tmp_path, "B62")
    calls = [good("c", 3, told), good("b", 1, told), good("a", 1, told)]
    assert [call.id for call in kept.waiting(calls)] == ["a", "b", "c"]
    kept.keep_fold(fold_of(7, "b"))
    assert [call.id for call in kept.waiting(calls)] == ["a", "b", "c"]
    kept.note_settled(fold_of(7, "b"))
    assert [call.id for call in kept.waiting(calls)] == ["a", "c"]
    assert (kept.fold, [each["call"] for each in kept.settled]) == (None, ["b"])


def test_what_two_commands_settled_at_once_is_noted_once(tmp_path: Path) -> None:
    """The second finds it settled by the first; a list with a call twice is no map that goes on."""
    kept, first, second = kept_of(tmp_path, "B62"), fold_of(7, "a"), fold_of(8, "b", "c", before=7)
    for fold in (first, first, second, second):
        kept.note_settled(fold)
    assert [each["call"] for each in kept.settled] == ["a", "b", "c"]


def test_a16_a_voucher_that_was_seen_serves_the_calls_that_were_bought_before_it(
    told: dict[str, Any], tmp_path: Path
) -> None:
    """The first call is proved after the second one, and their sum is above its own limit."""
    kept, second = kept_of(tmp_path, "B62"), Good.parse(told)
    first = replace(second, voucher={**second.voucher, "limit": "1"})
    kept.keep_voucher([second])
    kept.keep_voucher([first])
    assert kept.voucher(PRICE) == second.signed()


def test_a_settlement_whose_answer_was_lost_is_found_on_chain(tmp_path: Path) -> None:
    """The seller folded again meanwhile: the newest fold is not the one that was settled."""
    kept = kept_of(tmp_path, "B62")
    kept.keep_fold(fold_of(7, "a"))
    kept.keep_fold(fold_of(8, "a", "b"))
    kept.follow(count=0, root=0)
    assert kept.fold == fold_of(8, "a", "b")
    kept.follow(count=1, root=7)
    kept.follow(count=1, root=7)
    assert kept_of(tmp_path, "B62").fold is None
    assert [each["call"] for each in kept.settled] == ["a"]


def test_a_settlement_that_the_chain_undid_is_sent_again(tmp_path: Path) -> None:
    """Its block was orphaned, or a node told of it that lags behind: nothing is lost either way."""
    kept = kept_of(tmp_path, "B62")
    first, second = fold_of(7, "a", "b"), fold_of(8, "c", before=7)
    for fold in (first, second):
        kept.keep_fold(fold)
        kept.note_settled(fold)
    kept.follow(count=2, root=7)
    assert (kept.fold, [each["call"] for each in kept.settled]) == (second, ["a", "b"])
    kept.follow(count=0, root=0)
    assert (kept.fold, kept.settled) == (first, [])
    kept.follow(count=3, root=8)
    assert (kept.fold, [each["call"] for each in kept.settled]) == (None, ["a", "b", "c"])
    other = fold_of(9, "c", "d", before=7)
    kept.follow(count=2, root=7)
    kept.keep_fold(other)
    kept.note_settled(other)
    kept.follow(count=4, root=9)
    assert [each["call"] for each in kept.settled] == ["a", "b", "c", "d"]
    kept.follow(count=3, root=8)
    assert [each["call"] for each in kept.settled] == ["a", "b", "c"]


def test_a16_a_fold_that_is_on_its_way_while_the_chain_undoes_the_one_before_is_found(tmp_path: Path) -> None:
    """Two blocks were orphaned and come again; or a node kept the transaction back, and lied."""
    kept = kept_of(tmp_path, "B62")
    first, sent = fold_of(7, "a"), fold_of(8, "b", before=7)
    kept.keep_fold(first)
    kept.note_settled(first)
    kept.keep_fold(sent)
    kept.follow(count=0, root=0)
    assert (kept.fold, kept.settled) == (first, [])
    kept.follow(count=2, root=8)
    assert (kept.fold, [each["call"] for each in kept.settled]) == (None, ["a", "b"])


@pytest.mark.parametrize("other", [fold_of(9, "b"), fold_of(9, "a", "b")])
def test_a16_of_two_folds_the_one_that_the_chain_took_at_last_counts(
    other: dict[str, Any], tmp_path: Path
) -> None:
    """Both began at the same root. The chain took one, and after a fork the other."""
    kept = kept_of(tmp_path, "B62")
    kept.keep_fold(fold_of(7, "a"))
    kept.keep_fold(other)
    kept.note_settled(other)
    kept.follow(count=1, root=7)
    assert [each["call"] for each in kept.settled] == ["a"]
    kept.follow(count=len(other["calls"]), root=9)
    assert kept.settled == other["calls"]


def test_a16_a_fold_that_the_account_cannot_pay_takes_no_other_ones_place(tmp_path: Path) -> None:
    """Operator and buyer had "c" taken beyond the deposit, after the seller had proved the others."""
    kept = kept_of(tmp_path, "B62")
    folds = [fold_of(7, "a"), fold_of(8, "a", "b"), fold_of(9, "a", "b", "c")]
    for fold in folds:
        fold["statement"]["amount"] = str(5 * len(fold["calls"]))
        kept.keep_fold(fold)
    kept.follow(count=0, root=0, rest=15)
    assert kept.fold == folds[2]
    kept.follow(count=0, root=0, rest=14)
    assert kept.fold == folds[1]
    kept.keep_fold(folds[2])
    kept.follow(count=0, root=0, rest=4)  # none of them: what is wrong is told of the newest
    assert kept.fold == folds[2]


@pytest.mark.parametrize("limit", [str(1 << 64), "-1", 5])
def test_a16_no_limit_is_taken_that_no_settlement_takes(limit: object, told: dict[str, Any]) -> None:
    """The voucher of the highest limit is kept, and would be in the way of all others."""
    with pytest.raises(Malformed, match="limit"):
        Good.parse({**told, "voucher": {**told["voucher"], "limit": limit}})


def test_a_call_that_the_operator_lists_twice_waits_once(told: dict[str, Any], tmp_path: Path) -> None:
    """A fold that has it twice is refused whole."""
    waiting = kept_of(tmp_path, "B62").waiting([good("a", 1, told), good("b", 2, told), good("a", 3, told)])
    assert sorted(call.id for call in waiting) == ["a", "b"]


@pytest.mark.parametrize(("count", "root"), [(1, 9), (2, 7)])
def test_what_was_settled_from_elsewhere_is_told(count: int, root: int, tmp_path: Path) -> None:
    kept: Kept = kept_of(tmp_path, "B62")
    kept.keep_fold(fold_of(7, "a"))
    with pytest.raises(CliError, match=r"expected the \d calls that are settled, got 0"):
        kept.follow(count=count, root=root)


def test_a16_what_is_kept_is_of_the_accounts_terms_and_buyer_alone(tmp_path: Path) -> None:
    """Under other terms the address has another account, whose state settles nothing here."""
    new, waits, noted, left = (kept_of(tmp_path, name) for name in ("new", "waits", "noted", "left"))
    waits.keep_fold(fold_of(7, "a"))
    noted.note_settled(fold_of(7, "a"))
    left.keep_fold(fold_of(7, "a"))
    (left.folder / "fold.proof.json").unlink()  # as an interruption leaves it
    for kept in (new, waits, noted, left):
        kept.check_account(1, BUYER_KEY)
    for kept in (waits, noted, left):
        with pytest.raises(CliError, match="expected the terms of what is kept") as refused:
            kept.check_account(2, BUYER_KEY)
        assert "voucher.json away" in refused.value.following
        with pytest.raises(CliError, match="expected the buyer of what is kept"):
            kept.check_account(1, SELLER.public_key())
    new.check_account(2, SELLER.public_key())
