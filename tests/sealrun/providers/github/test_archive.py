"""An artifact that is one plain file is collected like any other."""

from collections.abc import Iterator

import pytest

from sealrun.adapters.files.archives import unpack_zip
from sealrun.providers.github.archive import as_archive
from tests.sealrun.fakes import zipped


def unpacked(pieces: Iterator[bytes], name: str) -> dict[str, bytes]:
    found = unpack_zip(as_archive(pieces, name, may_be_file=True), max_bytes=1 << 22, max_files=5)
    return {name: b"".join(content()) for name, content in found}


@pytest.mark.parametrize("content", [b"", b"P", b"%PDF-1.7 one plain file", b"x" * (3 << 20)])
@pytest.mark.parametrize("step", [1 << 10, 1 << 16])
def test_r9_a_file_without_an_archive_is_the_one_entry_of_one(content: bytes, step: int) -> None:
    pieces = (content[at : at + step] for at in range(0, len(content), step))
    assert unpacked(pieces, "report.pdf") == {"report.pdf": content}


@pytest.mark.parametrize("files", [{}, {"a.txt": b"a", "b/c.txt": b"c"}])
def test_an_archive_is_left_as_it_is(files: dict[str, bytes]) -> None:
    body = zipped(files)
    assert b"".join(as_archive(iter([body[:1], body[1:3], body[3:]]), "out", may_be_file=False)) == body
    assert unpacked(iter([body]), "out") == files
