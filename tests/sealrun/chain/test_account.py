"""A1: every property of the account, in one answer; each lie is refused by its name."""

from collections.abc import Callable
from typing import Any

import pytest

from mina.keys import PublicKey
from sealrun.chain.account import PERMISSIONS, TIMING, AccountView, Settled, account_query, check_account
from sealrun.errors import AccountRefused, NodeUnavailable
from sealrun.offers.terms import Terms
from tests.sealrun.fake_chain import DEPOSIT, PINNED, TERMS, account_answer
from tests.sealrun.world import ACCOUNT, BUYER, ORACLE, SELLER, terms_value

ADDRESS = ACCOUNT.public_key()
Change = Callable[[dict[str, Any]], object]


def nothing_signed(_count: int) -> None:
    return None


def check(answer: dict[str, Any], *, settled: Settled = nothing_signed, terms: Terms = TERMS) -> AccountView:
    return check_account(
        answer, address=ADDRESS, terms=terms, pinned=PINNED, settled=settled, run_seconds=600
    )


def account(name: str, value: Any) -> Change:
    return lambda answer: answer["account"].update({name: value})


def permission(name: str, value: Any) -> Change:
    return lambda answer: answer["account"]["permissions"].update({name: value})


def state(index: int, value: int) -> Change:
    return lambda answer: answer["account"]["zkappState"].__setitem__(index, str(value))


def test_a1_an_account_that_is_as_it_must_be_passes() -> None:
    view = check(account_answer())
    assert (view.buyer, view.balance, view.height) == (BUYER.public_key(), DEPOSIT, 100)
    assert view.funds == DEPOSIT


LIES: list[tuple[str, Change, str]] = [
    (
        "none",
        lambda answer: answer.update(account=None),
        "account: expected the account B62.* to exist, got none",
    ),
    ("address", account("publicKey", SELLER.public_key().to_base58()), "publicKey: expected"),
    ("token twin", account("token", "wTwin"), "token: expected wSHV.*, got wTwin"),
    ("code", account("verificationKey", {"hash": "1"}), "verificationKey.hash: expected 20497, got 1"),
    ("no code", account("verificationKey", None), "verificationKey.hash: expected 20497, got null"),
    ("no permissions", account("permissions", None), "permissions.access: expected None"),
    ("another permission", permission("setSomething", "None"), "permissions.setSomething: expected nothing"),
    (
        "older version",
        permission("setVerificationKey", {"auth": "Impossible", "txnVersion": "2"}),
        "setVerificationKey.txnVersion: expected 3, got 2",
    ),
    (
        "newer version",
        permission("setVerificationKey", {"auth": "Impossible", "txnVersion": "4"}),
        "setVerificationKey.txnVersion: expected 3, got 4",
    ),
    (
        "code may change",
        permission("setVerificationKey", {"auth": "Proof", "txnVersion": "3"}),
        "setVerificationKey.auth: expected Impossible, got Proof",
    ),
    ("short state", account("zkappState", ["1"] * 7), "zkappState.length: expected 8, got 7"),
    ("long state", account("zkappState", ["1"] * 32), "zkappState.length: expected 8, got 32"),
    ("no state", account("zkappState", None), "zkappState.length: expected 8, got 0"),
    ("terms", state(0, 5), "state.termsHash: expected"),
    ("no buyer", state(1, 0), "state.buyer: public key: expected the x of a point"),
    ("parity", state(2, 2), "state.buyer: public key parity"),
    ("spent at the opening", state(3, 9), "state.spent: expected 0, got 9"),
    ("exit", state(4, 700), "state.exitSlot: expected 0, got 700"),
    ("accrued at the opening", state(5, 9), "state.accrued: expected at most 0, got 9"),
    ("root at the opening", state(6, 9), "state.receiptsRoot: expected 0, got 9"),
    ("count of nothing", state(7, 9), "state.receiptsCount: expected that of a signed due, got 9"),
    ("no seller", lambda answer: answer.update(seller=None), "seller: expected the account B62.* to exist"),
    ("no operator", lambda answer: answer.update(operator=None), "operator: expected the account"),
    (
        "seller cannot receive",
        lambda answer: answer["seller"]["permissions"].update(receive="Proof"),
        "seller.permissions.receive: expected None, got Proof",
    ),
    (
        "operator cannot be reached",
        lambda answer: answer["operator"]["permissions"].update(access="Either"),
        "operator.permissions.access: expected None, got Either",
    ),
]


