"""The ledger: the one table of offers, calls, leases and counters."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from sealrun.money.dues import Due, DueLeaf
from sealrun.money.vouchers import Deposits, Reserve, Standing
from sealrun.offers.limits import MAX_AT_ONCE, MAX_MINUTES_A_MONTH
from sealrun.offers.offer import Offer
from sealrun.offers.stored_offer import StoredOffer
from sealrun.runs.record import Record, RunKey, State


class Rate(NamedTuple):
    """How many requests one source may send in one minute."""

    source: str
    minute: int  # Unix minutes
    limit: int


class Quota(NamedTuple):
    """What a buyer, a network address or a ticket may have of one offer.

    ``holder`` is a key, or a hash of anything else: it stands in the ledger.
    """

    holder: str
    per_hour: int  # calls
    at_once: int = MAX_AT_ONCE  # calls that are not over
    minutes_per_month: int = MAX_MINUTES_A_MONTH  # of runs; one that is not over counts with its time limit


# Collections that one offer may have at once, of the ten that a stack has for all of its offers.
PLACES = 3
# Starts and searches after the first, which a provider that hangs would let wait in any number.
START_PLACES = 2


def places_of(*, spoiled: bool, start: bool) -> range:
    """The numbers of an offer's places from which one step of a call may take one."""
    if start:
        return range(PLACES, PLACES + START_PLACES)
    return range(1 if spoiled else PLACES)


# Late calls that are counted, and calls that are listed, of one offer.
COUNTED, LISTED = 1000, 100


class Totals(NamedTuple):
    """How many calls of one offer there are."""

    unfinished: int
    ended: Mapping[State, int]


class TokenBook(Protocol):
    """Which call showed which CI token. Raises StoreUnavailable only."""

    def take_token(self, issuer: str, jti: str, *, call_hash: int) -> bool:
        """Note a CI token as this call's, for ever; False if it is another call's already."""


