"""The ledger over one SQL database, SQLite or PostgreSQL. ``schema`` says which tables there are."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    delete,
    func,
    literal,
    select,
    tuple_,
    update,
)

from sealrun.adapters.sql import accounts, counters
from sealrun.adapters.sql.database import Database
from sealrun.adapters.sql.schema import CALLS, IDENTIFIERS, OFFERS, PLACES, RUNS, TOKENS
from sealrun.adapters.sql.statements import add_new, put
from sealrun.errors import StoreUnavailable
from sealrun.money.dues import Due, DueLeaf
from sealrun.money.vouchers import Deposits, Reserve, Standing
from sealrun.offers.offer import Offer, kept_offer
from sealrun.offers.stored_offer import StoredOffer
from sealrun.ports.calls import COUNTED, LISTED, Quota, Rate, Totals, places_of
from sealrun.runs.record import Record, RunKey, State
from sealrun.runs.stored_record import read_record, record_text

MAX_REASON = 500


class _ThereAlready(Exception):
    """The call or its identifier was claimed before; raised to undo the transaction."""


class SqlLedger:
    """``sealrun.ports.calls.Ledger``. Threads and processes may share the database.

    Rows are locked in one order by every transaction: the call's own, its account, then the counters.
    """

    def __init__(self, database: Database, *, serves: Collection[int] = ()) -> None:
        """``serves`` are the offers of one service of those that share the database (A3); none means all."""
        self._database = database
        self._serves = tuple(serves)
        self._documents: dict[int, Offer] = {}  # by their hash, so never out of date; as many as are sold

    def offer(self, offer_hash: int) -> StoredOffer | None:
        return self._database.read(lambda db: self._offer(db, offer_hash))

    def offers_of(self, offer_hashes: Sequence[int]) -> list[StoredOffer]:
        own = [each for each in offer_hashes if not self._foreign(each)]
        query = select(OFFERS).where(OFFERS.c.hash.in_([f"{each:064x}" for each in own]))
        found = self._database.read(lambda db: {int(row.hash, 16): row for row in db.execute(query)})
        stored = (self._stored(each, found[each]) for each in own if each in found)
        return [each for each in stored if each]

    def document(self, offer_hash: int) -> Offer | None:
        if known := self._documents.get(offer_hash):
            return known
        stored = self.offer(offer_hash)
        return stored.offer if stored else None

    def look(self, offer_hash: int, call_hash: int) -> tuple[StoredOffer | None, Record | None]:
        if self._foreign(offer_hash):
            return None, None
        return self._database.read(lambda db: (self._offer(db, offer_hash), _record(db, call_hash)))

    def publish(self, stored: StoredOffer) -> None:
        row = {
            "hash": stored.offer.id,
            "document": stored.offer.document,
            "sealed": stored.sealed,
            "sealing_key": stored.sealing_key,
            "webhook_secret": stored.webhook_secret,
            "closed": stored.closed,
            "suspended": stored.suspended,
            "dropped": json.dumps(dict(stored.dropped)),
            "paused": stored.paused,
            "resting": stored.resting,
            "rests_until": stored.rests_until,
            "faults": stored.faults,
            "quotas": json.dumps(dict(stored.quotas)),
        }
        self._database.write(lambda db: add_new(db, OFFERS, row))

    def published(self) -> list[int]:
        if self._serves:
            return list(self._serves)
        query = select(OFFERS.c.hash).order_by(OFFERS.c.hash)
        return self._database.read(lambda db: [int(each, 16) for each in db.scalars(query)])

    def close_offer(self, offer_hash: int, reason: str, *, anew: bool = False) -> None:
        which = _this(offer_hash) if anew else _this(offer_hash) & (OFFERS.c.closed == "")
        closed = update(OFFERS).where(which).values(closed=reason[:MAX_REASON])
        self._database.write(lambda db: db.execute(closed))

    def suspend_offer(self, offer_hash: int, reason: str) -> None:
        self._set(offer_hash, suspended=reason[:MAX_REASON])

    def drop_prices(self, offer_hash: int, reasons: Mapping[str, str]) -> None:
        self._set(offer_hash, dropped=json.dumps({name: text[:MAX_REASON] for name, text in reasons.items()}))

    def note_visibility(self, offer_hash: int, *, shows_runs: bool) -> None:
        self._set(offer_hash, shows_runs=int(shows_runs))

    def note_delivery(self, offer_hash: int, *, now: int) -> None:
        self._set(offer_hash, delivered_at=now)

    def pause_offer(self, offer_hash: int, reason: str) -> None:
        self._set(offer_hash, paused=reason[:MAX_REASON])

    def rest_offer(self, offer_hash: int, reason: str, *, until: int) -> None:
        self._set(offer_hash, resting=reason[:MAX_REASON], rests_until=until)

    def replace_credential(self, offer_hash: int, *, sealed: bytes, sealing_key: bytes) -> None:
        if not self._set(offer_hash, sealed=sealed, sealing_key=sealing_key):
            raise StoreUnavailable(f"database: expected the offer {offer_hash:064x}, got none")

    def count_fault(self, offer_hash: int, witness: str) -> int:
        offer = update(OFFERS).where(_this(offer_hash)).returning(OFFERS.c.faults)

        def step(db: Connection) -> int:
            # The offer's row is locked first, so two witnesses do not count as one.
            before = db.scalar(offer.values(faults=OFFERS.c.faults))
            if before is None or not counters.count_fault(db, f"{offer_hash:064x}", witness):
                return before or 0
            return db.scalar(offer.values(faults=OFFERS.c.faults + 1)) or 0

        return self._database.write(step)

    def testify(self, account: str, *, paid: int, price: int) -> bool:
        return self._database.write(lambda db: counters.testify(db, account, paid=paid, price=price))

    def forget_faults(self, offer_hash: int) -> None:
        def step(db: Connection) -> None:
            db.execute(update(OFFERS).where(_this(offer_hash)).values(faults=0))
            counters.forget_faults(db, f"{offer_hash:064x}")

        self._database.write(step)

    def count_request(self, rate: Rate) -> bool:
        def count(db: Connection) -> bool:
            counters.sweep(db, now=rate.minute * 60)
            return counters.add(db, counters.rate_counter(rate))

        return self._database.write(count)

    def record(self, call_hash: int) -> Record | None:
        return self._database.read(lambda db: _record(db, call_hash))

    def records_of(self, call_hashes: Sequence[int]) -> list[Record]:
        wanted = [f"{each:064x}" for each in call_hashes]
        query = select(CALLS.c.hash, CALLS.c.record).where(CALLS.c.hash.in_(wanted))
        found = self._database.read(lambda db: {row.hash: row.record for row in db.execute(query)})
        return [read_record(found[each]) for each in wanted if each in found]

    def calls_of(self, account: str, *, most: int, after: tuple[int, int] | None = None) -> list[Record]:
        return self._page(select(CALLS.c.record).where(CALLS.c.account == account), most=most, after=after)

    def _page(self, calls: Select[Any], *, most: int, after: tuple[int, int] | None) -> list[Record]:
        """The newest of these calls behind one of them."""
        if after is not None:
            claimed_at, call = after[0], f"{after[1]:064x}"
            calls = calls.where(
                tuple_(CALLS.c.claimed_at, CALLS.c.hash) < tuple_(literal(claimed_at), literal(call))
            )
        query = calls.order_by(CALLS.c.claimed_at.desc(), CALLS.c.hash.desc()).limit(min(most, LISTED))
        return self._database.read(lambda db: [read_record(each) for each in db.scalars(query)])

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
        def step(db: Connection) -> None:
            _add_call(db, record, identifier)
            if reserve is not None:
                accounts.reserve_price(db, record, reserve)
            counters.sweep(db, now=record.claimed_at)
            counters.take(db, [counters.rate_counter(rate)] if rate else [])
            counters.take(db, counters.claimed_counters(record, offer, quotas))
            if reserve is not None:
                counters.take(db, [counters.failed_counter(record, reserve.failed_per_day)])

        try:
            self._database.write(step)
        except _ThereAlready:
            return False
        return True

    def save(self, before: Record, after: Record) -> bool:
        """Raises ValueError for two records of different calls."""
        if before.call_hash != after.call_hash:
            raise ValueError(f"record: expected one of call {before.id}, got one of {after.id}")
        offer = self.document(after.offer_hash)

        def step(db: Connection) -> bool:
            this = (CALLS.c.hash == before.id) & (CALLS.c.version == before.version)
            if not db.execute(update(CALLS).where(this).values(**call_row(after))).rowcount:
                return False
            if offer and after.run_id and not before.run_id:
                put(db, RUNS, {**_run_row(after.run_key(offer)), "call": after.id})
            if after.ticket and after.state is State.NEVER_STARTED:
                db.execute(delete(IDENTIFIERS).where(_identifier(after.account, after.ticket)))
            if after.state.over and not before.state.over:
                _end(db, before, after, offer)
            return True

        return self._database.write(step)

    def call_named(self, account: str, identifier: str) -> int | None:
        query = select(IDENTIFIERS.c.call).where(_identifier(account, identifier))
        return self._hash(query)

    def call_of_run(self, run: RunKey) -> int | None:
        same = [RUNS.c[name] == value for name, value in _run_row(run).items()]
        return self._hash(select(RUNS.c.call).where(*same))

    def take_token(self, issuer: str, jti: str, *, call_hash: int) -> bool:
        digest = hashlib.sha256(f"{issuer}\0{jti}".encode()).hexdigest()
        call = f"{call_hash:064x}"

        def step(db: Connection) -> bool:
            first = add_new(db, TOKENS, {"digest": digest, "call": call})
            return first or db.scalar(select(TOKENS.c.call).where(TOKENS.c.digest == digest)) == call

        return self._database.write(step)

    def unfinished(self, *, due_before: int, limit: int) -> list[int]:
        in_turn = func.row_number().over(partition_by=CALLS.c.offer, order_by=CALLS.c.wake_at).label("turn")
        due = select(CALLS.c.hash, CALLS.c.wake_at, in_turn).where(CALLS.c.wake_at <= due_before)
        if self._serves:
            due = due.where(CALLS.c.offer.in_([f"{each:064x}" for each in self._serves]))
        ranked = due.subquery()
        query = select(ranked.c.hash).order_by(ranked.c.turn, ranked.c.wake_at, ranked.c.hash).limit(limit)
        return self._database.read(lambda db: [int(each, 16) for each in db.scalars(query)])

    def totals(self, offer: Offer) -> Totals:
        return self._database.read(lambda db: counters.totals(db, offer))

    def count_late(self, offer: Offer, *, claimed_before: int) -> int:
        late = _calls_of(offer.hash, unfinished=True).where(CALLS.c.claimed_at < claimed_before)
        query = select(func.count()).select_from(late.limit(COUNTED).subquery())
        return self._database.read(lambda db: db.scalar(query) or 0)

    def newest(self, offer_hash: int, *, most: int, unfinished: bool = False) -> list[Record]:
        calls = _calls_of(offer_hash, unfinished=unfinished).order_by(CALLS.c.claimed_at.desc())
        query = calls.limit(min(most, LISTED))
        return self._database.read(lambda db: [read_record(each) for each in db.scalars(query)])

    def ended(self, offer_hash: int, *, most: int, after: tuple[int, int] | None = None) -> list[Record]:
        over = _calls_of(offer_hash, unfinished=False).where(CALLS.c.wake_at.is_(None))
        return self._page(over, most=most, after=after)

    def count_unfinished(self) -> int:
        """How many calls are not over."""
        query = select(func.count()).select_from(CALLS).where(CALLS.c.wake_at.is_not(None))
        return self._database.read(lambda db: db.scalar(query) or 0)

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
        offer, call = f"{offer_hash:064x}", f"{call_hash:064x}"
        places = places_of(spoiled=spoiled, start=start)
        among = places_of(spoiled=False, start=start)
        return self._database.write(
            lambda db: counters.take_place(db, offer, call, now=now, until=until, places=places, among=among)
        )

    def leave_place(self, offer_hash: int, call_hash: int, *, until: int) -> None:
        call = (PLACES.c.offer == f"{offer_hash:064x}") & (PLACES.c.call == f"{call_hash:064x}")
        this = delete(PLACES).where(call & (PLACES.c.until == until))
        self._database.write(lambda db: db.execute(this))

    def standing(self, account: str) -> Standing | None:
        return self._database.read(lambda db: accounts.standing(db, account))

    def leaf(self, account: str, call_hash: int) -> DueLeaf | None:
        return self._database.read(lambda db: accounts.leaf(db, account, call_hash))

    def leaves(self, account: str, indices: Sequence[int]) -> list[DueLeaf]:
        return self._database.read(lambda db: accounts.leaves(db, account, indices))

    def keep_due(self, due: Due) -> None:
        self._database.write(lambda db: accounts.keep_due(db, due))

    def settled(self, account: str, count: int) -> tuple[int, int] | None:
        return self._database.read(lambda db: accounts.settled(db, account, count))

    def deposits(self, account: str, depth: int) -> Deposits:
        return self._database.read(lambda db: accounts.deposits(db, account, depth))

    def note_deposits(self, account: str, depth: int, deposits: Deposits) -> None:
        self._database.write(lambda db: accounts.note_deposits(db, account, depth, deposits))

    def _foreign(self, offer_hash: int) -> bool:
        return bool(self._serves) and offer_hash not in self._serves

    def _offer(self, db: Connection, offer_hash: int) -> StoredOffer | None:
        if self._foreign(offer_hash):
            return None
        row = db.execute(select(OFFERS).where(_this(offer_hash))).one_or_none()
        return self._stored(offer_hash, row) if row else None

    def _stored(self, offer_hash: int, row: Row[Any]) -> StoredOffer | None:
        if offer_hash not in self._documents:
            offer = kept_offer(row.document)
            if offer is None:
                return None
            self._documents[offer_hash] = offer
        return StoredOffer(
            offer=self._documents[offer_hash],
            closed=row.closed,
            sealed=row.sealed,
            sealing_key=row.sealing_key,
            webhook_secret=row.webhook_secret,
            suspended=row.suspended,
            dropped=json.loads(row.dropped),
            paused=row.paused,
            resting=row.resting,
            rests_until=row.rests_until,
            shows_runs=None if row.shows_runs is None else bool(row.shows_runs),
            faults=row.faults,
            quotas=json.loads(row.quotas),
            delivered_at=row.delivered_at or 0,
        )

    def _set(self, offer_hash: int, **values: Any) -> bool:
        """Set these columns of an offer; False if it is not there."""
        changed = update(OFFERS).where(_this(offer_hash)).values(**values)
        return self._database.write(lambda db: bool(db.execute(changed).rowcount))

    def _hash(self, query: Any) -> int | None:
        hex_hash = self._database.read(lambda db: db.scalar(query))
        return int(hex_hash, 16) if hex_hash else None


def _calls_of(offer_hash: int, *, unfinished: bool) -> Select[Any]:
    calls = select(CALLS.c.record).where(CALLS.c.offer == f"{offer_hash:064x}")
    return calls.where(CALLS.c.wake_at.is_not(None)) if unfinished else calls


def _this(offer_hash: int) -> ColumnElement[bool]:
    return OFFERS.c.hash == f"{offer_hash:064x}"


def _identifier(account: str, identifier: str) -> ColumnElement[bool]:
    return (IDENTIFIERS.c.account == account) & (IDENTIFIERS.c.name == identifier)


def _record(db: Connection, call_hash: int) -> Record | None:
    stored = db.scalar(select(CALLS.c.record).where(CALLS.c.hash == f"{call_hash:064x}"))
    return read_record(stored) if stored else None


def _add_call(db: Connection, record: Record, identifier: str | None) -> None:
    if not add_new(db, CALLS, call_row(record)):
        raise _ThereAlready
    named = {"account": record.account, "name": identifier, "call": record.id}
    if identifier is not None and not add_new(db, IDENTIFIERS, named):
        raise _ThereAlready


def _end(db: Connection, before: Record, after: Record, offer: Offer | None) -> None:
    """Make due or free what a finished call reserved, and give back what it counted against.

    One that ends without a receipt has no leaf: what it reserved stays for the version that can sign one.
    """
    if after.price and after.receipt is not None:
        accounts.conclude(db, after)
    if offer and after.holder:
        counters.give_back(db, before, after, offer)


def call_row(record: Record) -> dict[str, Any]:
    return {
        "hash": record.id,
        "offer": f"{record.offer_hash:064x}",
        "account": record.account,
        "version": record.version,
        "claimed_at": record.claimed_at,
        "wake_at": None if record.state.over else record.wake_at,
        "record": record_text(record),
    }


def _run_row(run: RunKey) -> dict[str, str]:
    return {"provider": run.provider, "origin": run.origin, "project": run.project, "id": str(run.id)}
