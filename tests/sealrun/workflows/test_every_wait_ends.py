"""L11: every wait ends, and no offer's provider takes the time and the places of the others."""

import contextlib
from dataclasses import replace
from typing import Any

import pytest

from sealrun.errors import ProviderBusy, ProviderRefused, ProviderUnclear
from sealrun.offers.stored_offer import StoredOffer
from sealrun.ports.calls import PLACES, START_PLACES
from sealrun.receipts.receipt import Outcome, SignedReceipt
from sealrun.runs.record import LONGEST_PAUSE, MAX_SPOILED, STOP_WITHIN, Record, State
from sealrun.runs.run import Job, JobResult, Run
from sealrun.workflows.check_health import ALL_SECONDS, OFFER_SECONDS, Health, check_health
from sealrun.workflows.collect_run import COLLECT_SECONDS, take_step
from sealrun.workflows.look_at_calls import BEGIN_WITHIN
from sealrun.workflows.start_run import Starter
from sealrun.workflows.watch_run import LOOK_SECONDS
from tests.sealrun.fakes import FakeProvider
from tests.sealrun.market import Market
from tests.sealrun.world import BUSY, PRICE, World, limits_value, make_offer, sign_call


class Killed(BaseException):
    """Lambda's own limit: nothing of the function runs on."""


class Slow(FakeProvider):
    """Answers everything, and takes ``seconds`` for each answer and each piece."""

    seconds = 40
    slow: tuple[str, ...] = ()

    def _called(self, name: str) -> None:
        super()._called(name)
        if name in self.slow:
            self.clock.passes(self.seconds)

    @contextlib.contextmanager
    def log(self, job_id: int) -> Any:
        self._called("log")
        yield self._drip()

    def _drip(self) -> Any:
        while True:
            if "drip" in self.slow:
                self.clock.passes(self.seconds)
            else:
                yield b"built\n"
                return
            yield b"."


def slow_market(*slow: str) -> Market:
    market = Market()
    market.provider = Slow(market.clock, market.offer)
    market.provider.slow = slow
    return market


def swept(market: World, call_hash: int, *, days: int) -> Record:
    for _ in range(days * 24 * 4):
        market.clock.passes(900)
        with contextlib.suppress(Killed, KeyError):
            market.sweep()
        record: Record = market.ledger.record(call_hash)
        if record.state.over:
            return record
    raise AssertionError(f"call: expected it to be over within {days} days")


def outcome(record: Record) -> Outcome:
    assert record.receipt is not None
    return SignedReceipt.parse(dict(record.receipt)).receipt.status


@pytest.mark.parametrize("stage", ["project", "find", "drip", "read"])
def test_l11_what_cannot_be_collected_in_time_gets_a_signed_ending_and_frees_its_reserve(stage: str) -> None:
    market = slow_market(stage)
    market.provider.seconds = COLLECT_SECONDS
    call = market.pay(market.sign(limit=PRICE)).record
    record = swept(market, call.call_hash, days=1)
    assert outcome(record) is Outcome.UNREACHABLE
    assert record.spoiled == MAX_SPOILED + 1
    assert market.ledger.standing(record.account).committed == 0


@pytest.mark.parametrize("stage", ["jobs", "project"])
def test_l11_an_answer_that_never_comes_counts_as_one_that_took_too_long(stage: str) -> None:
    """Where whoever waits is not killed, a list of many pages ends with an error of its connection."""
    market = Market()
    call = market.pay(market.sign(limit=PRICE)).record

    def cut_off(*_: Any, **__: Any) -> Any:
        market.clock.passes(COLLECT_SECONDS)
        raise ProviderUnclear("provider: no whole answer (ReadTimeout)")

    setattr(market.provider, stage, cut_off)
    record = swept(market, call.call_hash, days=1)
    assert outcome(record) is Outcome.UNREACHABLE
    assert market.ledger.standing(record.account).committed == 0


@pytest.mark.parametrize("stage", ["jobs", "log", "read", "project"])
def test_l11_a_run_over_which_every_function_dies_ends_within_hours(stage: str) -> None:
    market = Market()

    def dies(*_: Any, **__: Any) -> Any:
        raise Killed

    call = market.pay(market.sign(limit=PRICE)).record
    setattr(market.provider, stage, dies)
    record = swept(market, call.call_hash, days=1)
    assert outcome(record) is Outcome.UNREACHABLE
    assert market.ledger.standing(record.account).committed == 0


