"""What `make demo` takes once everything is installed: its time, its processor's time and its memory."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from bench.table import Row

ROOT = Path(__file__).resolve().parents[1]
PROVER = b"tools/prover.js"
# The project's goals for a second run; the prover's own memory is another row.
REACH_SECONDS, REACH_MB = 40, 700
LOOK_SECONDS = 0.25


def rows() -> list[Row]:
    """One run of the whole sale, real proofs among it; no spread.

    Raises:
        RuntimeError: the demo failed.
    """
    start, log = time.perf_counter(), ROOT / "out" / "bench-demo.log"
    log.parent.mkdir(exist_ok=True)
    with log.open("wb") as out:
        process = subprocess.Popen([sys.executable, "-m", "local.demo"], cwd=ROOT, stdout=out, stderr=out)
        memory, ended = _Memory(process.pid), threading.Event()
        watching = threading.Thread(target=memory.watch, args=(ended,))
        watching.start()
        _, status, usage = os.wait4(process.pid, 0)
        ended.set()
        watching.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"demo: expected a sale, got status {process.returncode}; see {log}")
    return [
        _row("demo", "s", time.perf_counter() - start, REACH_SECONDS),
        _row("demo: CPU", "s", usage.ru_utime + usage.ru_stime, None),
        _row("demo: memory of all but the prover", "MB", memory.others, REACH_MB),
        _row("demo: memory of the prover", "MB", memory.prover, None),
    ]


class _Memory:
    """The most that a process and those below it held at once, in MB; pages that several share count once."""

    def __init__(self, pid: int) -> None:
        self._pid, self.others, self.prover = pid, 0.0, 0.0

    def watch(self, ended: threading.Event) -> None:
        """Look again and again."""
        while not ended.wait(LOOK_SECONDS):
            held = {pid: _held(pid) for pid in _below(self._pid)}
            provers = [pid for pid in held if PROVER in _read(Path(f"/proc/{pid}/cmdline"))]
            prover = sum(held[pid] for pid in provers)
            self.prover = max(self.prover, prover)
            self.others = max(self.others, sum(held.values()) - prover)


def _below(pid: int) -> list[int]:
    """A process and all that descend from it."""
    found = [pid]
    for each in found:
        for task in Path(f"/proc/{each}/task").glob("*/children"):
            found += map(int, _read(task).split())
    return found


def _held(pid: int) -> float:
    """Megabytes of a process: its share of each page (Pss); 0 once it is over."""
    lines = _read(Path(f"/proc/{pid}/smaps_rollup")).splitlines()
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(b"Pss:")), 0.0)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # it ended meanwhile
        return b""


def _row(name: str, unit: str, value: float, reach: float | None) -> Row:
    return Row(name, unit, value, 0.0, None, None, None, reach)
