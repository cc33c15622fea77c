"""``sealrun verify --gateway``: public items that are not here come by their CIDs, and are not believed."""

from pathlib import Path

import httpx
import pytest

from sealrun.adapters.files.evidence_folder import DiskFolder
from sealrun.encoding.measure import measure_document
from sealrun.verification.claims import Verdict
from sealrun.verification.verify import Trust, Verification, verify
from sealrun_cli.lib.gateway import with_gateway
from sealrun_cli.lib.service import Service
from tests.broken.fault import strangers
from tests.broken.make import kept, write
from tests.broken.sale import good_sale

GATEWAY = "https://gateway.test/"


class Network:
    """An IPFS gateway that has what it was given."""

    def __init__(self, *blocks: bytes) -> None:
        self.files = {measure_document(data).cid: data for data in blocks}
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        found = self.files.get(request.url.path.removeprefix("/ipfs/"))
        return httpx.Response(404) if found is None else httpx.Response(200, content=found)


def checked(root: Path, network: Network) -> Verification:
    with httpx.Client(transport=httpx.MockTransport(network)) as http:
        folder = with_gateway(DiskFolder(root), gateway=GATEWAY, service=Service(http))
        return verify((root / "receipt.json").read_bytes(), folder, Trust())


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    """A stranger's folder without any item."""
    files = strangers(lambda _, good: good)(good_sale(), kept("good"))
    write({name: data for name, data in files.items() if "/" not in name}, tmp_path)
    return tmp_path


def test_public_items_come_from_the_gateway_and_are_measured(documents: Path) -> None:
    good = kept("good")
    network = Network(*(data for name, data in good.items() if "/" in name))
    found = checked(documents, network)
    assert found.holds
    files = [claim.says.split(":")[0] for claim in found.claims if claim.name == "file"]
    assert {"outputs/build/dist/out.txt", "profile/run.json"} < set(files)
    assert next(claim for claim in found.claims if claim.name == "commit").verdict is Verdict.HOLDS
    assert measure_document(good["outputs/build/notes.txt"]).cid not in "".join(network.asked)


def test_what_is_in_the_folder_is_not_asked_for(documents: Path) -> None:
    write({name: data for name, data in kept("good").items() if name.startswith("profile/")}, documents)
    network = Network(*kept("good").values())
    checked(documents, network)
    assert len(network.asked) == 2


@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        (lambda data: b"x" + data[1:], "SHA-256: expected"),
        (
            lambda data: data + b"x",
            "body: expected at most 6 bytes, got more",
        ),
        (lambda _: b"", "size: expected 6, got 0"),
    ],
)
def test_a_gateway_that_lies_breaks_the_file(documents: Path, spoil: object, text: str) -> None:
    good = kept("good")
    network = Network(*(data for name, data in good.items() if "/" in name))
    cid = measure_document(good["outputs/build/dist/out.txt"]).cid
    network.files[cid] = spoil(good["outputs/build/dist/out.txt"])  # type: ignore[operator]
    (claim,) = checked(documents, network).broken
    assert text in claim.says


def test_a_gateway_that_lies_the_second_time_breaks_the_run(documents: Path) -> None:
    """The run's document is measured, and then read."""
    good = kept("good")
    run = good["profile/run.json"]
    other = run.replace(b"every job succeeded", b"EVERY JOB SUCCEEDED")
    network = Network(*(data for name, data in good.items() if "/" in name))
    place = f"/ipfs/{measure_document(run).cid}"

    class Twice(Network):
        def __call__(self, request: httpx.Request) -> httpx.Response:
            answer = network(request)
            return httpx.Response(200, content=other) if network.asked.count(place) > 1 else answer

    found = checked(documents, Twice())
    assert network.asked.count(place) > 1
    assert {claim.name for claim in found.broken} == {"run"}
    assert "profile/run.json: SHA-256: expected" in found.broken[0].says


def test_what_the_gateway_has_not_is_broken_for_the_index_shows_it(documents: Path) -> None:
    found = checked(documents, Network())
    assert {claim.name for claim in found.broken} >= {"file"}
    assert "expected a file, got 404" in found.broken[0].says


def test_without_an_index_nothing_is_asked(documents: Path) -> None:
    network = Network()
    (documents / "index.json").write_bytes(b"{}")
    assert checked(documents, network).broken[0].name == "index"
    (documents / "index.json").unlink()
    assert checked(documents, network).holds
    assert network.asked == []
