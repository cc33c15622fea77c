"""The files of an evidence folder: each has the bytes that its leaf says, and none is without a leaf (E5)."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from hashlib import sha256

from sealrun.encoding.measure import measure_document
from sealrun.errors import SealrunError
from sealrun.evidence.index import TREES, Index
from sealrun.evidence.leaves import Leaf
from sealrun.ports.folder import Folder
from sealrun.verification.claims import (
    DISCLOSURES,
    DOCUMENTS,
    READS,
    RECEIPT,
    RERUNS,
    BrokenClaim,
    Claim,
    Progress,
    Verdict,
    broken,
    holds,
    no_progress,
    not_shown,
    printable,
    require,
    require_equal,
)
from sealrun.verification.documents import ARITHMETIC
from sealrun.verification.trees import Key, Opened

# As many files that nothing covers are named one by one; the others are counted.
MAX_NAMED = 20
# All items of one receipt: an offer allows 4 GiB of artifacts, and logs and profile come on top. The receipt
# does not sign a size, so that a holder could write any and put a file of so many holes there (E6).
MAX_TOTAL_BYTES = 8 << 30
_LINE_SHOWN = 60


@dataclass
class Files:
    """What came of the files; ``covered`` are those that are here with their leaf's bytes, by place."""

    claims: list[Claim] = field(default_factory=list)
    covered: dict[str, Leaf] = field(default_factory=dict)


def check_files(
    index: Index | None,
    opened: Opened,
    names: Collection[str],
    folder: Folder,
    progress: Progress = no_progress,
) -> Files:
    """Measure every file that a leaf names, and compare the text of every line.

    A text stands for the file of a line only: where the file is here as well, it is measured like any other.
    An item that only its opening shows may be missing: then it is not shown.
    """
    files, here = Files(), {name for name in names if name.split("/")[0] in TREES}
    shown = set() if index is None else set(_shown_places(index))
    wanted = sorted((f"{tree}/{label}", (tree, label)) for tree, label in opened.leaves)
    left = MAX_TOTAL_BYTES
    for at, (place, key) in enumerate(wanted, start=1):
        leaf, has_text = opened.leaves[key], key in opened.texts
        if place in here or (place in shown and not has_text):
            # Step 5.1
            left -= leaf.size if place in here else 0
            claim = _check_file(
                place, leaf, opened.cids.get(key, ""), folder, present=place in here, left=left
            )
            files.claims.append(claim)
            if claim.verdict is Verdict.HOLDS:
                files.covered[place] = leaf
        elif not has_text:
            files.claims.append(not_shown("file", f"{printable(place)} is not here", rests_on=ARITHMETIC))
        progress("files", at, len(wanted))
    files.claims += [_check_text(place, key, opened) for place, key in wanted if key in opened.texts]
    return files


def _shown_places(index: Index) -> Iterator[str]:
    return (f"{name}/{entry.leaf.label}" for name in TREES for entry in index.trees[name] if entry.leaf)


def _check_file(place: str, leaf: Leaf, cid: str, folder: Folder, *, present: bool, left: int) -> Claim:
    try:
        require(present, f"{place}: expected the file, got none")
        require(left >= 0, f"{place}: expected at most {MAX_TOTAL_BYTES} bytes of files in all, got more")
        # The size first: a file of another size is not read to its end (E6).
        measured = folder.measure(place, size=leaf.size)
        require_equal(f"{place}: size", leaf.size, measured.size)
        require_equal(f"{place}: SHA-256", leaf.sha256, measured.sha256)
        if cid:
            require_equal(f"{place}: CID", cid, measured.cid)
    except SealrunError as error:
        return broken("file", error, rests_on=ARITHMETIC)
    return holds("file", f"{place}: {leaf.size} bytes{f', {cid}' if cid else ''}", rests_on=ARITHMETIC)


def covered_document(folder: Folder, place: str, leaf: Leaf) -> bytes | None:
    """A small file that is read as well as measured: the bytes that are read have the leaf's digest too.

    Raises:
        Malformed: as for the folder.
        BrokenClaim: the bytes have another digest; a gateway may give other bytes each time.
    """
    document = folder.document(place)
    if document is not None:
        require_equal(f"{place}: SHA-256", leaf.sha256, sha256(document).hexdigest())
    return document


def _check_text(place: str, key: Key, opened: Opened) -> Claim:
    leaf, cid = opened.leaves[key], opened.cids.get(key, "")
    # Step 5.2
    measured = measure_document(opened.texts[key].encode())
    try:
        require_equal(f"{place}: SHA-256 of the line", leaf.sha256, measured.sha256)
        require_equal(f"{place}: size of the line", leaf.size, measured.size)
        if cid:
            require_equal(f"{place}: CID of the line", cid, measured.cid)
    except SealrunError as error:
        return broken("line", error, rests_on=ARITHMETIC)
    return holds("line", f"{place}: {opened.texts[key][:_LINE_SHOWN]}", rests_on=ARITHMETIC)


def check_names(
    names: Collection[str], opened: Opened, checked_elsewhere: Collection[str]
) -> Iterator[Claim]:
    """Name every file that nothing covers, wherever it lies: each one breaks a claim.

    Args:
        names: all files of the folder.
        opened: the leaves, whose files were measured.
        checked_elsewhere: names that the caller checks by itself, such as a picture.
    """
    # Step 5.3
    calls = {tuple(part[:2]) for part in (name.split("/") for name in names) if part[2:] == [RECEIPT]}
    known = {f"{tree}/{label}" for tree, label in opened.leaves} | set(checked_elsewhere) | set(DOCUMENTS)
    strange = [name for name in sorted(names) if name not in known and not _is_read_elsewhere(name, calls)]
    for name in strange[:MAX_NAMED]:
        claim = "file" if name.split("/")[0] in TREES else "other files"
        says = f"{printable(name)}: expected only files that a leaf covers, got this one as well"
        yield broken(claim, BrokenClaim(says), rests_on=ARITHMETIC)
    if more := strange[MAX_NAMED:]:
        says = f"expected only files that a leaf covers, got {len(more)} more that none covers"
        yield broken("other files", BrokenClaim(says), rests_on=ARITHMETIC)


def _is_read_elsewhere(name: str, calls: Collection[tuple[str, ...]]) -> bool:
    """True for files that have a claim of their own: disclosures, and evidence of other calls."""
    first, *rest = name.split("/")
    if first == DISCLOSURES:
        return bool(rest)
    if first not in (READS, RERUNS) or tuple(name.split("/")[:2]) not in calls:
        return False
    below = (*TREES, DISCLOSURES, *((READS,) if first == RERUNS else ()))
    return "/".join(rest[1:]) in DOCUMENTS or (len(rest) > 2 and rest[1] in below)  # noqa: PLR2004  CALL/x/y
