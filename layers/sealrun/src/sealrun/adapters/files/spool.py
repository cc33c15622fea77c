"""Keeps a stream for a while, so that it can be read again: in memory, then on the function's own disk."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from tempfile import SpooledTemporaryFile

from sealrun.ports.evidence import Content

IN_MEMORY = 1 << 20
CHUNK = 1 << 20


@contextmanager
def spooled(chunks: Iterable[bytes]) -> Iterator[Content]:
    """``sealrun.ports.evidence.Spool``; the copy is gone when the context ends."""
    with SpooledTemporaryFile(max_size=IN_MEMORY) as spool:
        for chunk in chunks:
            spool.write(chunk)

        def content() -> Iterator[bytes]:
            spool.seek(0)
            while chunk := spool.read(CHUNK):
                yield chunk

        yield content
