"""Put an offer up for sale with its one sealed credential.

Where the offer says that its credential lies on chain, the ledger keeps only the key that opens it, and the
offer is paused until the health check finds the contract.
"""

from collections.abc import Callable
from dataclasses import replace

from nacl.public import PrivateKey

from sealrun.credentials import Credential, key_context, seal
from sealrun.errors import Refused
from sealrun.offers import Offer
from sealrun.ports import KeyService, Ledger, StoredOffer
from sealrun.workflows.close_terms import KEY_CLOSED

SECRET_KEY_BYTES = 32
UNSEEN = "contract: expected it on chain, not looked for yet"


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

    Publishing the same offer again leaves the stored one as it is; one whose credential lies on chain is
    sealed to the stored key again, so that a contract that was not opened yet can be.

    Args:
        offer: what is for sale.
        token: the provider's API token; it may only be used for this offer (R1).
        webhook_secret: what the provider signs its webhooks with.
        ledger: the table of offers.
        keys: the key service.
        entropy: that many random bytes, from the operating system.

    Returns:
        The offer with its sealed credential, also where the contract's opening event carries it and not
        the ledger: then as ``sealrun.offer_contract.credential_document`` of it.

    Raises:
        Refused: the oracle key serves another ledger already, or is closed (A3, A9).
        Unavailable: the key service or the ledger is out of reach.
    """
    _check_oracle(offer, ledger)
    context = key_context("credential", offer.id)
    known = ledger.offer(offer.hash) if offer.contract else None
    secret = keys.decrypt(known.sealing_key, context=context) if known else entropy(SECRET_KEY_BYTES)
    credential = Credential(token, offer.source.origin, offer.source.project, offer.id)
    stored = StoredOffer(
        offer=offer,
        closed="",
        sealed=seal(credential, bytes(PrivateKey(secret).public_key)),
        sealing_key=known.sealing_key if known else keys.encrypt(secret, context=context),
        webhook_secret=keys.encrypt(webhook_secret.encode(), context=key_context("webhook", offer.id)),
    )
    ledger.publish(replace(stored, sealed=b"", paused=UNSEEN) if offer.contract else stored)
    return stored


def _check_oracle(offer: Offer, ledger: Ledger) -> None:
    """The key is not closed and serves one ledger (A3, A9), as far as this ledger's own offers tell."""
    for offer_hash in ledger.published():
        stored = ledger.offer(offer_hash)
        if stored is None or stored.offer.oracle != offer.oracle:
            continue
        if stored.closed.startswith(KEY_CLOSED):
            raise Refused(f"oracle: expected a key that is in use, got {offer.oracle}, which is closed")
        payment, wanted = stored.offer.payment, offer.payment
        if payment and wanted and payment.terms.ledger != wanted.terms.ledger:
            expected, got = payment.terms.ledger, wanted.terms.ledger
            raise Refused(f"oracle: expected a key that serves one ledger, {expected}, got one for {got} too")
