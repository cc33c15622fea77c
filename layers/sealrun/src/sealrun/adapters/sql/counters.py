"""Counters that a claim takes and the end of its call gives back, and the places to collect.

    quota#OFFER#HOUR           calls of an offer in an hour
    quota#OFFER#HOLDER#HOUR    calls of one buyer, or of one network address or ticket by its hash
    rate#ADDRESS#MINUTE        requests of one source, by its hash
    failed#B62..#DAY           of one account and day: what failed or is not over (L7)
    load#OFFER                 calls of an offer that are not over (L12)
    load#OFFER#HOLDER          and those of one holder
    ended#OFFER#succeeded      calls of an offer that ended so
    minutes#OFFER#2026-11      minutes of an offer that its runs took or may take in a month
    minutes#OFFER#HOLDER#..    and those of one holder
    fault#OFFER#WITNESS        who met a fault of the seller's
    testified#B62..            how much an account had paid when it last met one

Counters of a time are swept once they are of no use; those of an offer count what is not over, and stay.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, delete, select, update

from sealrun.adapters.sql.schema import CALLS, COUNTERS, PLACES
from sealrun.adapters.sql.statements import add_new, happened, insert
from sealrun.errors import TooMany
from sealrun.offers.offer import Offer
from sealrun.ports.calls import Quota, Rate, Totals
from sealrun.runs.record import Fault, Record, State

HOUR = 3600
DAY = 24 * HOUR
MONTH = 31 * DAY
# What runs of a holder is known for longer than any call takes (``GIVE_UP_AFTER``).
HOLDERS = 2 * MONTH
# Counters are of no use an hour after their time.
KEPT = 2 * HOUR
# A claim makes a handful of counters, and so sweeps more than it makes.
SWEPT_AT_ONCE = 50
RUNNING_SECONDS = 60
AMOUNTS = 2**64


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
        set_={"count": COUNTERS.c.count + counter.step, "until": until},
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
    most = f"at most {offer.quota_per_hour}"
    hour = [Counter(_hour_name(record), offer.quota_per_hour, _over_quota(record, most), until=_hour(record))]
    for own in quotas:
        expected = "fewer of this buyer" if own.per_hour else "none of this buyer"
        over = _over_quota(record, expected)
        hour.append(Counter(_hour_name(record, own.holder), own.per_hour, over, until=_hour(record)))
    running, month = offer.limits.at_once, offer.limits.minutes_per_month
    busy = _busy(f"expected at most {running} of all buyers at once, and {month} minutes a month")
    load = [Counter(_load_name(record), running, busy), _minutes(record, offer, "", month, busy)]
    for own in quotas:
        most = (
            f"{own.at_once} of this buyer at once, and {own.minutes_per_month} minutes a month of this buyer"
        )
        busy, until = _busy(f"expected at most {most}"), record.claimed_at + HOLDERS
        load.append(Counter(_load_name(record, own.holder), own.at_once, busy, until=until))
        load.append(_minutes(record, offer, own.holder, own.minutes_per_month, busy))
    return [*hour, *load]


def _minutes(record: Record, offer: Offer, holder: str, most: int, busy: TooMany) -> Counter:
    name, until = _minutes_name(record, holder), record.claimed_at + MONTH
    return Counter(name, most, busy, step=offer.limits.minutes, until=until)


def give_back(db: Connection, before: Record, after: Record, offer: Offer) -> None:
    """Take a finished call off its counters; a counter that was swept since is not made again."""
    unused = offer.limits.minutes - min(after.minutes, offer.limits.minutes)
    for name, less in _given_back(after, before.counted, unused):
        db.execute(update(COUNTERS).where(COUNTERS.c.name == name).values(count=COUNTERS.c.count - less))
    ended = insert(db, COUNTERS).values(name=_ended_name(offer.id, after.state), count=1, until=None)
    one_more = {"count": COUNTERS.c.count + 1}
    db.execute(ended.on_conflict_do_update(index_elements=["name"], set_=one_more))


def _given_back(after: Record, holders: Sequence[str], unused: int) -> Iterator[tuple[str, int]]:
    """In the order in which a claim takes them."""
    if after.ending and after.ending.fault is Fault.CERTAIN:
        for holder in ("", *holders):
            yield _hour_name(after, holder), 1
    for holder in ("", *holders):
        yield _load_name(after, holder), 1
        yield _minutes_name(after, holder), unused
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


def take_place(
    db: Connection,
    offer: str,
    call: str,
    *,
    now: int,
    until: int,
    places: Sequence[int],
    among: Sequence[int],
) -> bool:
    """Take one of these places of an offer (L11); none while the call has one ``among`` those of its kind."""
    # PostgreSQL lets others take a place meanwhile: those of the same call wait here.
    db.execute(select(CALLS.c.hash).where(CALLS.c.hash == call).with_for_update())
    has = (PLACES.c.offer == offer) & (PLACES.c.call == call) & (PLACES.c.until > now)
    if db.scalar(select(PLACES.c.place).where(has & PLACES.c.place.in_(among)).limit(1)) is not None:
        return False
    return any(_take(db, offer, call, place, now=now, until=until) for place in places)


def _take(db: Connection, offer: str, call: str, place: int, *, now: int, until: int) -> bool:
    """Take this place, if nobody has it now."""
    new = insert(db, PLACES).values(offer=offer, place=place, call=call, until=until)
    taken = new.on_conflict_do_update(
        index_elements=["offer", "place"],
        set_={"call": call, "until": until},
        where=PLACES.c.until <= now,
    )
    return happened(db, taken)


def count_fault(db: Connection, offer: str, witness: str) -> bool:
    """Note the witness; False if it was noted before."""
    refused = TooMany("faults: expected a new witness, got a known one", retry_after=RUNNING_SECONDS)
    return add(db, Counter(f"{_fault_name(offer)}{_hashed(witness)}", 1, refused))


def testify(db: Connection, account: str, *, paid: int, price: int) -> bool:
    """Raise an account's figure to what it has paid; False if that is not a price more than before."""
    if paid < price:
        return False
    figure = {"name": f"testified#{account}", "count": _signed(paid), "until": None}
    if add_new(db, COUNTERS, figure):
        return True
    this = COUNTERS.c.name == figure["name"]
    before = db.scalar(select(COUNTERS.c.count).where(this).with_for_update()) or 0
    if before % AMOUNTS > paid - price:
        return False
    db.execute(update(COUNTERS).where(this).values(count=figure["count"]))
    return True