class Ledger(TokenBook, Protocol):
    """The one table of offers, calls, leases and counters.

    Every method raises StoreUnavailable, and what it names.
    """

    def offer(self, offer_hash: int) -> StoredOffer | None:
        """None also for one that an older sealrun published, in a form of its own: it is over."""

    def offers_of(self, offer_hashes: Sequence[int]) -> list[StoredOffer]:
        """Those of these offers that are there, at most 100, in the order of their hashes; one request."""

    def document(self, offer_hash: int) -> Offer | None:
        """What the offer says, not whether it is open: its hash names it, so it may be kept."""

    def look(self, offer_hash: int, call_hash: int) -> tuple[StoredOffer | None, Record | None]:
        """Offer and record as they are now, in one request."""

    def publish(self, stored: StoredOffer) -> None:
        """Put an offer up for sale; one that is there already stays as it is, open or closed."""

    def published(self) -> list[int]:
        """The hash of every offer that was ever published here."""

    def close_offer(self, offer_hash: int, reason: str, *, anew: bool = False) -> None:
        """Close it for ever: another source is another offer. Its first reason stays, unless ``anew``."""

    def suspend_offer(self, offer_hash: int, reason: str) -> None:
        """Take no call because of what a health check found; an empty reason ends it."""

    def drop_prices(self, offer_hash: int, reasons: Mapping[str, str]) -> None:
        """Take no call in these assets because of what a health check found; replaces what was dropped.

        Args:
            offer_hash: of the offer.
            reasons: by the asset's id in base58; empty drops nothing any more.
        """

    def note_visibility(self, offer_hash: int, *, shows_runs: bool) -> None:
        """Whether anyone may open the page of one of its runs, as a health check found it."""

    def note_delivery(self, offer_hash: int, *, now: int) -> None:
        """A delivery told of the end of one of its runs before a sweep looked for it, in Unix seconds."""

    def pause_offer(self, offer_hash: int, reason: str) -> None:
        """Take no call because its operator says so, until its operator gives an empty reason."""

    def replace_credential(self, offer_hash: int, *, sealed: bytes, sealing_key: bytes) -> None:
        """Both in one step; the offer must be there."""

    def count_request(self, rate: Rate) -> bool:
        """Count one request of this source in this minute; False when the limit is passed."""

    def record(self, call_hash: int) -> Record | None: ...

    def records_of(self, call_hashes: Sequence[int]) -> list[Record]:
        """Those of these calls that are there, at most 100, in the order of their hashes; one request."""

    def calls_of(self, account: str, *, most: int, after: tuple[int, int] | None = None) -> list[Record]:
        """The account's newest calls, at most 100 and the newest first, in two requests.

        ``after`` has ``claimed_at`` and hash of the last one that a page before had. Calls of one second come
        in an order of the ledger's own, which stays the same.
        """

    def claim(
        self,
        record: Record,
        offer: Offer,
        *,
        identifier: str | None,
        rate: Rate | None = None,
        reserve: Reserve | None = None,
        quotas: Sequence[Quota] = (),
    ) -> bool:
        """Claim the call, count it against quotas and rate, store the identifier and reserve the price.

        Until it is over the call also counts against what may run at once, and with its whole time limit
        against the minutes of the month, of the offer and of each quota (L12). The record's ``counted`` has
        the holders of all quotas.

        All or nothing; of an account's vouchers the one of the highest limit stays (L1). False when the
        call hash or the identifier is already there.

        Raises:
            NotCovered: limit or funds do not cover what is committed and this call's price.
            Refused: the account's first call was under other terms, perhaps in another asset (A3).
            TooMany: a quota of this hour, the rate, what may run at once, the month's minutes, the runs of
                the account's day that failed or are not over, or its calls that may wait for a proof are
                used up (A16).
        """

    def save(self, before: Record, after: Record) -> bool:
        """Replace the record, if it still is ``before`` (compared by its version). False if it is not.

        A record that reserved a price and is over now becomes due or frees its reserve, and gets its one
        leaf, in the same step. What ``before.counted`` names is given back: what runs at once and the minutes
        that it did not need; where the seller is at fault for certain, the hour's count; and for a run that
        succeeded or failed by no buyer's fault the day's count of failures. A ticket's identifier is free
        again where nothing started.
        """

    def call_named(self, account: str, identifier: str) -> int | None:
        """The hash of the call that holds the account's identifier."""

    def standing(self, account: str) -> Standing | None:
        """What is committed, due and signed on this account; None before its first claim."""

    def leaf(self, account: str, call_hash: int) -> DueLeaf | None:
        """The leaf of one of the account's calls; None while the call is not over."""

    def leaves(self, account: str, indices: Sequence[int]) -> list[DueLeaf]:
        """Those of these leaves that are there, with their ``nodes``, in the order of the indices.

        Of an account of any number of calls a proof needs one leaf a level: ask for at most 100 (L14).
        """

    def keep_due(self, due: Due) -> None:
        """Keep what was signed, so that the account's state is known again once it is settled (A1)."""

    def settled(self, account: str, count: int) -> tuple[int, int] | None:
        """Amount and root of the due with that many leaves, if one was signed."""

    def deposits(self, account: str, depth: int) -> Deposits:
        """What was seen by offers of this depth; others forget earlier steps sooner, or keep them longer."""

    def note_deposits(self, account: str, depth: int, deposits: Deposits) -> None: ...

    def call_of_run(self, run: RunKey) -> int | None:
        """The call hash of the run, if it is one of ours (R6)."""

    def unfinished(self, *, due_before: int, limit: int) -> list[int]:
        """Call hashes whose next look is due: offers in turn, of each the longest waiting first (L11)."""

    def totals(self, offer: Offer) -> Totals:
        """The offer's calls by number, from counters that a claim and an end change in their own step."""

    def count_late(self, offer: Offer, *, claimed_before: int) -> int:
        """How many calls that were claimed before then are not over; those beyond 1,000 are not counted."""

    def newest(self, offer_hash: int, *, most: int, unfinished: bool = False) -> list[Record]:
        """The newest calls of the offer, at most 100 and the newest first; or those that are not over.

        Those of an offer that an older sealrun published, too.
        """

    def ended(self, offer_hash: int, *, most: int, after: tuple[int, int] | None = None) -> list[Record]:
        """The offer's calls that are over, at most 100 and the newest first, by when they were claimed.

        ``after`` is as for ``calls_of``. The number of requests does not grow with that of the calls.
        """

    def take_place(
        self,
        offer_hash: int,
        call_hash: int,
        *,
        now: int,
        until: int,
        spoiled: bool = False,
        start: bool = False,
    ) -> bool:
        """Take one of the few places that an offer's collections have at once; False while all are taken.

        A place that nobody left is free again ``until`` then; False also while the call has one, which is
        another function's that works on it. Calls whose collection was ``spoiled`` before share one place, so
        that a stranger's slow runs do not hold up all others of the offer (L12). A ``start`` that is tried
        again, or looked for, takes one of two places of their own.
        """

    def leave_place(self, offer_hash: int, call_hash: int, *, until: int) -> None:
        """Free the call's place, if it still has one."""

    def count_fault(self, offer_hash: int, witness: str) -> int:
        """Note a witness of the offer's faults, once; how many there were since ``forget_faults``."""

    def testify(self, account: str, *, paid: int, price: int) -> bool:
        """Note how much an account had paid when it met a fault of a run of this price.

        False, and nothing is noted, if it has not paid that price since the last time.
        """

    def forget_faults(self, offer_hash: int) -> None:
        """The row is over."""

    def rest_offer(self, offer_hash: int, reason: str, *, until: int) -> None:
        """Take no call until a health check after ``until`` ends it; an empty reason ends it now."""
