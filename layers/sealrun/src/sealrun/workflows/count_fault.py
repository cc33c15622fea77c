"""Suspend an offer whose runs fail one after the other by no buyer's fault (L12).

No buyer pays for such a run, and it counts against none. But each one costs a buyer time, so after a few in a
row the offer takes no call for a while, and for longer with each one more.
"""

from sealrun.offers.stored_offer import StoredOffer
from sealrun.ports.calls import Ledger
from sealrun.runs.record import Record

FAULTS_IN_A_ROW = 3
FIRST_REST = 600
LONGEST_REST = 24 * 3600


def count_fault(over: Record, stored: StoredOffer, ledger: Ledger, *, now: int) -> None:
    """Count how a call ended. A run that failed by a buyer's doing ends the row as a good one does.

    Raises:
        StoreUnavailable: the ledger is out of reach; the count is one too low then.
    """
    if over.ending is None:
        return
    if not over.ending.blameless:
        if stored.faults:
            ledger.forget_faults(over.offer_hash)
        return
    count = ledger.count_fault(over.offer_hash)
    if count >= FAULTS_IN_A_ROW:
        until = now + min(FIRST_REST << min(count - FAULTS_IN_A_ROW, 16), LONGEST_REST)
        reason = f"{count} runs in a row failed by no buyer's fault: {over.ending.reason}"
        ledger.rest_offer(over.offer_hash, reason, until=until)
