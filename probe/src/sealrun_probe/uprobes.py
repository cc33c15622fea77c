"""User probes: the kernel counts the calls of a named function and their values; this needs root."""

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from os import getpid
from typing import Any

from sealrun_probe.perf_samples import Hits
from sealrun_probe.samplers import in_one_line

PROBE_SECONDS = 30
_SPEC = re.compile(
    r"(?P<name>[a-z][a-z0-9_]{0,31})=(?P<binary>[^:]+):(?P<function>[A-Za-z_][^:\s]*)(?::(?P<values>\S+))?"
)


@dataclass(frozen=True)
class Probe:
    """``NAME=BINARY:FUNCTION[:VALUES]``, as --probe has it; VALUES are perf probe's, with commas between."""

    name: str
    binary: str
    function: str
    values: tuple[str, ...] = ()


def parse_probe(text: str) -> Probe:
    """Read one.

    Raises:
        ValueError: it is not of this form.
    """
    match = _SPEC.fullmatch(text)
    if match is None:
        raise ValueError(f"probe: expected NAME=BINARY:FUNCTION[:VALUES], got {text[:80]!r}")
    values = tuple(match["values"].split(",")) if match["values"] else ()
    return Probe(match["name"], match["binary"], match["function"], values)


class Probes:
    """Probes in the kernel, in a group that is this process's own."""

    def __init__(self, wanted: list[Probe]) -> None:
        self._wanted = wanted
        self._group = f"sealrun_{getpid()}"
        self._set: dict[str, str] = {}
        self._refused: dict[str, str] = {}

    @property
    def events(self) -> list[str]:
        """The names that perf gives to the probes that were set."""
        return list(self._set.values())

    def set(self) -> None:
        """Ask the kernel for each, and keep the reason if it refuses one."""
        for probe in self._wanted:
            binary = shutil.which(probe.binary) or probe.binary
            point = f"{self._group}:{probe.name}={probe.function}"
            done = _perf_probe("--exec", binary, "--add", " ".join([point, *probe.values]))
            added = re.search(rf"{self._group}:\w+", done.stderr + done.stdout)
            if done.returncode or added is None:
                self._refused[probe.name] = in_one_line(done.stderr)
            else:
                self._set[probe.name] = added[0]

    def remove(self) -> None:
        """Remove them from the kernel."""
        if self._set:
            _perf_probe("--del", f"{self._group}:*")

    def document(self, hits: Mapping[str, Hits]) -> dict[str, Any]:
        """Hits and values of each, or why it was refused. Values are text: JSON rounds above 2**53."""
        hits_of = {name: hits[event] for name, event in self._set.items()}
        documents = {name: {"hits": each.count, "values": each.values} for name, each in hits_of.items()}
        return {**documents, **{name: {"refused": why} for name, why in self._refused.items()}}


def _perf_probe(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A failure is an answer here, also when perf takes too long."""
    command = ["perf", "probe", *arguments]
    try:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PROBE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, "", f"no answer within {PROBE_SECONDS} s")
