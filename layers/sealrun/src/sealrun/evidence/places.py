"""Places of files that any disk can hold, also one that tells neither case nor Unicode's forms apart."""

from unicodedata import normalize

from sealrun.errors import UnsafeArchive


class Places:
    """The places of all files of one run, so far."""

    def __init__(self) -> None:
        self._files: set[str] = set()
        self._spelled: dict[str, str] = {}

    def add(self, place: str) -> None:
        """Take a file's place, such as ``outputs/build/dist/out.txt``.

        Raises:
            UnsafeArchive: another file has it, or would have it on such a disk, as a Mac's is. No name is
                told: it may be the buyer's own.
        """
        if not self.has_room_for(place):
            raise UnsafeArchive(
                "archive: expected names that differ in more than case and Unicode form, got two that do not"
            )
        self._files.add(place)
        self._spelled |= {_folded(path): path for path in _paths(place)}

    def has_room_for(self, place: str) -> bool:
        """True if no other file has this place, or would have it on such a disk."""
        spelled = all(self._spelled.get(_folded(path), path) == path for path in _paths(place))
        return spelled and place not in self._files


def _paths(place: str) -> list[str]:
    """Of the file, and of the folders that lead to it."""
    parts = place.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts) + 1)]


def _folded(path: str) -> str:
    return normalize("NFD", normalize("NFD", path).casefold())
