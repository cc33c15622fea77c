"""The two forms in which perf tells of samples, rendered as perf 6.1.187 prints them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Frame:
    """One frame; ``symbol`` is None where perf knows no function, ``path`` is the file's."""

    ip: int
    symbol: bytes | None
    path: bytes


@dataclass(frozen=True)
class Told:
    """One sample, the innermost frame first."""

    comm: bytes
    frames: Sequence[Frame]
    event: str = "cpu-clock/freq=99/"
    trace: bytes = b""
    tid: int = 42


def quoted(samples: Sequence[Told], *, signed: bool = True) -> bytes:
    """``perf data convert --to-json``; ``signed`` is how perf prints bytes above 127 on x86."""
    document = {"linux-perf-json-version": 1, "headers": {"cmdline": ['"samples": [{']}}
    head = json.dumps(document, indent="\t").removesuffix("\n}").encode()
    objects = b",".join(_object(at, sample, signed=signed) for at, sample in enumerate(samples))
    return head + b',\n\t"samples": [' + objects + b"\n\t]\n}\n"


def _object(at: int, sample: Told, *, signed: bool) -> bytes:
    def text(name: bytes) -> bytes:
        return b'"' + b"".join(_escaped(byte, signed=signed) for byte in name) + b'"'

    chain = []
    for frame in sample.frames:
        parts = [b'"ip": "%#x"' % frame.ip]
        if frame.symbol:
            parts += [
                b'"symbol": ' + text(frame.symbol),
                b'"dso": ' + text(frame.path.rpartition(b"/")[2]),
            ]
        chain.append(b"{" + b",\n\t\t\t\t\t".join(parts) + b"}")
    head = b'\n\t\t{"timestamp": %d, "tid": %d, "comm": ' % (10**9 + at, sample.tid)
    return head + text(sample.comm) + b', "callchain": [' + b",".join(chain) + b"]}"


def _escaped(byte: int, *, signed: bool) -> bytes:
    if byte in b'"\\':
        return b"\\" + bytes([byte])
    if byte < 32:
        return b"\\u%04x" % byte
    if byte > 127:
        return (b"\\uffffff%02x" if signed else b"\\u00%02x") % byte
    return bytes([byte])


def lines(samples: Sequence[Told]) -> list[bytes]:
    """``perf script --ns -F tid,time,event,ip,dso,trace``."""
    text = b""
    for at, sample in enumerate(samples):
        text += b"%5d     1.%09d: %21s: %s\n" % (sample.tid, at, sample.event.encode(), sample.trace)
        text += b"".join(b"\t%16x (%s)\n" % (frame.ip & 0xFFFFF, frame.path) for frame in sample.frames)
        text += b"\n"
    return [line + b"\n" for line in text.split(b"\n")[:-1]]
