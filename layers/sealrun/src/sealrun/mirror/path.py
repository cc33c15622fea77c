"""A path under a mirror's root: which entry each component is, and where it stands in its directory."""

from dataclasses import dataclass
from typing import Any

from mina.field import P
from sealrun.encoding import read
from sealrun.encoding.fields import digest_fields
from sealrun.errors import Malformed
from sealrun.mirror.directory import DEPTH, Leaf, Step
from sealrun.mirror.objects import Kind

MAX_COMPONENTS = 64


@dataclass(frozen=True)
class Path:
    """What a zkApp reads: the file at the end of these steps has this digest under this root."""

    steps: tuple[Step, ...]

    def root(self) -> int:
        """The root that the steps lead up to.

        Raises:
            Malformed: there is no step, or one does not enter the directory of the next.
        """
        if not 1 <= len(self.steps) <= MAX_COMPONENTS:
            raise Malformed(f"path: expected 1 to {MAX_COMPONENTS} steps, got {len(self.steps)}")
        below: int | None = None
        for step in reversed(self.steps):
            entered = (step.leaf.kind, step.leaf.high, step.leaf.low)
            if below is not None and entered != (Kind.DIRECTORY, below, 0):
                raise Malformed("path: expected each step to enter the directory of the next, got another")
            below = step.root()
        assert below is not None  # noqa: S101  there is a step
        return below

    def holds(self, root: int, path: str, sha256: bytes) -> bool:
        """Whether under this root the file at this path has this SHA-256 (32 bytes).

        Raises:
            Malformed: as ``root`` does.
        """
        last = self.steps[-1].leaf if self.steps else None
        names = b"/".join(step.leaf.name for step in self.steps)
        return (
            self.root() == root
            and last is not None
            and names == path.encode(errors="surrogateescape")
            and last.kind in (Kind.FILE, Kind.EXECUTABLE)
            and [last.high, last.low] == digest_fields(sha256)
        )

    def value(self) -> list[Any]:
        """As JSON has it."""
        return [dict(step.value()) for step in self.steps]


def read_path(value: object) -> Path:
    """A path out of JSON.

    Raises:
        Malformed: it is none.
    """
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_COMPONENTS:
        raise Malformed(f"path: expected a list of 1 to {MAX_COMPONENTS} steps, got something else")
    return Path(tuple(_read_step(each) for each in value))


def _read_step(value: object) -> Step:
    step = read.only(value, ("name", "kind", "high", "low", "index", "siblings"), where="step")
    siblings = step["siblings"]
    if not isinstance(siblings, list) or len(siblings) != DEPTH:
        raise Malformed(f"step: expected {DEPTH} siblings, got something else")
    index = read.whole(step, "index", low=0, high=2**DEPTH - 1)
    kind = Kind(read.whole(step, "kind", low=min(Kind), high=max(Kind)))
    try:
        name = bytes.fromhex(step["name"])
    except (TypeError, ValueError) as error:
        raise Malformed("step: expected a name in hex, got something else") from error
    high, low = (read.decimal(step, half, high=P - 1) for half in ("high", "low"))
    beside = tuple(read.decimal({"sibling": each}, "sibling", high=P - 1) for each in siblings)
    return Step(Leaf(name, kind, high, low), index, beside)
