"""What asks for a collection."""

from collections.abc import Sequence
from typing import Protocol


class Waker(Protocol):
    """Asks for steps of calls, some time soon, in other invocations."""

    def wake(self, call_hash: int) -> None:
        """Have this call's next step taken."""

    def look(self, groups: Sequence[Sequence[int]]) -> bool:
        """Have each group of calls, each of one offer, looked at; False where the sweep does that itself.

        What is lost on the way is due at the next sweep as well.
        """
