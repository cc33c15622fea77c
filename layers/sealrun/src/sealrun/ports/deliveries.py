"""How a provider's webhook deliveries are read."""

from collections.abc import Mapping
from typing import Protocol

from sealrun.runs.record import RunKey


class Deliveries(Protocol):
    """How one provider's webhooks are read."""

    def plausible(self, body: bytes, headers: Mapping[str, str], *, now: int) -> bool:
        """False if it cannot be genuine whatever the secret is: no signature, or of another time."""

    def run(self, body: bytes, headers: Mapping[str, str]) -> RunKey | None:
        """The run that the delivery says is over; None for anything else. Nothing is verified."""

    def hold(self, body: bytes, headers: Mapping[str, str], *, secret: str, now: int) -> bool:
        """True if the delivery was made with this secret, and not long ago."""
