"""Put an offer up for sale with its one sealed credential."""

from collections.abc import Callable

from nacl.public import PrivateKey

from sealrun.credentials import Credential, key_context, seal
from sealrun.offers import Offer
from sealrun.ports import KeyService, Ledger, StoredOffer

SECRET_KEY_BYTES = 32


def publish_offer(
    offer: Offer,
    *,
    token: str,
    webhook_secret: str,
    ledger: Ledger,
    keys: KeyService,
    entropy: Callable[[int], bytes],
) -> StoredOffer:
    """Seal the token to a fresh key, close that key in KMS, and store both with the offer.

    Publishing the same offer again leaves the stored one as it is.

    Args:
        offer: what is for sale.
        token: the provider's API token; it may only be used for this offer (R1).
        webhook_secret: what the provider signs its webhooks with.
        ledger: the table of offers.
        keys: the key service.
        entropy: that many random bytes, from the operating system.

    Raises:
        Unavailable: the key service or the ledger is out of reach.
    """
    source = offer.source
    sealing_key = PrivateKey(entropy(SECRET_KEY_BYTES))
    credential = Credential(token, source.origin, source.project, offer.id)
    stored = StoredOffer(
        offer=offer,
        closed="",
        sealed=seal(credential, bytes(sealing_key.public_key)),
        sealing_key=keys.encrypt(bytes(sealing_key), context=key_context("credential", offer.id)),
        webhook_secret=keys.encrypt(webhook_secret.encode(), context=key_context("webhook", offer.id)),
    )
    ledger.publish(stored)
    return stored
