"""Put an offer up for sale with its one sealed credential.

Where the offer says that its credential lies on chain, the ledger keeps only the key that opens it, and the
offer is suspended until the health check finds the contract. One with prices in tokens is suspended until the
health check has looked at them.
"""

from collections.abc import Callable
from dataclasses import replace

from nacl.public import PrivateKey

from sealrun.errors import Refused
from sealrun.offers.asset import MINA
from sealrun.offers.limits import MAX_TOKEN_SECONDS
from sealrun.offers.offer import Offer
from sealrun.offers.source import check_spelling
from sealrun.offers.stored_offer import StoredOffer
from sealrun.ports.calls import Ledger
from sealrun.ports.keys import KeyService
from sealrun.runs.record import START_WINDOW
from sealrun.service.credentials import Credential, key_context, seal
from sealrun.workflows.close_terms import KEY_CLOSED

SECRET_KEY_BYTES = 32
UNSEEN = "contract: expected it on chain, not looked for yet"
UNSEEN_PRICES = "prices: expected tokens that can be sold for, not looked at yet"


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
        the ledger: then as ``sealrun.chain.offer_contract.credential_document`` of it.

    Raises:
        Refused: the oracle key serves another ledger already, or is closed (A3, A9); or the offer is to be
            settled by proofs, and has a price in a token or includes what is not pinned.
        Unavailable: the key service or the ledger is out of reach.
    """
    stored = seal_offer(
        offer, token=token, webhook_secret=webhook_secret, ledger=ledger, keys=keys, entropy=entropy
    )
    publish_sealed(stored, ledger=ledger)
    return stored


def seal_offer(
    offer: Offer,
    *,
    token: str,
    webhook_secret: str,
    ledger: Ledger,
    keys: KeyService,
    entropy: Callable[[int], bytes],
) -> StoredOffer:
    """The first half of ``publish_offer``: seal the token, store nothing.

    Raises:
        Refused: see ``publish_offer``.
        Unavailable: see ``publish_offer``.
    """
    _check_sold(offer)
    _check_oracle(offer, ledger)
    if ledger.offer(offer.hash) is None:
        check_spelling(offer.source)
    context = key_context("credential", offer.id)
    known = ledger.offer(offer.hash) if offer.contract else None
    secret = keys.decrypt(known.sealing_key, context=context) if known else entropy(SECRET_KEY_BYTES)
    credential = Credential(token, offer.source.origin, offer.source.project, offer.id)
    return StoredOffer(
        offer=offer,
        closed="",
        sealed=seal(credential, bytes(PrivateKey(secret).public_key)),
        sealing_key=known.sealing_key if known else keys.encrypt(secret, context=context),
        webhook_secret=keys.encrypt(webhook_secret.encode(), context=key_context("webhook", offer.id)),
    )


def publish_sealed(stored: StoredOffer, *, ledger: Ledger) -> None:
    """The other half: put it up for sale.

    Raises:
        Refused: see ``publish_offer``.
        StoreUnavailable: the ledger is out of reach.
    """
    _check_oracle(stored.offer, ledger)
    ledger.publish(_unseen(stored))


def _unseen(stored: StoredOffer) -> StoredOffer:
    """What lies on chain is looked for by the health check, before anything is sold."""
    if stored.offer.contract:
        return replace(stored, sealed=b"", suspended=UNSEEN)
    if stored.offer.payment and any(cost.asset != MINA for cost, _ in stored.offer.payment.prices):
        return replace(stored, suspended=UNSEEN_PRICES)
    return stored


def replace_credential(stored: StoredOffer, *, ledger: Ledger) -> None:
    """Put another sealed token into an offer that the ledger has: the old one was revoked.

    Raises:
        Refused: the credential lies on chain, where it cannot be replaced: a new one is a new offer.
        StoreUnavailable: the ledger is out of reach, or has no such offer.
    """
    if stored.offer.contract is not None:
        raise Refused("credential: expected one in the stack, got one on chain; a new token is a new offer")
    ledger.replace_credential(stored.offer.hash, sealed=stored.sealed, sealing_key=stored.sealing_key)


def _check_sold(offer: Offer) -> None:
    """Its accounts can be opened and settled: on proofs only soundly, and only in MINA."""
    if offer.payment is None:
        return
    if not offer.proved:
        return
    if loose := offer.source.configuration.not_pinned:
        raise Refused(f"includes: expected pinned ones, on whose word money is paid, got {loose[0][:100]}")
    if (longest := offer.limits.longest) > (most := MAX_TOKEN_SECONDS - START_WINDOW):
        raise Refused(f"limits: expected at most {most} s of queue and run for proofs, got {longest}")
    check_prices(offer)


def check_prices(offer: Offer) -> None:
    """Proofs settle accounts in MINA alone: no contract settles one in a token by them.

    Raises:
        Refused: the offer has a price in a token, and proofs settle it.
    """
    others = [cost.asset.symbol for cost, _ in offer.prices if cost.asset != MINA]
    if offer.proved and others:
        raise Refused(
            f"prices: expected MINA alone where proofs settle, got {', '.join(others)}; take [tokens] out of "
            "the offer, or sell without [facts], on the oracle's word"
        )


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
