"""A history counts what the offer's oracle signed, each call once, and nothing that is merely said (E8)."""

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest

from mina.keys import PrivateKey
from mina.sign import sign_fields
from sealrun.encoding.fields import canonical
from sealrun.errors import Malformed
from sealrun.evidence.leaves import Leaf, tree_hash
from sealrun.market.history import (
    CLOCK_SKEW,
    MAX_INDEX_BYTES,
    History,
    Tally,
    check_receipt,
    check_seconds,
    lasting,
)
from sealrun.receipts.grade import Grade
from sealrun.receipts.receipt import Outcome, Receipt, SignedReceipt
from sealrun.runs.document import LABEL
from sealrun.verification.claims import INDEX, RUN
from sealrun.workflows.read_receipt import read_evidence
from tests.sealrun.market import SERVICE, Market
from tests.sealrun.world import ORACLE, PRICE, evidence_value, make_paid_offer

PUBLIC = evidence_value(inputs="public")
OFFER = make_paid_offer(evidence=PUBLIC)
NOW = 1_800_000_000
RECEIPT = Receipt(
    OFFER.network, 1, OFFER.hash, 2, 3, 4, 5, Outcome.SUCCEEDED, Grade.OPERATOR, finished_at=NOW - 100
)


def signed(receipt: Receipt = RECEIPT, key: PrivateKey = ORACLE, **changes: Any) -> dict[str, Any]:
    """The document of a receipt with changes, signed over these."""
    changed = receipt._replace(**changes)
    return SignedReceipt(changed, sign_fields(key, changed.fields()), key.public_key()).document()


def told(*receipts: Receipt, seconds: dict[int, int] | None = None, more: bool = False) -> History:
    tally = Tally()
    for each in receipts:
        tally.add(each)
    return tally.history(seconds or {}, more=more)


def test_e8_a_receipt_that_the_offers_oracle_signed_counts() -> None:
    assert check_receipt(signed(), OFFER, now=NOW) == RECEIPT
    ahead = signed(finished_at=NOW + CLOCK_SKEW)
    assert check_receipt(ahead, OFFER, now=NOW).finished_at == NOW + CLOCK_SKEW


STRANGER = PrivateKey.from_scalar(77)
NAME = ORACLE.public_key().to_base58()
FORGED = {**signed(), "data": {**signed()["data"], "finished_at": NOW - 50}}


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (FORGED, "expected the oracle's signature"),
        ({**signed(key=STRANGER), "publicKey": NAME}, "expected the oracle's signature"),
        (signed(key=STRANGER), "expected the key"),
        (signed(offer_hash=OFFER.hash + 1), "expected the offer"),
        (signed(network="mina:mainnet"), "expected the network"),
        (signed(finished_at=NOW + CLOCK_SKEW + 1), "expected one of a run that is over"),
        (signed(finished_at=253_370_764_800), "expected one of a run that is over"),  # in 9999
        (signed(grade=Grade.REPEATED), "expected a grade of at most 1"),
        (signed(grade=Grade.ATTESTED), "expected a grade of at most 1"),
        ({**signed(), "seconds": -5}, "expected"),
        ({"data": {**signed()["data"], "finished_at": -1}, "signature": "x", "publicKey": "y"}, "receipt"),
        ({"data": {**signed()["data"], "status": 11}}, "receipt"),
        (None, "expected an object"),
        ([signed()], "expected an object"),
        ("{}", "expected an object"),
    ],
)  # fmt: skip
def test_e8_whatever_else_is_handed_out_is_no_receipt_of_the_offer(document: Any, words: str) -> None:
    with pytest.raises(Malformed, match=words):
        check_receipt(document, OFFER, now=NOW)


