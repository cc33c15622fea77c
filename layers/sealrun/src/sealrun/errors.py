"""Every error that sealrun raises, by whose fault it is.

    SealrunError
    ├── Refused              the request is wrong; sending it again cannot help
    │   ├── Malformed            size, JSON, lengths, encodings
    │   ├── Expired              the call's own time is over, or too far ahead
    │   ├── NotFound             no such offer, call or output
    │   ├── WrongMethod          the path is known, but not for this method
    │   ├── NotAllowed           signature, allow list, missing right to read
    │   ├── InputsRefused        the inputs do not fit the offer's schema
    │   ├── Conflict             the same identifier came with another call
    │   │   └── TicketUsed           the ticket was redeemed with another call
    │   ├── PaymentRequired      no payment, or not enough of it; says what to pay
    │   ├── NotCovered           limit or funds do not cover the price
    │   ├── AccountRefused       the prepaid account is not as it must be
    │   └── TooMany              a rate limit or a quota is used up
    ├── Unavailable          something that we need is not available; trying later can help
    │   ├── OfferClosed          closed, or not as it was when it was offered
    │   ├── NodeUnavailable      no trustworthy Mina node answered
    │   ├── StoreUnavailable     AWS did not answer, or answered with an error
    │   └── PinFailed            an IPFS node or pinning service does not hold the bytes
    ├── UnsafeArchive        the outputs of a run are too large or not safe to unpack
    ├── SecretFound          the outputs of a run hold one of the operator's own secrets
    ├── TokenRefused         a job's CI token does not say what it must; the run keeps grade 0
    └── ProviderError        the CI provider answered with an error
        ├── ProviderRefused      a clear no: nothing was started
        ├── ProviderBusy         429, or a clear "not now": nothing was started
        └── ProviderUnclear      no clear answer: something may have been started
            └── TookTooLong          all answers together took longer than they may

Each class has a stable ``type``, which ends the ``type`` URI of its RFC 9457 problem document,
and the HTTP status that goes with it. No message ever holds a secret.
"""

from collections.abc import Mapping
from typing import Any, ClassVar


class SealrunError(Exception):
    """The root; ``detail`` is safe to show to a stranger."""

    type: ClassVar[str] = "internal"
    title: ClassVar[str] = "Something went wrong on our side"
    status: ClassVar[int] = 500

    def __init__(self, detail: str) -> None:
        # It may repeat what a stranger sent: with half a surrogate in it, a log would lose the line (L14).
        self.detail = detail.encode("utf-8", "replace").decode()
        super().__init__(self.detail)


class Refused(SealrunError):
    """The request is wrong."""

    type = "refused"
    title = "The request was refused"
    status = 400


class Malformed(Refused):
    """Size, JSON, a length or an encoding is not as it must be."""

    type = "malformed"
    title = "The request is not well formed"


class Expired(Refused):
    """The call expired, or expires too far ahead."""

    type = "expired"
    title = "The call's expiry is out of bounds"


class NotFound(Refused):
    """There is no such thing here."""

    type = "not-found"
    title = "Not found"
    status = 404


class WrongMethod(Refused):
    """The path takes other methods; nothing was done, and no ticket used up (E4)."""

    type = "method-not-allowed"
    title = "This path takes another method"
    status = 405

    def __init__(self, *allowed: str) -> None:
        self.allowed = ", ".join(allowed)
        super().__init__(f"method: expected {self.allowed}, got another")


class NotAllowed(Refused):
    """A signature does not hold, or its key may not do this."""

    type = "not-allowed"
    title = "The signature does not allow this"
    status = 403


class InputsRefused(Refused):
    """The inputs do not fit the offer's schema."""

    type = "inputs-refused"
    title = "The inputs do not fit the offer"
    status = 422


class Conflict(Refused):
    """The same payment identifier came with another call."""

    type = "conflict"
    title = "This identifier belongs to another call"
    status = 409

    def __init__(self, detail: str, *, call: str = "") -> None:
        super().__init__(detail)
        self.call = call  # the other call's hash, 64 hex digits, where it is known


