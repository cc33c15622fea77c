"""Suspend an offer whose runs fail one after the other by the seller's fault (L12).

No buyer pays for such a run, and each one costs a buyer time, so after a few in a row the offer takes no
call for a while, and for longer with each one more. But nobody closes an offer for others by sending
inputs that the provider refuses. A run counts where the provider's own word lays it on the seller
whatever the inputs. Any other run counts once for each buyer, and only for one whom the seller chose, or
whose account has paid for a run since it last counted: resting an offer again costs as much again.
"""

from sealrun.offers.stored_offer import StoredOffer
from sealrun.ports.calls import Ledger
from sealrun.runs.record import Fault, Record

FAULTS_IN_A_ROW = 3
FIRST_REST = 600
LONGEST_REST = 24 * 3600


def count_fault(over: Record, stored: StoredOffer, ledger: Ledger, *, now: int) -> None:
    """Count how a call ended. A good run ends the row, and so does one that failed by a buyer's doing.

    Raises:
        StoreUnavailable: the ledger is out of reach; the count is one too low then.
    """
    if over.ending is None:
        return
    if not over.ending.blameless:
        if stored.faults:
            ledger.forget_faults(over.offer_hash)
        return
    witness = _witness(over, stored, ledger)
    count = ledger.count_fault(over.offer_hash, witness) if witness else 0
    if count >= FAULTS_IN_A_ROW:
        until = now + min(FIRST_REST << min(count - FAULTS_IN_A_ROW, 16), LONGEST_REST)
        reason = f"{count} runs in a row failed by no buyer's fault: {over.ending.reason}"
        ledger.rest_offer(over.offer_hash, reason, until=until)


def _witness(over: Record, stored: StoredOffer, ledger: Ledger) -> str:
    """The name under which this run counts, at most once; empty where it counts for nothing."""
    if over.ending is None or over.ending.fault is Fault.NONE:
        return ""
    if over.ending.fault is Fault.CERTAIN:
        return over.id
    if not stored.offer.access.open:
        return over.holder
    standing = ledger.standing(over.account) if over.price else None
    paid = standing.due if standing else 0
    return over.holder if paid and ledger.testify(over.account, paid=paid) else ""
