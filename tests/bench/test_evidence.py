"""The benchmark of evidence does what it says: every byte is stored, by multipart, from the archive."""

import zipfile
from pathlib import Path

import pytest

from bench.evidence import CHUNK, CountingS3, _run, write
from sealrun.adapters.aws.s3 import PART


def test_the_file_has_its_size_and_no_two_equal_mebibytes(tmp_path: Path) -> None:
    write(tmp_path / "artifact", 3 * CHUNK + 1)
    data = (tmp_path / "artifact").read_bytes()
    assert len(data) == 3 * CHUNK + 1
    assert len({data[at : at + CHUNK] for at in range(0, len(data), CHUNK)}) == 4


@pytest.mark.peers
def test_all_bytes_of_an_archives_file_are_sent_in_parts(tmp_path: Path) -> None:
    size = 2 * PART + CHUNK
    write(tmp_path / "artifact", size)
    with zipfile.ZipFile(tmp_path / "artifacts.zip", "w") as archive:
        archive.write(tmp_path / "artifact", "artifact")
    with CountingS3() as s3:
        seconds, cpu, megabytes = _run("store", tmp_path / "artifacts.zip", s3.url)
        assert (s3.bytes, s3.parts) == (size, 3)
    assert min(seconds, cpu, megabytes) > 0
