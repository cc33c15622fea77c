"""An offer as the ledger keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sealrun.offers.offer import Offer


@dataclass(frozen=True)
class StoredOffer:
    """An offer as the ledger keeps it, with its secrets as ciphertexts."""

    offer: Offer
    closed: str  # why it takes no call now; empty while it is open
    sealed: bytes  # the credential's sealed box
    sealing_key: bytes  # the X25519 private key that opens the box, encrypted by KMS
    webhook_secret: bytes  # what the provider signs webhooks with, encrypted by KMS
    suspended: str = ""  # what the last health check found; cleared once a later check finds nothing
    paused: str = (
        ""  # the operator's reason; only the operator resumes the offer, whatever health checks find
    )
    quotas: Mapping[str, int] = field(
        default_factory=dict
    )  # calls an hour, for buyers with a bound of their own

    @property
    def reason(self) -> str:
        """Why it takes no call now; empty while it is open."""
        return self.closed or self.paused or self.suspended

    @property
    def state(self) -> str:
        """``closed`` for ever, ``paused`` by its operator, ``suspended`` by a health check, or ``open``."""
        reasons = {"closed": self.closed, "paused": self.paused, "suspended": self.suspended}
        return next((state for state, reason in reasons.items() if reason), "open")
