"""Processes of this repository that go on when the command has ended: the sandbox, a local stack."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sealrun_cli.lib.errors import CliError

ROOT = Path(__file__).resolve().parents[4]
START_SECONDS = 300
STOP_SECONDS = 30
POLL_SECONDS = 0.1


def start(module: str, ready: Path, arguments: Sequence[str], *, log: Path) -> dict[str, Any]:
    """Start ``python -m MODULE`` and wait for its ready file; what that says.

    Raises:
        CliError: this is no checkout of the repository, or the process ended before it was ready.
    """
    if not (ROOT / "local" / "stack.py").exists():
        said = "local: expected a checkout of sealrun's repository, got an installed command"
        raise CliError("local", said, "clone the repository and run `make setup-all` in it")
    ready.unlink(missing_ok=True)
    command = [sys.executable, "-m", module, "--ready", str(ready.resolve()), *arguments]
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True
        )
    try:
        _wait(process, module, ready, log)
    except BaseException:  # Ctrl-C, too: it has a session of its own, and nobody would know of it
        process.terminate()
        process.wait(STOP_SECONDS)
        raise
    return dict(json.loads(ready.read_bytes()))


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


def stop(pid: int, module: str) -> bool:
    """End it and wait; False where it did not run."""
    if not pid or not alive(pid, module):
        return False
    os.kill(pid, signal.SIGTERM)
    end = time.monotonic() + STOP_SECONDS
    while alive(pid, module) and time.monotonic() < end:
        time.sleep(POLL_SECONDS)
    return True
