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
    paused: str = ""  # what the last health check found; it opens again when that is over
    held: str = ""  # why its operator holds it; only the operator lets it go, whatever health checks find
    quotas: Mapping[str, int] = field(
        default_factory=dict
    )  # calls an hour, for buyers with a bound of their own

    @property
    def reason(self) -> str:
        """Why it takes no call now; empty while it is open."""
        return self.closed or self.held or self.paused
