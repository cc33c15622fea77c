"""Histories are read from services that may answer anything, and what was checked once is kept (E8)."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from mina.keys import PrivateKey
from mina.sign import sign_fields
from sealrun.encoding.fields import canonical
from sealrun.errors import NotFound, StoreUnavailable
from sealrun.market.history import History
from sealrun.receipts.receipt import Outcome, Receipt, SignedReceipt
from sealrun.workflows.list_receipts import MAX_RECEIPTS, PAGE_RECEIPTS, list_receipts
from sealrun.workflows.read_receipt import read_evidence
from sealrun_cli.lib.histories import TIMED, Histories
from tests.sealrun.market import SERVICE, Market
from tests.sealrun.world import ORACLE, PRICE, evidence_value, make_paid_offer

OFFER = make_paid_offer(evidence=evidence_value(inputs="public"))
URL = f"{SERVICE}/offers/{OFFER.id}"
NOW = 1_800_100_000


def signed(key: PrivateKey = ORACLE, **changes: Any) -> dict[str, Any]:
    """A receipt of the offer, with changes."""
    receipt = Receipt(OFFER.network, 1, OFFER.hash, 2, 3, 4, 5, Outcome.SUCCEEDED, 0, NOW - 1000)  # type: ignore[arg-type]
    changed = receipt._replace(**changes)
    return SignedReceipt(changed, sign_fields(key, changed.fields()), key.public_key()).document()


@dataclass
class Stranger:
    """A service that answers as it likes; by default there is nothing."""

    page: Callable[[str], Any] = lambda _after: {"offer": OFFER.id, "receipts": [], "next": None}
    evidence: Callable[[str], Any] = lambda _call: {}
    asked: list[str] = field(default_factory=list)

    def get(self, url: str, at_most: int) -> bytes:
        self.asked.append(url)
        parts = urlsplit(url)
        if parts.path.endswith("/receipts"):
            value = self.page(parse_qs(parts.query).get("after", [""])[0])
        else:
            value = self.evidence(parts.path.split("/")[2])
        body = value if isinstance(value, bytes) else canonical(value)
        if len(body) > at_most:
            raise StoreUnavailable(f"body: expected at most {at_most} bytes, got more")
        return body


def histories(folder: Path, stranger: Any, **changes: Any) -> Histories:
    parts: dict[str, Any] = {"now": NOW, "most": 200, "is_over": lambda: False}
    return Histories(folder, stranger.get, **{**parts, **changes})


def listing(*documents: Any, **changes: Any) -> Stranger:
    """One that has these receipts in one page."""
    return Stranger(lambda _: {"offer": OFFER.id, "receipts": list(documents), "next": None, **changes})


@pytest.fixture(scope="module")
def market() -> Market:
    """Two good runs of 17 s and a bad one."""
    made = Market(offer=OFFER)
    for nonce in (1, 2, 3):
        call = made.pay(made.sign(limit=nonce * PRICE, nonce=nonce)).record.call_hash
        number, run = list(made.provider.runs.items())[-1]
        made.provider.runs[number] = replace(run, started_at=run.created_at + 3)
        if nonce == 3:
            made.provider.duration = 10**5
        made.settle(call)
    return made


class Service(Stranger):
    """One that answers as it should."""

    def __init__(self, market: Market) -> None:
        self._here: dict[str, Any] = {"ledger": market.ledger, "now": market.clock.now}
        self._store = market.store
        super().__init__(self._page, self._evidence)

    def _page(self, after: str) -> Any:
        return list_receipts(OFFER.id, sender="", throttle=lambda _: True, after=after or None, **self._here)

    def _evidence(self, call: str) -> Any:
        return read_evidence(call, {}, service=SERVICE, store=self._store, **self._here)


def test_e8_a_history_is_read_from_a_services_receipts_and_kept(market: Market, tmp_path: Path) -> None:
    service = Service(market)
    first = histories(tmp_path, service)
    found = first.update(URL, OFFER)
    assert found is not None
    assert (found.runs, found.good, found.seconds, found.timed, found.more) == (3, 2, 17, 2, False)
    assert (first.refused, first.failed) == (0, {})
    assert [url for url in service.asked if url.endswith("/evidence")]
    again = Service(market)
    assert histories(tmp_path, again).update(URL, OFFER) == found
    assert again.asked == [f"{URL}/receipts"], "what was checked is not asked for again"


def test_e8_a_receipt_that_was_shown_once_counts_on(market: Market, tmp_path: Path) -> None:
    found = histories(tmp_path, Service(market)).update(URL, OFFER)
    assert histories(tmp_path, listing()).update(URL, OFFER) == found

    def gone(_after: str) -> Any:
        raise NotFound("receipts: not any more")

    later = histories(tmp_path, Stranger(gone))
    assert later.update(URL, OFFER) == found
    assert later.failed == {OFFER.id: "receipts: not any more"}


def test_an_offer_that_lists_no_receipts_is_not_asked(tmp_path: Path) -> None:
    stranger = Stranger()
    assert histories(tmp_path, stranger).update(URL, make_paid_offer()) is None
    assert stranger.asked == []


def test_e8_only_receipts_of_the_offer_and_its_oracle_count_and_each_call_once(tmp_path: Path) -> None:
    good = signed(call_hash=7, status=Outcome.FAILED)
    forged = {**good, "data": {**good["data"], "call_hash": "8"}}
    wrong = [
        signed(PrivateKey.from_scalar(5)),
        signed(offer_hash=9),
        forged,
        signed(finished_at=253_370_764_800),
        5,
    ]
    made = histories(tmp_path, listing(*wrong, good, good, good))
    found = made.update(URL, OFFER)
    assert found is not None
    assert (found.runs, made.refused) == (1, len(wrong))
    again = histories(tmp_path, listing(good, {**forged, "data": {**forged["data"], "call_hash": "x" * 90}}))
    assert again.update(URL, OFFER) == found
    assert again.refused == 1


def test_e8_two_receipts_for_one_call_are_remembered(tmp_path: Path) -> None:
    one, other = signed(status=Outcome.FAILED), signed(status=Outcome.TIME_LIMIT)
    assert histories(tmp_path, listing(one)).update(URL, OFFER).runs == 1  # type: ignore[union-attr]
    for documents in ((other,), (one,), ()):
        found = histories(tmp_path, listing(*documents)).update(URL, OFFER)
        assert found is not None
        assert (found.runs, found.twice) == (0, 1)


def test_e8_newer_receipts_do_not_make_forget_that_one_call_has_two(tmp_path: Path) -> None:
    twice = [signed(call_hash=7, grade=grade, finished_at=NOW - 5000) for grade in (0, 1)]
    histories(tmp_path, listing(*twice)).update(URL, OFFER)
    newer = [signed(call_hash=100 + at, status=Outcome.FAILED) for at in range(MAX_RECEIPTS)]
    histories(tmp_path, listing(*newer), most=MAX_RECEIPTS).update(URL, OFFER)
    found = histories(tmp_path, listing()).update(URL, OFFER)
    assert found is not None
    assert (found.runs, found.twice) == (MAX_RECEIPTS, 1)
    again = histories(tmp_path, listing(twice[0])).update(URL, OFFER)
    assert again is not None
    assert (again.good, again.twice) == (0, 1)


def test_e8_an_offer_that_a_build_did_not_reach_comes_first_in_the_next(tmp_path: Path) -> None:
    """A slow service that came first would do so again and again, and the others would never be read."""
    slow, other = OFFER, make_paid_offer(evidence=evidence_value(inputs="public"), title="Another")
    stranger = listing(signed())
    first = histories(tmp_path, stranger, is_over=lambda: len(stranger.asked) > 1)
    first.update(URL, slow)
    assert first.update(f"{SERVICE}/offers/{other.id}", other) is None
    assert first.read_at(other) < first.read_at(slow)


def test_l11_pages_that_go_on_for_ever_come_to_an_end(tmp_path: Path) -> None:
    def page(after: str) -> Any:
        at = int(after.split(".", maxsplit=1)[0]) - 1 if after else 10**9
        return {"offer": OFFER.id, "receipts": [], "next": f"{at}.{0:064x}"}

    stranger = Stranger(page)
    found = histories(tmp_path, stranger, most=50).update(URL, OFFER)
    assert found is not None
    assert found.more
    assert len(stranger.asked) == 50
    for repeated in (lambda _: {"offer": OFFER.id, "receipts": [], "next": f"5.{0:064x}"},):
        circle = histories(tmp_path, Stranger(repeated))
        circle.update(URL, OFFER)
        assert "pages that go back in time" in circle.failed[OFFER.id]


def test_e8_of_a_long_list_so_many_receipts_are_read(tmp_path: Path) -> None:
    bad = [signed(call_hash=at, status=Outcome.FAILED, finished_at=NOW - at) for at in range(1, 6)]
    for most, runs, more in ((3, 3, True), (5, 5, False)):
        found = histories(tmp_path / str(most), listing(*bad), most=most).update(URL, OFFER)
        assert found is not None
        assert (found.runs, found.more) == (runs, more)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"<html>", "expected JSON"),
        (b"[" * 100_000, "deep"),
        (b" " * (3 << 20), "expected at most"),
        ({"offer": "0" * 64, "receipts": [], "next": None}, "of offer"),
        ({"offer": OFFER.id, "receipts": [], "next": None, "good": 9}, "got also good"),
        ({"offer": OFFER.id, "receipts": {}, "next": None}, "expected at most"),
        ({"offer": OFFER.id, "receipts": [0] * 1001, "next": None}, "expected at most"),
        ({"offer": OFFER.id, "receipts": [], "next": "../../x"}, "the `next` of the page before"),
        ({"offer": OFFER.id, "receipts": [], "next": 5}, "the `next` of the page before"),
    ],
)
def test_e8_another_answer_than_a_page_is_a_failure_and_no_history(
    tmp_path: Path, answer: Any, words: str
) -> None:
    made = histories(tmp_path, Stranger(lambda _: answer))
    assert made.update(URL, OFFER) is None
    assert words in made.failed[OFFER.id]


def test_a_later_page_has_no_more_receipts_than_a_page(tmp_path: Path) -> None:
    def page(after: str) -> Any:
        number = PAGE_RECEIPTS + 1 if after else 0
        return {"offer": OFFER.id, "receipts": [0] * number, "next": None if after else f"5.{0:064x}"}

    made = histories(tmp_path, Stranger(page))
    made.update(URL, OFFER)
    assert f"at most {PAGE_RECEIPTS}" in made.failed[OFFER.id]


@pytest.mark.parametrize(
    "answer",
    [{}, {"index": 5, "documents": []}, {"index": "{}", "documents": {"profile/run.json": "{}"}}],
)
def test_e8_evidence_that_is_none_tells_no_time_and_is_asked_for_once(tmp_path: Path, answer: Any) -> None:
    for asked in (1, 0):
        stranger = listing(signed())
        stranger.evidence = lambda _call: answer
        found = histories(tmp_path, stranger).update(URL, OFFER)
        assert found is not None
        assert (found.good, found.seconds, found.timed) == (1, None, 0)
        assert len(stranger.asked) - 1 == asked


def test_times_are_asked_for_of_the_newest_good_runs(tmp_path: Path) -> None:
    runs = [signed(call_hash=at, finished_at=NOW - 1000 - at) for at in range(1, TIMED + 4)]
    stranger = listing(*runs)
    histories(tmp_path, stranger).update(URL, OFFER)
    calls = [url.split("/")[-2] for url in stranger.asked[1:]]
    assert calls == [f"{at:064x}" for at in range(1, TIMED + 1)]


def test_l11_work_ends_when_the_time_is_over_and_goes_on_from_there(tmp_path: Path) -> None:
    runs = [signed(call_hash=at, status=Outcome.FAILED) for at in range(1, 6)]
    left = iter([False] * 4 + [True] * 9)
    first = histories(tmp_path, listing(*runs), is_over=lambda: next(left))
    assert first.update(URL, OFFER) is None
    assert len(first.kept(OFFER).receipts.receipts) == 2
    done = histories(tmp_path, listing(*runs)).update(URL, OFFER)
    assert done is not None
    assert done.runs == 5


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"receipts": 5}', "[" * 10_000, "x" * (9 << 20)])
def test_a_file_that_is_none_of_ours_is_no_history(tmp_path: Path, text: str) -> None:
    (tmp_path / f"{OFFER.id}.json").write_text(text)
    made = histories(tmp_path, listing(signed(status=Outcome.FAILED)))
    found = made.update(URL, OFFER)
    assert isinstance(found, History)
    assert found.runs == 1
    assert json.loads((tmp_path / f"{OFFER.id}.json").read_text())["read"] is True


@pytest.mark.parametrize("half", [b'"\\ud800"', b'"a\\udfff"'])
def test_e8_half_a_character_from_one_host_ends_no_build(tmp_path: Path, half: bytes) -> None:
    stranger = listing(signed())
    stranger.evidence = lambda _: b'{"index": %b, "documents": {"profile/run.json": %b}}' % (half, half)
    found = histories(tmp_path, stranger).update(URL, OFFER)
    assert found is not None
    assert (found.good, found.seconds) == (1, None)
    hostile = Stranger(lambda _: b'{"offer": %b, "receipts": [{"data": %b}], "next": null}' % (half, half))
    reads = histories(tmp_path / "other", hostile)
    assert (reads.update(URL, OFFER), list(reads.failed)) == (None, [OFFER.id])
