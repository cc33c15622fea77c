"""Suspend an offer whose runs fail one after the other by the seller's fault (L12).

No buyer pays for such a run, and each one costs a buyer time, so after a few in a row the offer takes no
call for a while, and for longer with each one more. But nobody closes an offer for others by sending
inputs that the provider refuses. A run counts where the provider's own word lays it on the seller
whatever the inputs. Any other run counts once for each buyer, and only for one whom the seller chose, or
whose account has paid this offer's price since it last counted. Each rest takes three buyers anew: resting
an offer again costs as much again.
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
    more = _more_than_a_row(count, over.ending.fault)
    if more is not None:
        until = now + min(FIRST_REST << min(more, 16), LONGEST_REST)
        reason = f"{count} runs in a row failed by no buyer's fault: {over.ending.reason}"
        ledger.rest_offer(over.offer_hash, reason, until=until)


def _more_than_a_row(count: int, fault: Fault) -> int | None:
    """How often the rest is doubled; None where the offer does not rest now.

    A fault that is certain rests the offer at each run more; others do so only with three buyers more.
    """
    if fault is Fault.CERTAIN:
        return count - FAULTS_IN_A_ROW if count >= FAULTS_IN_A_ROW else None
    rests, waits = divmod(count, FAULTS_IN_A_ROW)
    return rests - 1 if rests and not waits else None


def _witness(over: Record, stored: StoredOffer, ledger: Ledger) -> str:
    """The name under which this run counts, at most once; empty where it counts for nothing."""
    if over.ending is None or over.ending.fault is Fault.NONE:
        return ""
    if over.ending.fault is Fault.CERTAIN:
        return over.id
    # After a rest the same buyer counts again, as one of three.
    name = f"{over.holder} {stored.faults // FAULTS_IN_A_ROW}"
    if not stored.offer.access.open:
        return name
    standing = ledger.standing(over.account) if over.price else None
    # Offers of the same terms share an account: a cheap one's price does not pay for a dear one's rest.
    paid = standing.due if standing else 0
    return name if paid and ledger.testify(over.account, paid=paid, price=over.price) else ""
