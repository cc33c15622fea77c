"""The evidence trees: that the leaves are those that were signed, and that the files are the leaves'."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256

from sealrun.encoding.cids import PROFILE
from sealrun.encoding.fields import tagged_hash
from sealrun.errors import SealrunError
from sealrun.evidence.index import TREES, Disclosure, Entry, Index, parse_openings
from sealrun.evidence.leaves import TWIN, Kind, Leaf, tree_hash
from sealrun.offers.evidence_policy import EvidencePolicy
from sealrun.receipts.receipt import Receipt
from sealrun.verification.claims import (
    DISCLOSURES,
    INDEX,
    OPENINGS,
    BrokenClaim,
    Claim,
    Folder,
    broken,
    expect,
    holds,
    not_shown,
)
from sealrun.verification.documents import ARITHMETIC

HASHES = {"outputs": "outputs_hash", "profile": "profile_hash"}
# Always shown, whatever the policy says: how the call went, and what of a CI token concerns no person.
ALWAYS = (Kind.RUN, Kind.CLAIMS, Kind.STACKS)


@dataclass(frozen=True)
class Opened:
    """The leaves that could be opened, by tree and label."""

    leaves: Mapping[tuple[str, str], Leaf]
    cids: Mapping[tuple[str, str], str]
    texts: Mapping[tuple[str, str], str]

    def with_more(self, other: "Opened") -> "Opened":
        """These, and what somebody disclosed besides."""
        return Opened({**other.leaves, **self.leaves}, self.cids, self.texts)


def read_index(receipt: Receipt, folder: Folder) -> tuple[Index | None, list[Claim]]:
    """The index, if its leaves are those that the receipt signs."""
    try:
        document = folder.document(INDEX)
        if document is None:
            return None, [not_shown(name, f"{INDEX} is not here", rests_on=ARITHMETIC) for name in TREES]
        index = Index.parse(document)
        expect("the index's call", f"{receipt.call_hash:064x}", index.call)
        expect("the index's CID profile", PROFILE, index.cid_profile)
        for name in TREES:
            hashes = [entry.hash for entry in index.trees[name]]
            signed = str(getattr(receipt, HASHES[name]))
            expect(f"{name} hash", signed, str(tree_hash(f"sealrun:{name}", hashes)))
    except SealrunError as error:
        return None, [broken("index", error, rests_on=ARITHMETIC)]
    return index, [_count(index, name) for name in TREES]


def _count(index: Index, name: str) -> Claim:
    entries = index.trees[name]
    shown = sum(entry.leaf is not None for entry in entries)
    says = f"{len(entries)} items, {shown} shown, {len(entries) - shown} kept back"
    return holds(name, says, rests_on=ARITHMETIC)


def open_leaves(index: Index, folder: Folder) -> tuple[Opened, list[Claim]]:
    """Every opening is that of its leaf; the buyer's openings open the leaves that the index hides."""
    claims: list[Claim] = []
    leaves: dict[tuple[str, str], Leaf] = {}
    try:
        for name in TREES:
            for leaf in _opened(index.trees[name]):
                _add(leaves, name, leaf)
    except SealrunError as error:
        claims.append(broken("index", error, rests_on=ARITHMETIC))
    try:
        document = folder.document(OPENINGS)
        if document is not None:
            claims.append(_open_all(index, document, leaves))
    except SealrunError as error:
        claims.append(broken("openings", error, rests_on=ARITHMETIC))
    shown = [(name, entry, entry.leaf) for name in TREES for entry in index.trees[name] if entry.leaf]
    cids = {(name, leaf.label): entry.cid for name, entry, leaf in shown if entry.cid}
    texts = {(name, leaf.label): entry.text for name, entry, leaf in shown if entry.text is not None}
    return Opened(leaves, cids, texts), claims


def _opened(entries: tuple[Entry, ...]) -> Iterator[Leaf]:
    for at, entry in enumerate(entries):
        if entry.leaf is not None:
            _check_opening(entry, entry.leaf, at)
            yield entry.leaf


def _check_opening(entry: Entry, leaf: Leaf, at: int) -> None:
    expect("a leaf's place", at, leaf.index)
    expect(f"{leaf.label}: kind", entry.kind.name.lower(), leaf.kind.name.lower())
    expect(f"{leaf.label}: leaf", str(entry.hash), str(leaf.hash))
    expect(f"{leaf.label}: SHA-256 twin", entry.twin.hex(), leaf.twin.hex())


def _add(leaves: dict[tuple[str, str], Leaf], name: str, leaf: Leaf) -> None:
    if leaves.setdefault((name, leaf.label), leaf) != leaf:
        raise BrokenClaim(f"{name}: expected every label once, got {leaf.label} twice")


def _open_all(index: Index, document: bytes, leaves: dict[tuple[str, str], Leaf]) -> Claim:
    call, opened = parse_openings(document)
    expect("the openings' call", index.call, call)
    for name in TREES:
        entries = index.trees[name]
        expect(f"the openings' {name}", f"{len(entries)} leaves", f"{len(opened[name])} leaves")
        for at, (entry, leaf) in enumerate(zip(entries, opened[name], strict=True)):
            _check_opening(entry, leaf, at)
            _add(leaves, name, leaf)
    return holds("openings", f"{OPENINGS} opens every leaf", rests_on=ARITHMETIC)


def check_policy(index: Index, policy: EvidencePolicy) -> Claim:
    """The index shows nothing that the offer does not name (E1)."""
    try:
        for name in TREES:
            for entry in index.trees[name]:
                if entry.leaf is not None and not _named(entry, entry.leaf, policy):
                    kind = entry.kind.name.lower()
                    raise BrokenClaim(f"policy: expected {entry.leaf.label} ({kind}) kept back, got it shown")
    except SealrunError as error:
        return broken("policy", error, rests_on=ARITHMETIC)
    return holds("policy", "the index shows only what the offer names", rests_on=ARITHMETIC)


