"""The CIDs that Python computes are those of the JavaScript importer and of ipfs-car."""

import subprocess
from pathlib import Path

import pytest

from local.nodejs import NODE
from sealrun.encoding.cars import car
from sealrun.encoding.folders import Entry, folder_cid, make_folder
from sealrun.encoding.measure import measure
from tests.sealrun.adapters.ipfs.importers import IMPORTERS, ROOT, ask
from tests.sealrun.adapters.ipfs.samples import DEEP, FOLDER, SIZES, chunks, pattern, write_deep

pytestmark = pytest.mark.peers


def sample(folder: Path, size: int) -> Path:
    path = folder / f"{size}.bin"
    path.write_bytes(pattern(size))
    return path


def test_files_of_every_size_get_the_cid_that_the_importers_compute(tmp_path: Path) -> None:
    paths = [sample(tmp_path, size) for size in SIZES]
    ours = [measure(chunks(path)).cid for path in paths]
    for name in IMPORTERS:
        assert ask([{"ask": name, "path": str(path)} for path in paths]) == ours, name
    assert len(set(ours)) == len(SIZES)


def test_a_file_of_more_chunks_than_one_node_links_gets_it_too(tmp_path: Path) -> None:
    path = write_deep(tmp_path / "deep.bin")
    ours = measure(chunks(path))
    assert ours.size == DEEP
    assert ask([{"ask": name, "path": str(path)} for name in IMPORTERS]) == [ours.cid] * len(IMPORTERS)


def test_folders_get_the_cid_that_the_importers_compute(tmp_path: Path) -> None:
    paths = {name: sample(tmp_path, size) for name, size in FOLDER.items()}
    entries = {name: Entry(measure(chunks(path)).cid, FOLDER[name]) for name, path in paths.items()}
    files = {name: str(path) for name, path in paths.items()}
    assert ask([{"ask": name, "files": files} for name in IMPORTERS]) == [folder_cid(entries)] * 2
    assert make_folder(entries).size == sum(FOLDER.values())


@pytest.mark.parametrize("size", [0, 1, 1_048_577, 3_000_000])
def test_ipfs_car_unpacks_and_checks_the_car_that_is_made_of_a_file(tmp_path: Path, size: int) -> None:
    cid = measure([pattern(size)]).cid
    (tmp_path / "file.car").write_bytes(b"".join(car(cid, [pattern(size)])))
    unpack = ROOT / "node_modules/ipfs-car/bin.js"
    command = [NODE, str(unpack), "unpack", "file.car", "--output", "file", "--root", cid]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=60)
    assert (tmp_path / "file").read_bytes() == pattern(size)
