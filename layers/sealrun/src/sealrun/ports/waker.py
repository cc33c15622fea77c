"""What asks for a collection."""

from typing import Protocol


class Waker(Protocol):
    """Asks for one collection, some time soon, in another invocation."""

    def wake(self, call_hash: int) -> None: ...
