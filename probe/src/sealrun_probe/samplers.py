"""The interface of all samplers, and their result."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from sealrun_probe.folding import Stacks, total

HZ = 99


class Refused(Exception):
    """This sampler cannot work here; the text says why, in one line."""


@dataclass(frozen=True)
class Sampled:
    """Stacks and how often each was seen.

    ``hz`` is how many samples make a second of a processor's time, with py-spy a second of a thread that was
    not seen idle; ``cut`` says that sampling ended before the command did; ``attachment`` is the raw file
    that the stacks were read from.
    """

    stacks: Stacks
    hz: int
    cut: bool = False
    attachment: Path | None = None
    probes: dict[str, Any] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """The time that the samples make up."""
        return total(self.stacks) / self.hz


class Sampler(Protocol):
    """One way to observe where a command spends its time."""

    name: str

    def watch(self, pid: int) -> None:
        """Begin, while the command still waits at its gate.

        Raises:
            Refused: it cannot work here.
        """

    def released(self, pid: int) -> None:
        """The command runs now."""

    def end(self) -> Sampled:
        """The command is over.

        Raises:
            Refused: it has no samples.
        """


def in_one_line(text: str) -> str:
    """A tool's message in one line, at most 300 characters."""
    return " ".join(text.split())[:300] or "it said nothing"
