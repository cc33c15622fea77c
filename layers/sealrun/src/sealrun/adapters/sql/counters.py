"""Counters that a claim takes and the end of its call gives back, and the places to collect.

    quota#OFFER#HOUR           calls of an offer in an hour
    quota#OFFER#B62..#HOUR     calls of one buyer, or of one network address by its hash
    rate#ADDRESS#MINUTE        requests of one source, by its hash
    failed#B62..#DAY           of one account and day: what failed or is not over (L7)
    load#OFFER                 calls of an offer that are not over (L12)
    load#OFFER#B62..           and those of one buyer
    ended#OFFER#succeeded      calls of an offer that ended so
    minutes#OFFER#2026-11      minutes of an offer that its runs took or may take in a month

Counters of a time are swept once they are of no use; the others count what is not over, and stay.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, delete, select, update

from sealrun.adapters.sql.schema import COUNTERS, PLACES
from sealrun.adapters.sql.statements import happened, insert
from sealrun.errors import TooMany
from sealrun.offers.offer import Offer
from sealrun.ports.calls import PLACES as PLACES_OF_AN_OFFER
from sealrun.ports.calls import Quota, Rate, Totals
from sealrun.runs.record import Record, State

HOUR = 3600
DAY = 24 * HOUR
MONTH = 31 * DAY
# Counters are of no use an hour after their time.
KEPT = 2 * HOUR
# A claim makes a handful of counters, and so sweeps more than it makes.
SWEPT_AT_ONCE = 50
RUNNING_SECONDS = 60


@dataclass(frozen=True)
class Counter:
    """One counter, how far it may go, and what to say when it would go further."""

    name: str
    most: int
    refused: TooMany
    step: int = 1
    until: int | None = None  # Unix seconds; None for what has no end


def add(db: Connection, counter: Counter) -> bool:
    """Count, unless that passes what is allowed; then nothing is counted and the answer is False."""
    if counter.step > counter.most:
        return False
    until = None if counter.until is None else counter.until + KEPT
    new = insert(db, COUNTERS).values(name=counter.name, count=counter.step, until=until)
    counted = new.on_conflict_do_update(
        index_elements=["name"],
        set_={"count": COUNTERS.c.count + counter.step},
        where=COUNTERS.c.count + counter.step <= counter.most,
    )
    return happened(db, counted)


def take(db: Connection, counters: Sequence[Counter]) -> None:
    """Count on all of them; raises the refusal of the first that is used up."""
    for counter in counters:
        if not add(db, counter):
            raise counter.refused


def sweep(db: Connection, *, now: int) -> None:
    """Remove some of the counters whose time is over."""
    over = select(COUNTERS.c.name).where(COUNTERS.c.until < now).order_by(COUNTERS.c.until)
    names = db.scalars(over.limit(SWEPT_AT_ONCE).with_for_update(skip_locked=True)).all()
    if names:
        db.execute(delete(COUNTERS).where(COUNTERS.c.name.in_(names)))


def rate_counter(rate: Rate) -> Counter:
    """Requests of one source in one minute."""
    refused = TooMany("calls: expected fewer in a minute, got more", retry_after=60)
    return Counter(f"rate#{_hashed(rate.source)}#{rate.minute}", rate.limit, refused, until=rate.minute * 60)


def failed_counter(record: Record, most: int) -> Counter:
    """The account's runs of the day that failed or are not over (L7)."""
    message = "failed runs: expected no more in a day than the offer allows, running ones included, got more"
    return Counter(
        _failed_name(record),
        most,
        TooMany(message, retry_after=RUNNING_SECONDS),
        until=record.claimed_at + DAY,
    )


def claimed_counters(record: Record, offer: Offer, quotas: Sequence[Quota]) -> list[Counter]:
    """All that a claimed call counts on, but the rate and what failed."""
    hour, limits = record.claimed_at // HOUR, offer.limits
    own = [_own_quota(record, quota) for quota in quotas]
    most = f"at most {offer.quota_per_hour}"
    everybody = Counter(
        f"quota#{offer.id}#{hour}", offer.quota_per_hour, _over_quota(record, most), until=hour * HOUR
    )
    running = f"expected at most {limits.at_once} of all buyers at once"
    busy = _busy(f"{running}, and {limits.minutes_per_month} minutes a month")
    share = offer.access.share.at_once
    month = Counter(
        _minutes_name(record),
        limits.minutes_per_month,
        busy,
        step=limits.minutes,
        until=record.claimed_at + MONTH,
    )
    mine = Counter(_load_name(record, record.holder), share, _busy(f"expected at most {share} of this buyer"))
    return [everybody, *own, Counter(_load_name(record), limits.at_once, busy), month, mine]


