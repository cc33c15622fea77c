"""Calls on an account that proofs settle: reserved as any other, and settled by no key of the operator's."""

from dataclasses import replace
from typing import Any

import pytest

from mina.keys import PrivateKey, PublicKey
from mina.signature import Signature
from mina.verify import verify_fields
from sealrun.calls.call import PublicCall
from sealrun.encoding.fields import canonical
from sealrun.errors import (
    AccountRefused,
    Malformed,
    NotAllowed,
    OfferClosed,
    PaymentRequired,
    Refused,
    TooMany,
)
from sealrun.money import x402
from sealrun.offers.terms import (
    COLLECT_SECONDS,
    PROVE_CALL_SECONDS,
    PROVE_SECONDS,
    SETTLE_SECONDS,
    START_SECONDS,
    VIEW_SECONDS,
)
from sealrun.runs.run import RunStatus
from sealrun.workflows import read_proved
from sealrun.workflows.reserve_price import REFUSAL_SECONDS, Payments
from tests.sealrun.fake_chain import DEPOSIT, PINNED, PINNED_PROVED, account_answer
from tests.sealrun.market import SERVICE, Market
from tests.sealrun.offers.test_proved import proved
from tests.sealrun.workflows.test_read_account import NAME, asked
from tests.sealrun.world import BUYER, OPERATOR, ORACLE, PRICE, SELLER

OFFER = proved()
TERMS = OFFER.payment.terms  # type: ignore[union-attr]


@pytest.fixture
def market() -> Market:
    made = Market(offer=OFFER)
    made.chain.answer = account_answer(terms=TERMS)
    return made


def settled_on_chain(market: Market, paid: int, **state: Any) -> None:
    """The account as it is after proofs settled so much; the next call looks anew."""
    share = TERMS.operator_part(paid)
    known = {"balance": DEPOSIT - paid + share, "spent": paid, "accrued": share, "root": 99, "count": 1}
    market.chain.answer = account_answer(terms=TERMS, **{**known, **state})
    market.chain.cached = None
    market.clock.passes(120)


def test_a_proved_call_is_sold_and_receipted_as_any_other(market: Market) -> None:
    done = market.bought(limit=PRICE)
    assert done.receipt is not None
    standing = market.ledger.standing(NAME)
    assert (standing.due, standing.pending, standing.terms) == (PRICE, 0, TERMS.hash)
    (entry,) = x402.accepts(OFFER, market.payments.seller)
    assert entry["extra"]["verificationKeyHash"] == PINNED_PROVED.verification_key
    assert entry["extra"]["terms"]["keys"] == "99"


@pytest.mark.parametrize("who", [SELLER, OPERATOR])
def test_a6_the_seller_gets_all_that_proofs_need_and_no_due_of_an_oracle(
    market: Market, who: PrivateKey
) -> None:
    done = market.bought(limit=PRICE, nonce=1)
    market.provider.ends_as = RunStatus.FAILED
    market.bought(limit=2 * PRICE, nonce=2)
    found = asked(market, who)
    assert "signature" not in canonical({**found, "voucher": 0, "calls": []}).decode()
    assert (found["due"], found["count"], found["pending"], found["next"]) == (str(PRICE), 2, "0", None)
    assert found["voucher"]["limit"] == str(2 * PRICE)
    (call,) = found["calls"]
    opened = PublicCall.parse(canonical({"sealrun": 1, **call["opened"]}))
    assert (f"{opened.hash:064x}", call["call"], call["offer"]) == (done.id, done.id, OFFER.id)
    assert "inputs" not in call["opened"]
    signature, voucher = Signature.from_base58(call["voucher"]["signature"]), call["voucher"]
    signed = market.sign(limit=int(voucher["limit"]), nonce=1).call.voucher_fields(int(voucher["limit"]))
    assert verify_fields(signature, BUYER.public_key(), [*signed[:-1], opened.hash])
    assert call["run"] == done.run_id


def test_the_calls_come_in_pages(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_proved, "PAGE_CALLS", 2)
    made = [market.bought(limit=(nonce + 1) * PRICE, nonce=nonce).id for nonce in range(3)]
    first = asked(market, SELLER)
    second = asked(market, SELLER, after=first["next"])
    assert [call["call"] for call in (*first["calls"], *second["calls"])] == made[::-1]
    assert (first["taken"], first["unfinished"], second["unfinished"]) == (3, 0, 0)
    market.pay(market.sign(limit=4 * PRICE, nonce=9))
    now = asked(market, SELLER)
    assert (now["taken"], now["unfinished"], len(now["calls"])) == (4, 1, 1)
    assert second["next"] is None
    with pytest.raises(Malformed, match="after: expected"):
        asked(market, SELLER, after="x")


def test_a6_the_buyer_sees_sums_that_nobody_signed(market: Market) -> None:
    market.bought(limit=PRICE)
    found = asked(market, BUYER)
    assert sorted(found) == ["account", "count", "decimals", "due", "pending", "symbol", "terms", "voucher"]
    with pytest.raises(NotAllowed):
        asked(market, ORACLE)


def test_a1_what_proofs_settled_is_believed_up_to_what_is_due(market: Market) -> None:
    market.bought(limit=PRICE, nonce=1)
    settled_on_chain(market, PRICE)
    market.bought(limit=2 * PRICE, nonce=2)
    settled_on_chain(market, 3 * PRICE)
    with pytest.raises(AccountRefused, match=r"state\.spent: expected at most what is due here"):
        market.bought(limit=3 * PRICE, nonce=3)


