"""Processes that go on when the command has ended: the sandbox, a service of `deploy --local`."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sealrun_cli.lib.errors import CliError

ROOT = Path(__file__).resolve().parents[4]
# The environment variable with the ready file's path; everything that the process starts inherits it.
MARK = "SEALRUN_BACKGROUND"
START_SECONDS = 300
STOP_SECONDS = 30
POLL_SECONDS = 0.1


def need_checkout() -> None:
    """What is in the repository only.

    Raises:
        CliError: this is no checkout of it.
    """
    if not (ROOT / "local" / "sandbox.py").exists():
        detail = "local: expected a checkout of sealrun's repository, got an installed command"
        raise CliError("local", detail, "clone the repository and run `make setup-all` in it")


def start(
    module: str,
    ready: Path,
    arguments: Sequence[str],
    *,
    log: Path,
    folder: Path = ROOT,
    environment: Mapping[str, str] = os.environ,
) -> dict[str, Any]:
    """Start ``python -m MODULE ARGUMENTS --ready FILE`` and wait for the file; return what it says.

    A process that an earlier start with this ready file left running is ended first.

    Raises:
        CliError: the process ended before it was ready, or did not become ready.
    """
    stop(module, ready)
    ready.unlink(missing_ok=True)
    command = [sys.executable, "-m", module, *arguments, "--ready", str(ready.resolve())]
    with log.open("wb") as file:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**environment, MARK: str(ready.resolve())},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    try:
        with stopped_on_interrupt(module, ready):
            _wait(process, module, ready, log)
    except BaseException:
        process.wait(STOP_SECONDS)
        raise
    return dict(json.loads(ready.read_bytes()))


@contextmanager
def stopped_on_interrupt(module: str, ready: Path) -> Iterator[None]:
    """End the background process where the block does not come to its end.

    Ctrl-C does not reach the process, because it has a session of its own. A second Ctrl-C does not cut the
    ending short.
    """
    try:
        yield
    except BaseException:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            stop(module, ready)
        finally:
            signal.signal(signal.SIGINT, before)
        raise


def _wait(process: "subprocess.Popen[bytes]", module: str, ready: Path, log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > end:
            last = log.read_text(errors="replace").strip().splitlines()[-1:] or ["nothing"]
            raise CliError("local", f"{module}: expected it to start, got {last[0][:300]}", f"read {log}")
        time.sleep(POLL_SECONDS)


def alive(pid: int, module: str) -> bool:
    """True while the process runs and is this module's: numbers of processes are used again."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return module.encode() in command.split(b"\0")


def stop(module: str, ready: Path) -> bool:
    """End the process with this ready file and everything that it started; False where nothing runs.

    Also finds what is left of a process that was killed. Processes are known by a variable in their
    environment, which they inherit: sessions and parents change, and process ids are used again.
    """
    ready = _as_started(module, ready)
    marked = _marked(ready)
    for pid in marked:
        if alive(pid, module):
            os.kill(pid, signal.SIGTERM)
    _wait_for_the_end([pid for pid in marked if alive(pid, module)], module)
    _kill_marked(ready)
    return bool(marked)


def _as_started(module: str, ready: Path) -> Path:
    """The ready file as its process knows it, which is another one where the folder was renamed since."""
    ready = ready.resolve()
    pid = _pid(ready)
    if pid is None or not alive(pid, module):
        return ready
    marks = [each for each in _environment(Path(f"/proc/{pid}")) if each.startswith(f"{MARK}=".encode())]
    known = Path(os.fsdecode(marks[0].partition(b"=")[2])) if marks else ready
    copied = _pid(known) == pid and not known.samefile(ready)  # a link may lead from there to here
    return ready if copied else known


def _pid(ready: Path) -> int | None:
    """The process of which the file tells; None where there is no such file."""
    try:
        return int(json.loads(ready.read_bytes())["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _wait_for_the_end(pids: Sequence[int], module: str) -> None:
    end = time.monotonic() + STOP_SECONDS
    while any(alive(pid, module) for pid in pids) and time.monotonic() < end:
        time.sleep(POLL_SECONDS)


def _kill_marked(ready: Path) -> None:
    """Again and again, because a process may start another one meanwhile."""
    end = time.monotonic() + STOP_SECONDS
    while (marked := _marked(ready)) and time.monotonic() < end:
        for pid in marked:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(POLL_SECONDS)


def _marked(ready: Path) -> list[int]:
    """The processes that carry this ready file's mark; those that have ended show no environment."""
    mark = os.fsencode(f"{MARK}={ready}")
    return [int(path.name) for path in Path("/proc").glob("[0-9]*") if mark in _environment(path)]


def _environment(process: Path) -> list[bytes]:
    try:
        return (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return []
