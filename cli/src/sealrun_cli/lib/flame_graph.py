"""A flame graph of folded stacks as SVG: the same stacks are the same bytes, on any machine.

Frames stand in the order of their names, widths are shares of all samples, colours come from hashes of names.
No script and no link: it can be shown where a stranger's profile is.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape

from sealrun.evidence.call_stacks import BLACK_BOX

WIDTH, ROW, MARGIN, HEAD = 1200, 18, 12, 40
# Narrower boxes are left out: nobody could see them.
NARROWEST = 0.5
# Of the 11 px monospace below, in px.
CHARACTER = 6.7
FEWEST_CHARACTERS = 3
ALL = "all"
# What XML cannot hold, and what shows a name as another: controls, direction marks, invisible characters.
_UNFIT = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ud800-\udfff\ufeff\ufff0-\uffff\U000e0000-\U000e0fff]"
)
_STYLE = "text{font:11px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#1c1410}"
Stacks = Mapping[tuple[str, ...], int]


@dataclass(frozen=True)
class Box:
    """A frame at its depth, 0 at the bottom, from one sample to another."""

    depth: int
    name: str
    start: int
    end: int


def flame_graph(stacks: Stacks, title: str) -> str:
    """The picture."""
    total = max(sum(stacks.values()), 1)
    scale = (WIDTH - 2 * MARGIN) / total
    shown = [box for box in boxes(stacks) if (box.end - box.start) * scale >= NARROWEST]
    height = HEAD + ROW * (1 + max((box.depth for box in shown), default=0)) + MARGIN
    size = f'width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"'
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
        f"<title>{_text(title)}</title><style>{_STYLE}</style>",
        f'<rect width="{WIDTH}" height="{height}" rx="6" fill="#fffdf8"/>',
        f'<text x="{MARGIN}" y="24" style="font-size:14px">{_text(title)}</text>',
    )
    drawn = (_drawn(box, scale, total, height) for box in shown)
    return "\n".join([*head, *drawn, "</svg>", ""])


def boxes(stacks: Stacks) -> Iterator[Box]:
    """Every frame once over all the stacks that share it and what is outside of it."""
    open_frames: list[tuple[str, int]] = []
    at = 0
    for frames, count in [*sorted(((ALL, *frames), count) for frames, count in stacks.items()), ((), 0)]:
        shared = _shared([name for name, _ in open_frames], frames)
        while len(open_frames) > shared:
            name, start = open_frames.pop()
            yield Box(len(open_frames), name, start, at)
        open_frames += [(name, at) for name in frames[shared:]]
        at += count


def _shared(left: list[str], right: tuple[str, ...]) -> int:
    pairs = zip(left, right, strict=False)
    return next(
        (depth for depth, (one, other) in enumerate(pairs) if one != other), min(len(left), len(right))
    )


def _drawn(box: Box, scale: float, total: int, height: int) -> str:
    x, width = MARGIN + box.start * scale, (box.end - box.start) * scale
    y = height - MARGIN - ROW * (box.depth + 1)
    count = box.end - box.start
    tooltip = f"{_text(box.name)}: {count} of {total} samples, {100 * count / total:.1f} %"
    place = f'x="{x:.1f}" y="{y}" width="{max(width - 0.6, 0.3):.1f}" height="{ROW - 1}"'
    rect = f'<rect {place} rx="2" fill="{_colour(box.name)}"/>'
    return f"<g><title>{tooltip}</title>{rect}{_label(box.name, x, y, width)}</g>"


def _label(name: str, x: float, y: int, width: float) -> str:
    fits = int((width - 6) / CHARACTER)
    if fits < FEWEST_CHARACTERS:
        return ""
    text = name if len(name) <= fits else f"{name[: fits - 1]}…"
    return f'<text x="{x + 3:.1f}" y="{y + 13}">{_text(text)}</text>'


def _colour(name: str) -> str:
    """One hue for each file or binary, one lightness for each function; what is not shown is grey."""
    if name in (ALL, BLACK_BOX):
        return "#c9c5bd"
    function, _, where = name.partition(" (")
    hue = 8 + _number(where or function) % 52
    if where == "kernel)":
        hue = 205
    return f"hsl({hue},{78 - _number(function) % 14}%,{66 + _number(name) % 12}%)"


def _number(text: str) -> int:
    return hashlib.sha256(text.encode(errors="replace")).digest()[0]


def _text(text: str) -> str:
    return escape(_UNFIT.sub("\ufffd", text))