def test_l11_a_job_without_a_name_is_collected_at_once_under_its_number() -> None:
    market = Market()
    call = market.pay(market.sign(limit=PRICE)).record
    listed = market.provider.jobs

    def nameless(run_id: int) -> Any:
        return [replace(job, name="") for job in listed(run_id)]

    market.provider.jobs = nameless
    record = market.settle(call.call_hash)
    assert outcome(record) is Outcome.SUCCEEDED


def test_l11_a_provider_that_is_only_away_is_waited_for() -> None:
    market = Market()
    call = market.pay(market.sign(limit=PRICE)).record
    market.provider.down = True
    for _ in range(3 * 24 * 4):
        market.clock.passes(900)
        market.sweep()
    market.provider.down = False
    assert market.settle(call.call_hash).state is State.SUCCEEDED


@pytest.mark.parametrize(
    "answer", [ProviderUnclear("502"), ProviderRefused("404"), ProviderBusy("429", retry_after=9), KeyError()]
)
def test_l11_a_start_that_stays_unclear_for_days_gets_a_signed_ending_and_frees_its_reserve(
    answer: Exception,
) -> None:
    market = Market()

    def tells_nothing(*_: Any, **__: Any) -> Any:
        raise answer

    market.provider.answers = ["lost"]
    market.provider.find = tells_nothing
    call = market.pay(market.sign(limit=PRICE)).record
    record = swept(market, call.call_hash, days=8)
    assert outcome(record) is Outcome.UNREACHABLE
    assert record.ending is not None
    assert record.ending.blameless
    assert market.ledger.standing(record.account).committed == 0


def test_l11_an_unclear_start_is_looked_for_as_long_as_the_provider_may_come_back() -> None:
    market = Market()
    market.provider.answers = ["lost"]
    call = market.pay(market.sign(limit=PRICE)).record
    market.provider.down = True
    for _ in range(3 * 24 * 4):
        market.clock.passes(900)
        market.sweep()
    market.provider.down = False
    assert market.settle(call.call_hash).state is State.SUCCEEDED


def test_l11_a_run_that_takes_no_cancel_is_given_up_within_an_hour_and_its_reserve_is_free() -> None:
    market = Market()
    market.provider.duration, market.provider.stubborn = 10**9, "never"
    call = market.pay(market.sign(limit=PRICE)).record
    record = market.settle(call.call_hash, within=3 * 3600)
    assert (outcome(record), record.state) == (Outcome.TIME_LIMIT, State.EXPIRED)
    assert record.ending is not None
    assert record.ending.finished_at <= call.claimed_at + 600 + STOP_WITHIN + 120
    assert market.ledger.standing(record.account).committed == 0
    assert {"cancel", "force"} <= set(market.provider.calls)


def test_l11_a_run_that_no_runner_takes_and_that_takes_no_cancel_counts_against_no_buyer() -> None:
    market = Market()
    market.provider.queued, market.provider.stubborn = 10**9, "never"
    call = market.pay(market.sign(limit=PRICE)).record
    record = market.settle(call.call_hash, within=3 * 3600)
    assert outcome(record) is Outcome.NEVER_STARTED
    assert record.ending is not None
    assert record.ending.blameless
    assert record.ending.reason == "no runner took the run within 1800 s, and it stays although asked to stop"
    assert market.ledger.standing(record.account).committed == 0


def test_l11_a_run_that_only_stops_by_force_is_stopped_by_force() -> None:
    world = World()
    world.provider.duration, world.provider.stubborn = 10**9, "until forced"
    record = world.settle(world.call().record.call_hash)
    assert outcome(record) is Outcome.TIME_LIMIT
    assert record.ending is not None
    assert record.ending.finished_at <= record.claimed_at + 600 + 300 + 120


