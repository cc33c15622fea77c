"""Places of files that any disk can hold, also one that tells neither case nor Unicode's forms apart."""

from unicodedata import normalize

from sealrun.errors import UnsafeArchive


class Places:
    """The places of all files of one run, so far."""

    def __init__(self) -> None:
        self._files: set[str] = set()
        self._spelled: dict[str, str] = {}

    def add(self, place: str) -> None:
        """Take a file's place, such as ``build/dist/out.txt``.

        Raises:
            UnsafeArchive: another file has it, or would have it on such a disk, as a Mac's is. No name is
                told: it may be the buyer's own.
        """
        parts = place.split("/")
        paths = ("/".join(parts[:depth]) for depth in range(1, len(parts) + 1))
        shared = any(self._spelled.setdefault(_folded(one), one) != one for one in paths)
        if shared or place in self._files:
            raise UnsafeArchive(
                "archive: expected names that differ in more than case and Unicode form, got two that do not"
            )
        self._files.add(place)


def _folded(path: str) -> str:
    return normalize("NFD", normalize("NFD", path).casefold())
