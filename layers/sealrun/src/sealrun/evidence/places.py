"""Places of files that any disk can hold.

Also one that tells neither case nor Unicode's forms apart, as a Mac's, and one of Windows, where some names
are devices, some characters have a meaning, and a dot or a space at the end is left out.
"""

import re
from unicodedata import normalize

from sealrun.errors import UnsafeArchive

# https://learn.microsoft.com/windows/win32/fileio/naming-a-file#naming-conventions
_DEVICE = re.compile(
    r"(?:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(?:COM|LPT)[0-9\xb9\xb2\xb3]) *(?:\.|:|\Z)", re.IGNORECASE
)
_RESERVED = '<>:"|?*'


def for_any_disk(path: str, *, but: str = "") -> str:
    """The path with what no disk of Windows can hold as percent signs have it; all others stay as they are.

    ``a:b/aux.txt`` becomes ``a%3Ab/%61ux.txt``. Characters in ``but`` stay.
    """
    return "/".join(_part(part, set(_RESERVED) - set(but)) for part in path.split("/"))


def _part(name: str, reserved: set[str]) -> str:
    name = "".join(_percent(each) if each in reserved else each for each in name)
    if _DEVICE.match(name):
        name = _percent(name[0]) + name[1:]
    if name.endswith((".", " ")) and name not in (".", ".."):  # those two are refused where they count
        name = name[:-1] + _percent(name[-1])
    return name


def _percent(character: str) -> str:
    return f"%{ord(character):02X}"


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
