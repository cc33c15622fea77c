"""Trust grades: what a receipt rests on, and what that is worth (E2)."""

from enum import IntEnum


class Grade(IntEnum):
    """The number is signed with the receipt."""

    OPERATOR = 0
    TOKEN = 1
    REPEATED = 2  # no single receipt can say this of itself: two receipts say it together
    ATTESTED = 3  # refused until a verifier for attested hardware exists

    @property
    def rests_on(self) -> str:
        """Whose word or which arithmetic it is."""
        return _RESTS_ON[self]

    @property
    def says(self) -> str:
        """What it is worth, in a sentence."""
        return _SAYS[self]


# The highest that a receipt may claim for itself.
HIGHEST_OF_ONE = Grade.TOKEN
_RESTS_ON = {
    Grade.OPERATOR: "the operator's word",
    Grade.TOKEN: "the CI's signed token",
    Grade.REPEATED: "another oracle's run",
    Grade.ATTESTED: "attested hardware",
}
_SAYS = {
    Grade.OPERATOR: "the operator's word: it proves what the oracle's key said, not what ran",
    Grade.TOKEN: "the CI's own signed job token says which pipeline ran; not that these bytes came from it",
    Grade.REPEATED: "another oracle repeated the run elsewhere and got the same outputs",
    Grade.ATTESTED: "attested hardware ran it; no verifier for that exists yet",
}
# What a proof of the token adds, whatever the grade is. It lends none: it says nothing of the outputs' bytes.
PROVED = (
    "the CI's own key signed that a job of this pipeline, at this commit, named this call; this takes"
    " nobody's word but the CI's, and does not say what the job computed"
)
