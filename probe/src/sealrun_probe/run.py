"""Run the command under the first sampler that works here; a sampler that fails never fails the job."""

import contextlib
import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from sealrun_probe import leave, rusage
from sealrun_probe.command import Command
from sealrun_probe.folding import total
from sealrun_probe.perf import Perf
from sealrun_probe.proc import Proc
from sealrun_probe.py_spy import PySpy
from sealrun_probe.samplers import Refused, Sampled, Sampler
from sealrun_probe.uprobes import Probe

# From the best to what always works.
ORDER = ("perf", "py-spy", "proc", "rusage")
# perf hangs on the kernel and is known to work before the command starts; another that fails may do so late.
SURE = "perf"


@dataclass
class Watch:
    """The samplers that watch one command, and why others do not."""

    samplers: list[Sampler]
    watching: list[Sampler] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)

    def begin(self, pid: int) -> None:
        """Begin with each in turn, up to one that is sure to work."""
        for sampler in self.samplers:
            if self._tried(sampler, partial(sampler.watch, pid)):
                self.watching.append(sampler)
                if sampler.name == SURE:
                    return

    def released(self, pid: int) -> None:
        """The command runs."""
        self.watching = [each for each in self.watching if self._tried(each, partial(each.released, pid))]

    def end(self) -> tuple[str, Sampled] | None:
        """What the best of them saw; all are ended."""
        found: list[tuple[str, Sampled]] = []
        for sampler in self.watching:
            self._tried(sampler, partial(self._end, sampler, found))
        return found[0] if found else None

    @staticmethod
    def _end(sampler: Sampler, found: list[tuple[str, Sampled]]) -> None:
        found.append((sampler.name, sampler.end()))

    def _tried(self, sampler: Sampler, step: Callable[[], object]) -> bool:
        try:
            step()
        except Refused as error:
            self.refused[sampler.name] = str(error)
        except Exception as error:  # noqa: BLE001  whatever is wrong with a sampler, the job goes on
            self.refused[sampler.name] = f"{type(error).__name__}: {error}"[:200]
        return sampler.name not in self.refused


def run(
    words: list[str],
    *,
    folder: Path,
    order: Sequence[str],
    probes: list[Probe],
    token: str,
) -> int:
    """Run the command to its end and leave its profile and the job's token; its wait status."""
    able = _ready(folder, token)
    watch = Watch(_samplers(order, folder, probes) if able else [])
    command = Command(words)
    try:
        watch.begin(command.pid)
    finally:
        begun = time.monotonic()
        command.release()
    watch.released(command.pid)
    status, used = command.wait()
    seconds = time.monotonic() - begun
    name, found = watch.end() or ("rusage", rusage.sampled(words, used))
    if name == "proc":
        found = rusage.with_unseen(found, words, used)
    if able:
        _leave(folder, name, found, watch.refused, probes, used, seconds)
    return status


def _samplers(order: Sequence[str], folder: Path, probes: list[Probe]) -> list[Sampler]:
    made: dict[str, Callable[[], Sampler]] = {
        "perf": lambda: Perf(folder / leave.DATA, probes),
        "py-spy": PySpy,
        "proc": Proc,
    }
    return [made[name]() for name in order if name in made]


def _ready(folder: Path, token: str) -> bool:
    try:
        leave.empty(folder)
        leave.token(folder, token)
    except OSError as error:
        say(f"expected a folder to write to, got {error}; the command runs without samples")
        return False
    return True


def _leave(
    folder: Path,
    name: str,
    found: Sampled,
    refused: Mapping[str, str],
    probes: list[Probe],
    used: resource.struct_rusage,
    seconds: float,
) -> None:
    unseen: dict[str, Any] = {probe.name: {"refused": f"expected perf, got {name}"} for probe in probes}
    seen = {**unseen, **found.probes}
    try:
        leave.profile(folder, name, found, refused=refused, probes=seen, used=used, seconds=seconds)
    except Exception as error:  # noqa: BLE001  the command is over and has its own status
        say(f"expected to write the profile, got {type(error).__name__}: {error}")
        return
    for other, why in refused.items():
        say(f"{other}: {why}")
    say(f"sampled by {name}: {total(found.stacks)} samples, {found.hz} to a second, in {folder}/")


def say(text: str) -> None:
    """A line for the job's log, where there is one; stdout is the command's own."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError):
            print(f"sealrun-probe: {text}", file=sys.stderr, flush=True)
