"""Close at once everything that an oracle key signs for: whoever else has the key can take deposits (A9)."""

from sealrun.ports.calls import Ledger

# How the reason begins that an offer is closed with; such a key sells nothing here again.
KEY_CLOSED = "oracle: its key is closed: "


def close_terms(oracle: str, *, ledger: Ledger, reason: str = "it leaked") -> list[str]:
    """Close every offer of the oracle key for ever, also one that was closed for another reason.

    Running calls finish; ``publish_offer`` takes no offer of this key any more. Safe to call again. Not done
    here: settling the accounts, and keeping their buyers from signing more.

    Args:
        oracle: the base58 public key.
        ledger: the table of offers.
        reason: the reason that callers get.

    Returns:
        The ids of the offers that this closed.

    Raises:
        StoreUnavailable: the ledger is out of reach; offers may be left open.
    """
    closed = []
    for offer_hash in ledger.published():
        stored = ledger.offer(offer_hash)
        if stored and stored.offer.oracle == oracle and not stored.closed.startswith(KEY_CLOSED):
            ledger.close_offer(offer_hash, f"{KEY_CLOSED}{reason}", anew=True)
            closed.append(stored.offer.id)
    return closed
