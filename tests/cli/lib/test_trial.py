"""A trial run is started once, judged as a call's run is, and stopped when it must not go on."""

import os
import signal
from dataclasses import dataclass, replace

import pytest

from sealrun.errors import ProviderRefused
from sealrun.runs.run import Job, JobResult, RunStatus
from sealrun_cli.lib.check_run import RunCheck
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.findings import Finding
from sealrun_cli.lib.output import Output
from sealrun_cli.lib.trial import STOP_WITHIN, Trial
from tests.sealrun.fakes import FakeClock, FakeIssuers, FakeProvider
from tests.sealrun.world import limits_value, make_offer

OFFER = make_offer(limits=limits_value(queue_seconds=300))
TOKEN = "glpat-of-the-offer-alone"


@dataclass
class Seller:
    """Waits as the clock passes, and presses Ctrl-C in the wait of this number."""

    clock: FakeClock
    presses: int = 0
    waits: int = 0

    def sleep(self, seconds: float) -> None:
        self.waits += 1
        self.clock.passes(int(seconds))
        if self.waits == self.presses:
            raise KeyboardInterrupt


def trial(*, presses: int = 0, **changes: object) -> tuple[Trial, FakeProvider]:
    clock = FakeClock()
    provider = FakeProvider(clock, OFFER, **changes)  # type: ignore[arg-type]
    seller = Seller(clock, presses)
    made = Trial(OFFER, provider, Output(as_json=False), clock=clock, sleep=seller.sleep)
    return made, provider


def found(made: Trial) -> dict[str, Finding]:
    """The findings by what they are of; the last of each."""
    check = RunCheck(made, FakeIssuers(), TOKEN)
    return {each.what: each for each in check.run({"layer": "mina"})}


def test_a_run_that_succeeds_is_found_judged_and_looked_through() -> None:
    made, provider = trial(log_text=f"$ echo {TOKEN}\n".encode())
    shown = found(made)
    assert (provider.starts, provider.inputs) == (1, {"layer": "mina"})
    assert all(shown[name].holds for name in ("name", "commit", "file", "outcome"))
    assert "build/job.log" in shown["evidence"].message
    assert "masked" in shown["log"].message
    assert TOKEN not in str(shown)


def test_a_run_that_fails_is_a_cross_with_its_reason() -> None:
    made, _ = trial(ends_as=RunStatus.FAILED)
    shown = found(made)
    assert (shown["outcome"].holds, shown["jobs"].message) == (False, "1 failed: build")
    assert "build: failed, script_failure" in shown["outcome"].message


def test_r4_a_run_of_another_commit_is_a_cross() -> None:
    made, _ = trial(sha="ab" * 20)
    shown = found(made)
    assert (shown["commit"].holds, shown["outcome"].holds) == (False, False)


@pytest.mark.parametrize("stubborn", ["", "until forced"])
def test_l11_ctrl_c_stops_the_run_and_says_so(stubborn: str) -> None:
    made, provider = trial(presses=2, duration=500, stubborn=stubborn)
    shown = found(made)
    assert made.interrupted
    assert provider.finished() == []
    assert shown["outcome"].message == "you stopped the trial; the run is canceled"
    assert ("force" in provider.calls) is bool(stubborn)


def test_l11_sigterm_stops_the_run_as_ctrl_c_does() -> None:
    made, provider = trial(duration=500)
    before = signal.getsignal(signal.SIGTERM)

    def terminated(_seconds: float) -> None:
        made.sleep = made.clock.passes  # type: ignore[attr-defined]
        os.kill(os.getpid(), signal.SIGTERM)

    made.sleep = terminated
    shown = found(made)
    assert made.interrupted
    assert provider.finished() == []
    assert shown["outcome"].message == "you stopped the trial; the run is canceled"
    assert signal.getsignal(signal.SIGTERM) is before


def test_l11_ctrl_c_says_that_the_run_goes_on_where_it_does() -> None:
    made, provider = trial(presses=2, duration=STOP_WITHIN + 300, stubborn="never")
    shown = found(made)
    assert len(provider.finished()) == 1
    assert (shown["outcome"].holds, "goes on" in shown["outcome"].message) == (False, True)
    assert OFFER.source.origin in shown["outcome"].following


@pytest.mark.parametrize(
    ("queued", "duration", "outcome"),
    [(0, 5000, "time limit: "), (400, 5, "never started: ")],
)
def test_l11_a_run_is_stopped_when_its_time_is_over(queued: int, duration: int, outcome: str) -> None:
    made, provider = trial(queued=queued, duration=duration)
    shown = found(made)
    assert (shown["outcome"].holds, provider.finished()) == (False, [])
    assert shown["outcome"].message.startswith(outcome)


def test_l11_a_run_of_which_one_job_waits_and_another_began_is_not_stopped_as_one_that_waits() -> None:
    """GitHub calls such a run queued; the offer's time to run begins when its time to wait is over."""
    for queued, outcome in ((400, "succeeded: "), (10**6, "time limit: ")):
        made, provider = trial(queued=queued)
        build = replace(provider.jobs(1)[0], result=JobResult.UNFINISHED, runs=True)
        provider.jobs_now = lambda _, build=build: [build]  # type: ignore[method-assign, misc]
        shown = found(made)["outcome"]
        assert shown.message.startswith(outcome)


@pytest.mark.parametrize("seconds", [200, 10**6])
def test_r9_a_job_whose_end_is_told_after_its_runs_is_waited_for(seconds: int) -> None:
    made, provider = trial()
    [build] = provider.jobs(1)
    told, late = made.clock() + provider.duration + seconds, replace(build, result=JobResult.UNFINISHED)

    def jobs(run_id: int) -> list[Job]:  # noqa: ARG001
        return [build if made.clock() >= told else late]

    provider.jobs = jobs  # type: ignore[method-assign]
    shown = found(made)["outcome"]
    assert shown.holds is (seconds == 200)


def test_l11_a_run_that_cannot_be_stopped_is_named_with_its_address() -> None:
    made, provider = trial(duration=10_000, stubborn="never")
    shown = found(made)["outcome"]
    assert (shown.message, len(provider.finished())) == ("the run was asked to stop, and goes on", 1)
    assert OFFER.source.origin in shown.following


def test_r3_a_start_without_an_answer_is_looked_for_and_not_repeated() -> None:
    made, provider = trial(answers=["late"])
    assert made.take({}).status is RunStatus.SUCCEEDED
    assert provider.starts == 1


def test_r3_a_start_that_shows_no_run_names_what_to_look_for() -> None:
    made, provider = trial(answers=["nothing"])
    with pytest.raises(CliError, match="got neither") as caught:
        made.take({})
    assert (provider.starts, made.record.id in caught.value.following) == (1, True)


def test_what_the_provider_refuses_is_said_in_its_words() -> None:
    made, _ = trial(answers=["refused"])
    with pytest.raises(ProviderRefused, match="Reference not found"):
        made.take({})
