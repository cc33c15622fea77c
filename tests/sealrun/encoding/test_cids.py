"""CIDs of files and folders, and CARs, against what others computed (``tests/vectors/cids.json``)."""

import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.ipfs.cars import read_blocks, read_root
from sealrun.encoding.cars import car, car_size
from sealrun.encoding.cids import CHUNK, MAX_LINKS, block_sizes, file_blocks, parse_cid, to_text, total_size
from sealrun.encoding.folders import Entry, folder_cid
from sealrun.encoding.measure import measure, measure_document
from sealrun.errors import Malformed
from tests.sealrun.adapters.ipfs.samples import FOLDER, SIZES, pattern

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "cids.json").read_text())


@pytest.mark.parametrize("size", SIZES)
def test_a_files_cid_is_what_the_importers_computed(size: int) -> None:
    data, cid = pattern(size), VECTORS["files"][str(size)]
    assert measure_document(data).cid == cid
    assert measure([data[:7], data[7:]]).cid == cid
    assert to_text([*file_blocks([data])][-1].cid) == cid


def test_a_folders_cid_is_what_the_importers_computed() -> None:
    entries = {name: Entry(VECTORS["files"][str(size)], size) for name, size in FOLDER.items()}
    assert folder_cid(entries) == VECTORS["folder"]
    assert folder_cid(dict(reversed(entries.items()))) == VECTORS["folder"]


@pytest.mark.parametrize("name", ["", "/a", "a/", "a//b", ".", "a/../b", "a\0", "\ud800", "/".join("a" * 65)])
def test_a_folder_takes_no_name_that_would_leave_it(name: str) -> None:
    with pytest.raises(Malformed, match=r"^name: expected at most 64 parts"):
        folder_cid({name: Entry(VECTORS["files"]["1"], 1)})


@pytest.mark.parametrize("names", [("a", "a/b"), ("a/b", "a")])
def test_a_name_is_a_file_or_a_folder(names: tuple[str, str]) -> None:
    entry = Entry(VECTORS["files"]["1"], 1)
    with pytest.raises(Malformed, match="expected a file or a folder, got both"):
        folder_cid(dict.fromkeys(names, entry))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn",
        VECTORS["files"]["1"].upper(),
        VECTORS["files"]["1"][:-1],
        VECTORS["files"]["1"][:-1] + "z",  # unused bits set
        "bafyreidykglsfhoixmivffc5uwhcgshx4j465xwqntbmu43nb2dzqwfvae",  # dag-cbor
        "z" + VECTORS["files"]["1"][1:],
        VECTORS["files"]["1"] + "\n",
    ],
)
def test_a_cid_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(Malformed, match=r"^cid: expected a CIDv1 in base32"):
        parse_cid(text)


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_how_the_bytes_are_cut_changes_nothing(pieces: list[bytes]) -> None:
    whole = b"".join(pieces)
    assert measure(pieces) == measure_document(whole)
    assert [*file_blocks(pieces)] == [*file_blocks([whole])]


@pytest.mark.parametrize("size", SIZES)
def test_a_car_holds_the_blocks_of_the_file_under_its_root(size: int) -> None:
    data, cid = pattern(size), VECTORS["files"][str(size)]
    file = io.BytesIO(b"".join(car(cid, [data])))
    assert len(file.getvalue()) == car_size(size)
    assert to_text(read_root(file)) == cid
    blocks = [*read_blocks(file)]
    assert blocks == [(block.cid, block.data) for block in file_blocks([data])]
    assert sorted(block_sizes(size)) == sorted(len(block) for _, block in blocks)


def test_a_car_of_no_cid_of_ours_is_refused() -> None:
    with pytest.raises(Malformed, match=r"^cid: expected"):
        b"".join(car("bafy", [b""]))


def test_sizes_of_trees_of_two_levels_are_those_of_their_blocks() -> None:
    """Only their count and kinds: such a file is a gibibyte; its CID is compared in the peers' tests."""
    size = (MAX_LINKS + 1) * CHUNK + 5
    sizes = [*block_sizes(size)]
    leaves, nodes = sizes[: MAX_LINKS + 2], sizes[MAX_LINKS + 2 :]
    assert leaves == [CHUNK] * (MAX_LINKS + 1) + [5]
    assert len(nodes) == 3
    assert total_size(size) == size + sum(nodes)