def test_e8_a_good_run_below_the_offers_grade_is_none() -> None:
    offer = make_paid_offer(evidence={**PUBLIC, "grade": 1})
    with pytest.raises(Malformed, match="expected at least grade 1, got 0"):
        check_receipt(signed(offer_hash=offer.hash), offer, now=NOW)
    refused = signed(offer_hash=offer.hash, status=Outcome.GRADE_NOT_REACHED)
    assert check_receipt(refused, offer, now=NOW).status is Outcome.GRADE_NOT_REACHED


def test_e8_a_call_counts_once_however_often_its_receipt_is_handed_out() -> None:
    history = told(RECEIPT, RECEIPT, RECEIPT._replace(call_hash=9), RECEIPT)
    assert (history.runs, history.good, history.twice) == (2, 2, 0)


def test_e8_of_two_receipts_for_one_call_neither_counts_and_both_are_told() -> None:
    history = told(RECEIPT, RECEIPT._replace(status=Outcome.FAILED), RECEIPT._replace(call_hash=9))
    assert (history.runs, history.twice) == (1, 1)
    assert "1 call has two different receipts" in history.words


def test_runs_grades_times_and_dates_are_those_of_the_receipts() -> None:
    day = 86_400
    runs = [
        RECEIPT._replace(call_hash=1, finished_at=NOW - 9 * day, grade=Grade.TOKEN),
        RECEIPT._replace(call_hash=2, finished_at=NOW - day),
        RECEIPT._replace(call_hash=3, grade=Grade.TOKEN),
        RECEIPT._replace(call_hash=4, status=Outcome.FAILED, finished_at=NOW - 2 * day),
    ]
    history = told(*runs, seconds={1: 700, 2: 95, 3: 100, 4: 1, 5: 1}, more=True)
    assert history == History(4, 3, 100, 3, 0, 1, NOW - 9 * day, NOW - 100, more=True, twice=0)
    assert history.words == (
        "at least 4 runs, 3 good, from 2027-01-06 to 2027-01-15;"
        " a good run takes 1 min 40 s; grade 1 (lowest 0)"
    )
    assert history.value()["since"] == NOW - 9 * day


def test_of_two_grades_that_are_as_frequent_the_lower_one_is_typical() -> None:
    history = told(RECEIPT, RECEIPT._replace(call_hash=2, grade=Grade.TOKEN))
    assert (history.lowest, history.typical) == (0, 0)


def test_an_offer_without_runs_says_so() -> None:
    assert told().words == "no run is on record"
    assert told().value() == {
        **dict.fromkeys(("runs", "good", "timed", "twice"), 0),
        **dict.fromkeys(("seconds", "lowest", "typical", "since", "until")),
        "more": False,
    }
    failed = told(RECEIPT._replace(status=Outcome.FAILED))
    assert failed.words == "1 run, 0 good, on 2027-01-15"


@pytest.fixture(scope="module")
def sold() -> tuple[Receipt, dict[str, bytes]]:
    """The receipt of a run that took 17 s, and its documents as a service hands them out."""
    market = Market(offer=OFFER)
    call = market.pay(market.sign(limit=PRICE)).record.call_hash
    [(number, run)] = market.provider.runs.items()
    market.provider.runs[number] = replace(run, started_at=run.created_at + 3)
    record = market.settle(call)
    here: dict[str, Any] = {"ledger": market.ledger, "store": market.store, "now": market.clock.now}
    answer = read_evidence(record.id, {}, service=SERVICE, **here)
    documents = {**answer["documents"], INDEX: answer["index"]}
    receipt = SignedReceipt.parse(record.receipt).receipt
    return receipt, {name: text.encode() for name, text in documents.items()}


def test_e8_how_long_a_run_took_stands_in_the_document_that_its_receipt_covers(sold: Any) -> None:
    receipt, documents = sold
    assert check_seconds(receipt, OFFER, documents) == 17


def changed(document: bytes, **changes: Any) -> bytes:
    value = json.loads(document)
    value["run"] |= changes
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


