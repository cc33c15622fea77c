"""The histories of offers: receipts are fetched from strangers, checked once, and kept for the next build.

A file for each offer, ``OFFER.json``, has what was checked. So a receipt that an operator showed once counts
on, whatever it shows later, and a build that was broken off goes on where it was.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sealrun.adapters.files.plain_files import read_plain
from sealrun.encoding import read
from sealrun.encoding.fields import canonical
from sealrun.encoding.json_limits import parse_object
from sealrun.errors import Malformed, SealrunError
from sealrun.market.history import History, Tally, check_receipt, check_seconds
from sealrun.offers.offer import Offer
from sealrun.receipts.receipt import Outcome, Receipt
from sealrun.verification.claims import INDEX, RUN
from sealrun.workflows.list_calls import place_of
from sealrun.workflows.list_receipts import MAX_RECEIPTS, PAGE_RECEIPTS, are_listed
from sealrun_cli.lib.book import replace_json

# A page of a service has fifty receipts; one that keeps files has all in one.
MAX_PAGE_BYTES = 2 << 20
# Of a run whose index is small enough to be looked at.
MAX_EVIDENCE_BYTES = 1 << 20
# Good runs whose time is asked for: the median of the newest ones.
TIMED = 20
MAX_KEPT_BYTES = 8 << 20

# The body of a stranger's answer of at most so many bytes; raises SealrunError where there is none.
Get = Callable[[str, int], bytes]


@dataclass
class Kept:
    """What was checked of one offer so far."""

    receipts: Tally = field(default_factory=Tally)
    seconds: dict[int, int] = field(default_factory=dict)  # of good runs, by call hash
    untimed: set[int] = field(default_factory=set)  # calls whose documents tell no time
    more: bool = False  # there are receipts that were never read
    read: bool = False  # a page of the offer's list was read

    @property
    def history(self) -> History | None:
        """None where nothing was ever read."""
        return self.receipts.history(self.seconds, more=self.more) if self.read else None


@dataclass
class Histories:
    """Reads histories for one build.

    Args:
        folder: where what was checked is kept.
        get: asks strangers.
        now: Unix seconds.
        most: receipts of one offer, the newest ones.
        is_over: whether the time for all of them is used up.
    """

    folder: Path
    get: Get
    now: int
    most: int
    is_over: Callable[[], bool]
    refused: int = 0  # receipts that were handed out and are none of their offer
    failed: dict[str, str] = field(default_factory=dict)  # why an offer's list was not read, by offer

    def kept(self, offer: Offer) -> Kept:
        """What earlier builds checked; nothing where the file is none of theirs."""
        try:
            document = read_plain(self._file(offer), at_most=MAX_KEPT_BYTES)
            return _opened(parse_object(document, at_most=MAX_KEPT_BYTES))
        except (OSError, ValueError, TypeError, KeyError, AttributeError, SealrunError):
            return Kept()

    def read_at(self, offer: Offer) -> float:
        """When its history was read last, in Unix seconds; 0 if it never was."""
        try:
            return self._file(offer).stat().st_mtime
        except OSError:
            return 0.0

    def update(self, url: str, offer: Offer) -> History | None:
        """The offer's history, with what its service shows now; None where its receipts are in no list.

        Args:
            url: of the offer.
            offer: whose hash the caller computed.
        """
        if not are_listed(offer):
            return None
        kept = self.kept(offer)
        if self.is_over():  # nothing is noted, so that the next build begins with what this one did not reach
            return kept.history
        try:
            self._read_list(url, offer, kept)
            self._read_times(url, offer, kept)
        except SealrunError as error:
            self.failed[offer.id] = error.detail[:300]
        finally:
            self._keep(offer, kept)
        return kept.history

    def _read_list(self, url: str, offer: Offer, kept: Kept) -> None:
        left, after = self.most, ""
        while not self.is_over():
            page = self._page(url, offer, after)
            for document in page["receipts"][:left]:
                if self.is_over():
                    return
                self._take(document, offer, kept)
            number, following = len(page["receipts"]), page["next"]
            kept.read, kept.more = True, following is not None or number > left or number == MAX_RECEIPTS
            # A service may have pages without receipts, and one that means harm has no others.
            left -= max(number, 1)
            if following is None or left <= 0:
                return
            _check_going_back(following, after)
            after = following

    def _page(self, url: str, offer: Offer, after: str) -> Mapping[str, Any]:
        query = f"?after={after}" if after else ""
        body = self.get(f"{url}/receipts{query}", MAX_PAGE_BYTES)
        page = read.only(
            parse_object(body, at_most=MAX_PAGE_BYTES), ("offer", "receipts", "next"), where="receipts"
        )
        receipts, following = page["receipts"], page["next"]
        most = MAX_RECEIPTS if not after else PAGE_RECEIPTS
        if page["offer"] != offer.id or not isinstance(receipts, list) or len(receipts) > most:
            raise Malformed(f"receipts: expected at most {most} of offer {offer.id}, got something else")
        if following is not None:
            place_of(following)
        return page

    def _take(self, document: Any, offer: Offer, kept: Kept) -> None:
        try:
            receipt = _known(document, kept) or check_receipt(document, offer, now=self.now)
        except SealrunError:
            self.refused += 1
            return
        kept.receipts.add(receipt)

    def _read_times(self, url: str, offer: Offer, kept: Kept) -> None:
        for receipt in _newest_good(kept):
            if self.is_over():
                return
            call = receipt.call_hash
            if call in kept.seconds or call in kept.untimed:
                continue
            seconds = check_seconds(receipt, offer, self._documents(url, receipt))
            if seconds is None:
                kept.untimed.add(call)
            else:
                kept.seconds[call] = seconds

    def _documents(self, url: str, receipt: Receipt) -> dict[str, bytes]:
        """Index and run document of a call, as far as they stand in the service's answer."""
        service = url.rpartition("/offers/")[0]
        body = self.get(f"{service}/calls/{receipt.call_hash:064x}/evidence", MAX_EVIDENCE_BYTES)
        answer = parse_object(body, at_most=MAX_EVIDENCE_BYTES)
        documents = answer.get("documents")
        run = documents.get(RUN) if isinstance(documents, dict) else None
        found = {INDEX: answer.get("index"), RUN: run}
        # Half a character has no bytes; whatever stands in its place is not what the receipt covers.
        return {name: text.encode(errors="replace") for name, text in found.items() if isinstance(text, str)}

    def _keep(self, offer: Offer, kept: Kept) -> None:
        """The newest ones, so that no operator fills the disk, and which calls have two, however old."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        newest = sorted(kept.receipts.receipts.values(), key=lambda each: -each.finished_at)
        receipts = newest[:MAX_RECEIPTS]
        calls = {each.call_hash for each in receipts}
        value = {
            "receipts": [each.data() for each in receipts],
            "twice": sorted(f"{call:064x}" for call in kept.receipts.twice)[:MAX_RECEIPTS],
            "seconds": {f"{call:064x}": kept.seconds[call] for call in calls & kept.seconds.keys()},
            "untimed": sorted(f"{call:064x}" for call in kept.untimed & calls),
            "more": kept.more or len(newest) > MAX_RECEIPTS,
            "read": kept.read,
        }
        replace_json(self._file(offer), value)

    def _file(self, offer: Offer) -> Path:
        return self.folder / f"{offer.id}.json"


def _check_going_back(following: str, after: str) -> None:
    """Raises Malformed where the next page does not begin behind the one that was read."""
    before, then = place_of(after or None), place_of(following)
    if before is not None and then is not None and then >= before:
        raise Malformed(f"receipts: expected pages that go back in time, got {following} behind {after}")


def _newest_good(kept: Kept) -> Iterator[Receipt]:
    good = [each for each in kept.receipts.receipts.values() if each.status is Outcome.SUCCEEDED]
    newest = sorted(good, key=lambda each: (-each.finished_at, each.call_hash))
    yield from newest[:TIMED]


def _known(document: Any, kept: Kept) -> Receipt | None:
    """A receipt that was checked before: the same data need no second look at a signature."""
    data = document.get("data") if isinstance(document, dict) else None
    call = data.get("call_hash") if isinstance(data, dict) else None
    if not isinstance(call, str) or not call.isdecimal() or len(call) > 80:  # noqa: PLR2004
        return None
    receipt = kept.receipts.receipts.get(int(call))
    return receipt if receipt is not None and canonical(receipt.data()) == canonical(data) else None


def _opened(value: Mapping[str, Any]) -> Kept:
    tally = Tally()
    for data in value["receipts"]:
        tally.add(Receipt.parse(data))
    tally.twice |= {int(call, 16) for call in value["twice"]}
    seconds = {int(call, 16): int(each) for call, each in value["seconds"].items()}
    untimed = {int(call, 16) for call in value["untimed"]}
    return Kept(tally, seconds, untimed, more=value["more"] is True, read=value["read"] is True)