class TicketUsed(Conflict):
    """A ticket triggers one call, and another one was claimed with it (E4)."""

    type = "ticket-used"
    title = "The ticket was already used"


class PaymentRequired(Refused):
    """There is no payment, or not enough of it; ``required`` is x402's PaymentRequired object."""

    type = "payment-required"
    title = "Payment is required"
    status = 402

    def __init__(self, detail: str, *, required: Mapping[str, Any]) -> None:
        super().__init__(detail)
        self.required = required


class NotCovered(Refused):
    """The signed limit or the deposit does not cover the committed amount and this call's price."""

    type = "not-covered"
    title = "The price is not covered"
    status = 402


class AccountRefused(Refused):
    """The prepaid account is not as it must be; ``detail`` names the property.

    ``required`` is x402's PaymentRequired object, once it is known for which offer.
    """

    type = "account-refused"
    title = "The prepaid account is not as it must be"
    status = 402
    required: Mapping[str, Any] | None = None


class TooMany(Refused):
    """A rate limit or a quota is used up; ``retry_after`` is in seconds."""

    type = "too-many"
    title = "Too many requests"
    status = 429

    def __init__(self, detail: str, *, retry_after: int) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Unavailable(SealrunError):
    """Something that we need is not available."""

    type = "unavailable"
    title = "Not available now"
    status = 503


class OfferClosed(Unavailable):
    """The offer takes no new call; running calls finish."""

    type = "offer-closed"
    title = "The offer takes no call now"


class NodeUnavailable(Unavailable):
    """No trustworthy Mina node answered, or not enough of them agreed."""

    type = "node-unavailable"
    title = "The Mina network cannot be reached now"


class StoreUnavailable(Unavailable):
    """The table, the bucket or the key service did not do what it was asked.

    ``words`` are the service's own. They name accounts and roles, so they are for the operator's log only.
    """

    type = "store-unavailable"
    title = "The store is not available now"

    def __init__(self, detail: str, *, words: str = "") -> None:
        super().__init__(detail)
        self.words = words


class PinFailed(Unavailable):
    """An IPFS node or a pinning service does not hold the bytes under the CID that was computed here."""

    type = "pin-failed"
    title = "The evidence is not pinned"


class PinnerAway(PinFailed):
    """The service itself cannot be reached, so that asking it for more of the same is in vain."""


class UnsafeArchive(SealrunError):
    """A run's artifacts are too large, too many, or not safe to unpack; the call ends as failed."""

    type = "unsafe-archive"


class NoArchive(UnsafeArchive):
    """The bytes are no archive at all: what the job left, or what came in its place."""


class SecretFound(SealrunError):
    """A file that a run left holds one of the operator's own secrets; the call ends as failed."""

    type = "secret-found"


class TokenRefused(SealrunError):
    """A job's CI token is not the issuer's, or not about this job of this call."""

    type = "token-refused"


class ProviderError(SealrunError):
    """The CI provider's answer, in its own words if it gave any."""

    type = "provider"
    title = "The CI provider refused or failed"
    status = 502


class ProviderRefused(ProviderError):
    """The provider said no: nothing was started.

    ``whatever_inputs`` is True where it would say no to any inputs: it does not take the token, or has
    nothing at this address. ``answered`` is the HTTP status of its answer; 0 where it is refused here.
    """

    type = "provider-refused"

    def __init__(self, detail: str, *, whatever_inputs: bool = False, answered: int = 0) -> None:
        super().__init__(detail)
        self.whatever_inputs, self.answered = whatever_inputs, answered


class ProviderTooLong(ProviderRefused):
    """The provider has a file, and it is longer than is read: whoever ran the job may have made it so."""


class ProviderBusy(ProviderError):
    """The provider said not now: nothing was started; ``retry_after`` is in seconds."""

    type = "provider-busy"
    status = 503

    def __init__(self, detail: str, *, retry_after: int) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class ProviderUnclear(ProviderError):
    """No clear answer came: something may have been started."""

    type = "provider-unclear"


class TookTooLong(ProviderUnclear):
    """The provider answers, and too slowly: the time for all of its answers together is over."""

    type = "provider-too-slow"
