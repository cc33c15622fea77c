"""The trust grade, computed again: a receipt is worth the lower of its own claim and what is shown (E2)."""

from sealrun.errors import SealrunError
from sealrun.offers.offer import Offer
from sealrun.receipts.grade import HIGHEST_OF_ONE, Grade
from sealrun.receipts.receipt import Outcome, Receipt
from sealrun.verification.claims import BrokenClaim, Claim, broken, holds, not_shown, require
from sealrun.verification.tokens import Ground


def check_grade(receipt: Receipt, ground: Ground) -> tuple[Grade, Claim]:
    """The lower of the receipt's grade and ours; a grade that cannot be shown does not count.

    Where the evidence for it was only not handed out, the receipt is not held to be wrong. No receipt may
    claim grade 2 or more for itself: it takes two receipts to say that a run was repeated elsewhere.
    """
    # Step 9.4
    grade = min(receipt.grade, ground.grade)
    if receipt.grade <= ground.grade:
        return grade, holds("grade", grade.says, rests_on=grade.rests_on, grade=grade)
    if ground.contradicted or receipt.grade > HIGHEST_OF_ONE:
        error = BrokenClaim(f"grade: expected evidence for grade {receipt.grade}, got {ground.reason}")
        return grade, broken("grade", error, rests_on=grade.rests_on, grade=grade)
    reason = f"the receipt says {receipt.grade}: {ground.reason}"
    return grade, not_shown("grade", reason, rests_on=grade.rests_on, grade=grade)


def check_minimum(receipt: Receipt, offer: Offer) -> Claim:
    """A run that did not reach the offer's grade is no success."""
    least, got = offer.evidence.grade, receipt.grade
    try:
        # Step 3.3
        enough = receipt.status is not Outcome.SUCCEEDED or got >= least
        require(enough, f"the offer's grade: expected at least {least}, got {got}")
    except SealrunError as error:
        return broken("minimum grade", error, rests_on="the offer")
    return holds("minimum grade", f"the offer demands {least}", rests_on="the offer")
