"""Archives from strangers are opened within bounds."""

import io
import struct
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealrun.adapters.files.archives import unpack_zip
from sealrun.errors import UnsafeArchive
from tests.sealrun.fakes import zipped


def unpack(archive: bytes, *, max_bytes: int = 1000, max_files: int = 5) -> dict[str, bytes]:
    chunks = (archive[n : n + 7] for n in range(0, len(archive), 7))
    files = unpack_zip(chunks, max_bytes=max_bytes, max_files=max_files)
    return {name: b"".join(content()) for name, content in files}


def test_files_come_out_as_they_went_in_and_folders_do_not() -> None:
    files = {"a.txt": b"one", "folder/": b"", "folder/b.bin": bytes(range(200))}
    assert unpack(zipped(files)) == {name: content for name, content in files.items() if name != "folder/"}


def bomb() -> bytes:
    """A small archive of one large file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(100_000))
    return buffer.getvalue()


def lying() -> bytes:
    """A bomb whose headers say that it is small."""
    return bomb().replace((100_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))


def corrupt() -> bytes:
    archive = bytearray(zipped({"a": b"some bytes"}))
    archive[archive.index(b"some bytes")] ^= 1
    return bytes(archive)


def encrypted() -> bytes:
    archive = bytearray(zipped({"a": b"x"}))
    archive[archive.index(b"PK\x01\x02") + 8] |= 1
    return bytes(archive)


def directory(count: int, *, name: bytes = b"a", offset: int = 0) -> bytes:
    """A central directory of so many files, and none of them."""
    wide = struct.pack("<HHQ", 1, 8, offset) if offset else b""
    sizes, small = (0, 0, 0), (len(name), len(wide), 0, 0, 0)
    version, flags, at = (20, 0, 20, 0), (0, 0, 0, 0), 0xFFFFFFFF if offset else 0
    entry = struct.pack("<4s4B4H3L5H2L", b"PK\1\2", *version, *flags, *sizes, *small, 0, at) + name + wide
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, count * len(entry), 0, 0)
    return entry * count + end


def compressed(method: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr("zeros", bytes(500))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("archive", "text"),
    [
        (directory(1, name=b""), "names within the folder"),
        (directory(1, offset=2**64 - 1), "sound zip file without encryption, got OverflowError"),
        (compressed(zipfile.ZIP_BZIP2), "stored or deflated, got another method"),
        (compressed(zipfile.ZIP_LZMA), "stored or deflated, got another method"),
        (zipped({"é" * 128: b""}), "names within the folder"),
        (b"", "sound zip file"),
        (b"not a zip", "sound zip file"),
        (zipped({"a": b"x"})[:-10], "sound zip file"),
        (corrupt(), "sound zip file"),
        (encrypted(), "sound zip file"),
        (bomb(), "files of at most 1000 bytes in all"),
        (lying(), "sound zip file|at most 1000"),
        (zipped({"a": bytes(1001)}), "archive: expected at most 1000 bytes"),
        (zipped({str(n): b"" for n in range(6)}), "at most 5 files, got 6"),
        (zipped({"../a": b""}), "names within the folder"),
        (zipped({"/a": b""}), "names within the folder"),
        (zipped({"a/./b": b""}), "names within the folder"),
        (zipped({"a\\b": b""}), "names within the folder"),
        (zipped({"a\nb": b""}), "names within the folder"),
        (zipped({"a" * 256: b""}), "names within the folder"),
    ],
    # Archives hold the time of day, and a test's name must not.
    ids=lambda value: value if isinstance(value, str) else f"{len(value)} bytes",
)
def test_what_is_unsafe_is_refused_by_what_is_wrong(archive: bytes, text: str) -> None:
    with pytest.raises(UnsafeArchive, match=text):
        unpack(archive)


def test_a_directory_is_not_read_whole_however_long_it_is() -> None:
    archive = directory(60_000)
    with pytest.raises(UnsafeArchive, match="expected a directory of at most 1048576 bytes"):
        next(unpack_zip([archive], max_bytes=1 << 30, max_files=10))
    long = zipped({f"{n}{'x' * 250}": b"" for n in range(1000)})
    assert len(list(unpack_zip([long], max_bytes=1 << 30, max_files=1000))) == 1000


@pytest.mark.parametrize("archive", [zipped({"../jane-doe": b""}), corrupt(), encrypted()])
def test_e1_what_is_wrong_is_said_without_a_name(archive: bytes) -> None:
    """Anyone may read it, and the name may be of what only the buyer sees."""
    with pytest.raises(UnsafeArchive) as caught:
        unpack(archive)
    assert "jane" not in caught.value.detail
    assert "'" not in caught.value.detail


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_stands_twice_is_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a", b"1")
        archive.writestr("a", b"2")
    with pytest.raises(UnsafeArchive, match="every name once"):
        unpack(buffer.getvalue())


@given(st.binary(max_size=300), st.integers(0, 200), st.integers(0, 255))
def test_no_bytes_make_it_fail_in_another_way(tail: bytes, at: int, byte: int) -> None:
    archive = bytearray(zipped({"a": zlib.compress(b"x")}) + tail)
    archive[at % len(archive)] = byte
    try:
        unpack(bytes(archive))
    except UnsafeArchive as error:
        assert error.detail.startswith("archive: ")  # noqa: PT017


@pytest.mark.parametrize("names", [("x", "x/y"), ("x/y", "x"), ("a/b/c", "a/b"), ("a/b/c/d", "a")])
def test_e5_a_name_that_is_both_a_file_and_a_folder_could_never_be_fetched(names: tuple[str, str]) -> None:
    with pytest.raises(UnsafeArchive, match="expected every name to be a file or a folder"):
        unpack(zipped(dict.fromkeys(names, b"")))
    unpack(zipped({"a-b": b"", "a/b": b"", "ab/c": b""}))
