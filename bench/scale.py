"""How much one offer, one sweep and one table take: the shipped code, behind modelled waits.

Real here: the ledgers, the sweep and the workflows that they run, and every request that these make.
Modelled: how long a request takes, that DynamoDB holds the items of a transaction for 10 ms and cancels any
other transaction that meets one of them, and the provider. moto stands for the table, SQLite for a ledger of
many calls. ``--full`` takes the sizes of the goal; without it they are smaller, for a run of a few minutes.
"""

import heapq
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import Any

import boto3
from moto import mock_aws
from sqlalchemy import insert

from bench.table import Row, row
from local.aws import TABLE, create_table
from sealrun.adapters.aws import dynamodb
from sealrun.adapters.sql.database import Database
from sealrun.adapters.sql.ledger import SqlLedger, call_row
from sealrun.adapters.sql.schema import CALLS
from sealrun.money.vouchers import Reserve, Voucher
from sealrun.offers.offer import Offer
from sealrun.offers.stored_offer import StoredOffer
from sealrun.receipts.receipt import Outcome
from sealrun.runs.record import LONGEST_PAUSE, Ending, Record, claimed, finished, judged
from sealrun.workflows.sweep import GROUP, look_at, sweep
from tests.ports.stores import REGION
from tests.sealrun.world import World, in_mina, limits_value, make_paid_offer, sign_paid_call

# What a request of a function in the same region takes, and how long a transaction holds its items.
TABLE_SECONDS, HOLD_SECONDS = 0.01, 0.01
PROVIDER_SECONDS = 0.3
ACCOUNTS = 1000
GOAL = 300  # paid calls a second
# Places of ``collect`` that look at runs, and seconds from one sweep to the next (template.yaml).
LOOKERS, SWEEP_SECONDS = 3, 60
LOOK_WITHIN = 300  # seconds
PRICE = 5
LIMITS = limits_value(at_once=20_000, minutes_per_month=10_000_000, seconds=3600)
MUCH = {"per_hour": 2_000_000, "at_once": 20_000}


def rows(*, full: bool = False) -> list[Row]:
    """Measure; with ``full`` at the sizes of the goal."""
    return [*_claims(1000 if full else 150), *_looks(10_000 if full else 1500), *_reads(full=full)]


def _offer() -> Offer:
    access = {"open": True, "keys": [], "per_buyer": MUCH}
    return make_paid_offer(prices=in_mina(PRICE), quota_per_hour=2_000_000, access=access, limits=LIMITS)


def _calls(offer: Offer, number: int) -> Iterator[Record]:
    """Calls as a claim has them, of a thousand accounts; no ledger looks at signatures."""
    one = claimed(sign_paid_call(offer), now=int(time.time()), price=PRICE)
    dice = random.Random(1)  # noqa: S311
    for at in range(number):
        name = f"B62account{at % ACCOUNTS:04d}"
        yield replace(one, call_hash=dice.getrandbits(250), account=name, holder=name)


def _reserve(record: Record) -> Reserve:
    return Reserve(PRICE, Voucher(10**9, 1, "signature"), record.holder, 10**9, 1000)


@dataclass
class _Heard:
    """A client of DynamoDB; remembers what is asked of it."""

    client: Any
    asked: Counter[str] = field(default_factory=Counter)
    written: list[tuple[str, ...]] = field(default_factory=list)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def ask(**arguments: Any) -> Any:
            self.asked[name] += 1
            if name == "transact_write_items":
                parts = [part for item in arguments["TransactItems"] for part in item.values()]
                self.written.append(tuple((each.get("Key") or each["Item"])["pk"]["S"] for each in parts))
            return getattr(self.client, name)(**arguments)

        return ask


@contextmanager
def _dynamodb(offer: Offer) -> Iterator[tuple[dynamodb.DynamoLedger, _Heard]]:
    with mock_aws():
        client: Any = boto3.client("dynamodb", **REGION)  # type: ignore[call-overload]
        create_table(client)
        heard: Any = _Heard(client)
        ledger = dynamodb.DynamoLedger(heard, table=TABLE)
        ledger.publish(StoredOffer(offer, "", b"", b"", b""))
        yield ledger, heard


