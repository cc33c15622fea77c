"""What stores, unpacks and pins evidence."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from sealrun.encoding.measure import Measured

# Bytes that can be read more than once: each call reads them from their beginning.
Content = Callable[[], Iterable[bytes]]


# Keeps a stream as long as the context lasts, so that it can be read again.
Spool = Callable[[Iterable[bytes]], AbstractContextManager[Content]]


class EvidenceStore(Protocol):
    """Content-addressed, create-only storage. Every method raises StoreUnavailable only."""

    def put(self, content: Content, measured: "Measured", *, media_type: str) -> None:
        """Store the bytes under their digest, which was measured before; storing twice is harmless.

        The bytes are read once more and hashed on their way: nothing is stored under another's digest.
        What reading them raises passes through, and then nothing is stored.
        """

    def get(self, sha256: str) -> bytes:
        """A document of ours back, checked against its digest; at most 8 MiB."""

    def read(self, sha256: str) -> Iterator[bytes]:
        """The bytes of any length in pieces. Not checked against their digest."""

    def url(self, sha256: str, *, seconds: int, filename: str) -> str:
        """A URL that serves the bytes for that many seconds, as a download of that name."""


class Pinner(Protocol):
    """An IPFS node or pinning service that keeps what the public may see."""

    @property
    def name(self) -> str:
        """What receipts' evidence calls it; neither address nor secret."""

    def holds(self, cid: str, *, seconds: float) -> bool:
        """True if it says that it keeps this CID; False where it says no, or has no answer to that.

        Raises:
            PinFailed: it did not answer, or with an error; some say so of what they do not keep.
        """

    def pin(self, content: Content, measured: "Measured", *, seconds: float) -> None:
        """Have these bytes kept under their CID; pinning twice is harmless.

        What reading the bytes raises passes through.

        Raises:
            PinFailed: after so many seconds it is not known to hold them, it answered with an error, or
                with another CID.
        """

    def close(self) -> None:
        """Let go of its connections."""


class Unpack(Protocol):
    """Opens an archive as it comes from the provider."""

    def __call__(
        self, chunks: Iterable[bytes], *, max_bytes: int, max_files: int
    ) -> Iterator[tuple[str, Content]]:
        """Names and contents of the files, in the archive's order; read each before the next.

        Raises:
            UnsafeArchive: more bytes or files than allowed, names that leave the folder or stand
                twice, or an unsound archive.
            NoArchive: no archive at all.
        """
