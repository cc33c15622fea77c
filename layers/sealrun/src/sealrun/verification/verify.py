"""All checks of one receipt in their order; pure, so that any client can make them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sealrun.errors import Malformed, SealrunError
from sealrun.json_limits import parse_object
from sealrun.offers import Offer
from sealrun.receipts import SignedReceipt
from sealrun.verification.claims import Claim, Folder, all_hold, broken, not_shown
from sealrun.verification.documents import (
    check_call,
    check_inputs,
    check_signature,
    check_source,
    read_offer,
)
from sealrun.verification.grade import check_grade, check_minimum
from sealrun.verification.run import OPERATOR, check_run, check_times, read_run
from sealrun.verification.statements import check_statements
from sealrun.verification.trees import check_files, check_policy, open_leaves, read_disclosures, read_index

MAX_RECEIPT_BYTES = 1 << 16


@dataclass(frozen=True)
class Trust:
    """What the verifier brings along; nothing of it comes from the receipt."""

    oracle: str = ""  # base58 key whose receipts it believes; empty: any, and the claim is not shown


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
        return self.receipt is not None and all_hold(self.claims)


def verify(receipt: bytes, folder: Folder, trust: Trust) -> Verification:
    """Check a receipt ({data, signature, publicKey} as JSON) and all of its evidence that is in the folder.

    Not checked: that the project's owner is who they say, and at grade 0 that the source ran at all.
    """
    try:
        signed = SignedReceipt.parse(parse_object(receipt, at_most=MAX_RECEIPT_BYTES))
    except SealrunError as error:
        return Verification([broken("form", error, rests_on="the format")], 0)
    except ValueError as error:
        return Verification([broken("form", Malformed(str(error)), rests_on="the format")], 0)
    offer, said = read_offer(signed, folder)
    claims = [*check_signature(signed, oracle=trust.oracle), *said]
    claims += _documents(signed, offer, folder)
    grade, more = _evidence(signed, offer, folder)
    return Verification([*claims, *more], grade, signed, offer)


def _documents(signed: SignedReceipt, offer: Offer | None, folder: Folder) -> Iterator[Claim]:
    receipt = signed.receipt
    if offer is not None:
        yield check_source(receipt, offer)
        yield check_minimum(receipt, offer)
    yield check_call(receipt, offer, folder)
    yield check_inputs(receipt, offer, folder)


def _evidence(signed: SignedReceipt, offer: Offer | None, folder: Folder) -> tuple[int, list[Claim]]:
    receipt = signed.receipt
    index, claims = read_index(receipt, folder)
    disclosed, said = read_disclosures(receipt, folder)
    claims += said
    if index is None:
        grade, claim = check_grade(receipt, 0, "no evidence is here")
        return grade, [*claims, claim]
    opened, said = open_leaves(index, folder)
    opened = opened.with_more(disclosed)
    claims += said
    if offer is not None:
        claims.append(check_policy(index, offer.evidence))
    claims += check_files(index, opened, folder)
    run, said = read_run(receipt, opened, folder)
    claims += said
    if run and offer is not None:
        claims += [check_run(receipt, offer, run), check_times(receipt, run)]
    elif run:
        claims.append(not_shown("commit", "offer.json is not here to compare with", rests_on=OPERATOR))
    claims.append(check_statements(signed, offer, index, run, folder))
    grade, claim = check_grade(receipt, 0, "")
    return grade, [*claims, claim]
