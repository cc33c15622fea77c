"""One pass over bytes of any length: their SHA-256, their size and their CID, in constant memory."""

import hashlib
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from sealrun.encoding.cids import FileCid


@dataclass(frozen=True)
class Measured:
    """Bytes by their SHA-256 (64 lower-case hex digits), how many they are, and their CIDv1."""

    sha256: str
    size: int
    cid: str


def measure(chunks: Iterable[bytes]) -> Measured:
    """Read the bytes once; chunks of a mebibyte are fastest, for hashlib lets a second thread run."""
    digest, cid = hashlib.sha256(), FileCid()
    with ThreadPoolExecutor(max_workers=1) as beside:
        last: Future[None] | None = None
        for chunk in chunks:
            if last is not None:
                last.result()
            last = beside.submit(cid.update, chunk)
            digest.update(chunk)
    return Measured(digest.hexdigest(), cid.size, cid.cid())


def measure_document(document: bytes) -> Measured:
    """The same for bytes that are here as a whole."""
    cid = FileCid()
    cid.update(document)
    return Measured(hashlib.sha256(document).hexdigest(), len(document), cid.cid())
