"""Samples as perf tells them, read in two forms at once: neither alone is complete and unambiguous.

``perf data convert --to-json`` (perf 5.13 and newer) quotes every name, so a thread, a function or a file may
be called anything. But it does not say which event a sample is of, nor in which file a frame without a
function lies. ``perf script -F tid,time,event,ip,dso`` says both, one frame a line, with a single free name
at the end of a line. The JSON's thread and time tell which line of the text begins the next sample.
"""

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sealrun_probe.folding import MAX_DEPTH, Stack, stack

# The most hits of one probe whose values are kept; all are counted.
MAX_VALUES = 100
MAX_VALUE = 200
# perf names at most 127 frames a sample, each in some hundred characters; a name has at most 4 KiB.
MAX_SAMPLE = 8 << 20
# Code without frame pointers makes perf walk through anything; a run of such frames is one.
LOST = "(unknown)"
KERNEL = "kernel"
_HEAD = re.compile(rb"\s*(\d+)\s+(\d+)\.(\d{9}):\s+(\S+):(.*)", re.DOTALL)
_FRAME = re.compile(rb"\t *[0-9a-f]+ \((.*)", re.DOTALL)
_VALUE = re.compile(r"(\w+)=(\"[^\"]*\"|\S+)")
_SAMPLES = re.compile(r'"samples"\s*:\s*\[')
# perf prints a byte above 127 as \uffffffXX where char is signed (x86), as \u00XX where it is not (arm64).
_SIGNED = re.compile("\uffffff([89a-f][0-9a-f])")
# x86-64 and arm64 keep the kernel in the upper half of the addresses.
_KERNEL_FROM = 1 << 63
_KERNEL = re.compile(r"\[(?:guest\.)?kernel\..*\]")
# Code that was made while the program ran: the file's name holds the process's number.
_JIT = re.compile(r"perf-\d+\.map|\[JIT\].*")
_DELETED = " (deleted)"


class NotTheSame(Exception):
    """The two forms do not tell of the same samples."""


@dataclass
class Hits:
    """How often a probe was passed, and the values of its first passes."""

    count: int = 0
    values: list[dict[str, str]] = field(default_factory=list)

    def add(self, trace: str) -> None:
        """One more; its values as perf writes them. A text among them that holds a quote is cut there."""
        self.count += 1
        if len(self.values) < MAX_VALUES and (values := dict(_VALUE.findall(trace))):
            self.values.append({name: text[:MAX_VALUE] for name, text in values.items()})


@dataclass
class _Sample:
    """One sample, from the JSON and then from the text."""

    fields: dict[str, Any]
    event: str
    trace: bytes
    files: list[bytes] = field(default_factory=list)

    def add(self, line: bytes) -> None:
        """A line of the text: a frame's file, or the rest of a name that holds a line feed."""
        if match := _FRAME.fullmatch(line):
            self.files.append(match[1])
        elif self.files:
            self.files[-1] += line
        else:
            self.trace += line

    def stack(self) -> Stack:
        """The thread's name and the frames from the outermost in."""
        chain = self.fields.get("callchain", [])
        files = [*self.files, *[b""] * (len(chain) - len(self.files))]
        names: list[str] = []
        for frame, file in zip(chain, files, strict=False):
            in_kernel = int(frame["ip"], 16) >= _KERNEL_FROM
            name = _name(frame.get("symbol", ""), frame.get("dso", ""), file, in_kernel=in_kernel)
            if len(names) < MAX_DEPTH and (name != LOST or names[-1:] != [LOST]):
                names.append(name)
        return stack([_unquoted(self.fields["comm"]), *reversed(names)])


def read(
    quoted: Iterable[bytes], lines: Iterable[bytes], probes: Collection[str]
) -> tuple[dict[Stack, int], dict[str, Hits]]:
    """Count the stacks, and gather the hits of these probe events (``group:event``).

    Raises:
        NotTheSame: the text lacks samples of the JSON, or the JSON is none of perf's.
    """
    stacks: Counter[Stack] = Counter()
    hits = {name: Hits() for name in probes}
    for sample in _both(_json_samples(quoted), lines):
        if sample.event in hits:
            hits[sample.event].add(_text(sample.trace))
        else:
            stacks[sample.stack()] += 1
    return dict(stacks), hits


def _both(quoted: Iterator[dict[str, Any]], lines: Iterable[bytes]) -> Iterator[_Sample]:
    sample: _Sample | None = None
    expected = next(quoted, None)
    for line in lines:
        if (
            expected
            and (head := _HEAD.fullmatch(line))
            and _key(head) == (expected["tid"], expected["timestamp"])
        ):
            if sample:
                yield sample
            sample = _Sample(expected, _text(head[4]), head[5])
            expected = next(quoted, None)
        elif sample:
            sample.add(line)
    if expected:
        raise NotTheSame("perf script: expected every sample that perf data convert tells of, got fewer")
    if sample:
        yield sample


def _key(head: re.Match[bytes]) -> tuple[int, int]:
    return int(head[1]), int(head[2]) * 10**9 + int(head[3])


def _json_samples(chunks: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """The objects in the document's ``samples``, one at a time: the whole may be hundreds of megabytes."""
    decoder, text, at_samples = json.JSONDecoder(), "", False
    for chunk in chunks:
        text += chunk.decode("latin-1")
        if not at_samples and (begins := _SAMPLES.search(text)):
            text, at_samples = text[begins.end() :], True
        while at_samples:
            text = text.lstrip(" \t\r\n,")
            try:
                value, end = decoder.raw_decode(text)
            except json.JSONDecodeError:
                break
            yield value
            text = text[end:]
        if len(text) > MAX_SAMPLE:
            raise NotTheSame("perf data convert: expected samples in JSON, got something else")


@lru_cache(maxsize=1 << 16)
def _name(symbol: str, short: str, file: bytes, *, in_kernel: bool) -> str:
    """``function (file)``; where perf knows no function, the file alone. Both without folders."""
    path = _text(file.rstrip(b"\n").removesuffix(b")"))
    base = _unquoted(short) if short else path.rpartition("/")[2]
    where = KERNEL if in_kernel else _where(base.removesuffix(_DELETED))
    return f"{_unquoted(symbol)} ({where})" if symbol else f"({where})"


def _where(base: str) -> str:
    if _KERNEL.fullmatch(base):
        return KERNEL
    if _JIT.fullmatch(base):
        return "JIT"
    return (base[1:-1] if base.startswith("[") and base.endswith("]") else base) or "unknown"


def _unquoted(text: str) -> str:
    """The name that perf quoted; bytes that are not UTF-8 as Python has them in file names (PEP 383)."""
    try:
        return _text(_SIGNED.sub(lambda match: chr(int(match[1], 16)), text).encode("latin-1"))
    except UnicodeEncodeError:  # a perf that quotes characters instead of bytes
        return text


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")