@pytest.mark.parametrize("hanging", [5, 17, 25])
def test_l11_calls_that_hang_delay_another_offers_call_by_minutes_only(hanging: int) -> None:
    bad, good = make_offer(**BUSY), make_offer(title="honest", **BUSY)
    world = World(bad)
    world.ledger.publish(StoredOffer(good, "", b"", b"", b""))
    honest, hangs = FakeProvider(world.clock, good), FakeProvider(world.clock, bad)

    def dies(_: int) -> Any:
        raise Killed

    hangs.read = dies  # type: ignore[method-assign,assignment]
    hangs.duration = 1
    world._open_provider = lambda stored: honest if stored.offer.hash == good.hash else hangs  # type: ignore[method-assign,assignment]
    for nonce in range(hanging):
        world.call(sign_call(bad, nonce=nonce))
    world.clock.passes(90)
    world.offer = good
    call = world.call(sign_call(good)).record
    for minute in range(1, 60):
        world.clock.passes(60)
        with contextlib.suppress(Killed):
            world.sweep()
        if world.ledger.record(call.call_hash).state.over:
            assert minute <= PLACES + 2
            return
    raise AssertionError("call: expected it to be over within an hour")


def test_l11_an_offer_has_no_more_than_its_places_at_once() -> None:
    world = World(make_offer(**BUSY))
    calls = [world.call(sign_call(world.offer, nonce=nonce)).record.call_hash for nonce in range(PLACES + 2)]
    world.clock.passes(90)

    def dies(_: int) -> Any:
        raise Killed

    world.provider.read = dies
    for call in calls[:PLACES]:
        with contextlib.suppress(Killed):
            world.sweep_one(call)
    before = world.ledger.record(calls[PLACES])
    assert world.sweep_one(calls[PLACES]) == before
    world.clock.passes(16 * 60)  # whoever took a place is gone by then
    with pytest.raises(Killed):
        world.sweep_one(calls[PLACES])


class Full(World):
    """A process in which the offer's requests hold their share already."""

    @property
    def starter(self) -> Starter:
        return super().starter._replace(share=lambda _: contextlib.nullcontext(enter_result=False))


def test_l11_a_call_that_finds_no_place_in_its_process_is_taken_and_started_later() -> None:
    world = Full()
    accepted = world.call()
    assert (accepted.first, accepted.record.state, world.provider.starts) == (True, State.CLAIMED, 0)
    assert world.settle(accepted.record.call_hash).state is State.SUCCEEDED


@pytest.mark.parametrize(("stage", "first"), [("start", "busy"), ("find", "lost")])
def test_l11_an_offers_starts_that_hang_take_two_places_and_leave_the_rest_to_others(
    stage: str, first: str
) -> None:
    """Wakes for them come in any number, because every call whose start was put off is due again."""
    world = World(make_offer(**BUSY))
    world.provider.answers = [first] * 20
    calls = [world.call(sign_call(world.offer, nonce=nonce)).record.call_hash for nonce in range(20)]
    world.clock.passes(600)
    asked: list[str] = []

    def dies(*_: Any, **__: Any) -> Any:
        asked.append(stage)
        raise Killed

    within = getattr(world.provider, stage)
    setattr(world.provider, stage, dies)
    for call in calls:
        with contextlib.suppress(Killed):
            world.sweep_one(call)
    assert len(asked) == START_PLACES
    setattr(world.provider, stage, within)
    world.clock.passes(90)  # whoever took a place is gone by then
    assert all(world.settle(call).state is State.SUCCEEDED for call in calls)


@pytest.mark.parametrize(
    ("stage", "first", "places"), [("read", "", PLACES), ("start", "busy", START_PLACES)]
)
def test_l11_whoever_is_overtaken_frees_no_place_of_the_one_at_work(
    stage: str, first: str, places: int
) -> None:
    """Two deliveries at once wake two functions for one call, and a seller can send as many as it likes."""
    world = World(make_offer(**BUSY))
    world.provider.answers = [first] if first else []
    call = world.call(sign_call(world.offer)).record.call_hash
    world.clock.passes(90)
    read_before, works, taken = world.ledger.record(call), getattr(world.provider, stage), list[bool]()

    def meanwhile(*given: Any, **named: Any) -> Any:
        if not taken:
            parts: Any = {"ledger": world.ledger, "collector": world.collector, "clock": world.clock}
            take_step(read_before, world.ledger.offer(world.offer.hash), **parts)
            times: Any = {"now": world.clock(), "until": world.clock() + 9, "start": stage == "start"}
            taken.extend(world.ledger.take_place(world.offer.hash, other, **times) for other in range(9))
        return works(*given, **named)

    setattr(world.provider, stage, meanwhile)
    world.sweep_one(call)
    assert sum(taken) == places - 1


