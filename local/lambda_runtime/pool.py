"""The processes of one function: started when needed, used again, replaced when they end."""

from collections.abc import Sequence
from pathlib import Path
from threading import Condition

from local.closing import STOP_SECONDS
from local.lambda_runtime.model import Function, Outcome, Throttled
from local.lambda_runtime.sandbox import Sandbox


class Pool:
    """Runs events of one function in at most ``function.concurrency`` processes."""

    def __init__(self, function: Function, *, path: Sequence[Path], log: Path) -> None:
        self.function = function
        self._path = path
        self._log = log.open("ab", buffering=0)
        self._lock = Condition()
        self._idle: list[Sandbox] = []
        self._all: list[Sandbox] = []
        self._busy = 0
        self._closed = False

    def invoke(self, event: bytes) -> Outcome:
        """Run one event to its outcome.

        Raises:
            Throttled: as many events as allowed are under way.
        """
        sandbox = self._take()
        try:
            if sandbox is None:
                sandbox = self.start()
                if (failure := sandbox.initialise()) is not None:
                    return failure
            return sandbox.invoke(event)
        finally:
            self._give_back(sandbox)

    def sandboxes(self) -> list[Sandbox]:
        """The processes that are alive."""
        with self._lock:
            return [sandbox for sandbox in self._all if sandbox.alive]

    def end(self) -> None:
        """Take no more events and end all processes; events under way end in an error."""
        self._closed = True
        with self._lock:
            sandboxes = list(self._all)
        for sandbox in sandboxes:
            sandbox.close()

    def close(self) -> None:
        """End all processes, and close the log once what was under way has been reported."""
        self.end()
        with self._lock:
            self._lock.wait_for(lambda: self._busy == 0, STOP_SECONDS)
        self._log.close()

    def _take(self) -> Sandbox | None:
        with self._lock:
            if self._closed or self._busy >= self.function.concurrency:
                raise Throttled(f"{self.function.name}: expected at most {self.function.concurrency} at once")
            self._busy += 1
            while self._idle:
                if (sandbox := self._idle.pop()).alive:
                    return sandbox
                sandbox.close()
            return None

    def start(self) -> Sandbox:
        """Start a process that is not in use by the pool."""
        sandbox = Sandbox(self.function, path=self._path, log=self._log)
        with self._lock:
            self._all = [*(other for other in self._all if other.alive), sandbox]
        return sandbox

    def _give_back(self, sandbox: Sandbox | None) -> None:
        with self._lock:
            self._busy -= 1
            self._lock.notify_all()
            if sandbox is not None and sandbox.alive:
                self._idle.append(sandbox)
