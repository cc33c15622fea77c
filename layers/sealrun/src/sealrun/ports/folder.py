"""The folder of evidence that a verifier looks into."""

from collections.abc import Iterator
from typing import Protocol

from sealrun.encoding.measure import Measured


class Folder(Protocol):
    """An evidence folder; names are relative paths with ``/``."""

    def names(self) -> list[str]:
        """All files, and everything else that is not a folder, such as links.

        Raises:
            Malformed: there are more of them than any evidence has.
        """

    def document(self, name: str) -> bytes | None:
        """A small file; None where there is none.

        Raises:
            Malformed: it is larger than any document of ours, or not a plain file inside the folder.
        """

    def read(self, name: str) -> Iterator[bytes]:
        """A file of any size, piece by piece.

        Raises:
            Malformed: it is not a plain file inside the folder.
        """

    def measure(self, name: str, *, size: int | None = None) -> Measured:
        """A file of any size, read once; where its size is known to be another than ``size``, not at all.

        Raises:
            Malformed: it is not a plain file inside the folder, or has another size.
        """
