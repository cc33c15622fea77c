"""The shape of one measured figure, and the table that `make bench` prints."""

import dataclasses
import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One figure beside its peer's.

    Attributes:
        name: what was measured.
        unit: the unit of `median`, `spread` and `peer_median`, such as `ms`.
        median: the median of the samples.
        spread: the distance between their quartiles.
        peer_name: whom it was measured against in the same run, or None.
        peer_median: the median of the peer's samples, or None.
        ratio: the median of ours / theirs, turn by turn (a busy moment hits both), or None.
        reach: what we want to stay under: a ratio when there is a peer, otherwise a value in `unit`, or
            None.
    """

    name: str
    unit: str
    median: float
    spread: float
    peer_name: str | None
    peer_median: float | None
    ratio: float | None
    reach: float | None

    def reached(self) -> bool | None:
        """Whether the figure is within reach; None when none is set."""
        if self.reach is None:
            return None
        return (self.median if self.ratio is None else self.ratio) <= self.reach


def row(
    name: str,
    unit: str,
    samples: Sequence[float],
    *,
    peer: tuple[str, Sequence[float]] | None = None,
    reach: float | None = None,
) -> Row:
    """Make a row from samples, at least two of each kind.

    Args:
        name: what was measured.
        unit: the samples' unit.
        samples: what was measured here.
        peer: the peer's name and its samples, taken in turn with ours and as many.
        reach: the ratio (with a peer) or value (without) to stay under.
    """
    median = statistics.median(samples)
    low, _, high = statistics.quantiles(samples, n=4)
    peer_name, peer_median = (None, None) if peer is None else (peer[0], statistics.median(peer[1]))
    ratio = (
        None
        if peer is None
        else statistics.median(ours / theirs for ours, theirs in zip(samples, peer[1], strict=True))
    )
    return Row(name, unit, median, high - low, peer_name, peer_median, ratio, reach)


def as_json(rows: Sequence[Row]) -> str:
    """Return the rows as a JSON list."""
    return json.dumps([dataclasses.asdict(each) for each in rows], indent=1)


def as_text(rows: Sequence[Row]) -> str:
    """Return the rows as a table for a terminal."""
    head = ("what", "median", "spread", "unit", "peer", "its median", "ratio", "reach", "")
    lines = [head, *map(_cells, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _cells(each: Row) -> tuple[str, ...]:
    reached = {None: "", True: "reached", False: "MISSED"}[each.reached()]
    return (
        each.name,
        _number(each.median),
        _number(each.spread),
        each.unit,
        each.peer_name or "-",
        _number(each.peer_median),
        "-" if each.ratio is None else f"{each.ratio:.2f}",
        "-" if each.reach is None else f"{each.reach:g}",
        reached,
    )


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
