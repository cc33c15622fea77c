"""What ``perf script -F comm,tid,event,ip,sym,dso[,trace]`` prints, read line by line.

A sample is a line ``name tid event: [trace]``, then one indented line a frame, the innermost first, then an
empty line. The text is that of perf 5.10 to 6.x.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePath

from sealrun_probe.folding import MAX_DEPTH, Stack, stack

# The most hits of one probe whose values are kept; all are counted.
MAX_VALUES = 100
MAX_VALUE = 200
# Code without frame pointers makes perf walk through anything; a run of such frames is one.
LOST = "(unknown)"
_HEAD = re.compile(r"(?P<name>.*?)\s+\d+\s+(?P<event>\S+):\s*(?P<trace>.*)")
_FRAME = re.compile(r"\s+(?P<ip>[0-9a-f]+) (?P<symbol>.+) \((?P<binary>[^()]*)(?: \(deleted\))?\)\s*")
_VALUE = re.compile(r"(\w+)=(\"[^\"]*\"|\S+)")
# x86-64 and arm64 keep the kernel in the upper half of the addresses.
_KERNEL_FROM = 1 << 63


@dataclass
class Hits:
    """How often a probe was passed, and the values of its first passes."""

    count: int = 0
    values: list[dict[str, str]] = field(default_factory=list)

    def add(self, trace: str) -> None:
        """One more; its values as perf writes them."""
        self.count += 1
        if len(self.values) < MAX_VALUES and (values := dict(_VALUE.findall(trace))):
            self.values.append({name: text[:MAX_VALUE] for name, text in values.items()})


def read(lines: Iterable[str], probes: Collection[str]) -> tuple[dict[Stack, int], dict[str, Hits]]:
    """Count the stacks, and gather the hits of these probe events (``group:event``)."""
    stacks: Counter[Stack] = Counter()
    hits = {name: Hits() for name in probes}
    for head, frames in _samples(lines):
        if head["event"] in hits:
            hits[head["event"]].add(head["trace"])
        else:
            stacks[stack([head["name"].strip(), *reversed(frames)])] += 1
    return dict(stacks), hits


def _samples(lines: Iterable[str]) -> Iterator[tuple[re.Match[str], list[str]]]:
    head: re.Match[str] | None = None
    frames: list[str] = []
    for line in lines:
        if head and (found := _FRAME.fullmatch(line)):
            name = _name(found)
            if len(frames) < MAX_DEPTH and (name != LOST or frames[-1:] != [LOST]):
                frames.append(name)
        elif line.strip():
            if head:
                yield head, frames
            head, frames = _HEAD.fullmatch(line.strip()), []
    if head:
        yield head, frames


def _name(found: re.Match[str]) -> str:
    """``function (binary)``; where perf knows no function, the binary alone."""
    symbol, binary = found["symbol"].split("+0x")[0], PurePath(found["binary"]).name
    where = "kernel" if int(found["ip"], 16) >= _KERNEL_FROM else binary.strip("[]") or "unknown"
    return f"({where})" if symbol == "[unknown]" else f"{symbol} ({where})"
