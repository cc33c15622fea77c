"""An evidence folder may come from anybody: bounded, and no way out of it."""

import hashlib
import os
from pathlib import Path

import pytest

from sealrun.adapters.files import evidence_folder
from sealrun.adapters.files.evidence_folder import DiskFolder
from sealrun.encoding.measure import measure_document
from sealrun.errors import Malformed


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with one file, and another beside it that nobody is to see."""
    (tmp_path / "secret").write_bytes(b"secret")
    folder = tmp_path / "evidence"
    (folder / "outputs" / "job").mkdir(parents=True)
    (folder / "outputs" / "job" / "out").write_bytes(b"built\n")
    return folder


def test_files_are_named_and_read(root: Path) -> None:
    folder = DiskFolder(root)
    assert folder.names() == ["outputs/job/out"]
    assert folder.document("outputs/job/out") == b"built\n"
    assert folder.document("index.json") is None
    assert folder.measure("outputs/job/out") == measure_document(b"built\n")


@pytest.mark.parametrize(
    "name",
    ["offer.json", "disclosures/a", "disclosures/a/offer", "reads/c/inputs.json", "reruns/c/disclosures/a"],
)
def test_e6_a_document_of_which_there_may_be_thousands_is_not_read_beyond_its_bound(
    root: Path, name: str
) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_bytes(b"1" * ((1 << 16) + 1))
    with pytest.raises(Malformed, match="expected at most 65536 bytes, got more"):
        DiskFolder(root).document(name)


@pytest.mark.parametrize("name", ["index.json", "reruns/c/index.json", "profile/job/offer.json"])
def test_a_document_that_grows_with_the_run_may_be_longer(root: Path, name: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_bytes(b"1" * ((1 << 16) + 1))
    assert len(DiskFolder(root).document(name) or b"") == (1 << 16) + 1


def test_a_folder_that_is_reached_by_a_link_is_a_folder(root: Path) -> None:
    link = root.parent / "link"
    link.symlink_to(root)
    assert DiskFolder(link).document("outputs/job/out") == b"built\n"


@pytest.mark.parametrize("target", ["../secret", "../nothing", "outputs/job/out", "/etc/passwd"])
def test_no_link_is_followed_and_none_is_left_unnamed(root: Path, target: str) -> None:
    (root / "offer.json").symlink_to(target)
    folder = DiskFolder(root)
    assert "offer.json" in folder.names()
    for read in (folder.document, folder.measure):
        with pytest.raises(Malformed, match=r"offer\.json: expected a file inside the folder, got a link"):
            read("offer.json")


def test_a_linked_folder_is_named_and_nothing_in_it_is_read(root: Path) -> None:
    (root / "profile").symlink_to("..")
    folder = DiskFolder(root)
    assert folder.names() == ["outputs/job/out", "profile"]
    with pytest.raises(Malformed, match="got a link"):
        folder.document("profile/secret")
    with pytest.raises(Malformed, match="got a link on the way"):
        folder.write("profile/secret", [b"changed"], sha256=sha256(b"changed"))
    assert (root.parent / "secret").read_bytes() == b"secret"


def test_nothing_outside_is_read_by_its_name(root: Path) -> None:
    with pytest.raises(Malformed, match="expected a file inside the folder"):
        DiskFolder(root).document("../secret")


def test_a_pipe_and_a_folder_are_no_files_and_nobody_waits_for_them(root: Path) -> None:
    os.mkfifo(root / "call.json")
    (root / "index.json").mkdir()
    for name in ("call.json", "index.json"):
        with pytest.raises(Malformed, match="expected a plain file"):
            DiskFolder(root).document(name)


def test_a_link_in_a_circle_is_named_and_is_no_file(root: Path) -> None:
    (root / "run.json").symlink_to("run.json")
    (root / "profile").symlink_to("profile")
    folder = DiskFolder(root)
    assert {"run.json", "profile"} < set(folder.names())
    for read in (folder.document, folder.measure):
        with pytest.raises(Malformed, match="expected a file"):
            read("run.json")
    with pytest.raises((Malformed, OSError)):
        folder.write("profile/run.json", [b"x"], sha256=sha256(b"x"))


def deep(root: Path, name: str, levels: int) -> None:
    """Folders within each other with a file at their end, further down than a path may be long."""
    here = os.open(root, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir(name, dir_fd=here)
        below = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(os.open("more", os.O_WRONLY | os.O_CREAT, dir_fd=here))
    os.close(here)


def test_folders_within_each_other_are_followed_however_many(root: Path) -> None:
    deep(root, "a", 1200)
    try:
        assert DiskFolder(root).names()[0].endswith("a/more")
    finally:  # shutil recurses too
        last = root.joinpath(*["a"] * 1200)
        (last / "more").unlink()
        os.removedirs(last)


def test_what_lies_too_deep_to_be_named_is_not_passed_over(root: Path) -> None:
    deep(root / "outputs", "a" * 250, 20)
    with pytest.raises(Malformed, match="expected only folders that can be read, File name too long"):
        DiskFolder(root).names()


def test_documents_and_names_are_bounded(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence_folder, "MAX_DOCUMENT_BYTES", 5)
    with pytest.raises(Malformed, match="at most 5 bytes, got more"):
        DiskFolder(root).document("outputs/job/out")
    monkeypatch.setattr(evidence_folder, "MAX_FILES", 0)
    with pytest.raises(Malformed, match="at most 0 files, got more"):
        DiskFolder(root).names()


def test_a_file_is_written_whole_or_not_at_all(root: Path) -> None:
    folder = DiskFolder(root)
    folder.write("profile/job/log", [b"a", b"b"], sha256=sha256(b"ab"))
    assert folder.holds("profile/job/log", sha256=sha256(b"ab"), size=2)
    with pytest.raises(Malformed, match=f"log: expected sha256 {sha256(b'x')}, got {sha256(b'y')}"):
        folder.write("profile/job/log", [b"y"], sha256=sha256(b"x"))
    with pytest.raises(ZeroDivisionError):
        folder.write("profile/job/log", (bytes([1 // each]) for each in (1, 0)), sha256=sha256(b""))
    assert folder.document("profile/job/log") == b"ab"
    assert folder.names() == ["outputs/job/out", "profile/job/log"]


def test_what_is_held_has_the_size_and_the_digest(root: Path) -> None:
    folder, right = DiskFolder(root), sha256(b"built\n")
    assert folder.holds("outputs/job/out", sha256=right, size=6)
    assert not folder.holds("outputs/job/out", sha256=right, size=7)
    assert not folder.holds("outputs/job/out", sha256=sha256(b""), size=6)
    assert not folder.holds("outputs/job/in", sha256=right, size=6)


def test_e6_neither_many_files_nor_many_folders_are_listed_without_end(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence_folder, "MAX_FILES", 10)
    for at in range(20):
        (root / f"empty-{at}").mkdir()
    with pytest.raises(Malformed, match="at most 10 files, got more"):
        DiskFolder(root).names()


def test_e6_a_file_of_another_size_is_not_read(root: Path) -> None:
    with (root / "outputs" / "job" / "out").open("r+b") as file:
        file.truncate(1 << 43)
    with pytest.raises(Malformed, match="size: expected 6, got 8796093022208"):
        DiskFolder(root).measure("outputs/job/out", size=6)
    with pytest.raises(Malformed, match="expected at most"):
        DiskFolder(root).document("outputs/job/out")


def test_e7_a_folder_below_is_inside(root: Path) -> None:
    (root / "reruns").symlink_to(root.parent)
    with pytest.raises(Malformed, match="got a link"):
        DiskFolder(root).below("reruns/call")
    with pytest.raises(Malformed, match="got a link"):
        DiskFolder(root).below("../elsewhere")
    assert DiskFolder(root).below("reads/call") == root / "reads" / "call"
