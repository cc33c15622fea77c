"""Servers that end with the block that they were opened for."""

import subprocess
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Any, Self

# A process that was told to end gets this long.
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


def wait_or_kill(process: "subprocess.Popen[Any]") -> None:
    """Wait for the end of a process that was told to end, or whose standard input this closes."""
    try:
        process.communicate(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
