"""One run of an offer before anyone can buy it: started once, watched, and stopped when its time is over.

The run is judged as the functions judge it; only the ledger, the lease and the receipt are missing.
"""

import secrets
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace

from sealrun.errors import ProviderError, ProviderUnclear
from sealrun.offers.offer import Offer
from sealrun.ports.provider import Provider
from sealrun.runs.judge import judge, run_name
from sealrun.runs.record import UNCLEAR_WAIT, Ending, Record, State, accepted, due, running, stopping, trying
from sealrun.runs.run import Run, RunStatus
from sealrun.workflows.watch_run import expect_all_told
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.output import Output
from sealrun_cli.lib.units import lasting

LOOK_SECONDS = 5
# Somebody waits in front of the command, so it asks with force sooner than the functions do.
FORCE_AFTER = 60
STOP_WITHIN = 180
# Every value below it is a field element, as call hashes are.
HASH_BITS = 253


def _now() -> int:
    return int(time.time())


@dataclass
class Trial:
    """A run that nobody bought, under a call hash that is made up."""

    offer: Offer
    provider: Provider
    out: Output
    clock: Callable[[], int] = _now
    sleep: Callable[[float], None] = time.sleep
    record: Record = field(init=False)
    run: Run | None = None
    interrupted: bool = False

    def __post_init__(self) -> None:
        call_hash, now = secrets.randbits(HASH_BITS), self.clock()
        self.record = Record(call_hash, self.offer.hash, "", {}, now, State.CLAIMED)

    def take(self, inputs: Mapping[str, object]) -> Run:
        """Start the run and follow it to its end; Ctrl-C or SIGTERM stops the run, and is noted.

        Raises:
            ProviderError: the provider did not start it.
            CliError: it may have started it, and shows no run of that name.
        """
        with _interrupted_by_sigterm():
            return self._taken(inputs)

    def _taken(self, inputs: Mapping[str, object]) -> Run:
        try:
            run = self._started(inputs)
            self.out.progress(f"run      {run.url}")
            return self._followed(run)
        except KeyboardInterrupt:
            self.interrupted = True
            self.out.progress("stopping the run; Ctrl-C again leaves it as it is")
            return self._stopped(self.run or self._sought())

    def ending(self, run: Run) -> Ending:
        """How a run that is over ended, by the functions' own judgement.

        Raises:
            ProviderError: the provider does not tell, or not yet.
        """
        jobs, now = self.provider.jobs(run.id), self.clock()
        expect_all_told(run, jobs, self.offer, now=now)
        return judge(run, jobs, self.record, self.offer, now=now)

    def _started(self, inputs: Mapping[str, object]) -> Run:
        self.record = trying(self.record, now=self.clock())
        try:
            run = self.provider.start(name=self.record.id, inputs=inputs)
        except ProviderUnclear:
            run = self._sought()
        now, seconds = self.clock(), self.offer.limits.seconds
        self.record = accepted(self.record, run_id=run.id, run_url=run.url, now=now, seconds=seconds)
        return self._seen(run)

    def _sought(self) -> Run:
        """The run of a start without an answer; a provider may take its own time limit to show it."""
        name, until = run_name(self.record.id), self.record.tried_at + UNCLEAR_WAIT
        self.out.progress(f"looking for the run `{name}`")
        while not (runs := self._of_its_name()):
            if self.clock() >= until:
                said = f"start: expected an answer or a run of its name within {UNCLEAR_WAIT} s, got neither"
                raise CliError("provider", said, f"look for `{name}` at the provider, and stop it there")
            self.sleep(LOOK_SECONDS)
        return runs[0]

    def _of_its_name(self) -> list[Run]:
        try:
            return self.provider.find(self.record.id, since=self.record.claimed_at)
        except ProviderError:  # asked again
            return []

    def _followed(self, run: Run) -> Run:
        """The run when it is over, or when its time is."""
        limits = self.offer.limits
        with self.out.waiting("the run", f"at most {lasting(limits.longest)}") as wait:
            while not run.status.over:
                if self.clock() >= due(self.record, limits) and not self._is_taken():
                    self.record = stopping(self.record, now=self.clock())
                    return self._stopped(run)
                wait.what = "waiting for a runner" if run.status is RunStatus.WAITING else "the run"
                run = self._later(run)
        return run

    def _is_taken(self) -> bool:
        """Whether a run that waits for a runner has a job that did not; its time to run begins now.

        GitHub calls a run queued as long as one of its jobs waits.
        """
        if self.record.running_since:
            return False
        with suppress(ProviderError):
            if any(job.taken for job in self.provider.jobs_now(self.record.run_id)):
                self.record = running(self.record, started_at=0, now=self.clock())
        return bool(self.record.running_since)

    def _stopped(self, run: Run) -> Run:
        """The run after it was asked to stop, with force where that does not help; it may still go on."""
        began = self.clock()
        while not run.status.over and self.clock() < began + STOP_WITHIN:
            try:
                self.provider.cancel(run.id, force=self.clock() >= began + FORCE_AFTER)
            except ProviderError as error:
                self.out.progress(f"not stopped yet: {error.detail}")
            run = self._later(run)
        return run

    def _later(self, run: Run) -> Run:
        """The run some seconds later; as it was if the provider does not tell now."""
        self.sleep(LOOK_SECONDS)
        try:
            return self._seen(self.provider.read(run.id))
        except ProviderError as error:
            self.out.progress(f"no answer yet: {error.detail}")
            return run

    def _seen(self, run: Run) -> Run:
        now, self.run = self.clock(), run
        if run.status is not RunStatus.WAITING:
            self.record = running(self.record, started_at=run.started_at, now=now)
        self.record = replace(self.record, looked_at=now)
        return run


@contextmanager
def _interrupted_by_sigterm() -> Iterator[None]:
    """A supervisor's SIGTERM is what Ctrl-C is, so that no run goes on for nobody."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
