"""The history of an offer as its receipts tell it: nothing in it is a service's claim (E8).

Receipts may come from anybody. Each that counts was signed by the offer's oracle, for a call of this offer.
What no reader can see: receipts that the operator left out, and runs that the seller bought itself.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import median_low
from typing import Any, NamedTuple

from sealrun.encoding.measure import Measured, measure_document
from sealrun.errors import Malformed, SealrunError
from sealrun.evidence.index import Index
from sealrun.offers.offer import Offer
from sealrun.receipts.grade import HIGHEST_OF_ONE
from sealrun.receipts.receipt import Outcome, Receipt, SignedReceipt
from sealrun.runs.document import LABEL
from sealrun.verification.claims import INDEX, RUN, require_equal
from sealrun.verification.run import read_run
from sealrun.verification.trees import Opened, read_index

# How far an oracle's clock may be ahead of the reader's, in seconds.
CLOCK_SKEW = 600
# An index of a run that left a few hundred items; hashing the leaves of a larger one takes seconds.
MAX_INDEX_BYTES = 64 << 10
NOTE = "As its receipts tell. The operator can leave some out, and a seller can buy its own runs."


class History(NamedTuple):
    """What the receipts of one offer say together; grades and times are those of good runs."""

    runs: int  # calls with a receipt, good or bad
    good: int
    seconds: int | None  # median from a runner's start to the end; None where no run tells
    timed: int  # good runs that the median is of
    lowest: int | None  # grade; None where no run was good
    typical: int | None  # the most frequent grade, of two the lower one
    since: int  # Unix seconds; 0 without a run
    until: int
    more: bool  # there are earlier runs, which were not read
    twice: int  # calls of which the oracle signed two receipts; none of these counts

    def value(self) -> dict[str, Any]:
        """As a catalogue has it."""
        return {**self._asdict(), "since": self.since or None, "until": self.until or None}

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> "History":
        """What ``value`` made."""
        return cls(**{**value, "since": value["since"] or 0, "until": value["until"] or 0})

    @property
    def words(self) -> str:
        """In a line."""
        one = self.twice == 1
        lied = f"; {self.twice} {'call has' if one else 'calls have'} two different receipts"
        lied = lied if self.twice else ""
        if not self.runs:
            return f"no run is on record{lied}"
        runs = f"{'at least ' if self.more else ''}{self.runs} {'run' if self.runs == 1 else 'runs'}"
        first, last = day(self.since), day(self.until)
        when = f"on {first}" if first == last else f"from {first} to {last}"
        return f"{runs}, {self.good} good, {when}{self._good_ones()}{lied}"

    def _good_ones(self) -> str:
        if self.lowest is None:
            return ""
        grade = f"grade {self.typical}"
        grade += f" (lowest {self.lowest})" if self.lowest != self.typical else ""
        took = "" if self.seconds is None else f"; a good run takes {lasting(self.seconds)}"
        return f"{took}; {grade}"


@dataclass
class Tally:
    """The checked receipts of one offer, each call once."""

    receipts: dict[int, Receipt] = field(default_factory=dict)  # by call hash
    twice: set[int] = field(default_factory=set)  # call hashes

    def add(self, receipt: Receipt) -> None:
        """Count one that passed ``check_receipt``."""
        if self.receipts.setdefault(receipt.call_hash, receipt) != receipt:
            self.twice.add(receipt.call_hash)

    def history(self, seconds: Mapping[int, int], *, more: bool) -> History:
        """All of them together.

        Args:
            seconds: how long runs took, by call hash, as ``check_seconds`` found it.
            more: there are receipts that were not read.
        """
        counted = [each for each in self.receipts.values() if each.call_hash not in self.twice]
        good = [each for each in counted if each.status is Outcome.SUCCEEDED]
        times = [seconds[each.call_hash] for each in good if each.call_hash in seconds]
        grades = Counter(int(each.grade) for each in good)
        ends = [each.finished_at for each in counted]
        return History(
            runs=len(counted),
            good=len(good),
            seconds=median_low(times) if times else None,
            timed=len(times),
            lowest=min(grades, default=None),
            typical=min(grades, key=lambda grade: (-grades[grade], grade), default=None),
            since=min(ends, default=0),
            until=max(ends, default=0),
            more=more,
            twice=len(self.twice),
        )


def check_receipt(document: object, offer: Offer, *, now: int) -> Receipt:
    """A receipt of a call of this offer; whatever else was handed out is none.

    Its grade is what it says of itself: `sealrun verify` computes it again from the evidence.

    Args:
        document: ``{data, signature, publicKey}``.
        offer: whose hash the reader computed.
        now: Unix seconds.

    Raises:
        Malformed: it is no receipt, or one of something else; the signature is looked at last.
    """
    signed = SignedReceipt.parse(document)
    receipt = signed.receipt
    for name, expected, got in (
        ("offer", offer.id, f"{receipt.offer_hash:064x}"),
        ("network", offer.network, receipt.network),
        ("key", offer.oracle, signed.public_key.to_base58()),
    ):
        if expected != got:
            raise Malformed(f"receipt: expected the {name} {expected}, got {got}")
    if receipt.finished_at > now + CLOCK_SKEW:
        raise Malformed(f"receipt: expected one of a run that is over, got one of {receipt.finished_at}")
    if receipt.grade > HIGHEST_OF_ONE:
        raise Malformed(
            f"receipt: expected a grade of at most {int(HIGHEST_OF_ONE)}, got {int(receipt.grade)}"
        )
    if receipt.status is Outcome.SUCCEEDED and receipt.grade < offer.evidence.grade:
        raise Malformed(f"receipt: expected at least grade {offer.evidence.grade}, got {int(receipt.grade)}")
    if not signed.holds():
        raise Malformed("receipt: expected the oracle's signature, got another")
    return receipt


def check_seconds(receipt: Receipt, offer: Offer, documents: Mapping[str, bytes]) -> int | None:
    """How long a good run took from when a runner began, by the document that its receipt covers.

    Not checked: that the provider's clock was right.

    Args:
        receipt: that passed ``check_receipt``.
        offer: its offer.
        documents: of its evidence, by their names; the index and the run's are looked at.

    Returns:
        Seconds, or None where the documents are not the receipt's, or tell no time that can be.
    """
    folder = _Documents(documents)
    if receipt.status is not Outcome.SUCCEEDED or len(documents.get(INDEX, b"")) > MAX_INDEX_BYTES:
        return None
    try:
        index, _ = read_index(receipt, folder)
        opened = _opened(index) if index else None
        document = read_run(receipt, opened, folder)[0] if opened else {}
    except SealrunError:
        return None
    run = document.get("run") or {}
    began, ended = run.get("started_at", 0), run.get("finished_at", -1)
    seconds = int(ended - began)
    return (
        seconds if began and ended == receipt.finished_at and 0 <= seconds <= offer.limits.longest else None
    )


def _opened(index: Index) -> Opened | None:
    """The run's document alone; that its opening is that of its leaf is checked here."""
    for at, entry in enumerate(index.trees["profile"]):
        if entry.leaf is not None and entry.leaf.label == LABEL:
            require_equal("a leaf's place", at, entry.leaf.index)
            require_equal("a leaf", str(entry.hash), str(entry.leaf.hash))
            return Opened({("profile", LABEL): entry.leaf}, {}, {})
    return None


class _Documents:
    """``sealrun.ports.folder.Folder`` over the two documents that are read."""

    def __init__(self, documents: Mapping[str, bytes]) -> None:
        self._documents = {name: documents[name] for name in (INDEX, RUN) if name in documents}

    def names(self) -> list[str]:
        return sorted(self._documents)

    def document(self, name: str) -> bytes | None:
        return self._documents.get(name)

    def read(self, name: str) -> Iterator[bytes]:
        yield self._documents[name]

    def measure(self, name: str, *, size: int | None = None) -> Measured:  # noqa: ARG002  as the port has it
        return measure_document(self._documents[name])


def day(seconds: int) -> str:
    """A date in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")


def lasting(seconds: int) -> str:
    """``45 s``, ``3 min 20 s`` or ``2 h 5 min``."""
    minutes, hours = seconds // 60, seconds // 3600
    if hours:
        return f"{hours} h {minutes % 60} min"
    return f"{minutes} min {seconds % 60} s" if minutes else f"{seconds} s"
