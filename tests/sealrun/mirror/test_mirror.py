"""A commit as one field: changed by any change of a file, and paths that nothing else satisfies."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path as File
from typing import Any

import pytest

from local.repositories import commit_all, git
from sealrun.encoding.fields import digest_fields
from sealrun.errors import Malformed, Refused
from sealrun.mirror.directory import DEPTH, directory_leaf, file_leaf, name_hash, root_of, step_to
from sealrun.mirror.mirror import Mirror
from sealrun.mirror.objects import Kind, object_id
from sealrun.mirror.path import Path, read_path
from tests.vectors import make_mirror

SHA256 = hashlib.sha256(b"hello\n").digest()


@dataclass
class Repository:
    """Objects in memory, each under its own id; it counts what is read."""

    objects: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def put(self, kind: str, contents: bytes) -> str:
        name = object_id(kind, contents)
        self.objects[name] = (kind, contents)
        return name

    def tree(self, **names: Any) -> str:
        """Folders as dictionaries, files as bytes."""
        listed = []
        for name, value in sorted(names.items()):
            mode, named = (
                (b"40000", self.tree(**value))
                if isinstance(value, dict)
                else (b"100644", self.put("blob", value))
            )
            listed.append(mode + b" " + name.encode() + b"\0" + bytes.fromhex(named))
        return self.put("tree", b"".join(listed))

    def commit(self, tree: str) -> str:
        return self.put("commit", f"tree {tree}\nauthor a <a@b> 0 +0000\n\none\n".encode())

    def read(self, kind: str, name: str) -> bytes:
        self.asked.append(name)
        found, contents = self.objects[name]
        assert found == kind
        return contents

    def blob(self, name: str) -> tuple[int, Iterable[bytes]]:
        contents = self.read("blob", name)
        return len(contents), [contents]


FILES: dict[str, Any] = {"docs": {"index": b"hello\n", "deep": {"a": b"", "b": b"b"}}, "readme": b"hello\n"}


def test_the_vectors_are_what_this_side_makes() -> None:
    assert json.loads(make_mirror.FILE.read_text()) == make_mirror.make()


def test_a_root_is_of_the_files_alone_and_only_what_changed_is_read_again() -> None:
    repository, known = Repository(), dict[str, int]()
    mirror = Mirror(repository, known)
    first = mirror.root(repository.commit(repository.tree(**FILES)))
    assert first == Mirror(repository, {}).root(repository.commit(repository.tree(**FILES)))
    changed = {**FILES, "docs": {**FILES["docs"], "index": b"hallo\n"}}
    repository.asked.clear()
    second = mirror.root(repository.commit(repository.tree(**changed)))
    assert second != first
    deep = repository.tree(**FILES["docs"]["deep"])
    assert deep in known
    assert deep not in repository.asked
    assert second == Mirror(repository, {}).root(repository.commit(repository.tree(**changed)))


@pytest.mark.parametrize("path", ["readme", "docs/index"])
def test_a_path_holds_for_its_file_and_for_nothing_else(path: str) -> None:
    repository = Repository()
    mirror = Mirror(repository, {})
    commit = repository.commit(repository.tree(**FILES))
    root, found = mirror.root(commit), mirror.path(commit, path)
    assert found.holds(root, path, SHA256)
    assert read_path(json.loads(json.dumps(found.value()))) == found
    assert not found.holds(root, path, b"\0" * 32)
    assert not found.holds(root + 1, path, SHA256)
    assert not found.holds(root, "docs/deep", SHA256)
    last = found.steps[-1]
    for other in (
        replace(last, index=last.index ^ 1),
        replace(last, siblings=(*last.siblings[:-1], 7)),
        replace(last, leaf=replace(last.leaf, kind=Kind.EXECUTABLE)),
    ):
        steps = (*found.steps[:-1], other)
        try:
            assert not Path(steps).holds(root, path, SHA256)
        except Malformed as error:
            assert "expected each step to enter the directory of the next" in error.detail  # noqa: PT017


def test_a_link_and_a_directory_are_no_files() -> None:
    high, low = digest_fields(SHA256)
    link = file_leaf(b"a", Kind.LINK, SHA256)
    assert not Path((step_to(b"a", [link]),)).holds(root_of([link]), "a", SHA256)
    folder = replace(directory_leaf(b"a", high), low=low)
    assert not Path((step_to(b"a", [folder]),)).holds(root_of([folder]), "a", SHA256)


def test_what_is_not_there_is_said() -> None:
    repository = Repository()
    mirror, commit = Mirror(repository, {}), repository.commit(repository.tree(**FILES))
    for path, why in (
        ("docs/none", "none: expected it in its directory, got no such entry"),
        ("", "expected it in its directory"),
        ("docs/", "expected it in its directory"),
        ("readme/a", "expected readme to be a directory"),
        ("/".join(["a"] * 65), "expected at most 64 components, got 65"),
    ):
        with pytest.raises(Malformed, match=why):
            mirror.path(commit, path)


def test_directories_without_end_are_refused() -> None:
    nested: dict[str, Any] = {"file": b""}
    for _ in range(70):
        nested = {"d": nested}
    repository = Repository()
    with pytest.raises(Malformed, match="expected directories at most 64 deep, got a deeper one"):
        Mirror(repository, {}).root(repository.commit(repository.tree(**nested)))


def test_a_tree_that_names_itself_often_is_hashed_once() -> None:
    """Ten levels, each with ten times the one below: a billion files in a few objects."""
    repository = Repository()
    tree = repository.tree(file=b"")
    for _ in range(10):
        one = b"".join(b"40000 %d\0" % at + bytes.fromhex(tree) for at in range(10))
        tree = repository.put("tree", one)
    Mirror(repository, {}).root(repository.commit(tree))
    assert len(repository.asked) < 30


def test_a_directory_has_room_and_no_more() -> None:
    leaf = file_leaf(b"a", Kind.FILE, SHA256)
    with pytest.raises(Refused, match="expected at most 16384 leaves, got 16385"):
        root_of([leaf] * (2**DEPTH + 1))


@pytest.mark.parametrize("name", [b"", b"a/b", b"a\0", b"n" * 256])
def test_what_is_no_name_has_no_hash(name: bytes) -> None:
    with pytest.raises(Malformed, match="name: expected 1 to 255 bytes without / and zero"):
        name_hash(name)


def _changed(**changes: object) -> list[Any]:
    [step] = Path((step_to(b"a", [file_leaf(b"a", Kind.FILE, SHA256)]),)).value()
    return [{**step, **changes}]


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        [1],
        [{}],
        _changed(more=1),
        _changed(siblings=["0"] * 13),
        _changed(siblings="0" * 14),
        _changed(siblings=["-1"] * 14),
        _changed(siblings=[str(2**255)] * 14),
        _changed(siblings=["٣"] * 14),
        _changed(index=-1),
        _changed(index=2**14),
        _changed(index=True),
        _changed(index="0"),
        _changed(kind=0),
        _changed(kind=6),
        _changed(kind="1"),
        _changed(name="xx"),
        _changed(name=5),
        _changed(high="01"),
        _changed(high="9" * 5000),
        _changed(low=1),
        _changed() * 65,
    ],
)
def test_what_is_no_path_is_refused(value: object) -> None:
    with pytest.raises(Malformed, match="expected"):
        read_path(value)


def test_paths_of_other_sizes_hold_for_nothing() -> None:
    with pytest.raises(Malformed, match="expected 1 to 64 steps, got 0"):
        Path(()).root()


def test_a_real_clone_of_these_files_has_the_same_tree(tmp_path: File) -> None:
    """What stands in memory here is what a real clone of these files has."""
    (tmp_path / "docs" / "deep").mkdir(parents=True)
    for name, text in (
        ("readme", b"hello\n"),
        ("docs/index", b"hello\n"),
        ("docs/deep/a", b""),
        ("docs/deep/b", b"b"),
    ):
        (tmp_path / name).write_bytes(text)
    commit_all(tmp_path)
    assert git(tmp_path, "rev-parse", "HEAD^{tree}") == Repository().tree(**FILES)
