"""What was pinned under a CID of ours is fetched under it by nodes that nobody here wrote: kubo and Helia.

Every block travels by bitswap, and whoever receives one checks it against its CID.
"""

import json
import subprocess
from pathlib import Path

import httpx
import pytest

from local.ipfs.node import IpfsNode
from local.nodejs import NODE
from sealrun.adapters.ipfs.kubo import KuboPinner
from sealrun.encoding.cars import car
from sealrun.encoding.cids import file_blocks
from sealrun.encoding.measure import Measured, measure, measure_document
from sealrun.errors import PinFailed
from sealrun.ports.evidence import Content
from sealrun.transport.http import GuardedClient
from tests.sealrun.adapters.ipfs.conftest import Nodes
from tests.sealrun.adapters.ipfs.samples import DEEP, SIZES, chunks, pattern

ROOT = Path(__file__).parents[4]

pytestmark = pytest.mark.peers


def pin(node: IpfsNode, content: Content, measured: Measured | None = None) -> str:
    """Pin by the adapter that the functions use; the CID."""
    found = measured or measure(content())
    with GuardedClient([node.url], unsafe_loopback=True) as client:
        KuboPinner(client, url=node.url, headers=dict).pin(content, found, seconds=60)
    return found.cid


@pytest.mark.parametrize("size", SIZES)
def test_what_one_kubo_pins_another_fetches_by_the_cid_computed_here(nodes: Nodes, size: int) -> None:
    one, two = nodes
    cid = pin(one, lambda: [pattern(size)])
    assert one.pins()[cid] == "recursive"
    assert two.read(cid) == pattern(size)


def test_kubo_pins_a_tree_of_two_levels_with_all_its_blocks(nodes: Nodes, tmp_path: Path) -> None:
    """A gibibyte of zeros, so that most of its blocks are one."""
    path = tmp_path / "deep.bin"
    with path.open("wb") as file:
        file.truncate(DEEP)
    cid = pin(nodes[0], lambda: chunks(path))
    assert nodes[0].pins()[cid] == "recursive"


def helia(node: IpfsNode, *words: str) -> subprocess.Popen[str]:
    command = [NODE, "tests/sealrun/adapters/ipfs/helia.mjs", node.addresses()[0], *words]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_helia_fetches_from_kubo_what_was_pinned_there(nodes: Nodes, tmp_path: Path) -> None:
    cid = pin(nodes[0], lambda: [pattern(3_000_000)])
    with helia(nodes[0], "get", cid, str(tmp_path / "got")) as process:
        process.communicate(timeout=60)
    assert process.returncode == 0
    assert (tmp_path / "got").read_bytes() == pattern(3_000_000)


def test_kubo_fetches_from_helia_what_helia_added_under_the_same_cid(nodes: Nodes, tmp_path: Path) -> None:
    data = pattern(2_000_001)
    (tmp_path / "file").write_bytes(data)
    with helia(nodes[0], "add", str(tmp_path / "file")) as process:
        assert process.stdout is not None
        cid = process.stdout.readline().strip()
        assert cid == measure_document(data).cid
        assert nodes[0].read(cid) == data
        process.communicate(timeout=60)


def test_bytes_that_are_not_those_of_the_cid_are_not_pinned(nodes: Nodes) -> None:
    measured = measure_document(b"these")
    with pytest.raises(PinFailed, match="got status 500"):
        pin(nodes[0], lambda: [b"those"], measured)
    assert measured.cid not in nodes[0].pins()


def test_the_local_api_refuses_a_block_that_is_not_its_cids(nodes: Nodes) -> None:
    data = pattern(1_048_577)
    whole = b"".join(car(measure_document(data).cid, [data]))
    broken = whole.replace(next(iter(file_blocks([data]))).data[:100], b"x" * 100)
    answer = httpx.post(f"{nodes[0].url}/api/v0/dag/import", files={"file": broken}, timeout=30)
    assert (answer.status_code, answer.json()["Message"]) == (
        500,
        "block: expected the bytes of its CID, got others",
    )


def test_kubos_own_client_imports_pins_and_reads_through_the_local_api(nodes: Nodes, tmp_path: Path) -> None:
    data = pattern(1_048_577)[::-1]
    cid = measure_document(data).cid
    (tmp_path / "file.car").write_bytes(b"".join(car(cid, [data])))
    command = [
        NODE,
        "tests/sealrun/adapters/ipfs/rpc_client.mjs",
        nodes[0].url,
        str(tmp_path / "file.car"),
        cid,
    ]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=60)
    found = json.loads(done.stdout)
    assert found == {"roots": [{"cid": cid, "error": ""}], "pins": [[cid, "recursive"]], "size": len(data)}
