"""Folded call stacks in the one form that sealrun's collector takes, and within its bounds.

One stack a line, ``outer;inner count``, each stack once, lines sorted by their bytes, LF at every end:
https://github.com/brendangregg/FlameGraph#2-fold-stacks in one fixed order, so that it can be hashed.
A frame reads ``function (file or binary)``; the frame of a process or thread is its name.

A name may hold any byte. In a frame it is percent-encoded as in a URL, but only where it must be: ``;``,
control characters, bytes that are not UTF-8, spaces at either end or behind another space, and a ``%`` before
two hex digits. Whoever decodes every ``%XX`` has the name again. An empty name is ``(unnamed)``.
"""

import re
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache

# What the collector takes (sealrun.evidence.call_stacks); a test holds the two together.
MAX_BYTES = 4 << 20
MAX_STACKS = 20_000
MAX_DEPTH = 512
# A C++ template can be longer; its beginning tells which one.
MAX_NAME = 256
# Kept free for the line that holds what did not fit.
_RESERVE = 256
UNNAMED, DEEPER, OTHERS = "(unnamed)", "(deeper)", "(other stacks)"
_UNFIT = re.compile("[\x00-\x1f;\x7f-\x9f\ud800-\udfff]|^ |(?<= ) | $|%(?=[0-9A-Fa-f]{2})")

Stack = tuple[str, ...]
Stacks = Mapping[Stack, int]


@lru_cache(maxsize=1 << 16)
def frame(name: str) -> str:
    """The frame of a name's first ``MAX_NAME`` characters; lone surrogates stand for bytes (PEP 383)."""
    return _UNFIT.sub(_percent_encoded, name[:MAX_NAME]) or UNNAMED


def _percent_encoded(match: re.Match[str]) -> str:
    errors = "surrogateescape" if "\udc80" <= match[0] <= "\udcff" else "surrogatepass"
    return "".join(f"%{byte:02X}" for byte in match[0].encode(errors=errors))


def stack(names: list[str]) -> Stack:
    """A stack of names from the outermost in, cut where it is too deep."""
    frames = [frame(name) for name in names[:MAX_DEPTH]]
    if len(names) > MAX_DEPTH:
        frames[-1] = DEEPER
    return tuple(frames) or (UNNAMED,)


def fold(stacks: Stacks) -> bytes:
    """The canonical text; the rarest stacks become one line where there are too many."""
    lines: list[bytes] = []
    size, others = 0, 0
    for frames, count in sorted(stacks.items(), key=lambda item: (-item[1], item[0])):
        line = f"{';'.join(frames)} {count}".encode()
        if others or len(lines) == MAX_STACKS - 1 or size + len(line) + 1 > MAX_BYTES - _RESERVE:
            others += count
        elif count > 0:
            lines.append(line)
            size += len(line) + 1
    if others:
        lines.append(f"{OTHERS} {others}".encode())
    return b"".join(line + b"\n" for line in sorted(lines))


def total(stacks: Stacks) -> int:
    """How many samples there are."""
    return Counter(stacks).total()