@pytest.mark.parametrize("state", [{"spent": PRICE}, {"root": 1}, {"count": 1}, {"spent": 0, "accrued": 1}])
def test_a1_an_account_that_was_opened_as_if_something_was_settled_is_refused(
    market: Market, state: dict[str, int]
) -> None:
    """Its buyer chose that state: with a spent of its own it would seem to hold more than it does."""
    settled_on_chain(market, 0, **{"root": 0, "count": 0, **state})
    with pytest.raises(AccountRefused, match=r"state\.(spent|receiptsRoot|receiptsCount|accrued): expected"):
        market.bought(limit=PRICE)


def test_funds_stay_the_same_when_proofs_settle(market: Market) -> None:
    for nonce in range(4):
        market.bought(limit=(nonce + 1) * PRICE, nonce=nonce)
        settled_on_chain(market, (nonce + 1) * PRICE)
    with pytest.raises(PaymentRequired, match="account: expected funds of at least"):
        market.bought(limit=5 * PRICE, nonce=9)


def test_the_code_of_a_prepaid_account_is_none_of_a_proved_one(market: Market) -> None:
    market.chain.answer["account"]["verificationKey"]["hash"] = PINNED.verification_key
    with pytest.raises(AccountRefused, match=r"verificationKey\.hash: expected 23011"):
        market.bought(limit=PRICE)


def test_a_service_without_the_contracts_key_sells_on_no_proofs(market: Market) -> None:
    payments = Payments(market.chain, x402.Seller(SERVICE, PINNED), ledger=7)
    with pytest.raises(OfferClosed, match="expected an oracle, got an issuer's keys"):
        x402.accepts(OFFER, payments.seller)


def test_a5_the_exit_delay_covers_the_proving() -> None:
    run = OFFER.limits.longest
    needed = VIEW_SECONDS + START_SECONDS + run + COLLECT_SECONDS + SETTLE_SECONDS + PROVE_SECONDS
    assert TERMS.exit_delay == -(-needed // 180)
    TERMS.check_exit(run_seconds=run, slot_seconds=180)
    with pytest.raises(Refused, match="an exit delay of at least 164 slots, got 163"):
        replace(TERMS, exit_delay=163).check_exit(run_seconds=run, slot_seconds=180)


def waiting(market: Market, calls: int) -> None:
    """The account as it is when so many calls were good and no proof has settled them."""
    market.ledger.standings[NAME] = replace(market.ledger.standings[NAME], calls=calls)


def test_a16_no_call_is_taken_that_could_not_be_proved_if_the_buyer_left_now(market: Market) -> None:
    market.bought(limit=PRICE, nonce=1)
    most = PROVE_SECONDS // PROVE_CALL_SECONDS
    waiting(market, most - 1)
    market.bought(limit=2 * PRICE, nonce=2)
    assert market.ledger.standing(NAME).calls == most
    words = f"expected fewer than {most} calls that no proof has settled, got {most}; its exit delay"
    with pytest.raises(TooMany, match=words) as refused:
        market.bought(limit=3 * PRICE, nonce=3)
    assert (refused.value.status, refused.value.retry_after) == (429, PROVE_CALL_SECONDS)
    assert market.ledger.standing(NAME).pending == 0
    settled_on_chain(market, PRICE)
    market.bought(limit=3 * PRICE, nonce=3)


def test_a16_a_settlement_makes_room_before_the_view_is_a_minute_old(market: Market) -> None:
    market.bought(limit=PRICE, nonce=1)
    waiting(market, PROVE_SECONDS // PROVE_CALL_SECONDS)
    with pytest.raises(TooMany, match="calls that no proof has settled"):
        market.bought(limit=2 * PRICE, nonce=2)
    share = TERMS.operator_part(PRICE)
    known: dict[str, Any] = {"balance": DEPOSIT - PRICE + share, "spent": PRICE, "accrued": share}
    market.chain.answer = account_answer(terms=TERMS, **known, root=99, count=1)
    market.clock.passes(REFUSAL_SECONDS + 1)
    market.bought(limit=2 * PRICE, nonce=2)


def test_a16_what_an_exit_leaves_time_for_follows_from_terms_and_slots() -> None:
    run = OFFER.limits.longest
    most = PROVE_SECONDS // PROVE_CALL_SECONDS
    assert TERMS.provable_calls(run_seconds=run, slot_seconds=180) == most
    more = replace(TERMS, exit_delay=TERMS.exit_delay + 10)
    assert more.provable_calls(run_seconds=run, slot_seconds=180) == (PROVE_SECONDS + 1800) // 600
    assert replace(TERMS, exit_delay=328).provable_calls(run_seconds=run, slot_seconds=90) == most
    assert replace(TERMS, exit_delay=1).provable_calls(run_seconds=run, slot_seconds=180) == 0
    by_word = replace(TERMS, oracle=ORACLE.public_key(), keys=0)
    assert by_word.provable_calls(run_seconds=run, slot_seconds=180) is None


def test_the_oracle_is_no_party_of_a_proved_account() -> None:
    """Its key cannot be compared with the buyer's either: it has no power over this money."""
    TERMS.check_buyer(PublicKey.from_base58(OFFER.oracle), SELLER.public_key())