def _claims(number: int) -> list[Row]:
    """The transactions of real claims, then a model of them arriving at ever higher rates."""
    offer = _offer()
    with _dynamodb(offer) as (ledger, heard):
        for each in _calls(offer, number):
            if not ledger.claim(each, offer, identifier=None, reserve=_reserve(each)):
                raise AssertionError("claim: expected it to be taken")
        traces = heard.written
    one = [tuple(key.rpartition("#")[0] if key[-3:-2] == "#" else key for key in keys) for keys in traces]
    ours, theirs = ([_most(keys, seed) for seed in (1, 2, 3)] for keys in (traces, one))
    units = Counter(key for keys in traces for key in keys)
    hottest = 2 * GOAL * max(units.values()) / number
    waits = [_arrive(traces, GOAL, seed)[1] for seed in (1, 2, 3)]
    return [
        row("model: one offer claimed in a second", "calls", ours, peer=("one counter", theirs)),
        row(f"model: slowest of 99% at {GOAL} a second", "ms", [1000 * each for each in waits], reach=1000),
        row("model: write units a second of one item", "units", [hottest, hottest], reach=1000),
    ]


def _most(traces: Sequence[tuple[str, ...]], seed: int) -> float:
    """The highest rate at which fewer than one claim in a thousand is given up."""
    rates = [20 * 1.15**step for step in range(32)]
    return max(takewhile(lambda rate: _arrive(traces, rate, seed)[0] < 0.001, rates), default=0.0)


def _arrive(traces: Sequence[tuple[str, ...]], rate: float, seed: int) -> tuple[float, float]:
    """The share of claims that are given up, and the slowest wait of the best 99%, in seconds."""
    dice, now, total = random.Random(seed), 0.0, 4000  # noqa: S311
    coming: list[tuple[float, int, int, float]] = []
    for number in range(total):
        now += dice.expovariate(rate)
        coming.append((now, number, 0, now))
    heapq.heapify(coming)
    held: dict[str, float] = {}
    waits, given_up = [], 0
    while coming:
        at, number, attempt, since = heapq.heappop(coming)
        keys = traces[number % len(traces)]
        if all(held.get(key, 0.0) <= at for key in keys):
            held.update(dict.fromkeys(keys, at + HOLD_SECONDS))
            waits.append(at + HOLD_SECONDS - since)
        elif attempt + 1 == dynamodb.ATTEMPTS:
            given_up += 1
        else:
            pause = dice.uniform(0, min(dynamodb.FIRST_PAUSE * 2**attempt, dynamodb.LONGEST_PAUSE))
            # The account is read anew before each attempt.
            heapq.heappush(coming, (at + 2 * TABLE_SECONDS + pause, number, attempt + 1, since))
    return given_up / total, sorted(waits)[int(len(waits) * 0.99)] if waits else float("inf")


@dataclass
class _Slow:
    """A port whose requests take their time of a modelled clock."""

    port: Any
    seconds: float
    spent: list[float]
    asked: Counter[str] = field(default_factory=Counter)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.port, name)
        if not callable(value):
            return value

        def ask(*arguments: Any, **named: Any) -> Any:
            self.asked[name] += 1
            self.spent[0] += self.seconds
            return value(*arguments, **named)

        return ask


