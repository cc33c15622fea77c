"""A start leaves only once the branch holds its claim: ticks that overlap and die, on a real repository."""

import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sealrun.adapters.git.state_branch import NotPushed, StateBranch
from sealrun.adapters.sql.database import Database
from sealrun.calls.call import SignedCall
from sealrun.composition.ticked import KeptFirst, NotingLedger
from sealrun.encoding.fields import canonical
from sealrun.errors import Malformed, ProviderBusy
from sealrun.offers.stored_offer import StoredOffer
from sealrun.ports.provider import Provider
from sealrun.runs.record import Record
from sealrun.runs.record import State as Stage
from sealrun.runs.run import Run
from sealrun.serving.state import FILES, State
from sealrun.workflows.accept_call import accept_call
from sealrun.workflows.start_run import Starter, start_run
from tests.sealrun.fakes import FakeClock, FakeProvider, FakeWaker
from tests.sealrun.world import make_offer, sign_call


class Died(BaseException):
    """The process is gone."""


class Dying(FakeProvider):
    """Dies where it is told to: before a start, or after it."""

    dies: str = ""

    def start(self, *, name: str, inputs: Mapping[str, object]) -> Run:
        if self.dies == "before":
            raise Died
        run = super().start(name=name, inputs=inputs)
        if self.dies == "after":
            raise Died
        return run


@dataclass
class Ticks:
    """A branch, a provider, and as many ticks as a test wants."""

    folder: Path
    clock: FakeClock = field(default_factory=FakeClock)
    offer = make_offer()

    def __post_init__(self) -> None:
        self.provider = Dying(self.clock, self.offer)
        self.remote = self.folder / "remote.git"
        subprocess.run(["git", "init", "-q", "--bare", str(self.remote)], check=True)
        first = self._state("first")
        first.keys.write_text("{}")
        with closing(Database(f"sqlite:///{first.ledger}")) as database:
            stored = StoredOffer(self.offer, "", b"sealed", b"key", b"secret")
            NotingLedger(database, changed=first.changed).publish(stored)
        first.keep()
        self.count = 0

    def _state(self, name: str) -> State:
        at = self.folder / name
        at.mkdir()
        return State(at, StateBranch(str(self.remote), "state", scratch=at / "git"))

    @contextmanager
    def tick(self) -> Iterator["OneTick"]:
        """One that has pulled the state."""
        self.count += 1
        state = self._state(f"tick-{self.count}")
        assert state.pull()
        with closing(Database(f"sqlite:///{state.ledger}")) as database:
            yield OneTick(self, state, NotingLedger(database, changed=state.changed))

    def record(self, call_hash: int) -> Record | None:
        """As the branch holds it."""
        with self.tick() as tick:
            return tick.ledger.record(call_hash)


@dataclass
class OneTick:
    ticks: Ticks
    state: State
    ledger: NotingLedger

    def starter(self, keep: Callable[[], None] | None = None) -> Starter:
        def opened(_: StoredOffer) -> Provider:
            clock = self.ticks.clock
            return KeptFirst(self.ticks.provider, keep=keep or self.state.keep, clock=clock, since=clock())

        return Starter(opened, FakeWaker())

    def accept(self, body: bytes, keep: Callable[[], None] | None = None) -> Record:
        return accept_call(
            self.ticks.offer.id,
            body,
            sender="0.0.0.0",  # noqa: S104
            ledger=self.ledger,
            starter=self.starter(keep),
            clock=self.ticks.clock,
            throttle=lambda _: True,
        ).record

    def advance(self, call_hash: int) -> Record:
        record, stored = self.ledger.record(call_hash), self.ledger.offer(self.ticks.offer.hash)
        assert record is not None
        assert stored is not None
        clock = self.ticks.clock
        return start_run(record, stored, ledger=self.ledger, starter=self.starter(), clock=clock)


def body_of(signed: SignedCall) -> bytes:
    return canonical(signed.body())


@pytest.fixture
def ticks(tmp_path: Path) -> Ticks:
    return Ticks(tmp_path)


