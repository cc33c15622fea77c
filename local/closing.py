"""Servers that end when the `with` block that opened them ends."""

import subprocess
import sys
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, cast

ROOT = Path(__file__).resolve().parents[1]
# How long a process may take to end by itself.
STOP_SECONDS = 10


class Closing(ABC):
    """A context manager that closes itself."""

    @abstractmethod
    def close(self) -> None:
        """End what was started."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Child(Closing):
    """``python -m local.NAME`` in a process of its own, until ``close``; its errors go to ``NAME.log``.

    The first line that it prints is its ``url``. It ends when its standard input is closed, so it never
    outlives this process.
    """

    def __init__(self, name: str, folder: Path, *arguments: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._log = (folder / f"{name}.log").open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"local.{name}", *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )
        line = cast("BinaryIO", self._process.stdout).readline().decode().strip()
        if not line.startswith("http://127.0.0.1:"):
            self.close()
            raise RuntimeError(f"{name}: expected its url, got {line!r}; see {self._log.name}")
        self.url = line

    def close(self) -> None:
        """End the process; its folder stays."""
        wait_or_kill(self._process)
        self._log.close()


def wait_or_kill(process: "subprocess.Popen[Any]") -> None:
    """Close the standard input of a process, wait for its end, and kill it if that takes too long."""
    try:
        process.communicate(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