def give_back(db: Connection, after: Record, offer: Offer) -> None:
    """Take a finished call off its counters; a counter that was swept since is not made again."""
    unused = offer.limits.minutes - min(after.minutes, offer.limits.minutes)
    for name, less in _given_back(after, unused):
        db.execute(update(COUNTERS).where(COUNTERS.c.name == name).values(count=COUNTERS.c.count - less))
    ended = insert(db, COUNTERS).values(name=_ended_name(offer.id, after.state), count=1, until=None)
    one_more = {"count": COUNTERS.c.count + 1}
    db.execute(ended.on_conflict_do_update(index_elements=["name"], set_=one_more))


def _given_back(after: Record, unused: int) -> Iterator[tuple[str, int]]:
    if after.ending and after.ending.blameless:
        yield _own_quota_name(after, after.holder), 1
    yield _load_name(after), 1
    yield _minutes_name(after), unused
    yield _load_name(after, after.holder), 1
    if after.price and not after.counts_as_failed:
        yield _failed_name(after), 1


def totals(db: Connection, offer: Offer) -> Totals:
    """How many calls of the offer are not over, and how many ended in which state."""
    names = {state: _ended_name(offer.id, state) for state in State if state.over}
    wanted = [f"load#{offer.id}#", *names.values()]
    query = select(COUNTERS.c.name, COUNTERS.c.count).where(COUNTERS.c.name.in_(wanted))
    counted: dict[str, int] = {name: count for name, count in db.execute(query)}  # noqa: C416
    ended = {state: counted.get(name, 0) for state, name in names.items()}
    return Totals(counted.get(wanted[0], 0), ended)


def take_place(db: Connection, offer: str, call: str, *, now: int, until: int) -> bool:
    """Take one of the places of an offer's collections (L11); a call that has one keeps it."""
    mine = (PLACES.c.offer == offer) & (PLACES.c.call == call) & (PLACES.c.until > now)
    if db.execute(update(PLACES).where(mine).values(until=until)).rowcount:
        return True
    return any(_take(db, offer, call, place, now=now, until=until) for place in range(PLACES_OF_AN_OFFER))


def _take(db: Connection, offer: str, call: str, place: int, *, now: int, until: int) -> bool:
    """Take this place, if nobody has it now."""
    new = insert(db, PLACES).values(offer=offer, place=place, call=call, until=until)
    taken = new.on_conflict_do_update(
        index_elements=["offer", "place"],
        set_={"call": call, "until": until},
        where=PLACES.c.until <= now,
    )
    return happened(db, taken)


def _own_quota(record: Record, quota: Quota) -> Counter:
    until = record.claimed_at // HOUR * HOUR
    expected = "fewer of this buyer" if quota.per_hour else "none of this buyer"
    return Counter(
        _own_quota_name(record, quota.buyer), quota.per_hour, _over_quota(record, expected), until=until
    )


def _own_quota_name(record: Record, who: str) -> str:
    """A network address is kept as a hash only: it is nobody's business here."""
    named = who if who == record.holder else _hashed(who)
    return f"quota#{record.offer_hash:064x}#{named}#{record.claimed_at // HOUR}"


def _failed_name(record: Record) -> str:
    return f"failed#{record.account}#{record.claimed_at // DAY}"


def _load_name(record: Record, holder: str = "") -> str:
    return f"load#{record.offer_hash:064x}#{holder}"


def _ended_name(offer: str, state: State) -> str:
    return f"ended#{offer}#{state.value}"


def _minutes_name(record: Record) -> str:
    month = datetime.fromtimestamp(record.claimed_at, UTC)
    return f"minutes#{record.offer_hash:064x}#{month:%Y-%m}"


def _over_quota(record: Record, expected: str) -> TooMany:
    left = HOUR - record.claimed_at % HOUR
    return TooMany(f"calls: expected {expected} an hour, got more", retry_after=left)


def _busy(expected: str) -> TooMany:
    return TooMany(f"runs: {expected}, got more", retry_after=RUNNING_SECONDS)


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