def test_l11_functions_that_die_now_and_then_give_no_long_run_up() -> None:
    """Six looks in a row that do not come to an end do; a function may die once in hours."""
    world = World(make_offer(limits=limits_value(seconds=20 * 3600)))
    world.provider.duration = 19 * 3600
    call, read, deaths = world.call().record.call_hash, world.provider.read, []

    def dies(_: int) -> Any:
        deaths.append(world.clock.now)
        raise Killed

    for minute in range(20 * 60):
        dies_now = minute // 120 == len(deaths)
        world.provider.read = dies if dies_now else read
        world.clock.passes(60)
        with contextlib.suppress(Killed):
            world.sweep()
    record = world.ledger.record(call)
    assert len(deaths) > MAX_SPOILED
    assert record.state is State.SUCCEEDED


def test_l11_what_a_sweep_cannot_begin_in_time_is_woken_elsewhere() -> None:
    world = World(make_offer(**BUSY))
    world.provider = Slow(world.clock, world.offer)
    calls = [world.call(sign_call(world.offer, nonce=nonce)).record.call_hash for nonce in range(4)]
    world.provider.slow, world.provider.seconds = ("read",), BEGIN_WITHIN
    world.clock.passes(90)
    world.waker.woken.clear()
    seen = world.sweep()
    assert list(seen.values()).count("woken") == len(calls) - 1
    assert set(world.waker.woken) == {call for call, state in seen.items() if state == "woken"}


def checked(world: World) -> dict[str, Health]:
    return check_health(
        ledger=world.ledger, open_provider=world._open_provider, payments=None, clock=world.clock
    )


def test_l11_one_slow_provider_keeps_no_other_offer_from_its_health_check() -> None:
    offers = [make_offer(title=f"offer {number}") for number in range(12)]
    world = World(offers[0])
    slow = {offer.hash for offer in offers[:8]}
    for offer in offers[1:]:
        world.ledger.publish(StoredOffer(offer, "", b"", b"", b""))
    for offer in offers:
        world.ledger.suspend_offer(offer.hash, "the node was out of reach for a moment")
    drips, quick = Slow(world.clock, world.offer), FakeProvider(world.clock, world.offer)
    drips.slow, drips.seconds = ("head",), OFFER_SECONDS
    world._open_provider = lambda stored: drips if stored.offer.hash in slow else quick  # type: ignore[method-assign,assignment]
    for _ in range(30):
        began = world.clock.now
        checked(world)
        assert world.clock.now - began <= ALL_SECONDS + OFFER_SECONDS
        world.clock.passes(300)
    assert all(not world.ledger.offer(offer.hash).suspended for offer in offers[8:])
    assert all("time" in world.ledger.offer(offer.hash).suspended for offer in offers[:8])


@pytest.mark.parametrize("seconds", [60, 320, 620, 900, 1000, 1800, 3600])
def test_l11_an_endless_run_is_stopped_within_a_minute_of_its_limit(seconds: int) -> None:
    world = World(make_offer(limits=limits_value(seconds=seconds)))
    world.provider.duration = 10**7
    world.call()
    began = world.clock.now
    while not world.provider.canceled:
        world.clock.passes(60)
        world.sweep()
    (stopped,) = world.provider.canceled.values()
    assert stopped - began <= seconds + LOOK_SECONDS


@pytest.mark.parametrize("queued", [0, 30, 700, 1500])
def test_l11_waiting_for_a_runner_eats_no_run_time(queued: int) -> None:
    world = World(make_offer(limits=limits_value(seconds=300)))
    world.provider.queued, world.provider.duration = queued, 250
    assert world.settle(world.call().record.call_hash).state is State.SUCCEEDED


