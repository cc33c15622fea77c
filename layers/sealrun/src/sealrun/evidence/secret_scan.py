"""Finding secrets in bytes of any length, in constant memory and whatever the bytes' chunks are.

The bytes are read in blocks of one size with a look ahead, so where a chunk ends changes nothing.
``sealrun.evidence.secret_shapes`` says how secrets look, ``secret_views`` under what they may lie. Not found:
secrets in bytes that are compressed (``workflows.look_into`` looks there), encrypted, or encoded once more.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from sealrun.errors import SecretFound
from sealrun.evidence.secret_shapes import MAX_SECRET, Effort, places, secrets_in
from sealrun.evidence.secret_views import readings, wide_forms

BLOCK = 1 << 20
MASK = b"[masked by sealrun]"
MIN_KNOWN = 8


@dataclass
class Scanner:
    """Looks for secrets; ``known`` are values that are secret whatever they look like.

    With ``shaped_only``, text that is only likely to be one passes: random text, a value behind ``token=``.
    Once the closer looks of ``effort`` are used up, whatever has the shape of a secret counts as one.
    """

    known: Sequence[bytes] = field(default=(), repr=False)
    block: int = BLOCK
    shaped_only: bool = False
    effort: Effort = field(default_factory=Effort)  # of all that one collection looks at

    def __post_init__(self) -> None:
        self.known = [value for value in self.known if len(value) >= MIN_KNOWN]

    def holds(self, chunks: Iterable[bytes]) -> bool:
        """True if there is a secret; reads no further than to the first one."""
        return any(spans for _, spans in self._blocks(chunks))

    def masked(self, chunks: Iterable[bytes], count: "Count") -> Iterator[bytes]:
        """The bytes with every secret replaced; ``count`` counts them."""
        for data, spans in self._blocks(chunks):
            at = 0
            for start, end in spans:
                yield data[at : max(at, start)]
                if start >= 0:
                    yield MASK
                    count.found += 1
                at = min(end, len(data))
            yield data[at:]

    def guarded(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The same bytes, up to the first known secret, in UTF-16 as well.

        Raises:
            SecretFound: there is one.
        """
        least = [value for value in self.known if not any(one in value for one in self.known if one != value)]
        least += [form for value in least for form in wide_forms(value)]
        before, longest = b"", max(map(len, least), default=1)
        for chunk in chunks:
            window = before + chunk
            if any(value in window for value in least):
                raise SecretFound("file: expected none of the operator's own secrets in it, got one")
            before = window[-longest:]
            yield chunk

    def _blocks(self, chunks: Iterable[bytes]) -> Iterator[tuple[bytes, list[tuple[int, int]]]]:
        """Each block and the secrets in it, by offset; one that began in an earlier block begins below 0.

        A block is looked at together with the ``MAX_SECRET`` bytes before and behind it.
        """
        before, done = b"", 0  # what was looked at already, and how far a secret reached into this block
        for data, ahead in _windows(chunks, self.block, MAX_SECRET):
            window, edge = before + data + ahead, len(before)
            secrets = [(start - edge, end - edge) for start, end in self._find(window)]
            spans = [(max(start, done), end) for start, end in secrets if end > done and start < len(data)]
            yield data, [*([(-1, done)] if done else []), *spans]
            reached = max([done, *(end for _, end in spans)])
            done = max(0, reached - len(data))
            before = (before + data)[-MAX_SECRET:]

    def _find(self, window: bytes) -> list[tuple[int, int]]:
        """Where secrets are, merged and in order."""
        spans = [*self._find_in(window)]
        for reading in readings(window):
            for span in self._find_in(reading.text):
                spans += reading.spans(*span, longest=MAX_SECRET)
        merged: list[tuple[int, int]] = []
        for start, end in sorted(spans):
            if merged and start < merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        return merged

    def _find_in(self, text: bytes) -> Iterator[tuple[int, int]]:
        for value in self.known:
            yield from ((at, at + len(value)) for at in places(text, value))
        yield from secrets_in(text, shaped_only=self.shaped_only, effort=self.effort)


@dataclass
class Count:
    """How many secrets were masked."""

    found: int = 0


def _windows(chunks: Iterable[bytes], block: int, ahead: int) -> Iterator[tuple[bytes, bytes]]:
    """The same blocks for the same bytes, each with what follows it."""
    buffer = bytearray()
    for chunk in chunks:
        buffer += chunk
        while len(buffer) >= block + ahead:
            yield bytes(buffer[:block]), bytes(buffer[block : block + ahead])
            del buffer[:block]
    while buffer:
        yield bytes(buffer[:block]), bytes(buffer[block : block + ahead])
        del buffer[:block]
