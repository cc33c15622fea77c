"""/proc: which process of the job's tree took processor time, ten times a second."""

import contextlib
import os
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from sealrun_probe.folding import Stack, stack
from sealrun_probe.samplers import Refused, Sampled

PERIOD_SECONDS = 0.1
# In a larger tree, the processes beyond this number are not looked at.
MAX_PROCESSES = 4096
PROC = Path("/proc")


class Proc:
    """A thread that reads /proc; a sample is one clock tick, whose length ``SC_CLK_TCK`` gives."""

    name = "proc"

    def __init__(self, proc: Path = PROC, period: float = PERIOD_SECONDS) -> None:
        self._proc, self._period = proc, period
        self._over = threading.Event()
        self._seen: dict[int, int] = {}
        self._stacks: Counter[Stack] = Counter()
        self._thread: threading.Thread | None = None

    def watch(self, pid: int) -> None:
        """Check that the kernel shows times and children (CONFIG_PROC_CHILDREN).

        Raises:
            Refused: the kernel does not show them.
        """
        try:
            self._ticks(pid)
            self._children(pid)
        except (OSError, ValueError, IndexError) as error:
            raise Refused(f"expected stat and children of a process in {self._proc}, got {error}") from error
        self._seen[pid] = self._ticks(pid)  # the time of the probe's own fork is not the command's

    def released(self, pid: int) -> None:
        """Start looking."""
        self._thread = threading.Thread(target=self._run, args=(pid,), daemon=True)
        self._thread.start()

    def end(self) -> Sampled:
        """The samples.

        Raises:
            Refused: no process took a tick while one was looking.
        """
        self._over.set()
        if self._thread is not None:
            self._thread.join(timeout=5)
        if not self._stacks:
            raise Refused("expected some processor time, got none before the command was over")
        return Sampled(dict(self._stacks), os.sysconf("SC_CLK_TCK"))

    def look(self, pid: int) -> None:
        """Give each process's new ticks to the chain of names that leads to it."""
        for process, names in self._tree(pid):
            with contextlib.suppress(OSError, ValueError, IndexError):  # it ended meanwhile
                ticks = self._ticks(process)
                if new := ticks - self._seen.get(process, 0):
                    self._stacks[stack(names)] += max(new, 0)
                self._seen[process] = ticks

    def _run(self, pid: int) -> None:
        while not self._over.wait(self._period):
            self.look(pid)

    def _tree(self, pid: int) -> Iterator[tuple[int, list[str]]]:
        waiting: list[tuple[int, list[str]]] = [(pid, [])]
        for _ in range(MAX_PROCESSES):
            if not waiting:
                return
            process, above = waiting.pop()
            with contextlib.suppress(OSError):
                # The kernel adds one LF; another is the name's own.
                comm = (self._proc / str(process) / "comm").read_bytes().removesuffix(b"\n")
                names = [*above, os.fsdecode(comm)]
                waiting += [(child, names) for child in self._children(process)]
                yield process, names

    def _children(self, pid: int) -> list[int]:
        threads = (self._proc / str(pid) / "task").iterdir()
        return [int(child) for thread in threads for child in (thread / "children").read_text().split()]

    def _ticks(self, pid: int) -> int:
        """User and kernel time; the name in parentheses before them may hold anything: proc_pid_stat(5)."""
        stat = (self._proc / str(pid) / "stat").read_bytes()
        fields = stat[stat.rindex(b")") + 1 :].split()
        return int(fields[11]) + int(fields[12])