class AsGitHub(FakeProvider):
    """It tells of a run when it was made, and of a job only when a runner took it."""

    ahead = 0  # seconds that its clock is ahead

    def jobs(self, run_id: int) -> list[Job]:
        return [replace(job, started_at=self._taken(run_id)) for job in super().jobs(run_id)]

    def jobs_now(self, run_id: int) -> list[Job]:
        return [replace(job, started_at=self._taken(run_id)) for job in super().jobs_now(run_id)]

    def _taken(self, run_id: int) -> int:
        at = self.runs[run_id].created_at + self.queued
        return at + self.ahead if self.clock.now >= at else 0

    def _now(self, run: Run) -> Run:
        return replace(super()._now(run), started_at=run.created_at)


def at_github(**limits: int) -> World:
    """Its webhooks come, so that a run is first looked at after five minutes."""
    world = World(make_offer(limits=limits_value(**limits)))
    world.provider = AsGitHub(world.clock, world.offer)
    world.ledger.note_delivery(world.offer.hash, now=world.clock.now)
    return world


@pytest.mark.parametrize(
    ("queued", "away"), [(0, 0), (276, 0), (299, 0), (700, 400), (1275, 900), (1790, 60)]
)
def test_l11_waiting_for_a_runner_eats_no_run_time_where_jobs_alone_tell_when_it_was_over(
    queued: int, away: int
) -> None:
    """Nor where the provider is away while the run waits, and until a runner has taken it."""
    world = at_github(seconds=300)
    world.provider.queued, world.provider.duration = queued, 280
    call = world.call().record.call_hash
    while world.clock.now < world.provider.runs[1].created_at + queued:
        world.clock.passes(15)
        world.provider.down = world.clock.now > world.provider.runs[1].created_at + queued + 10 - away
        world.sweep()
    world.provider.down = False
    record = world.settle(call)
    assert (record.state, record.minutes) == (State.SUCCEEDED, 5)


@pytest.mark.parametrize("ahead", [0, 60, 10**8])
@pytest.mark.parametrize("queued", [0, 276, 1500])
def test_l11_an_endless_run_is_stopped_whatever_its_jobs_say_of_their_start(queued: int, ahead: int) -> None:
    world = at_github(seconds=600)
    world.provider.queued, world.provider.duration, world.provider.ahead = queued, 10**7, ahead
    record = world.settle(world.call().record.call_hash, within=7200)
    assert outcome(record) is Outcome.TIME_LIMIT
    [stopped] = world.provider.canceled.values()
    limits = world.offer.limits
    wanted = min(limits.longest, queued + ahead + limits.seconds)
    assert wanted <= stopped - record.started_at <= wanted + LOOK_SECONDS


def test_l11_l12_a_run_that_no_runner_takes_never_started_and_is_nobodys_fault() -> None:
    world = World(make_offer(limits=limits_value(queue_seconds=120)))
    world.provider.queued = 10**6
    record = world.settle(world.call().record.call_hash)
    assert (outcome(record), record.state) == (Outcome.NEVER_STARTED, State.NEVER_STARTED)
    assert record.ending is not None
    assert record.ending.blameless
    assert record.ending.reason == "no runner took the run within 120 s"
    assert list(world.provider.canceled) == [record.run_id]


BEGAN = [
    {"runs": True},
    {"result": JobResult.SUCCEEDED},
    {"result": JobResult.CANCELED, "runner": "GitHub Actions 3"},  # by its own time limit, or with its matrix
]


@pytest.mark.parametrize("first", BEGAN)
@pytest.mark.parametrize(
    ("queued", "ending"), [(400, Outcome.SUCCEEDED), (10**6, Outcome.TIME_LIMIT)], ids=["ends", "endless"]
)
def test_l11_a_run_of_which_one_job_waits_and_another_began_is_not_one_that_no_runner_took(
    first: dict[str, Any], queued: int, ending: Outcome
) -> None:
    """GitHub calls such a run queued: https://github.com/cli/cli/issues/13972."""
    world = World(make_offer(limits=limits_value(seconds=600, queue_seconds=120)))
    world.provider.queued = queued  # with one runner: as long as the first job takes
    second = Job(2, "second", "", "queued", "", retried=False, has_artifacts=False, runner="")
    now = [replace(second, id=1, name="first", **first), second]
    world.provider.jobs_now = lambda _: now
    record = world.settle(world.call().record.call_hash)
    assert outcome(record) is ending
    assert all(at - record.started_at <= 120 + 600 + LOOK_SECONDS for at in world.provider.canceled.values())