def _looks(number: int) -> list[Row]:
    """All runs are due at once; sweeps hand them on, and each message takes its requests' time."""
    offer, spent = _offer(), [0.0]
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(Database(f"sqlite:///{folder}/ledger.db")) as database,
    ):
        ledger = _Slow(SqlLedger(database), TABLE_SECONDS, spent)
        world = World(offer, ledger=ledger)
        world.provider.duration = 10**6
        provider = world.provider = _Slow(world.provider, PROVIDER_SECONDS, spent)
        _fill_running(database, world, number)
        ledger.asked.clear()
        world.waker.groups = []
        began, busy, worst = world.clock.now, [0.0] * LOOKERS, 0.0
        for minute in range(1000):
            world.clock.now = began + minute * SWEEP_SECONDS
            world.waker.groups.clear()
            if not sweep(ledger=ledger, collector=world.collector, clock=world.clock):
                break
            for group in world.waker.groups:
                spent[0] = 0.0
                look_at(group, ledger=ledger, collector=world.collector, clock=world.clock)
                free = max(heapq.heappop(busy), minute * SWEEP_SECONDS) + spent[0]
                heapq.heappush(busy, free)
                worst = max(worst, free)
        lists = provider.asked["changed"] / number * GROUP
        read = provider.asked["read"] / number * GROUP
    return [
        row(f"model: all of {number} due runs looked at", "s", [worst, worst], reach=LOOK_WITHIN),
        row(
            "requests to the provider for 100 runs", "", [lists + read] * 2, peer=("a read each", [100.0] * 2)
        ),
    ]


def _fill_running(database: Database, world: World, number: int) -> None:
    """Runs that began half an hour ago and are due now, as the ledger and the provider have them."""
    now = world.clock.now
    records = []
    for at, each in enumerate(_calls(world.offer, number), start=1):
        world.provider.port.start(name=each.id, inputs={})
        started = {"run_id": at, "started_at": now - 1800, "running_since": now - 1800}
        seen = {"looked_at": now - LONGEST_PAUSE, "looks": 9, "wake_at": now - 1}
        state = {"state": type(each.state).RUNNING, "claimed_at": now - 1800}
        records.append(replace(each, **started, **seen, **state))  # type: ignore[arg-type]
    for run_id, run in world.provider.port.runs.items():
        world.provider.port.runs[run_id] = replace(run, created_at=now - 1800)
    database.write(lambda db: db.execute(insert(CALLS), [call_row(each) for each in records]))


def _reads(*, full: bool) -> list[Row]:
    """Requests to DynamoDB for lists and counts of few and of more calls; times in SQL of many."""
    offer = _offer()
    few, more = (_requests(offer, number) for number in (10, 1000 if full else 200))
    many = 1_000_000 if full else 100_000
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(Database(f"sqlite:///{folder}/ledger.db")) as database,
    ):
        ledger = SqlLedger(database)
        ledger.publish(StoredOffer(offer, "", b"", b"", b""))
        _fill_over(database, offer, many)
        times = [1000 * _timed(lambda: _operators(ledger, offer)) for _ in range(5)]
    return [
        row(
            "requests to DynamoDB for lists and counts",
            "",
            [more] * 2,
            peer=("of ten calls", [few] * 2),
            reach=1,
        ),
        row(f"lists and counts of {many} calls in SQLite", "ms", times),
    ]


def _operators(ledger: Any, offer: Offer) -> None:
    """What ``status``, ``calls``, the health check and a sweep ask."""
    now = int(time.time())
    ledger.totals(offer)
    ledger.newest(offer.hash, most=50)
    ledger.newest(offer.hash, most=50, unfinished=True)
    ledger.count_late(offer, claimed_before=now - 7200)
    ledger.unfinished(due_before=now, limit=100)


def _requests(offer: Offer, number: int) -> float:
    with _dynamodb(offer) as (ledger, heard):
        for each in _calls(offer, number):
            ledger.claim(each, offer, identifier=None, reserve=_reserve(each))
        heard.asked.clear()
        _operators(ledger, offer)
        return float(heard.asked.total())


def _fill_over(database: Database, offer: Offer, number: int) -> None:
    end = Ending(Outcome.SUCCEEDED, "", int(time.time()))
    kept: Any = {"receipt": {"data": {}}, "index": "a", "openings": "b", "statements": "c"}
    made = (call_row(finished(judged(each, end), **kept)) for each in _calls(offer, number))
    while page := [each for each, _ in zip(made, range(10_000), strict=False)]:
        database.write(lambda db, page=page: db.execute(insert(CALLS), page))  # type: ignore[misc]


def _timed(step: Callable[[], None]) -> float:
    began = time.perf_counter()
    step()
    return time.perf_counter() - began
