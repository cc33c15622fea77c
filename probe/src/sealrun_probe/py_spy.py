"""py-spy, where it is on PATH: the stacks of Python processes, by function and file."""

import contextlib
import itertools
import os
import re
import shutil
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from sealrun_probe.folding import Stack, stack
from sealrun_probe.samplers import HZ, Refused, Sampled, in_one_line

END_SECONDS = 20
# py-spy ends where it sees no Python for a second. The next one starts after so long, then twice as long.
FIRST_PAUSE_SECONDS, LAST_PAUSE_SECONDS = 0.25, 64.0
# Stacks that py-spy names one by one; more is no profile of a job.
MAX_RAW_BYTES = 256 << 20
# Command lines may have megabytes; py-spy's own frames do not.
MAX_STACK = 8 << 20
_PROCESS = re.compile(r'(?:^|;)process \d+:"([^"\s]*)')
_COUNT = r"([1-9][0-9]{0,11})\n?"
_PROCESSES = re.compile(rf'(.*"(?:;[^"]*\))?) {_COUNT}', re.DOTALL)
_FRAMES = re.compile(rf"(.*) {_COUNT}")
_END = re.compile(rf'([")]) {_COUNT}\Z')
_BETWEEN = re.compile(r"(?<=\));")


class PySpy:
    """A py-spy that follows the command and its children, and another one where it ends before they do."""

    name = "py-spy"

    def __init__(self) -> None:
        self._scratch: TemporaryDirectory[str] | None = None
        self._process: subprocess.Popen[str] | None = None
        self._program, self._messages = "", ""
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def watch(self, pid: int) -> None:
        """Find the program; what waits at the gate is not yet what will run.

        Raises:
            Refused: py-spy is not on PATH.
        """
        del pid
        program = shutil.which("py-spy")
        if program is None:
            raise Refused("expected py-spy on PATH, got none")
        self._program = program
        self._scratch = TemporaryDirectory(prefix="sealrun-py-spy-", ignore_cleanup_errors=True)

    def released(self, pid: int) -> None:
        """Attach."""
        self._process = self._attached(pid, 0)
        self._thread = threading.Thread(target=self._follow, args=(pid, self._process), daemon=True)
        self._thread.start()

    def end(self) -> Sampled:
        """Stop it, as it goes on with what the command left running, and read what it wrote.

        Raises:
            Refused: it could not attach, or saw no Python.
        """
        if self._scratch is None or self._process is None or self._thread is None:
            raise Refused("expected a process to follow, got none")
        self._over.set()
        with self._scratch as folder:
            _tell(self._process, signal.SIGINT)
            self._thread.join(END_SECONDS)
            if self._thread.is_alive():
                _tell(self._process, signal.SIGKILL)
                raise Refused(f"expected an end within {END_SECONDS} s, got none")
            files = list(Path(folder).iterdir())
            if not files or sum(file.stat().st_size for file in files) > MAX_RAW_BYTES:
                raise Refused(f"expected samples, got: {in_one_line(self._messages)}")
            stacks: Counter[Stack] = Counter()
            for file in files:
                with file.open(errors="surrogateescape", newline="\n") as lines:
                    stacks.update(parse(lines))
        if not stacks:
            raise Refused("expected a Python process at work, got none")
        return Sampled(dict(stacks), HZ)

    def _follow(self, pid: int, process: subprocess.Popen[str]) -> None:
        """Wait for each end. What begins as a shell may be Python later; Python may also come and go."""
        pause = FIRST_PAUSE_SECONDS
        for number in itertools.count(1):
            with process:
                said = process.communicate()[1]
            # Behind an empty line stands where in py-spy it happened.
            self._messages = self._messages or said.partition("\n\n")[0]
            pause = min(2 * pause, LAST_PAUSE_SECONDS) if process.returncode else FIRST_PAUSE_SECONDS
            if self._over.wait(pause):
                return
            try:
                self._process = process = self._attached(pid, number)
            except OSError as error:
                self._messages = str(error)
                return
            if self._over.is_set():
                _tell(process, signal.SIGINT)

    def _attached(self, pid: int, number: int) -> subprocess.Popen[str]:
        """Start py-spy. It logs nothing, which nobody would read and which takes time from the command."""
        options = ["--rate", str(HZ), "--format", "raw", "--subprocesses", "--nolineno"]
        raw = Path(self._scratch.name if self._scratch else "") / str(number)
        return subprocess.Popen(
            [self._program, "record", *options, "--output", str(raw), "--pid", str(pid)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**os.environ, "RUST_LOG": "off"},
            text=True,
            errors="replace",
            start_new_session=True,
            preexec_fn=_hear,  # noqa: PLW1509  it takes no lock
        )


def _tell(process: "subprocess.Popen[str]", number: signal.Signals) -> None:
    """Send py-spy a signal. One that another user runs, as by sudo, takes none and ends by itself."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        process.send_signal(number)


def _hear() -> None:
    """In the child: let the signal through that stops it, which the probe blocks and a shell may ignore."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def parse(lines: Iterable[str]) -> dict[Stack, int]:
    """Stacks of py-spy's raw form, without process ids and arguments.

    A stack is ``process 7:"sh -c a;b";process 8:"python x.py";<module> (x.py);f (x.py) 12``. py-spy escapes
    nothing: a command line may hold semicolons, quotes and line feeds, so a stack may take several lines. The
    Python frames begin behind the last quote and semicolon, and each ends with a parenthesis.

    Not recognised: a process whose program's path holds a space (it is named by what stands before), a
    Python file whose name holds ``";`` or ``);``.
    """
    stacks: Counter[Stack] = Counter()
    for text, count in _whole(lines):
        only_processes = text.endswith('"')  # without a Python frame
        processes, _, frames = (text, "", "") if only_processes else text.rpartition('";')
        names = [name.rpartition("/")[2] for name in _PROCESS.findall(processes)]
        stacks[stack([*names, *_BETWEEN.split(frames)] if frames else names)] += count
    return dict(stacks)


def _whole(lines: Iterable[str]) -> Iterator[tuple[str, int]]:
    """Each stack and its count, its lines joined; what does not end like one is left out."""
    parts: list[str] = []
    size, behind_quote = 0, ""
    for line in lines:
        parts.append(line)
        size += len(line)
        if (quote := line.rfind('"')) >= 0:
            behind_quote = line[quote + 1 : quote + 2]
        of_process = _PROCESS.match(parts[0]) is not None
        # The line and the last quote before its end tell whether a stack ends here: a script of many lines is
        # searched once and not once a line.
        end = _END.search(line)
        ends = not of_process or (end and (end[1] == '"' or behind_quote == ";"))
        if ends and (match := (_PROCESSES if of_process else _FRAMES).fullmatch("".join(parts))):
            yield match[1], int(match[2])
        elif of_process and size <= MAX_STACK:
            continue
        parts.clear()
        size, behind_quote = 0, ""
