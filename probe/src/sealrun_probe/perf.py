"""Linux perf: call stacks of every process of the job, by the kernel's own clock."""

import contextlib
import os
import re
import select
import shutil
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from io import BufferedReader
from pathlib import Path
from typing import Any, cast

from sealrun_probe.folding import Stack
from sealrun_probe.perf_samples import Hits, NotTheSame, read
from sealrun_probe.samplers import HZ, Refused, Sampled, in_one_line
from sealrun_probe.uprobes import Probe, Probes

# cpu-clock works with and without a performance counter, and a sample means the same on both (ADR 0011).
EVENT = f"cpu-clock/freq={HZ}/"
MAX_DATA = "32M"
READY_SECONDS = 10
STOP_SECONDS = 20
READ_SECONDS = 60
CHUNK = 1 << 16
# The first that converts to JSON.
OLDEST = (5, 13)
# perf says "ack\n" and a NUL when it has done what it was told: perf-record(1), --control.
_ACK_BYTES = 5
_CUT = "stopping session"


class Perf:
    """A perf that is attached to the command at its gate, and told when to begin and to stop."""

    name = "perf"

    def __init__(self, data: Path, probes: list[Probe]) -> None:
        self._data, self._probes = data, Probes(probes)
        self._process: subprocess.Popen[bytes] | None = None
        self._control = self._answers = -1

    def watch(self, pid: int) -> None:
        """Attach, with the probes that the kernel takes.

        Raises:
            Refused: there is no perf, or the kernel does not let it.
        """
        if shutil.which("perf") is None:
            raise Refused("expected perf on PATH, got none (Debian: linux-perf)")
        _check_version()
        self._probes.set()
        try:
            self._attach(pid)
        except Refused:
            self._probes.remove()
            raise

    def released(self, pid: int) -> None:
        """Nothing to do: perf follows by itself."""

    def end(self) -> Sampled:
        """Stop, and read what was recorded.

        Raises:
            Refused: perf did not stop, or recorded nothing.
        """
        try:
            messages = self._stop()
            stacks, hits = self._read()
        finally:
            self._probes.remove()
        if not stacks and not any(each.count for each in hits.values()):
            raise Refused("expected samples, got none before the command was over")
        self._data.chmod(0o644)
        documents = self._probes.document(hits)
        return Sampled(stacks, HZ, cut=_CUT in messages, attachment=self._data, probes=documents)

    def _attach(self, pid: int) -> None:
        control, self._control = os.pipe()
        self._answers, answer = os.pipe()
        events = [part for event in [EVENT, *self._probes.events] for part in ("-e", event)]
        control_options = ["--delay=-1", "--control", f"fd:{control},{answer}", "--pid", str(pid)]
        output = [
            "-g",
            "--timestamp",
            "--no-buildid-cache",
            "--buildid-all",
            "--max-size",
            MAX_DATA,
            "-o",
            str(self._data),
        ]
        try:
            words = ["perf", "record", *events, *output, *control_options]
            self._process = _start(words, pass_fds=(control, answer))
        finally:
            os.close(control)
            os.close(answer)
        self._begin()

    def _begin(self) -> None:
        """Tell perf to record, and wait until it says that it does."""
        self._tell("enable")
        ready, _, _ = select.select([self._answers], [], [], READY_SECONDS)
        if not ready or len(os.read(self._answers, _ACK_BYTES)) != _ACK_BYTES:
            raise Refused(f"perf record: {in_one_line(self._finished(timeout=1))}")

    def _stop(self) -> str:
        self._tell("stop")
        return self._finished(timeout=STOP_SECONDS)

    def _tell(self, word: str) -> None:
        with contextlib.suppress(BrokenPipeError):  # it has ended: its messages tell why
            os.write(self._control, word.encode() + b"\n")

    def _finished(self, *, timeout: float) -> str:
        """The messages of perf, once it has ended."""
        if self._process is None:
            raise Refused("expected a perf that was started, got none")
        with self._process as process:
            try:
                return process.communicate(timeout=timeout)[1].decode(errors="replace")
            except subprocess.TimeoutExpired:
                process.kill()
                raise Refused(f"expected perf to end within {timeout:g} s, got a perf at work") from None
            finally:
                os.close(self._control)
                os.close(self._answers)  # not before: perf dies of an answer that nobody can read

    def _read(self) -> tuple[dict[Stack, int], dict[str, Hits]]:
        """The stacks and the probes' hits, as perf tells them in its two forms."""
        fields = "tid,time,event,ip,dso" + (",trace" if self._probes.events else "")
        data = ["-i", str(self._data)]
        with (
            _reading(["perf", "data", "convert", *data, "--force", "--to-json", "/dev/stdout"]) as quoted,
            _reading(["perf", "script", *data, "--ns", "--no-inline", "-F", fields]) as lines,
        ):
            try:
                return read(iter(partial(quoted.read1, CHUNK), b""), lines, self._probes.events)
            except NotTheSame as error:
                raise Refused(str(error)) from error


def _check_version() -> None:
    with _start(["perf", "version"], stdout=subprocess.PIPE) as process:
        text = process.communicate(timeout=READY_SECONDS)[0].decode(errors="replace")
    numbers = re.search(r"(\d+)\.(\d+)", text)
    if numbers is None or (int(numbers[1]), int(numbers[2])) < OLDEST:
        raise Refused(f"expected perf {OLDEST[0]}.{OLDEST[1]} or newer, got: {in_one_line(text)}")


@contextlib.contextmanager
def _reading(command: list[str]) -> Iterator[BufferedReader]:
    """What a perf prints, for as long as it may take.

    Raises:
        Refused: it ends with an error.
    """
    with _start(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        timer = threading.Timer(READ_SECONDS, process.kill)
        timer.start()
        try:
            yield cast("BufferedReader", process.stdout)
        finally:
            timer.cancel()
    if process.returncode:
        raise Refused(f"{' '.join(command[:2])}: expected exit status 0, got {process.returncode}")


def _start(command: list[str], **how: Any) -> subprocess.Popen[bytes]:
    """A perf that reads nobody's configuration, asks no server for symbols and hears nobody's Ctrl-C."""
    own = {"PERF_CONFIG": os.devnull, "DEBUGINFOD_URLS": "", "LC_ALL": "C"}
    how = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, **how}
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **own},
        start_new_session=True,
        **how,
    )
