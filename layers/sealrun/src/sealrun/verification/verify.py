"""All checks of one receipt in their order; pure, so that any client can make them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sealrun.encoding.json_limits import parse_object
from sealrun.errors import SealrunError
from sealrun.evidence.index import TREES
from sealrun.offers.offer import Offer
from sealrun.receipts.issuers import PinnedKeys
from sealrun.receipts.receipt import GRADE_OPERATOR, Receipt, SignedReceipt
from sealrun.verification.claims import (
    DISCLOSURES,
    DOCUMENTS,
    MAX_RECEIPT_BYTES,
    Claim,
    Folder,
    Verdict,
    broken,
    not_shown,
)
from sealrun.verification.documents import (
    check_call,
    check_form,
    check_inputs,
    check_signature,
    check_source,
    read_offer,
)
from sealrun.verification.grade import check_grade, check_minimum
from sealrun.verification.lineage import check_reads
from sealrun.verification.nested import READS, RERUNS
from sealrun.verification.rerun import Ran, check_reruns
from sealrun.verification.run import OPERATOR, check_ipfs, check_pinned, check_run, check_times, read_run
from sealrun.verification.statements import check_statements
from sealrun.verification.tokens import Ground, Shown, check_tokens
from sealrun.verification.trees import check_files, check_policy, open_leaves, read_disclosures, read_index


@dataclass(frozen=True)
class Trust:
    """What the verifier brings along; nothing of it comes from the receipt."""

    oracle: str = ""  # base58 key whose receipts it believes; empty: any, and the claim is not shown
    keys: PinnedKeys = field(default_factory=PinnedKeys)  # of the CI's issuer; without them no token counts
    reruns: tuple[str, ...] = ()  # keys of oracles that it holds to be independent of the first


@dataclass(frozen=True)
class Verification:
    """What came out: every claim, and the grade that can be shown."""

    claims: Sequence[Claim]
    grade: int
    receipt: SignedReceipt | None = None
    offer: Offer | None = None

    @property
    def holds(self) -> bool:
        """True if nothing that is claimed is broken."""
        return self.receipt is not None and not self.broken

    @property
    def broken(self) -> list[Claim]:
        """The claims that do not hold; what is not shown is not held against the receipt."""
        return [claim for claim in self.claims if claim.verdict is Verdict.BROKEN]


def verify(receipt: bytes, folder: Folder, trust: Trust) -> Verification:
    """Check a receipt ({data, signature, publicKey} as JSON) and all of its evidence that is in the folder.

    Not checked: that the project's owner is who they say, and at grade 0 that the source ran at all.
    """
    try:
        signed = SignedReceipt.parse(parse_object(receipt, at_most=MAX_RECEIPT_BYTES))
        names = folder.names()
    except SealrunError as error:
        return Verification([broken("form", error, rests_on="the format")], 0)
    offer, said = read_offer(signed, folder)
    claims = [check_form(receipt, signed, folder), *check_signature(signed, oracle=trust.oracle), *said]
    claims += _documents(signed, offer, folder)
    grade, more = _evidence(signed, offer, names, folder, trust)
    claims += [*more, *check_reads(receipt, folder)]
    repeated = list(_reruns(signed, offer, names, folder, trust))
    grade = max([grade, *(claim.grade or 0 for claim in repeated)])
    found = Verification([*claims, *repeated, *_other_files(names)], grade, signed, offer)
    # Tokens and reruns lend no grade to what is broken; a grade that is only said too high is lowered (E2).
    sound = all(claim.name == "grade" for claim in found.broken)
    return found if sound else replace(found, grade=GRADE_OPERATOR)


def _reruns(
    signed: SignedReceipt, offer: Offer | None, names: Sequence[str], folder: Folder, trust: Trust
) -> Iterator[Claim]:
    """What was repeated elsewhere (grade 2); a second run's own reruns say nothing of the first."""
    if offer is None:
        return

    def wrong(receipt: bytes, below: Folder) -> Sequence[Claim]:
        return verify(receipt, below, Trust(keys=trust.keys)).broken

    yield from check_reruns(Ran(signed, offer, folder), names, trust.reruns, wrong)


def _documents(signed: SignedReceipt, offer: Offer | None, folder: Folder) -> Iterator[Claim]:
    receipt = signed.receipt
    if offer is not None:
        yield check_source(receipt, offer)
        yield check_minimum(receipt, offer)
    yield check_call(receipt, offer, folder)
    yield check_inputs(receipt, offer, folder)


def _evidence(
    signed: SignedReceipt, offer: Offer | None, names: Sequence[str], folder: Folder, trust: Trust
) -> tuple[int, list[Claim]]:
    receipt = signed.receipt
    index, claims = read_index(receipt, folder)
    opened, said = read_disclosures(receipt, index, names, folder)
    claims += said
    if index is not None:
        shown, said = open_leaves(index, folder)
        opened = shown.with_more(opened)
        claims += said
        if offer is not None:
            claims.append(check_policy(index, offer.evidence))
    claims += check_files(index, opened, names, folder)
    run, said = read_run(receipt, opened, folder)
    claims += [*said, *_run(receipt, offer, run)]
    claims.append(check_statements(signed, offer, index, run, folder))
    if index is None or offer is None:
        ground = Ground(reason="neither index nor offer to look for CI tokens with", contradicted=False)
    else:
        ground = check_tokens(Shown(receipt, offer, index, opened, run, folder, trust.keys))
    grade, claim = check_grade(receipt, ground)
    return grade, [*claims, *ground.claims, claim]


def _run(receipt: Receipt, offer: Offer | None, run: Mapping[str, Any]) -> Iterator[Claim]:
    """What the run's document says, once it is known to be the receipt's."""
    if not run:
        return
    yield check_times(receipt, run)
    yield from check_ipfs(run)
    if offer is None:
        yield not_shown("commit", "offer.json is not here to compare with", rests_on=OPERATOR, grade=0)
    else:
        yield check_run(receipt, offer, run)
        yield check_pinned(offer, run)


def _other_files(names: Sequence[str]) -> Iterator[Claim]:
    """What lies in the folder and is no evidence: nothing is said of it."""
    folders = (*TREES, DISCLOSURES, READS, RERUNS)
    other = sorted(name for name in names if name not in DOCUMENTS and name.split("/")[0] not in folders)
    if other:
        some = ", ".join(name if name.isprintable() else ascii(name) for name in other[:5])
        says = f"{len(other)} files are no part of the evidence: {some}"
        yield not_shown("other files", says, rests_on="nobody")
