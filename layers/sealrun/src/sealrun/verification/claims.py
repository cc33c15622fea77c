"""The verdict on one claim of a receipt, and the names of an evidence folder's files."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from sealrun.errors import SealrunError
from sealrun.runs.document import LABEL

# The evidence folder's own files; beside them lie outputs/, profile/ and disclosures/.
RECEIPT, STATEMENTS = "receipt.json", "receipt.intoto.jsonl"
OFFER, CALL, INPUTS, INDEX, OPENINGS = "offer.json", "call.json", "inputs.json", "index.json", "openings.json"
RUN = f"profile/{LABEL}"
DOCUMENTS = (RECEIPT, STATEMENTS, OFFER, CALL, INPUTS, INDEX, OPENINGS)
DISCLOSURES, READS, RERUNS = "disclosures", "reads", "reruns"
# Among a run's outputs: what its jobs left of the calls that they made, in ``.../sealrun-children/CALL/``.
CHILDREN = "sealrun-children"
MAX_RECEIPT_BYTES = 1 << 16
# Documents of at most 64 KiB, of which a folder may have thousands: disclosures, and those of earlier calls.
_SHORT = (RECEIPT, OFFER, CALL, INPUTS)

# Told how far the work is: what is checked, how many of how many. Called often; must not raise.
Progress = Callable[[str, int, int], None]


class Verdict(StrEnum):
    """How a claim came out."""

    HOLDS = "holds"
    BROKEN = "broken"
    NOT_SHOWN = "not shown"  # what it would take to check it was not handed out


@dataclass(frozen=True)
class Claim:
    """One thing that a receipt says, and the result of checking it."""

    name: str  # a stable word
    verdict: Verdict
    says: str  # in words: what holds, or what was expected and what came
    rests_on: str  # whose word or which arithmetic it is
    grade: int | None = None  # the trust grade of that word; None where arithmetic is enough


class BrokenClaim(SealrunError):
    """A claim does not hold; the detail says what was expected and what came."""

    type = "broken-claim"


def holds(name: str, says: str, *, rests_on: str, grade: int | None = None) -> Claim:
    """A claim that holds."""
    return Claim(name, Verdict.HOLDS, says, rests_on, grade)


def broken(name: str, error: SealrunError, *, rests_on: str, grade: int | None = None) -> Claim:
    """A claim that does not."""
    return Claim(name, Verdict.BROKEN, error.detail, rests_on, grade)


def not_shown(name: str, says: str, *, rests_on: str, grade: int | None = None) -> Claim:
    """A claim that nobody can check with the files that are here."""
    return Claim(name, Verdict.NOT_SHOWN, says, rests_on, grade)


def require(ok: bool, message: str) -> None:  # noqa: FBT001  reads as a sentence
    """Check a condition; the message says what was checked, what was expected and what was found.

    Raises:
        BrokenClaim: the condition is false.
    """
    if not ok:
        raise BrokenClaim(message)


def require_equal(what: str, expected: object, got: object) -> None:
    """The two are equal.

    Raises:
        BrokenClaim: they are not.
    """
    if expected != got:
        raise BrokenClaim(f"{what}: expected {expected}, got {got}")


def is_short(name: str) -> bool:
    """True for a document of at most ``MAX_RECEIPT_BYTES``; a folder reads no longer one by its name (E6)."""
    parts = name.split("/")
    below = parts[2:] if parts[0] in (READS, RERUNS) else parts
    if parts[-3:-2] == [CHILDREN]:
        below = parts[-1:]
    return below in [[short] for short in _SHORT] or below[:1] == [DISCLOSURES]


def printable(name: str) -> str:
    """A file's name as it can stand in a line: nothing in it moves the cursor or ends the line."""
    return name if name.isprintable() else ascii(name)


def no_progress(_what: str, _done: int, _total: int) -> None:
    """Nobody wants to know how far the work is."""
