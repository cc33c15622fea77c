"""Folded call stacks in the one form that sealrun's collector takes, and within its bounds.

One stack a line, ``outer;inner count``, each stack once, lines sorted by their bytes, LF at every end:
https://github.com/brendangregg/FlameGraph#2-fold-stacks in one fixed order, so that it can be hashed.
A frame reads ``function (file or binary)``, the name of a process alone.
"""

import re
from collections import Counter
from collections.abc import Mapping

# What the collector takes (sealrun.evidence.call_stacks); a test holds the two together.
MAX_BYTES = 4 << 20
MAX_STACKS = 20_000
MAX_DEPTH = 512
# A C++ template can be longer; its beginning tells which one.
MAX_NAME = 256
# Kept free for the line that holds what did not fit.
_RESERVE = 256
UNNAMED, DEEPER, OTHERS = "(unnamed)", "(deeper)", "(other stacks)"
_UNFIT = re.compile(r"[\x00-\x20;]+")

Stack = tuple[str, ...]
Stacks = Mapping[Stack, int]


def frame(name: str) -> str:
    """A name as a frame may hold it: no ``;``, no control character, single spaces."""
    return _UNFIT.sub(" ", name)[:MAX_NAME].strip(" ") or UNNAMED


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
        line = f"{';'.join(frames)} {count}".encode(errors="replace")
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
