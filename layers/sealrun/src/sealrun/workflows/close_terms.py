"""Close at once everything that an oracle key signs for: whoever else has the key can take deposits (A9)."""

from sealrun.ports import Ledger

LEAKED = "oracle: expected a key that only the oracle has, got one that leaked"


def close_terms(oracle: str, *, ledger: Ledger, reason: str = LEAKED) -> list[str]:
    """Close every offer of the oracle key for ever; running calls finish.

    Safe to call again. Not done here: settling the accounts, and keeping their buyers from signing more;
    an offer of this key that is published later is open until it is called again.

    Args:
        oracle: the base58 public key.
        ledger: the table of offers.
        reason: what callers are told.

    Returns:
        The ids of the offers that were open.

    Raises:
        ValueError: the reason is empty, which would mean open.
        StoreUnavailable: the ledger is out of reach; offers may be left open.
    """
    if not reason:
        raise ValueError("reason: expected some text, got none")
    closed = []
    for offer_hash in ledger.published():
        stored = ledger.offer(offer_hash)
        if stored is not None and stored.offer.oracle == oracle and not stored.closed:
            ledger.close_offer(offer_hash, reason)
            closed.append(stored.offer.id)
    return closed
