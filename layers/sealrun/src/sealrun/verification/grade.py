"""The trust grade, computed again: a receipt is worth the lower of what it says and what is shown (E2)."""

from sealrun.errors import SealrunError
from sealrun.offers.offer import Offer
from sealrun.receipts.receipt import GRADE_TOKEN, Outcome, Receipt
from sealrun.verification.claims import BrokenClaim, Claim, broken, holds, not_shown
from sealrun.verification.tokens import Ground

SAYS = {
    0: "the operator's word: it proves what the oracle's key said, not what ran",
    1: "the CI's own signed job token says which pipeline ran; not that these bytes came from it",
    2: "another oracle repeated the run elsewhere and got the same outputs",
}

RESTS_ON = {0: "the operator's word", 1: "the CI's signed token", 2: "another oracle's run"}


def check_grade(receipt: Receipt, ground: Ground) -> tuple[int, Claim]:
    """The lower of the receipt's grade and ours; a grade that cannot be shown is not there.

    Where what it would take was only not handed out, the receipt is not held to be wrong. No receipt may say
    2 or more of itself: what was repeated elsewhere two receipts say together.
    """
    grade = min(receipt.grade, ground.grade)
    if receipt.grade <= ground.grade:
        return grade, holds("grade", SAYS[grade], rests_on=RESTS_ON[grade], grade=grade)
    if ground.contradicted or receipt.grade > GRADE_TOKEN:
        error = BrokenClaim(f"grade: expected evidence for grade {receipt.grade}, got {ground.reason}")
        return grade, broken("grade", error, rests_on=RESTS_ON[grade], grade=grade)
    said = f"the receipt says {receipt.grade}: {ground.reason}"
    return grade, not_shown("grade", said, rests_on=RESTS_ON[grade], grade=grade)


def check_minimum(receipt: Receipt, offer: Offer) -> Claim:
    """A run that did not reach the offer's grade is no success."""
    wanted = offer.evidence.grade
    try:
        if receipt.status is Outcome.SUCCEEDED and receipt.grade < wanted:
            raise BrokenClaim(f"the offer's grade: expected at least {wanted}, got {receipt.grade}")
    except SealrunError as error:
        return broken("minimum grade", error, rests_on="the offer")
    return holds("minimum grade", f"the offer demands {wanted}", rests_on="the offer")
