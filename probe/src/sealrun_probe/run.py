"""Run the command under the first sampler that works here; a sampler that fails never fails the job."""

import contextlib
import os
import resource
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from sealrun_probe import leave, python_programs, rusage
from sealrun_probe.command import Command
from sealrun_probe.folding import total
from sealrun_probe.perf import Perf
from sealrun_probe.proc import Proc
from sealrun_probe.py_spy import PySpy
from sealrun_probe.samplers import Refused, Sampled, Sampler
from sealrun_probe.uprobes import Probe

# From the best one to the one that always works. perf rarely shows the functions of Python, so py-spy watches
# beside it where the probe chooses.
ORDER = ("perf", "py-spy", "proc", "rusage")
PYTHON_ORDER = ("py-spy", "perf", "proc", "rusage")
# perf is known to work before the command starts; other samplers may fail later.
SURE = "perf"
MOST = 0.5
ADVICE = "py-spy names them: pip install py-spy, and --sampler py-spy,perf where it is not chosen by itself"


@dataclass
class Watch:
    """The samplers of one command, and the reasons why others were not used."""

    samplers: list[Sampler]
    watching: list[Sampler] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)

    def begin(self, pid: int) -> None:
        """Start each in turn, up to the first that is sure to work."""
        for sampler in self.samplers:
            if self._tried(sampler, partial(sampler.watch, pid)):
                self.watching.append(sampler)
                if sampler.name == SURE:
                    return

    def released(self, pid: int) -> None:
        """The command runs."""
        self.watching = [each for each in self.watching if self._tried(each, partial(each.released, pid))]

    def end(self, *, share: float = 0, python: bool = True) -> tuple[str, Sampled] | None:
        """End all. Returns the first that saw at least this share of the most time that one of them saw.

        Of a command that is not known to be ``python``, py-spy gives way to perf too where most of what perf
        saw is something else, or Python that names its functions.
        """
        profiles: list[tuple[str, Sampled]] = []
        for sampler in self.watching:
            self._tried(sampler, partial(self._end, sampler, profiles))
        most = max((sampled.seconds for _, sampled in profiles), default=0.0)
        if not python and _names_most(dict(profiles).get("perf")):
            profiles = [(name, sampled) for name, sampled in profiles if name != "py-spy"]
            self.refused.pop("py-spy", None)
        for name, sampled in profiles:
            if sampled.seconds >= share * most:
                return name, sampled
            self.refused[name] = f"expected most of {most:.1f} s of work, got {sampled.seconds:.1f} s"
        return None

    @staticmethod
    def _end(sampler: Sampler, profiles: list[tuple[str, Sampled]]) -> None:
        profiles.append((sampler.name, sampler.end()))

    def _tried(self, sampler: Sampler, step: Callable[[], object]) -> bool:
        try:
            step()
        except Refused as error:
            self.refused[sampler.name] = str(error)
        except Exception as error:  # noqa: BLE001  a broken sampler must not stop the job
            self.refused[sampler.name] = f"{type(error).__name__}: {error}"[:200]
        return sampler.name not in self.refused


def run(
    words: list[str],
    *,
    folder: Path,
    order: Sequence[str] | None,
    probes: list[Probe],
    token: str,
) -> int:
    """Run the command to its end and leave its profile and the job's token; its wait status.

    Without an ``order`` of samplers, ``order_for`` chooses one.
    """
    python = python_programs.is_python(words)
    # A Python program may do nothing but start another one, which py-spy does not see.
    share = 0 if order else MOST
    order = order or order_for(probes)
    # It slows calls in Python, and 3.13.12 crashes with it behind a fork: never where no perf reads it.
    there = [name for name in order if shutil.which(name)]
    if python and "perf" in there and "py-spy" not in there:
        os.environ.setdefault(python_programs.PERF_VARIABLE, "1")
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
    name, profile = watch.end(share=share, python=python or not share) or (
        "rusage",
        rusage.sampled(words, used),
    )
    if name == "proc":
        profile = rusage.with_unseen(profile, words, used)
    if able:
        unnamed = _without_functions(name, profile, python=python)
        _leave(folder, name, profile, watch.refused, probes, used, seconds, unnamed)
    return status


def order_for(probes: Sequence[Probe]) -> Sequence[str]:
    """The samplers to try: what they see tells whether a command is Python; user probes take perf."""
    return ORDER if probes else PYTHON_ORDER


def _names_most(profile: Sampled | None) -> bool:
    """Whether most of perf's samples are no Python, or name its functions."""
    return profile is not None and 2 * python_programs.without_functions(profile.stacks) < total(
        profile.stacks
    )


def _without_functions(name: str, profile: Sampled, *, python: bool) -> int:
    """How many samples of Python do not name a function; those of py-spy always do."""
    if name == "py-spy":
        return 0
    alone = python and name != "perf"
    return total(profile.stacks) if alone else python_programs.without_functions(profile.stacks)


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
    profile: Sampled,
    refused: Mapping[str, str],
    probes: list[Probe],
    used: resource.struct_rusage,
    seconds: float,
    unnamed: int,
) -> None:
    unseen: dict[str, Any] = {probe.name: {"refused": f"expected perf, got {name}"} for probe in probes}
    values = {**unseen, **profile.probes}
    try:
        leave.profile(
            folder, name, profile, refused=refused, probes=values, used=used, seconds=seconds, unnamed=unnamed
        )
    except Exception as error:  # noqa: BLE001  the command is over and has its own status
        say(f"expected to write the profile, got {type(error).__name__}: {error}")
        return
    for other, why in refused.items():
        say(f"{other}: {why}")
    samples = total(profile.stacks)
    say(f"sampled by {name}: {samples} samples, {profile.hz} to a second, in {folder}/")
    if unnamed:
        say(f"{unnamed} of the {samples} samples are Python and do not name its functions; {ADVICE}")


def say(text: str) -> None:
    """A line for the job's log, where there is one; stdout is the command's own."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError):
            print(f"sealrun-probe: {text}", file=sys.stderr, flush=True)
