"""Items that were made of other items: lines of a log, public call stacks, single probes' values (E5).

Each is compared with the item that it was made of, where both are here.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256

from sealrun.encoding.fields import canonical
from sealrun.encoding.json_limits import MAX_BODY_BYTES, parse_object
from sealrun.errors import SealrunError
from sealrun.evidence.call_stacks import folded, parse, redact
from sealrun.evidence.index import Index
from sealrun.evidence.leaves import Kind, Leaf
from sealrun.evidence.log_lines import read_lines
from sealrun.offers.evidence_policy import MAX_LINE, EvidencePolicy
from sealrun.offers.limits import MAX_LOG_BYTES
from sealrun.ports.folder import Folder
from sealrun.verification.claims import OFFER, BrokenClaim, Claim, broken, holds, not_shown, require
from sealrun.verification.documents import ARITHMETIC
from sealrun.verification.files import covered_document
from sealrun.verification.trees import Opened

CLAIM = "derived"
_TREE = "profile"
# The collector's labels: of an item that is made, and of the item that it is made of.
_LINE = re.compile(r"(?P<log>.+):(?P<number>[1-9][0-9]{0,8})")
_STACKS = re.compile(r"(?P<job>[^/]+)/profile\.public\.folded")
_PROBE = re.compile(r"(?P<job>[^/]+)/probes/(?P<name>[a-z][a-z0-9_]{0,31})")
_OWN_STACKS, _OWN_PROBES = "{job}/sealrun-profile/profile.folded", "{job}/sealrun-profile/probes.json"
# How lines were shown before timestamps and the like were taken off: receipts of that time still hold.
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x1f\x7f]")
# Of one verification: line feeds and carriage returns of logs, each of which takes some two microseconds.
# Eight bytes of stacks or probes take as long, and 32 of a log where lines are long and full of colours. A
# thousand links to one log of line feeds would take a day, to one of colours two hours.
MAX_WORK = 16_000_000
_BYTES_A_UNIT, _LOG_BYTES_A_UNIT = 8, 32
# And so many bytes of stacks beside a character of the offer's patterns: fifty long ones took 40 s for 4 MB.
_PAIRS_A_UNIT = 1500


class NotHere(SealrunError):
    """What the comparison takes is not here; the detail is its name in the folder."""


class TooMuch(SealrunError):
    """What the comparison takes is more work than one verification does; the detail says so (E6)."""


@dataclass
class Work:
    """What one verification still compares; see ``MAX_WORK``."""

    left: int = field(default_factory=lambda: MAX_WORK)

    def take(self, units: int, place: str) -> None:
        """Use some of it up before it is done.

        Raises:
            TooMuch: there is not so much left.
        """
        self.left -= units
        if self.left < 0:
            says = f"{place} is not compared with its parts: all logs, call stacks and probes together take"
            raise TooMuch(f"{says} more work than {MAX_WORK} line ends of logs")


@dataclass(frozen=True)
class Shown:
    """Everything that the comparison looks into; ``covered`` are the files that were measured."""

    index: Index | None
    opened: Opened
    covered: Mapping[str, Leaf]
    policy: EvidencePolicy | None  # of the offer, if it is here
    folder: Folder
    work: Work = field(default_factory=Work)

    def origin(self, label: str, kind: Kind) -> Leaf:
        """The leaf of the item that another one was made of.

        Raises:
            NotHere: it is kept back, or its file is not here.
            BrokenClaim: the receipt covers no such item.
        """
        leaf = self.opened.leaves.get((_TREE, label))
        require(leaf is not None or self._some_are_hidden, f"expected {label} among the items, got none")
        if leaf is None or f"{_TREE}/{label}" not in self.covered:
            raise NotHere(f"{_TREE}/{label}")
        require(leaf.kind is kind, f"{label}: expected a {kind.name.lower()}, got a {leaf.kind.name.lower()}")
        return leaf

    @cached_property
    def _some_are_hidden(self) -> bool:
        opened = sum(tree == _TREE for tree, _ in self.opened.leaves)
        return self.index is None or opened < len(self.index.trees[_TREE])

    def document(self, leaf: Leaf) -> bytes:
        """The bytes of a covered item of the profile."""
        self.work.take(leaf.size // _BYTES_A_UNIT, f"{_TREE}/{leaf.label}")
        return covered_document(self.folder, f"{_TREE}/{leaf.label}", leaf) or b""


def check_derived(shown: Shown) -> Iterator[Claim]:
    """A broken claim for each item that its origin does not give, and one claim for all the others."""
    good, missing = 0, set()
    for items in _groups(shown):
        try:
            _check(shown, items)
            good += len(items)
        except NotHere as error:
            missing.add(error.detail)
        except TooMuch as error:
            yield not_shown(CLAIM, error.detail, rests_on=ARITHMETIC)
        except SealrunError as error:
            yield broken(CLAIM, error, rests_on=ARITHMETIC)
    for name in sorted(missing):
        yield not_shown(CLAIM, f"{name} is not here to compare its parts with", rests_on=ARITHMETIC)
    if good:
        says = f"{good} shown parts are those of the log, call stacks or probes that they came from"
        yield holds(CLAIM, says, rests_on=ARITHMETIC)


def _groups(shown: Shown) -> Iterator[list[Leaf]]:
    """Items that are compared at once: all of one log or of one file of probes, or a single one of stacks."""
    parts = defaultdict(list)
    for (tree, label), leaf in sorted(shown.opened.leaves.items()):
        covered = f"{tree}/{label}" in shown.covered
        if leaf.kind is Kind.LINE and (covered or (tree, label) in shown.opened.texts):
            parts[label.rpartition(":")[0]].append(leaf)
        elif covered and leaf.kind is Kind.PROBE:
            parts[label.rpartition("/")[0]].append(leaf)
        elif covered and leaf.kind is Kind.STACKS:
            yield [leaf]
    yield from parts.values()


def _check(shown: Shown, items: list[Leaf]) -> None:
    first = items[0]
    if first.kind is Kind.LINE:
        _check_lines(shown, items)
    elif first.kind is Kind.STACKS:
        _check_stacks(shown, first)
    else:
        _check_probes(shown, items)


def _check_lines(shown: Shown, items: list[Leaf]) -> None:
    # Step 6.1
    numbered: dict[int, Leaf] = {}
    for leaf in items:
        match = _LINE.fullmatch(leaf.label)
        if match is None:
            raise BrokenClaim(f"{leaf.label}: expected a line's label, JOB/job.log:NUMBER, got another")
        numbered[int(match["number"])] = leaf
    log = shown.origin(items[0].label.rpartition(":")[0], Kind.LOG)
    require(
        log.size <= MAX_LOG_BYTES,
        f"{log.label}: expected a log of at most {MAX_LOG_BYTES} bytes, got {log.size}",
    )
    possible = _digests(_measured(shown, log), numbered)
    for number, leaf in sorted(numbered.items()):
        is_line = leaf.sha256 in possible[number]
        require(is_line, f"{leaf.label}: expected line {number} of the log, got a text that it lacks")


def _measured(shown: Shown, leaf: Leaf) -> Iterator[bytes]:
    """A covered log piece by piece; the bytes that are read have the leaf's digest too.

    Raises:
        TooMuch: it has more line ends, or bytes, than may still be read.
        BrokenClaim: they have another one; a gateway may give other bytes each time.
    """
    digest = sha256()
    place = f"{_TREE}/{leaf.label}"
    for chunk in shown.folder.read(place):
        ends = chunk.count(b"\n") + chunk.count(b"\r")
        shown.work.take(max(ends, len(chunk) // _LOG_BYTES_A_UNIT), place)
        digest.update(chunk)
        yield chunk
    same = digest.hexdigest() == leaf.sha256
    require(same, f"{leaf.label}: expected the bytes that were measured, got others")


def _digests(log: Iterator[bytes], wanted: Mapping[int, Leaf]) -> Mapping[int, set[str]]:
    """SHA-256 of each wanted line, as lines are shown today and as they were shown before."""
    digests, before = defaultdict(set), _Before(wanted)
    for line in read_lines(before.watch(log)):
        if line.number in wanted:
            digests[line.number].add(_sha256(line.text))
    for number, raw in before.lines.items():
        text = _CONTROL.sub("", raw.decode("utf-8", "replace"))[:MAX_LINE]
        digests[number].add(_sha256(text))
    return digests


class _Before:
    """The beginnings of some lines of a log, as they pass: at most as much as was ever shown of one."""

    def __init__(self, wanted: Mapping[int, Leaf]) -> None:
        self.lines = dict.fromkeys(wanted, b"")

    def watch(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """The same chunks; ``lines`` is filled on the way."""
        number = 1
        for chunk in chunks:
            parts = chunk.split(b"\n")
            for at, part in enumerate(parts):
                number += at > 0
                if number in self.lines:
                    self.lines[number] = (self.lines[number] + part)[:MAX_LINE]
            yield chunk


def _sha256(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _check_stacks(shown: Shown, leaf: Leaf) -> None:
    # Step 6.2
    match = _STACKS.fullmatch(leaf.label)
    if match is None:
        raise BrokenClaim(f"{leaf.label}: expected the label JOB/profile.public.folded, got another")
    own = shown.origin(_OWN_STACKS.format(job=match["job"]), Kind.PROFILE)
    if shown.policy is None:
        raise NotHere(OFFER)
    pairs = own.size * sum(map(len, shown.policy.symbols.patterns))
    shown.work.take(pairs // _PAIRS_A_UNIT, f"{_TREE}/{own.label}")
    public = folded(redact(parse(shown.document(own)), shown.policy.symbols))
    same = public == shown.document(leaf)
    require(same, f"{leaf.label}: expected what the offer shows of {own.label}, got other stacks")


def _check_probes(shown: Shown, items: list[Leaf]) -> None:
    # Step 6.3
    names: dict[str, Leaf] = {}
    job = ""
    for leaf in items:
        match = _PROBE.fullmatch(leaf.label)
        if match is None:
            raise BrokenClaim(f"{leaf.label}: expected the label JOB/probes/NAME, got another")
        job, names[match["name"]] = match["job"], leaf
    own = shown.origin(_OWN_PROBES.format(job=job), Kind.PROFILE)
    require(
        own.size <= MAX_BODY_BYTES,
        f"{own.label}: expected at most {MAX_BODY_BYTES} bytes, got {own.size}",
    )
    probes = parse_object(shown.document(own)).get("probes")
    named = probes if isinstance(probes, dict) else {}
    for name, leaf in names.items():
        same = name in named and canonical(named[name]) == shown.document(leaf)
        require(same, f"{leaf.label}: expected the value in {own.label}, got another")
