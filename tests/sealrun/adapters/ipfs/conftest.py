"""Two real nodes that are connected with each other and with nobody else."""

from collections.abc import Iterator

import pytest

from local.ipfs.node import IpfsNode

Nodes = tuple[IpfsNode, IpfsNode]


@pytest.fixture(scope="session")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    folder = tmp_path_factory.mktemp("ipfs")
    with IpfsNode(folder / "one") as one, IpfsNode(folder / "two") as two:
        two.connect(one)
        yield one, two
