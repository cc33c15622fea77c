"""Folded call stacks, the canonical text of a runtime profile, and what a policy lets the public see of them.

One stack a line, ``outer;inner count``, lines sorted by their bytes and each stack once, LF at every end:
https://github.com/brendangregg/FlameGraph#2-fold-stacks in one fixed order, so that it can be hashed.
A name is percent-encoded in its frame where it would break this form (``;``, a line feed): see ``name_of``.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from urllib.parse import unquote

from sealrun.encoding.plain_text import is_plain
from sealrun.errors import Malformed
from sealrun.offers.evidence_policy import Globs

BLACK_BOX = "[black box]"
MAX_BYTES = 4 << 20
MAX_STACKS = 20_000
MAX_DEPTH = 512
_ENCODED = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_LINE = re.compile(
    r"([^\x00-\x20;]+(?: [^\x00-\x20;]+)*(?:;[^\x00-\x20;]+(?: [^\x00-\x20;]+)*)*) ([1-9][0-9]{0,11})"
)


def parse(text: bytes) -> dict[tuple[str, ...], int]:
    """Read folded stacks from a stranger's job.

    Raises:
        Malformed: more than 4 MiB or 20,000 stacks, a stack deeper than 512, not UTF-8, not in this form,
            or not in its order.
    """
    if len(text) > MAX_BYTES:
        raise Malformed(f"stacks: expected at most {MAX_BYTES} bytes, got {len(text)}")
    lines = text.split(b"\n")
    if lines.pop() or len(lines) > MAX_STACKS or lines != sorted(set(lines)):
        raise Malformed(
            f"stacks: expected at most {MAX_STACKS} sorted lines, each once and with LF, got others"
        )
    names: dict[str, str] = {}  # each name once in memory, however many stacks have it
    stacks = dict(_parsed(line, names) for line in lines)
    if len(stacks) != len(lines):
        raise Malformed("stacks: expected each stack once, got one twice")
    return stacks


def _parsed(line: bytes, names: dict[str, str]) -> tuple[tuple[str, ...], int]:
    try:
        match = _LINE.fullmatch(line.decode())
    except UnicodeDecodeError as error:
        raise Malformed("stacks: expected UTF-8, got other bytes") from error
    if match is None:
        raise Malformed("stacks: expected frames joined by ; and a count, got another line")
    frames = tuple(names.setdefault(frame, frame) for frame in match[1].split(";"))
    if len(frames) > MAX_DEPTH:
        raise Malformed(f"stacks: expected at most {MAX_DEPTH} frames, got {len(frames)}")
    return frames, int(match[2])


def name_of(frame: str) -> str:
    """The name in a frame. Sequences that decode to control characters, or not to UTF-8, stay encoded."""
    return _ENCODED.sub(_decoded, frame)


def _decoded(match: re.Match[str]) -> str:
    try:
        text = unquote(match[0], errors="strict")
    except UnicodeDecodeError:
        return match[0]
    return text if is_plain(text) else match[0]


def folded(stacks: Mapping[tuple[str, ...], int]) -> bytes:
    """The canonical text."""
    lines = sorted(f"{';'.join(frames)} {count}\n".encode() for frames, count in stacks.items())
    return b"".join(lines)


def redact(stacks: Mapping[tuple[str, ...], int], revealed: Globs) -> dict[tuple[str, ...], int]:
    """The stacks with every run of frames that the policy does not name as one black box."""
    shown: Counter[tuple[str, ...]] = Counter()
    named = cache(lambda frame: frame if revealed.match(name_of(frame)) else BLACK_BOX)
    for frames, count in stacks.items():
        shown[_boxed(map(named, frames))] += count
    return dict(shown)


def _boxed(names: Iterable[str]) -> tuple[str, ...]:
    boxed: list[str] = []
    for name in names:
        if name != BLACK_BOX or boxed[-1:] != [BLACK_BOX]:
            boxed.append(name)
    return tuple(boxed)