@pytest.mark.parametrize(("seconds", "stopped"), [(600, False), (30, True)])
def test_l12_minutes_count_from_a_runs_first_job_though_another_one_waited(
    seconds: int, *, stopped: bool
) -> None:
    """Minutes count what runners gave: a run that is called queued used 26 of them, and 2 were counted."""
    world = World(make_offer(limits=limits_value(seconds=seconds)))
    provider = world.provider
    provider.queued, provider.duration = 1500, 60
    lists = provider.jobs

    def jobs(run_id: int) -> list[Job]:
        ran = {"result": JobResult.SUCCEEDED, "runs": True, "started_at": provider.runs[run_id].created_at}
        first = Job(2, "first", "", "success", "", retried=False, has_artifacts=False, runner="a")
        return [replace(first, **ran), *lists(run_id)]

    provider.jobs = provider.jobs_now = jobs
    record = world.settle(world.call().record.call_hash)
    assert bool(record.stopped_at) == stopped
    assert record.minutes == 26


def test_l11_a_run_whose_jobs_none_of_which_was_started_waits_for_a_runner_still() -> None:
    """Where minutes are used up, GitHub fails a job without a runner; one for an own runner waits."""
    world = World(make_offer(limits=limits_value(seconds=600, queue_seconds=120)))
    world.provider.queued = 10**6
    second = Job(2, "second", "", "queued", "", retried=False, has_artifacts=False, runner="")
    first = replace(second, id=1, name="first", result=JobResult.FAILED, has_log=False)
    world.provider.jobs_now = lambda _: [first, second]
    assert outcome(world.settle(world.call().record.call_hash)) is Outcome.NEVER_STARTED


@pytest.mark.parametrize("late", [0, 2400])
@pytest.mark.parametrize(
    ("failures", "ending"), [(1, Outcome.SUCCEEDED), (10**6, Outcome.NEVER_STARTED)], ids=["once", "always"]
)
def test_l11_a_waiting_run_is_not_stopped_because_its_jobs_are_not_told_once(
    failures: int, ending: Outcome, late: int
) -> None:
    """Also where nobody looked while its time ended, as between two ticks."""
    world = World(make_offer(limits=limits_value(seconds=600, queue_seconds=120)))
    world.provider.queued = 500 + late
    first = Job(1, "first", "", "in_progress", "", retried=False, has_artifacts=False, runner="r", runs=True)
    answers = iter(range(failures))

    def jobs_now(_: int) -> list[Job]:
        if next(answers, None) is not None:
            raise ProviderUnclear("502")
        return [first]

    world.provider.jobs_now = jobs_now
    call = world.call().record.call_hash
    world.clock.passes(120 + late)
    record = world.settle(call)
    assert outcome(record) is ending
    stopped = world.provider.canceled.values()
    assert all(at <= record.started_at + 120 + late + 2 * LONGEST_PAUSE for at in stopped)


@pytest.mark.parametrize("before", [10, 200])
def test_l11_a_waiting_run_is_looked_at_before_a_stop_though_the_look_before_its_time_failed(
    before: int,
) -> None:
    """That look puts the next one off beyond the time's end, and a tick may come later still."""
    world = World(make_offer(limits=limits_value(seconds=600, queue_seconds=3600)))
    world.provider.queued = 3600 + 900
    first = Job(1, "first", "", "in_progress", "", retried=False, has_artifacts=False, runner="r", runs=True)
    answers = iter(range(1))

    def jobs_now(_: int) -> list[Job]:
        if next(answers, None) is not None:
            raise ProviderUnclear("502")
        return [first]

    world.provider.jobs_now = jobs_now
    record = world.call().record
    for at in (*range(300, 3301, 300), 3600 - before, 3600 + 400):
        world.clock.passes(record.started_at + at - world.clock.now)
        world.provider.down = at == 3600 - before
        world.sweep()
    assert outcome(world.settle(record.call_hash)) is Outcome.SUCCEEDED
