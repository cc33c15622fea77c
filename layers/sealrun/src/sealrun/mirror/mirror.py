"""The mirror of a commit: the root of its top directory, and the path to a file in it.

A directory whose git tree is known is not looked at again, so that a new commit costs only what changed.
"""

from collections.abc import Iterable, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sealrun.errors import Malformed
from sealrun.mirror.directory import Leaf, Step, commit_leaf, directory_leaf, file_leaf, root_of, step_to
from sealrun.mirror.objects import Entry, Kind, blob_digest, entries, tree_of
from sealrun.mirror.path import MAX_COMPONENTS, Path


class Objects(Protocol):
    """The objects of one repository, by their ids (40 hex digits). Nothing that it answers is believed.

    Both raise Malformed if there is no such object.
    """

    def read(self, kind: str, name: str) -> bytes:
        """The bytes of a ``commit`` or a ``tree``."""

    def blob(self, name: str) -> tuple[int, Iterable[bytes]]:
        """The size of a blob in bytes, and its bytes, which are read before anything else is asked for."""


@dataclass(frozen=True)
class Mirror:
    """A repository's trees; ``known`` keeps the roots of directories by their git tree (40 hex digits)."""

    objects: Objects
    known: MutableMapping[str, int]

    def root(self, commit: str) -> int:
        """The root of the commit's top directory.

        Raises:
            Malformed: an object is not what its id says, or directories lie deeper than 64.
            Refused: a directory has more than 16,384 entries.
        """
        return self._directory(self._top(commit), 1)

    def path(self, commit: str, path: str) -> Path:
        """The steps to what stands at this path, ``/`` between its components.

        Raises:
            Malformed: nothing stands there; or as ``root`` does.
            Refused: as ``root`` does.
        """
        tree, steps = self._top(commit), list[Step]()
        names = path.encode(errors="surrogateescape").split(b"/")
        if len(names) > MAX_COMPONENTS:
            raise Malformed(f"path: expected at most {MAX_COMPONENTS} components, got {len(names)}")
        for depth, name in enumerate(names, 1):
            listed = self._entries(tree)
            steps.append(step_to(name, self._leaves(listed, depth)))
            [found] = [entry for entry in listed if entry.name == name]
            if depth < len(names) and found.kind is not Kind.DIRECTORY:
                what = name.decode(errors="replace")[:80]
                raise Malformed(f"{path[:200]}: expected {what} to be a directory, got something else")
            tree = found.id
        return Path(tuple(steps))

    def _top(self, commit: str) -> str:
        return tree_of(commit, self.objects.read("commit", commit))

    def _entries(self, tree: str) -> list[Entry]:
        return entries(tree, self.objects.read("tree", tree))

    def _directory(self, tree: str, depth: int) -> int:
        if depth > MAX_COMPONENTS:
            raise Malformed(
                f"tree {tree}: expected directories at most {MAX_COMPONENTS} deep, got a deeper one"
            )
        root = self.known.get(tree)
        if root is None:
            root = self.known[tree] = root_of(self._leaves(self._entries(tree), depth))
        return root

    def _leaves(self, listed: Sequence[Entry], depth: int) -> list[Leaf]:
        return [self._leaf(entry, depth) for entry in listed]

    def _leaf(self, entry: Entry, depth: int) -> Leaf:
        if entry.kind is Kind.DIRECTORY:
            return directory_leaf(entry.name, self._directory(entry.id, depth + 1))
        if entry.kind is Kind.COMMIT:
            return commit_leaf(entry.name, entry.id)
        size, chunks = self.objects.blob(entry.id)
        return file_leaf(entry.name, entry.kind, blob_digest(entry.id, size, chunks))