def _named(entry: Entry, leaf: Leaf, policy: EvidencePolicy) -> bool:
    last = leaf.label.rsplit("/", 1)[-1]
    named: dict[Kind, Callable[[], bool]] = {
        Kind.OUTPUT: lambda: policy.outputs.match(leaf.label),
        Kind.LINE: lambda: entry.text is not None and policy.log.match(entry.text),
        Kind.LOG: lambda: "*" in policy.log.patterns,
        Kind.PROFILE: lambda: policy.shows_as_it_came(leaf.label),
        Kind.PROBE: lambda: last in policy.probes,
        Kind.TOKEN: lambda: False,  # not before it has expired, and then by a disclosure (E2)
    }
    return entry.kind in ALWAYS or named[entry.kind]()


def check_files(
    index: Index | None, opened: Opened, names: Collection[str], folder: Folder
) -> Iterator[Claim]:
    """Every shown item is here with these bytes, and nothing in the two trees' folders is without a leaf.

    An item that only its opening shows may be missing: then it is not shown.
    """
    wanted = {f"{name}/{label}": (name, label) for name, label in opened.leaves}
    texts = {place for place, key in wanted.items() if key in opened.texts}
    here = {name for name in names if name.split("/")[0] in TREES}
    shown = set() if index is None else set(_shown_places(index))
    for place in sorted(set(wanted) - texts):
        if place in here or place in shown:
            yield _check_file(place, wanted[place], opened, folder, present=place in here)
        else:
            yield not_shown("file", f"{place} is not here", rests_on=ARITHMETIC)
    for place in sorted(texts):
        yield _check_text(place, wanted[place], opened)
    for place in sorted(here - set(wanted)):
        named = f"{place if place.isprintable() else ascii(place)}: expected only files that a leaf covers"
        yield broken("file", BrokenClaim(f"{named}, got this one as well"), rests_on=ARITHMETIC)


def _shown_places(index: Index) -> Iterator[str]:
    return (f"{name}/{entry.leaf.label}" for name in TREES for entry in index.trees[name] if entry.leaf)


def _check_file(place: str, key: tuple[str, str], opened: Opened, folder: Folder, *, present: bool) -> Claim:
    leaf, cid = opened.leaves[key], opened.cids.get(key, "")
    try:
        if not present:
            raise BrokenClaim(f"{place}: expected the file, got none")
        found = folder.measure(place)
        expect(f"{place}: size", leaf.size, found.size)
        expect(f"{place}: SHA-256", leaf.sha256, found.sha256)
        if cid:
            expect(f"{place}: CID", cid, found.cid)
    except SealrunError as error:
        return broken("file", error, rests_on=ARITHMETIC)
    return holds("file", f"{place}: {leaf.size} bytes{f', {cid}' if cid else ''}", rests_on=ARITHMETIC)


def covered_document(folder: Folder, place: str, leaf: Leaf) -> bytes | None:
    """A small file that is read as well as measured: what is read has the leaf's digest too.

    Raises:
        Malformed: as for the folder.
        BrokenClaim: it has another digest; a gateway may give other bytes each time.
    """
    document = folder.document(place)
    if document is not None:
        expect(f"{place}: SHA-256", leaf.sha256, sha256(document).hexdigest())
    return document


def _check_text(place: str, key: tuple[str, str], opened: Opened) -> Claim:
    leaf, data = opened.leaves[key], opened.texts[key].encode()
    try:
        expect(f"{place}: SHA-256 of the line", leaf.sha256, sha256(data).hexdigest())
        expect(f"{place}: size of the line", leaf.size, len(data))
    except SealrunError as error:
        return broken("line", error, rests_on=ARITHMETIC)
    return holds("line", f"{place}: {opened.texts[key][:60]}", rests_on=ARITHMETIC)


def read_disclosures(
    receipt: Receipt, index: Index | None, names: Collection[str], folder: Folder
) -> tuple[Opened, list[Claim]]:
    """Each file under disclosures/ opens one leaf of what was signed; it does not take the index.

    Not checked without the index: the SHA-256 twin's path, and the size, which only the twin covers.
    """
    leaves: dict[tuple[str, str], Leaf] = {}
    claims: list[Claim] = []
    for name in sorted(names):
        if name.startswith(f"{DISCLOSURES}/"):
            try:
                found = check_disclosure(receipt, index, name, folder.document(name) or b"")
                _add(leaves, found.tree, found.leaf)
            except SealrunError as error:
                claims.append(broken("disclosure", error, rests_on=ARITHMETIC))
            else:
                says = f"{name}: {found.leaf.label}, sha256 {found.leaf.sha256}"
                claims.append(holds("disclosure", says, rests_on=ARITHMETIC))
    return Opened(leaves, {}, {}), claims


def check_disclosure(receipt: Receipt, index: Index | None, name: str, document: bytes) -> Disclosure:
    """The one leaf that the document opens, if the receipt signs the root that it leads to.

    Raises:
        Malformed: it is no disclosure.
        BrokenClaim: it is one of something else.
    """
    found = Disclosure.parse(document)
    root = tagged_hash(f"sealrun:{found.tree}", [found.root, found.count])
    expect(f"{name}: {found.tree} hash", str(getattr(receipt, HASHES[found.tree])), str(root))
    if found.leaf.index >= found.count:
        raise BrokenClaim(f"{name}: expected an index below {found.count}, got {found.leaf.index}")
    if index is not None:
        twin = TWIN.root([entry.twin for entry in index.trees[found.tree]])
        expect(f"{name}: SHA-256 twin's root", twin.hex(), found.twin_root.hex())
    return found
