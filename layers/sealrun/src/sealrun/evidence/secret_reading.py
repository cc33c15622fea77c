"""A text that is read out of some bytes, and where in those bytes each part of it stands."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate

# Where it stands, what it says, and for how many bytes each of its own stands. A plain tuple: there may be a
# quarter of a million in a megabyte.
Piece = tuple[int, bytes, int]
# Bytes between two parts of one secret that are masked with them.
_CLOSE = 64


@dataclass(frozen=True)
class Reading:
    """A text out of pieces of the bytes, in their order; ``of`` is the reading whose text those bytes are."""

    pieces: list[Piece]
    of: "Reading | None" = None
    text: bytes = field(init=False)
    _starts: list[int] = field(init=False)  # of the pieces, in the text

    def __post_init__(self) -> None:
        texts = [text for _, text, _ in self.pieces]
        object.__setattr__(self, "text", b"".join(texts))
        object.__setattr__(self, "_starts", [0, *accumulate(map(len, texts))][:-1])

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where the bytes of a part of the text stand, from its first one to its last one."""
        first, last = self._place(start), self._place(end - 1)
        place = first[0], sum(last)
        return self.of.span(*place) if self.of else place

    def spans(self, start: int, end: int, *, longest: int) -> list[tuple[int, int]]:
        """``span``, or only where its own bytes stand if with those between it has more than ``longest``."""
        whole = self.span(start, end)
        if whole[1] - whole[0] <= longest:
            return [whole]
        found: list[tuple[int, int]] = []
        for place in self._own_places(start, end):
            for low, high in self.of.spans(*place, longest=longest) if self.of else [place]:
                if found and low - found[-1][1] <= _CLOSE:
                    low, _ = found.pop()  # noqa: PLW2901
                found.append((low, high))
        return found

    def _own_places(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Of each piece that a part of the text has bytes of."""
        for index in range(bisect_right(self._starts, start) - 1, bisect_left(self._starts, end)):
            place, text, width = self.pieces[index]
            low, high = max(start - self._starts[index], 0), min(end - self._starts[index], len(text))
            if low < high:
                yield place + width * low, place + width * high

    def _place(self, at: int) -> tuple[int, int]:
        """The place of the bytes that one byte of the text stands for, and how many they are."""
        index = bisect_right(self._starts, at) - 1
        place, _, width = self.pieces[index]
        return place + width * (at - self._starts[index]), width


def one_a_line(pieces: Iterable[Piece]) -> list[Piece]:
    """The pieces with a line's end behind each, so that none continues another."""
    return [(place, text + b"\n", width) for place, text, width in pieces]
