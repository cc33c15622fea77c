"""Other readings of some bytes, in which a secret shows itself that decoration or wide characters hide.

A coloured log has an escape sequence before a token, or within it (``grep --color``); GitLab cuts a long line
in two; PowerShell writes UTF-16. Each reading tells where in the bytes its text stands.
"""

import itertools
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

# Control sequences of ECMA-48, also as a program's text writes them (\e[31m, \u001b[31m), then strings such
# as links, then other escapes such as tput's; and GitLab's timestamp where it continues the line before.
_DECORATION = re.compile(
    rb"(?:\x1b\[|\xc2?\x9b|\\(?:[eE]|0?33|x1[bB]|u001[bB])\[)[0-?]*[ -/]*[@-~]"
    rb"|\x1b[\]PX^_][^\x07\x1b]{0,2000}(?:\x07|\x1b\\)"
    rb"|\x1b[ -/]*[0-OQ-WYZ\\`-~]"
    rb"|\n\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z [0-9a-f]{2}[EO]\+"
)
# Decoration that is closer than so many bytes is nobody's words, and one more reading would cost (E6).
_SPARSE = 8
# Long enough for the shortest secret. Little-endian first, as Windows has it.
_WIDE = (re.compile(rb"(?:[\t\n\r -~]\0){12,}"), re.compile(rb"(?:\0[\t\n\r -~]){12,}"))


@dataclass(frozen=True)
class Reading:
    """A text out of pieces of the bytes; ``width`` is how many bytes stand for one of the text's."""

    text: bytes
    starts: list[int]  # of the pieces, in the text
    places: list[int]  # of the pieces, in the bytes
    width: int = 1

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where the bytes of a part of the text stand, from its first one to its last one."""
        return self._place(start), self._place(end - 1) + self.width

    def _place(self, at: int) -> int:
        piece = bisect_right(self.starts, at) - 1
        return self.places[piece] + self.width * (at - self.starts[piece])


def readings(window: bytes) -> Iterator[Reading]:
    """The other readings of a window; none of ordinary text."""
    cuts = [(0, 0), *(match.span() for match in _DECORATION.finditer(window)), (len(window), len(window))]
    if len(cuts) > 2:  # noqa: PLR2004  its two ends
        pieces = [(before[1], window[before[1] : after[0]]) for before, after in itertools.pairwise(cuts)]
        yield _reading(pieces)
        if len(pieces) * _SPARSE < len(window) and _words_meet(pieces):
            yield _reading([(place, text + b"\n") for place, text in pieces])  # each word by itself
    if b"\0" in window:
        for wide in _WIDE:
            runs = [(match.start(), match[0].replace(b"\0", b"")) for match in wide.finditer(window)]
            if runs:  # one line each, so that none continues another
                yield _reading([(place, text + b"\n") for place, text in runs], width=2)


def wide_forms(value: bytes) -> list[bytes]:
    """The same text in UTF-16, little-endian and big-endian."""
    spread = b"\0".join(bytes([each]) for each in value)
    return [spread + b"\0", b"\0" + spread]


def _words_meet(pieces: list[tuple[int, bytes]]) -> bool:
    """True if a word stands directly behind one of another colour, so that together they are another word."""
    texts = [text for _, text in pieces if text]
    return any(one[-1:].isalnum() and other[:1].isalnum() for one, other in itertools.pairwise(texts))


def _reading(pieces: list[tuple[int, bytes]], width: int = 1) -> Reading:
    starts, length = [], 0
    for _, text in pieces:
        starts.append(length)
        length += len(text)
    return Reading(b"".join(text for _, text in pieces), starts, [place for place, _ in pieces], width)
