"""All checks of one receipt in the order of docs/verification.md; pure, so that any client can make them."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sealrun.encoding.json_limits import parse_object
from sealrun.errors import Malformed, SealrunError
from sealrun.evidence.index import Index
from sealrun.evidence.leaves import Kind, Leaf
from sealrun.offers.offer import Offer
from sealrun.ports.folder import Folder
from sealrun.receipts.grade import Grade
from sealrun.receipts.issuers import PinnedKeys
from sealrun.receipts.receipt import Receipt, SignedReceipt
from sealrun.verification.claims import (
    INDEX,
    MAX_RECEIPT_BYTES,
    OFFER,
    OPENINGS,
    Claim,
    Progress,
    Verdict,
    broken,
    no_progress,
    not_shown,
)
from sealrun.verification.derived import Shown as Parts
from sealrun.verification.derived import check_derived
from sealrun.verification.disclosures import read_disclosures
from sealrun.verification.documents import (
    ARITHMETIC,
    check_call,
    check_form,
    check_inputs,
    check_signature,
    check_source,
    read_offer,
)
from sealrun.verification.files import check_files, check_names
from sealrun.verification.grade import check_grade, check_minimum
from sealrun.verification.lineage import check_reads
from sealrun.verification.rerun import Left, Ran, check_reruns
from sealrun.verification.run import (
    OPERATOR,
    check_ipfs,
    check_jobs,
    check_pinned,
    check_run,
    check_times,
    read_run,
)
from sealrun.verification.statements import check_statements
from sealrun.verification.tokens import ISSUER, Ground, Shown, check_tokens
from sealrun.verification.trees import Opened, check_policy, open_leaves, read_index


@dataclass(frozen=True)
class Trust:
    """Everything that the verifier brings along; nothing of it comes from the receipt."""

    oracle: str = ""  # base58 key whose receipts it believes; empty: any, and the claim is not shown
    keys: PinnedKeys = field(default_factory=PinnedKeys)  # of the CI's issuer; without them no token counts
    reruns: tuple[str, ...] = ()  # keys of oracles that it holds to be independent of the first


@dataclass(frozen=True)
class Verification:
    """The result: every claim, and the grade that can be shown."""

    claims: Sequence[Claim]
    grade: Grade
    receipt: SignedReceipt | None = None
    offer: Offer | None = None
    covered: Mapping[str, Leaf] = field(default_factory=dict)  # files with their leaf's bytes, by their names
    left: Left = field(default_factory=Left)

    def with_more(self, claims: Iterable[Claim]) -> "Verification":
        """The same with these claims; what is broken lends no grade, whoever found it."""
        result = replace(self, claims=[*self.claims, *claims])
        # Step 13.1: neither a token nor a rerun lends a grade to a receipt that is broken. One that only
        # claims too high a grade for itself is lowered to the grade that is shown (E2).
        sound = all(claim.name == "grade" for claim in result.broken)
        return result if sound else replace(result, grade=Grade.OPERATOR)

    @property
    def holds(self) -> bool:
        """True if nothing that is claimed is broken."""
        return self.receipt is not None and not self.broken

    @property
    def broken(self) -> list[Claim]:
        """The claims that do not hold; what is not shown is not held against the receipt."""
        return [claim for claim in self.claims if claim.verdict is Verdict.BROKEN]


def verify(
    receipt: bytes,
    folder: Folder,
    trust: Trust,
    *,
    checked_elsewhere: Collection[str] = (),
    progress: Progress = no_progress,
) -> Verification:
    """Check a receipt ({data, signature, publicKey} as JSON) and all of its evidence that is in the folder.

    Args:
        receipt: the document.
        folder: its evidence.
        trust: what the verifier believes.
        checked_elsewhere: names in the folder that the caller checks by itself, such as a picture.
        progress: told how far the work is.

    Not checked: that the project's owner is who they say, and at grade 0 that the source ran at all.
    """
    try:
        # Step 1.1
        signed = SignedReceipt.parse(_parsed(receipt))
        # Step 1.4
        names = folder.names()
    except SealrunError as error:
        return Verification([broken("form", error, rests_on="the format")], Grade.OPERATOR)
    offer, claims = read_offer(signed, folder)
    claims = [check_form(receipt, signed, folder), *check_signature(signed, oracle=trust.oracle), *claims]
    claims += _documents(signed, offer, folder)
    evidence = _Evidence(signed, offer, names, folder, trust, progress)
    grade = evidence.check()
    claims += [*evidence.claims, *check_reads(receipt, folder, evidence.covered)]
    repeated = list(_reruns(evidence))
    grade = max([grade, *(Grade(claim.grade or 0) for claim in repeated)])
    result = Verification(claims, grade, signed, offer, evidence.covered, evidence.left())
    return result.with_more([*repeated, *check_names(names, evidence.opened, checked_elsewhere)])


def _parsed(receipt: bytes) -> dict[str, Any]:
    try:
        return parse_object(receipt, at_most=MAX_RECEIPT_BYTES)
    except Malformed as error:
        wanted = "receipt: expected a JSON object with data, signature and publicKey, got another file"
        raise Malformed(f"{wanted}: {error.detail.removeprefix('body: ')}") from error


def _reruns(first: "_Evidence") -> Iterator[Claim]:
    """Runs that were repeated elsewhere (grade 2); a second run's own reruns say nothing of the first."""

    def verify_second(receipt: bytes, folder: Folder) -> Left:
        second = verify(receipt, folder, Trust(keys=first.trust.keys), progress=first.progress)
        return replace(second.left, broken=second.broken)

    ran = Ran(first.signed, first.offer, first.folder)
    yield from check_reruns(ran, first.left(), first.names, first.trust.reruns, verify_second)


