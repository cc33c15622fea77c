"""A1 and A5 as far as terms alone can break them."""

from typing import Any

import pytest

from mina import tokens
from mina.keys import PrivateKey
from sealrun.errors import Malformed, Refused
from sealrun.offers.terms import MAX_EXIT_DELAY, Terms
from tests.sealrun.world import ACCOUNT, BUYER, ORACLE, terms_value

# Base58check of x = 0 and an even y, as o1js's PublicKey.empty().toBase58() writes it.
EMPTY = "B62qiTKpEPjGTSHZrtM8uXiKgn8So916pLmNJKDhKeyBQL9TDb3nvBG"


def test_terms_read_back_as_they_were_written() -> None:
    terms = Terms.parse(terms_value())
    assert terms.value() == terms_value()
    assert terms.id == f"{terms.hash:064x}"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"operator_share": 10_001}, "operator_share: expected a whole number from 0 to 10000, got 10001"),
        ({"seller": EMPTY}, "seller: public key: expected the x of a point"),
        ({"operator": EMPTY}, "operator: public key: expected the x of a point"),
        ({"oracle": EMPTY}, "oracle: public key: expected the x of a point"),
        ({"seller": 5}, "seller: expected a base58 public key, got int"),
        ({"ledger": 7}, "ledger: expected a decimal number in a string"),
        ({"exit_delay": 0}, "exit_delay: expected a whole number from 1 to 13440, got 0"),
        ({"network": "mina:testnet"}, "network: expected one of"),
        ({"tip": 1}, "got also tip"),
    ],
)
def test_a1_terms_that_are_not_as_they_must_be_are_refused(changes: dict[str, Any], text: str) -> None:
    with pytest.raises(Malformed, match=text):
        Terms.parse(terms_value(**changes))


def test_terms_of_an_older_version_are_refused_with_the_way_to_go_on() -> None:
    older = {name: value for name, value in terms_value().items() if name != "asset"}
    with pytest.raises(
        Malformed, match=r"got the form of an older sealrun\. Its seller .* leave old accounts"
    ):
        Terms.parse(older)


def test_a1_every_term_changes_the_hash() -> None:
    base = Terms.parse(terms_value())
    other = PrivateKey.from_scalar(9).public_key().to_base58()
    changes: list[dict[str, Any]] = [
        {"network": "mina:mainnet"},
        {"asset": tokens.to_base58(7)},
        {"ledger": "8"},
        {"operator_share": 251},
        {"exit_delay": 101},
        *({name: other} for name in ("seller", "operator", "oracle")),
    ]
    hashes = {Terms.parse(terms_value(**change)).hash for change in changes}
    assert len(hashes | {base.hash}) == len(changes) + 1


def test_a5_an_exit_delay_is_weeks_and_no_deposit_is_locked_for_ever() -> None:
    assert Terms.parse(terms_value(exit_delay=MAX_EXIT_DELAY)).exit_delay == MAX_EXIT_DELAY
    for delay in (MAX_EXIT_DELAY + 1, 2**31, 2**32 - 1, 2**32):
        with pytest.raises(
            Malformed, match=f"exit_delay: expected a whole number from 1 to 13440, got {delay}"
        ):
            Terms.parse(terms_value(exit_delay=delay))


def test_a5_the_longest_run_fits_into_the_longest_exit_delay() -> None:
    longest = Terms.parse(terms_value(exit_delay=MAX_EXIT_DELAY))
    for slot_seconds, days in ((180, 28), (90, 14)):
        longest.check_exit(run_seconds=24 * 3600, slot_seconds=slot_seconds)
        assert MAX_EXIT_DELAY * slot_seconds == days * 24 * 3600


def test_a5_an_exit_delay_shorter_than_a_run_and_its_settlement_is_refused() -> None:
    terms = Terms.parse(terms_value(exit_delay=34))
    with pytest.raises(Refused, match="an exit delay of at least 35 slots, got 34"):
        terms.check_exit(run_seconds=780, slot_seconds=180)
    Terms.parse(terms_value(exit_delay=35)).check_exit(run_seconds=780, slot_seconds=180)
    with pytest.raises(Refused, match="at least 70 slots"):
        Terms.parse(terms_value(exit_delay=69)).check_exit(run_seconds=780, slot_seconds=90)


def test_a1_the_buyers_key_is_neither_the_accounts_nor_the_oracles() -> None:
    terms = Terms.parse(terms_value())
    buyer, account, oracle = BUYER.public_key(), ACCOUNT.public_key(), ORACLE.public_key()
    terms.check_buyer(buyer, account)
    with pytest.raises(Refused, match="got the account's"):
        terms.check_buyer(account, account)
    for pair in ((oracle, account), (buyer, oracle)):
        with pytest.raises(Refused, match="got the oracle's"):
            terms.check_buyer(*pair)


def test_a7_the_operators_part_is_floored_and_does_not_overflow() -> None:
    terms = Terms.parse(terms_value(operator_share=333))
    assert terms.operator_part(10_001) == 333
    assert terms.operator_part(2**64 - 1) == (2**64 - 1) * 333 // 10_000