def _signed(amount: int) -> int:
    """An amount of 64 bits as a database's integer, which has a sign."""
    return amount - AMOUNTS if amount >= AMOUNTS // 2 else amount


def forget_faults(db: Connection, offer: str) -> None:
    """Forget all witnesses."""
    db.execute(delete(COUNTERS).where(COUNTERS.c.name.startswith(_fault_name(offer))))


def _fault_name(offer: str) -> str:
    return f"fault#{offer}#"


def _hour(record: Record) -> int:
    return record.claimed_at // HOUR * HOUR


def _hour_name(record: Record, holder: str = "") -> str:
    whose = f"#{holder}" if holder else ""
    return f"quota#{record.offer_hash:064x}{whose}#{record.claimed_at // HOUR}"


def _failed_name(record: Record) -> str:
    return f"failed#{record.account}#{record.claimed_at // DAY}"


def _load_name(record: Record, holder: str = "") -> str:
    return f"load#{record.offer_hash:064x}#{holder}"


def _ended_name(offer: str, state: State) -> str:
    return f"ended#{offer}#{state.value}"


def _minutes_name(record: Record, holder: str = "") -> str:
    month = datetime.fromtimestamp(record.claimed_at, UTC)
    whose = f"#{holder}" if holder else ""
    return f"minutes#{record.offer_hash:064x}{whose}#{month:%Y-%m}"


def _over_quota(record: Record, expected: str) -> TooMany:
    left = HOUR - record.claimed_at % HOUR
    return TooMany(f"calls: expected {expected} an hour, got more", retry_after=left)


def _busy(expected: str) -> TooMany:
    return TooMany(f"runs: {expected}, got more", retry_after=RUNNING_SECONDS)


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
