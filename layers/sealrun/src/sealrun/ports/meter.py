"""Where counts and times go."""

from typing import Protocol


class Meter(Protocol):
    """Counts what happens. Names and labels are few and fixed; none of them comes from a stranger."""

    def count(self, name: str, value: int = 1, **dimensions: str) -> None:
        """Add to a count."""

    def milliseconds(self, name: str, value: float) -> None:
        """How long something took."""