@pytest.mark.parametrize(
    "changes",
    [{"started_at": 1_800_000_001}, {"started_at": 10**15}, {"started_at": -5}, {"finished_at": 10**15}],
)
def test_e8_a_run_document_that_was_changed_tells_no_time(sold: Any, changes: dict[str, int]) -> None:
    receipt, documents = sold
    run = changed(documents[RUN], **changes)
    assert check_seconds(receipt, OFFER, {**documents, RUN: run}) is None


def test_e8_documents_of_another_receipt_or_none_or_too_large_ones_tell_no_time(sold: Any) -> None:
    receipt, documents = sold
    assert check_seconds(receipt._replace(call_hash=5), OFFER, documents) is None
    assert check_seconds(receipt._replace(profile_hash=5), OFFER, documents) is None
    assert check_seconds(receipt._replace(finished_at=receipt.finished_at + 1), OFFER, documents) is None
    assert check_seconds(receipt._replace(status=Outcome.FAILED), OFFER, documents) is None
    assert check_seconds(receipt, OFFER, {}) is None
    assert check_seconds(receipt, OFFER, {**documents, INDEX: b"{}"}) is None
    assert check_seconds(receipt, OFFER, {INDEX: documents[INDEX]}) is None
    large = documents[INDEX] + b" " * MAX_INDEX_BYTES
    assert check_seconds(receipt, OFFER, {**documents, INDEX: large}) is None


def lied(sold: tuple[Receipt, dict[str, bytes]], **changes: int) -> tuple[Receipt, dict[str, bytes]]:
    """What an oracle that lies signs: a document with these changes under a root of its own."""
    receipt, documents = sold
    run, index = changed(documents[RUN], **changes), json.loads(documents[INDEX])
    shown = [each for each in index["profile"] if "opening" in each]
    [entry] = [each for each in shown if each["opening"]["label"] == LABEL]
    entry["opening"] |= {"sha256": hashlib.sha256(run).hexdigest(), "size": len(run)}
    leaf = Leaf.parse(entry["opening"])
    entry |= {"hash": str(leaf.hash), "twin": leaf.twin.hex()}
    root = tree_hash("sealrun:profile", [int(each["hash"]) for each in index["profile"]])
    return receipt._replace(profile_hash=root), {**documents, RUN: run, INDEX: canonical(index)}


@pytest.mark.parametrize(
    ("changes", "seconds"),
    [
        ({"started_at": 1_800_000_010}, 10),
        ({"started_at": 1_800_000_021}, None),  # it ended before it began
        ({"started_at": 1_800_000_020 - OFFER.limits.longest}, OFFER.limits.longest),
        ({"started_at": 1_800_000_019 - OFFER.limits.longest}, None),  # longer than the offer lets it run
        ({"started_at": 0}, None),
        ({"started_at": 1_800_000_010, "finished_at": 1_800_000_011}, None),  # the receipt says another end
    ],
)
def test_e8_a_time_that_cannot_be_is_none_whoever_signed_it(
    sold: Any, changes: dict[str, int], seconds: int | None
) -> None:
    receipt, documents = lied(sold, **changes)
    assert check_seconds(receipt, OFFER, documents) == seconds


def test_e8_an_opening_that_is_not_of_its_leaf_opens_nothing(sold: Any) -> None:
    """The leaves are those that the receipt signs, and the opening names another document."""
    receipt, documents = sold
    _, lying = lied(sold, started_at=1_800_000_010)
    index, other = json.loads(documents[INDEX]), json.loads(lying[INDEX])
    for entry, opened in zip(index["profile"], other["profile"], strict=True):
        if "opening" in opened:
            entry["opening"] = opened["opening"]
    assert check_seconds(receipt, OFFER, {**lying, INDEX: canonical(index)}) is None


def test_a_time_is_said_as_people_say_it() -> None:
    assert [lasting(each) for each in (0, 59, 60, 3599, 7500)] == [
        "0 s", "59 s", "1 min 0 s", "59 min 59 s", "2 h 5 min",
    ]  # fmt: skip