@pytest.mark.parametrize(("change", "text"), [lie[1:] for lie in LIES], ids=[lie[0] for lie in LIES])
def test_a1_an_account_that_is_not_is_refused_by_the_property(change: Change, text: str) -> None:
    answer = account_answer()
    change(answer)
    with pytest.raises(AccountRefused, match=text):
        check(answer)


@pytest.mark.parametrize("name", [*PERMISSIONS, "setVerificationKey"])
def test_a1_no_permission_is_left_out(name: str) -> None:
    answer = account_answer()
    permission(name, "Signature" if name != "setVerificationKey" else {"auth": "Signature"})(answer)
    with pytest.raises(AccountRefused, match=f"permissions.{name}.*got Signature"):
        check(answer)
    del answer["account"]["permissions"][name]
    with pytest.raises(AccountRefused, match=f"permissions.{name}.*got null"):
        check(answer)


@pytest.mark.parametrize("name", TIMING)
def test_a1_an_account_that_vests_is_refused(name: str) -> None:
    answer = account_answer()
    answer["account"]["timing"][name] = "0"
    with pytest.raises(AccountRefused, match=f"timing.{name}: expected null, got 0"):
        check(answer)


@pytest.mark.parametrize(
    ("key", "whose"), [(ADDRESS, "the account's"), (ORACLE.public_key(), "the oracle's")]
)
def test_a1_the_buyer_is_neither_account_nor_oracle(key: PublicKey, whose: str) -> None:
    with pytest.raises(AccountRefused, match=f"buyer: expected a key of its own, got {whose}"):
        check(account_answer(buyer=key))


def test_a1_what_is_spent_is_the_last_signed_due_and_the_operators_share_is_no_money_of_the_buyer() -> None:
    def signed(count: int) -> tuple[int, int] | None:
        return (10_000, 99) if count == 3 else None

    answer = account_answer(balance=DEPOSIT, spent=10_000, accrued=250, root=99, count=3)
    assert check(answer, settled=signed).funds == DEPOSIT - 250 + 10_000
    lies = (
        (state(3, 9_999), "spent: expected 10000, got 9999"),
        (state(6, 98), "receiptsRoot: expected 99, got 98"),
        (state(5, 251), "accrued: expected at most 250, got 251"),
        (state(7, 4), "receiptsCount: expected that of a signed due, got 4"),
        (account("balance", {"total": "249"}), "accrued: expected at most 249, got 250"),
    )
    for change, text in lies:
        lie = account_answer(balance=DEPOSIT, spent=10_000, accrued=250, root=99, count=3)
        change(lie)
        with pytest.raises(AccountRefused, match=text):
            check(lie, settled=signed)


def test_a5_terms_whose_exit_is_too_soon_at_the_present_slot_length_are_refused() -> None:
    terms = Terms.parse(terms_value(exit_delay=40))
    answer = account_answer(terms=terms)
    check(answer, terms=terms)
    answer["daemonStatus"]["consensusConfiguration"]["slotDuration"] = 90_000
    with pytest.raises(AccountRefused, match="an exit delay of at least 68 slots, got 40"):
        check(answer, terms=terms)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda answer: answer.update(syncStatus="CATCHUP"), "syncStatus SYNCED, got CATCHUP"),
        (lambda answer: answer.update(networkID="mina:mainnet"), "networkID mina:devnet, got mina:mainnet"),
        (lambda answer: answer.update(bestChain=None), "an answer as it was asked for"),
        (lambda answer: answer.update(bestChain=[]), "an answer as it was asked for"),
        (lambda answer: answer.pop("account"), r"got one without it \(account\)"),
        (lambda answer: answer.update(daemonStatus={}), r"got one without it \(consensusConfiguration\)"),
        (account("balance", {"total": "-5"}), "an answer as it was asked for"),
        (account("balance", {"total": None}), "an answer as it was asked for"),
        (account("zkappState", [str(2**255)] * 8), "an answer as it was asked for"),
        (account("timing", "none"), "an answer as it was asked for"),
    ],
)
def test_a1_a_node_that_cannot_be_believed_is_no_answer(change: Change, text: str) -> None:
    answer = account_answer()
    change(answer)
    with pytest.raises(NodeUnavailable, match=text):
        check(answer)


def test_a1_one_question_asks_for_everything_and_holds_no_text_of_a_stranger() -> None:
    query = account_query(ADDRESS, TERMS)
    for name in (*PERMISSIONS, *TIMING, "txnVersion", "syncStatus", "networkID", "zkappState", "hash"):
        assert name in query
    assert query.count("account(publicKey:") == 3
    assert account_query(None, TERMS).count("account(publicKey:") == 2