def _documents(signed: SignedReceipt, offer: Offer | None, folder: Folder) -> Iterator[Claim]:
    receipt = signed.receipt
    if offer is None:
        yield from map(_without_offer, ("source", "minimum grade"))
    else:
        yield check_source(receipt, offer)
        yield check_minimum(receipt, offer)
    yield check_call(signed, offer, folder)
    yield check_inputs(receipt, offer, folder)


def _without_offer(name: str) -> Claim:
    return not_shown(name, f"it takes {OFFER}", rests_on=ARITHMETIC)


@dataclass
class _Evidence:
    """Both trees, the files and the run, checked one after the other; ``claims`` is what came out."""

    signed: SignedReceipt
    offer: Offer | None
    names: Sequence[str]
    folder: Folder
    trust: Trust
    progress: Progress
    claims: list[Claim] = field(default_factory=list)
    index: Index | None = None
    opened: Opened = field(default_factory=lambda: Opened({}, {}, {}))
    covered: Mapping[str, Leaf] = field(default_factory=dict)

    def check(self) -> Grade:
        """Make all claims; the grade that a single receipt can show."""
        receipt, offer, folder = self.signed.receipt, self.offer, self.folder
        self._open()
        files = check_files(self.index, self.opened, self.names, folder, self.progress)
        self.covered = files.covered
        self.claims += files.claims
        policy = offer.evidence if offer else None
        self.claims += check_derived(Parts(self.index, self.opened, self.covered, policy, folder))
        run, claims = read_run(receipt, self.opened, folder)
        self.claims += [*claims, *_run(receipt, offer, run)]
        self.claims.append(check_statements(self.signed, offer, self.index, run, folder))
        if self.index is None or offer is None:
            ground = Ground(reason="neither index nor offer to look for CI tokens with", contradicted=False)
            if any(leaf.kind is Kind.CLAIMS for leaf in self.opened.leaves.values()):
                says = f"it takes {INDEX} and {OFFER}"
                ground.claims.append(not_shown("token", says, rests_on=ISSUER, grade=Grade.OPERATOR))
        else:
            shown = Shown(receipt, offer, self.index, self.opened, run, folder, self.trust.keys)
            ground = check_tokens(shown, self.progress)
        grade, claim = check_grade(receipt, ground)
        self.claims += [*ground.claims, claim]
        return grade

    def _open(self) -> None:
        """Index, disclosures and openings: everything that opens a leaf."""
        receipt, folder = self.signed.receipt, self.folder
        self.index, self.claims = read_index(receipt, folder)
        disclosed, claims = read_disclosures(receipt, self.index, self.names, folder, self.progress)
        self.claims += claims
        if self.index is None:
            self.opened = disclosed
            if OPENINGS in self.names:
                says = f"there is no index that {OPENINGS} could be compared with"
                self.claims.append(not_shown("openings", says, rests_on=ARITHMETIC))
            return
        opened, claims = open_leaves(self.index, folder, self.progress)
        self.claims += claims
        self.opened, claims = opened.with_more(disclosed)
        self.claims += claims
        if self.offer is None:
            self.claims.append(_without_offer("policy"))
        else:
            self.claims.append(check_policy(self.index, self.offer.evidence))

    def left(self) -> Left:
        """What the evidence shows of the run's outputs, to compare a second run with."""
        outputs = {
            label: leaf.sha256 for (tree, label), leaf in self.opened.leaves.items() if tree == "outputs"
        }
        hidden = None if self.index is None else len(self.index.trees["outputs"]) - len(outputs)
        return Left(outputs=outputs, hidden=hidden)


def _run(receipt: Receipt, offer: Offer | None, run: Mapping[str, Any]) -> Iterator[Claim]:
    """What the run's document says, once it is known to be the receipt's."""
    if not run:
        return
    yield check_times(receipt, run)
    yield from check_ipfs(run)
    if offer is None:
        for name in ("commit", "pinned", "jobs"):
            says = f"{OFFER} is not here to compare with"
            yield not_shown(name, says, rests_on=OPERATOR, grade=Grade.OPERATOR)
    else:
        yield check_run(receipt, offer, run)
        yield check_pinned(offer, run)
        yield check_jobs(receipt, offer, run)
