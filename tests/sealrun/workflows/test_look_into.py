"""Secrets within compressed files are found; what cannot be looked into does not count as free of them."""

import bz2
import gzip
import io
import lzma
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealrun.adapters.files.archives import unpack_zip
from sealrun.adapters.files.spool import spooled
from sealrun.encoding.bundles import bundled
from sealrun.encoding.inflate import CHUNK, inflated, is_compressed
from sealrun.errors import UnsafeArchive
from sealrun.evidence.secret_scan import Scanner
from sealrun.ports.evidence import Content
from sealrun.workflows.deadline import Deadline
from sealrun.workflows.look_into import LEAST, MAX_DEPTH, Look
from tests.sealrun.evidence.test_secret_scan import ASSIGNED, PLANTED, chunked
from tests.sealrun.fakes import zipped

SECRET = PLANTED["gitlab"]
NO_END = Deadline(1, lambda: 0)
FORMS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
}
PLAIN = b"".join(n.to_bytes(4) for n in range(700_000))


def shows(data: bytes, **bounds: int) -> bool:
    return Look(Scanner([b"known to be secret"]), unpack_zip, spooled, NO_END, **bounds).shows(lambda: [data])


def deflated(data: bytes) -> bytes:
    """A zip with this file, of which nothing can be read without unpacking it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", data * 9)
    return buffer.getvalue()


def tarred(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "a"
        archive.addfile(link)
    return buffer.getvalue()


def ar(files: dict[str, bytes]) -> bytes:
    entries = [
        f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode()
        + data
        + b"\n" * (len(data) % 2)
        for name, data in files.items()
    ]
    return b"!<arch>\n" + b"".join(entries)


def within(data: bytes) -> dict[str, bytes]:
    """The bytes, compressed in every way and in some combinations."""
    return {
        **{name: compress(data) for name, compress in FORMS.items()},
        "two streams": gzip.compress(b"first\n") + gzip.compress(data),
        "padded": lzma.compress(b"first\n") + bytes(8) + lzma.compress(data),
        "zip": zipped({"a/first.txt": b"first\n", "a/second.txt": data}),
        "tar.gz in zip": zipped({"sources.tar.gz": gzip.compress(bytes(1024) + data)}),
        "zip in xz in zip": zipped({"x.xz": lzma.compress(zipped({"x": data}))}),
        "zip in tar.gz in zip": zipped({"x.tgz": gzip.compress(tarred({"w.whl": deflated(data)}))}),
        "layer of an image": tarred({"index.json": b"{}", "blobs/sha256/1": gzip.compress(data)}),
        "tar in tar": tarred({"layer.tar": tarred({"a.txt": b"first", "b.xz": lzma.compress(data)})}),
        "behind a long name": tarred({f"{'n' * 300}/a": b"x", f"{'n' * 300}/b.gz": gzip.compress(data)}),
        "Debian's package": ar({"debian-binary": b"2.0", "data.tar.xz": lzma.compress(tarred({"a": data}))}),
        "at the end of megabytes": bz2.compress(PLAIN + b"\n" + data),
    }


@pytest.mark.parametrize("form", within(b""))
def test_a_secret_in_a_compressed_file_is_found(form: str) -> None:
    assert not shows(within(SECRET)[form])
    assert not shows(within(b"it is known to be secret")[form])
    assert shows(within(b"it is not")[form])
    assert shows(within(ASSIGNED[0])[form])


def test_a_secret_in_a_name_within_an_archive_is_found() -> None:
    assert not shows(zipped({f"a/{SECRET.decode()}": b"x"}))


DAMAGED = {
    "cut": gzip.compress(PLAIN)[:-9],
    "cut at once": gzip.compress(PLAIN)[:4],
    "bytes behind": bz2.compress(b"x") + b"more",
    "a changed byte": lzma.compress(b"x" * 99)[:40] + b"\xff" + lzma.compress(b"x" * 99)[41:],
    "asks for memory": lzma.compress(
        b"x", filters=[{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 96 << 20}]
    ),
    "no zip": b"PK\3\4 is what a zip begins with",
    "a tar that is cut": tarred({"a": PLAIN})[:-11_000],
    "a tar's header": tarred({"a": b"x", "b": b"y"})
    .replace(b"ustar", b"USTAR", 2)
    .replace(b"USTAR", b"ustar", 1),
    "a tar's size": tarred({"a": b"x"}).replace(b"00000000001\0", b"0000000000x\0"),
    "an ar's size": b"!<arch>\n" + b" " * 58 + b"`\n",
    "a name that leaves the folder": zipped({"../x": b"x"}),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_what_cannot_be_looked_into_is_not_shown(name: str) -> None:
    assert not shows(DAMAGED[name])


def test_what_is_compressed_too_often_is_not_shown() -> None:
    data = b"x"
    for _ in range(MAX_DEPTH):
        data = gzip.compress(data)
    assert shows(data)
    assert not shows(gzip.compress(data))


@pytest.mark.parametrize(
    ("form", "plain", "compressed"),
    [
        ("static library in a layer", True, True),
        ("static library in a compressed layer", True, True),
        ("tar as deep as a compressed file may be", True, False),
        ("four tars", False, False),
    ],
)
def test_a_tar_is_no_level_of_compression(form: str, *, plain: bool, compressed: bool) -> None:
    """Images have static libraries in their layers, and were kept back for them."""

    def made(data: bytes) -> bytes:
        library, wheel = ar({"a.o": data}), zipped({"a.tgz": gzip.compress(tarred({"a": data}))})
        return {
            "static library in a layer": gzip.compress(tarred({"layer.tar": tarred({"a.a": library})})),
            "static library in a compressed layer": gzip.compress(
                tarred({"1": gzip.compress(tarred({"a.a": library}))})
            ),
            "tar as deep as a compressed file may be": gzip.compress(tarred({"a.whl": wheel})),
            "four tars": tarred({"a": tarred({"a": tarred({"a": tarred({"a": data})})})}),
        }[form]

    assert shows(made(b"x")) == plain
    assert shows(made(gzip.compress(b"x"))) == compressed
    assert not shows(made(gzip.compress(SECRET)))


def test_all_files_together_give_out_no_more_than_allowed() -> None:
    look = Look(Scanner(), unpack_zip, spooled, NO_END, bytes_left=5_000_000)
    bomb = gzip.compress(bytes(2_000_000))
    assert [look.shows(lambda: [bomb]) for _ in range(3)] == [True, True, False]
    assert not shows(zipped({"a": bytes(3_000_000), "b": bytes(3_000_000)}), bytes_left=5_000_000)
    assert shows(bytes(6_000_000), bytes_left=5_000_000)


def test_empty_ones_are_counted_too_for_they_take_their_time() -> None:
    look = Look(Scanner(), unpack_zip, spooled, NO_END, bytes_left=1000 * LEAST)
    for data in (
        gzip.compress(b"") * 5000,
        bz2.compress(b"") * 5000,
        zipped({str(n): b"" for n in range(5000)}),
    ):
        look.bytes_left = 1000 * LEAST
        assert not look.shows(lambda data=data: [data])  # type: ignore[misc]


@pytest.mark.parametrize("first", [b"", b"\x1f", b"PK"])
def test_a_secret_behind_a_short_first_stream_is_found(first: bytes) -> None:
    inner = gzip.compress(SECRET) if first != b"PK" else zipped({"a": gzip.compress(SECRET)})
    begun = gzip.compress(first) + gzip.compress(inner.removeprefix(first))
    assert not shows(begun)
    assert not shows(zipped({"x": begun}))


def bzip2ed() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("a", SECRET)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("packed", "most"),
    [(gzip.compress, 1_000_000), (lambda data: tarred({"a.tar": tarred({"b.tar": data})}), 5_000_000)],
)
def test_e6_what_is_kept_for_a_second_look_counts_too(packed: Callable[[bytes], bytes], most: int) -> None:
    """A tar within gzip of a few MiB had GiB written to the disk; so had one within two others."""
    written = 0

    @contextmanager
    def counting(chunks: Iterable[bytes]) -> Iterator[Content]:
        def counted() -> Iterator[bytes]:
            nonlocal written
            for chunk in chunks:
                written += len(chunk)
                yield chunk

        with spooled(counted()) as content:
            yield content

    look = Look(Scanner(), unpack_zip, counting, NO_END, bytes_left=5_000_000)
    assert not look.shows(lambda: [packed(tarred({"x.gz": b"\x1f\x8b" + bytes(4_000_000)}))])
    assert written <= most


def test_what_a_zip_has_by_another_method_is_not_shown() -> None:
    assert not shows(bzip2ed())


@given(
    files=st.lists(st.binary(max_size=1200), min_size=1, max_size=5),
    form=st.sampled_from([tarred, ar]),
    cuts=st.lists(st.integers(1, 400), max_size=20),
)
def test_the_files_of_a_tar_are_found_whatever_the_chunks(
    files: list[bytes], form: Callable[[dict[str, bytes]], bytes], cuts: list[int]
) -> None:
    packed = form({str(at): data for at, data in enumerate(files)})
    found = [b"".join(each) for each in bundled(chunked(packed, cuts))]
    assert found[: len(files)] == files
    assert not any(found[len(files) :])
    # What of a file is not read is passed over.
    assert [next(each, b"")[:1] for each in bundled([packed])][: len(files)] == [data[:1] for data in files]


def test_e6_a_tar_of_many_files_is_looked_through_in_linear_time() -> None:
    packed = tarred({str(at): b"x" for at in range(4000)})
    begin = time.process_time()
    assert shows(gzip.compress(packed * 4))
    assert time.process_time() - begin < 5


@given(
    data=st.binary(max_size=300),
    form=st.sampled_from(sorted(FORMS)),
    cuts=st.lists(st.integers(6, 400), max_size=20),
)
def test_what_was_compressed_comes_out_whatever_the_chunks(data: bytes, form: str, cuts: list[int]) -> None:
    packed = FORMS[form](data) + FORMS[form](data)
    assert is_compressed(packed[:6])
    assert (
        b"".join(inflated(chunked(packed, [cut for cut in cuts if cut % (len(packed) + 1) > 5]))) == data * 2
    )


@pytest.mark.parametrize("form", FORMS)
def test_it_comes_out_in_pieces(form: str) -> None:
    sizes = [len(piece) for piece in inflated([FORMS[form](bytes(50 * CHUNK))])]
    assert (sum(sizes), max(sizes)) == (50 * CHUNK, CHUNK)


def test_what_is_not_compressed_is_refused() -> None:
    with pytest.raises(UnsafeArchive, match="expected a sound one, got another form"):
        list(inflated([b"plain"]))
