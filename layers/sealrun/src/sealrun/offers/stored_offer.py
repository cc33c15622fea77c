"""An offer as the ledger keeps it."""

from collections.abc import Mapping

from sealrun.offers.offer import Offer
from sealrun.values import dataclass, field


@dataclass(frozen=True)
class StoredOffer:
    """An offer as the ledger keeps it, with its secrets as ciphertexts."""

    offer: Offer
    closed: str  # the reason why it takes no calls; empty while it is open
    sealed: bytes  # the credential's sealed box
    sealing_key: bytes  # the X25519 private key that opens the box, encrypted by KMS
    webhook_secret: bytes  # the provider's key for signing webhooks, encrypted with KMS
    suspended: str = ""  # what the last health check found; cleared once a later check finds nothing
    # Prices that take no call now, as the last health check found: the reason by the asset's id in base58.
    dropped: Mapping[str, str] = field(default_factory=dict)
    paused: str = ""  # the operator's reason; only the operator resumes the offer, no health check
    resting: str = ""  # why it rests after runs that failed by no buyer's fault
    rests_until: int = 0  # Unix seconds; a later health check ends the rest
    faults: int = 0  # such runs in a row
    shows_runs: bool | None = None  # anyone may open a run's page at the provider; None: not looked at yet
    delivered_at: int = 0  # when a delivery last told of a run's end before it was looked for; Unix seconds
    # Calls an hour, for buyers with a bound of their own.
    quotas: Mapping[str, int] = field(default_factory=dict)

    @property
    def reason(self) -> str:
        """Why it takes no call now; empty while it is open."""
        return self.closed or self.paused or self.suspended or self.resting

    @property
    def state(self) -> str:
        """``closed`` for ever, ``paused`` by its operator, ``suspended`` for a while, or ``open``."""
        suspended = self.suspended or self.resting
        reasons = {"closed": self.closed, "paused": self.paused, "suspended": suspended}
        return next((state for state, reason in reasons.items() if reason), "open")
