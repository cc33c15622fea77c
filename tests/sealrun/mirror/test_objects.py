"""Git's objects: named as git, dulwich and swh.model name them, and what no git writes is refused."""

import hashlib
from pathlib import Path

import pytest
from dulwich.objects import Blob, ObjectID, Tree
from hypothesis import given
from hypothesis import strategies as st
from swh.model.model import Content, Directory, DirectoryEntry

from local.repositories import git
from sealrun.errors import Malformed
from sealrun.mirror.objects import Entry, Kind, blob_digest, entries, object_id, require_object, tree_of

MODES = {
    Kind.FILE: 0o100644,
    Kind.EXECUTABLE: 0o100755,
    Kind.LINK: 0o120000,
    Kind.DIRECTORY: 0o040000,
    Kind.COMMIT: 0o160000,
}
SWH = {
    Kind.FILE: "file",
    Kind.EXECUTABLE: "file",
    Kind.LINK: "file",
    Kind.DIRECTORY: "dir",
    Kind.COMMIT: "rev",
}
NAMES = st.binary(min_size=1, max_size=40).filter(
    lambda name: not {0, ord("/")} & {*name} and name.lower() not in (b".", b"..", b".git")
)
ENTRIES = st.dictionaries(NAMES, st.tuples(st.sampled_from(Kind), st.binary(min_size=20, max_size=20)))
BLOB = "ce013625030ba8dba906f756967f9e9ca394464a"  # "hello\n", as git's own book has it


def tree_bytes(*listed: tuple[bytes, bytes, bytes]) -> bytes:
    return b"".join(mode + b" " + name + b"\0" + named for mode, name, named in listed)


@given(contents=st.binary(max_size=2000))
def test_blobs_are_named_as_dulwich_and_swh_name_them(contents: bytes) -> None:
    named = object_id("blob", contents)
    assert named.encode() == Blob.from_string(contents).id
    assert named == Content.from_data(contents).sha1_git.hex()
    assert (
        blob_digest(named, len(contents), [contents[:7], contents[7:]]) == hashlib.sha256(contents).digest()
    )


@given(listed=ENTRIES)
def test_trees_are_read_and_named_as_dulwich_and_swh_do(listed: dict[bytes, tuple[Kind, bytes]]) -> None:
    tree = Tree()
    for name, (kind, named) in listed.items():
        tree.add(name, MODES[kind], ObjectID(named.hex().encode()))
    contents = tree.as_raw_string()
    found = entries(tree.id.decode(), contents)
    assert {entry.name: (entry.kind, bytes.fromhex(entry.id)) for entry in found} == listed
    swh = Directory(
        entries=tuple(
            DirectoryEntry(name=name, type=SWH[kind], target=named, perms=MODES[kind])
            for name, (kind, named) in listed.items()
        )
    )
    assert swh.id.hex() == object_id("tree", contents)


def test_a_commit_is_read_as_git_wrote_it(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message=one")
    commit = git(tmp_path, "rev-parse", "HEAD")
    contents = git(tmp_path, "cat-file", "commit", commit).encode() + b"\n"
    assert tree_of(commit, contents) == git(tmp_path, "rev-parse", "HEAD^{tree}")
    with pytest.raises(Malformed, match=f"commit {commit}: expected the bytes of that object"):
        tree_of(commit, contents.replace(b"one", b"two"))


def test_bytes_of_another_object_are_refused() -> None:
    require_object(BLOB, "blob", b"hello\n")
    for size, chunks in ((6, [b"hallo\n"]), (5, [b"hello\n"]), (6, [b"hello"]), (6, [])):
        with pytest.raises(Malformed, match=f"blob {BLOB}: expected the bytes of that object, got those of"):
            blob_digest(BLOB, size, chunks)
    with pytest.raises(Malformed, match="expected a tree on its first line"):
        tree_of(object_id("commit", b"parent x\n"), b"parent x\n")


@pytest.mark.parametrize(
    ("contents", "why"),
    [
        (tree_bytes((b"100644", b"a/b", b"x" * 20)), "names of 1 to 255 bytes"),
        (tree_bytes((b"100644", b"", b"x" * 20)), "names of 1 to 255 bytes"),
        (tree_bytes((b"100644", b"..", b"x" * 20)), "names of 1 to 255 bytes"),
        (tree_bytes((b"100644", b"n" * 256, b"x" * 20)), "names of 1 to 255 bytes"),
        (tree_bytes((b"100600", b"a", b"x" * 20)), "modes that git writes, got b'100600'"),
        (tree_bytes((b"040000", b"a", b"x" * 20)), "modes that git writes, got b'040000'"),
        (tree_bytes((b"100644", b"a", b"x" * 19)), "modes that git writes"),
        (b"100644 a", "modes that git writes"),
        (b"100644 a\0", "modes that git writes"),
        (tree_bytes((b"100644", b"a", b"x" * 20), (b"40000", b"a", b"y" * 20)), "each name once"),
    ],
)
def test_trees_that_git_does_not_write_are_refused(contents: bytes, why: str) -> None:
    with pytest.raises(Malformed, match=why):
        entries(object_id("tree", contents), contents)


def test_old_group_writable_files_are_files() -> None:
    contents = tree_bytes((b"100664", b"a", b"x" * 20))
    assert entries(object_id("tree", contents), contents) == [Entry(b"a", Kind.FILE, (b"x" * 20).hex())]