def test_r3_the_branch_holds_the_claim_when_the_start_leaves(ticks: Ticks) -> None:
    signed = sign_call(ticks.offer)
    seen: list[Stage] = []

    def keep_and_look() -> None:
        tick.state.keep()
        record = ticks.record(signed.call.hash)
        assert record is not None
        assert record.tried_at > 0
        seen.append(record.state)

    with ticks.tick() as tick:
        assert tick.accept(body_of(signed), keep_and_look).state is Stage.RUNNING
    assert seen == [Stage.TRIGGERING]


def test_r3_of_two_ticks_that_overlap_one_starts_and_the_other_starts_nothing(ticks: Ticks) -> None:
    body, other = body_of(sign_call(ticks.offer)), body_of(sign_call(ticks.offer, nonce=8))
    with ticks.tick() as first, ticks.tick() as second:
        first.accept(body)
        for letter in (body, other):
            with pytest.raises(NotPushed) as refused:
                second.accept(letter)
            assert refused.value.moved
    assert ticks.provider.starts == 1


def test_r3_a_tick_that_dies_between_claim_and_start_is_followed_by_one_start(ticks: Ticks) -> None:
    signed = sign_call(ticks.offer)
    ticks.provider.dies = "before"
    with ticks.tick() as dying, pytest.raises(Died):
        dying.accept(body_of(signed))
    ticks.provider.dies = ""
    with ticks.tick() as early:
        assert early.accept(body_of(signed)).state is Stage.TRIGGERING
    assert ticks.provider.starts == 0
    ticks.clock.passes(91)
    with ticks.tick() as late:
        for _ in range(2):
            late.advance(signed.call.hash)
            ticks.clock.passes(31)
        record = late.advance(signed.call.hash)
    assert (record.state, ticks.provider.starts) == (Stage.RUNNING, 1)


def test_r3_the_run_of_a_tick_that_died_after_its_start_is_found_by_its_name(ticks: Ticks) -> None:
    signed = sign_call(ticks.offer)
    ticks.provider.dies = "after"
    with ticks.tick() as dying, pytest.raises(Died):
        dying.accept(body_of(signed))
    ticks.clock.passes(91)
    with ticks.tick() as late:
        record = late.advance(signed.call.hash)
    assert (record.state, record.run_id, ticks.provider.starts) == (
        Stage.RUNNING,
        next(iter(ticks.provider.runs)),
        1,
    )


def test_r3_a_start_that_the_push_delayed_does_not_leave(ticks: Ticks) -> None:
    with ticks.tick() as tick:
        record = tick.accept(body_of(sign_call(ticks.offer)), lambda: ticks.clock.passes(31))
    assert (record.state, ticks.provider.starts) == (Stage.CLAIMED, 0)


def test_a_late_start_is_a_clear_no(ticks: Ticks) -> None:
    provider = KeptFirst(ticks.provider, keep=lambda: None, clock=lambda: 31.0, since=0.0)
    with pytest.raises(ProviderBusy, match="expected to keep the claim in time, got late"):
        provider.start(name="a", inputs={})


def test_a_state_in_which_nothing_changed_is_not_pushed(ticks: Ticks) -> None:
    with ticks.tick() as tick:
        before = tick.state.branch.commit
        tick.ledger.suspend_offer(ticks.offer.hash, "")
        tick.state.keep()
        assert tick.state.branch.commit == before
        tick.state.changed(1)
        tick.state.keep()
        assert tick.state.branch.commit != before


def test_what_is_to_be_published_is_there_after_a_tick_that_died(ticks: Ticks) -> None:
    signed = sign_call(ticks.offer)
    with ticks.tick() as dying:
        dying.accept(body_of(signed))
    with ticks.tick() as following:
        assert following.state.unpublished == {signed.call.id: 0}


def test_a_branch_of_other_files_is_no_state(ticks: Ticks, tmp_path: Path) -> None:
    branch = StateBranch(str(ticks.remote), "other", scratch=tmp_path / "scratch")
    branch.push({FILES[0]: b"x"})
    folder = tmp_path / "other"
    folder.mkdir()
    with pytest.raises(Malformed, match=r"expected ledger.db, keys.json, unpublished.json in the branch"):
        State(folder, branch).pull()
