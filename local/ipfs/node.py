"""A node in a process of its own, for whoever needs one on this machine."""

from pathlib import Path

import httpx

from local.closing import Child

# kubo looks for ever for a file that no connected node has.
READ_SECONDS = 60


class IpfsNode(Child):
    """kubo, from construction until ``close``; its repository and its log are in the folder.

    ``url`` is that of its RPC API; ``python -m local.ipfs --help`` lists its commands.
    """

    def __init__(self, folder: Path, *, port: int = 0) -> None:
        options = ("--folder", str(folder), "--port", str(port), "--until-input-ends")
        super().__init__("ipfs", folder, *options)

    def addresses(self) -> list[str]:
        """Its multiaddresses."""
        addresses: list[str] = self._ask("id").json()["Addresses"]
        return addresses

    def connect(self, other: "IpfsNode") -> None:
        """Reach another node."""
        self._ask("swarm/connect", other.addresses()[0])

    def pins(self) -> dict[str, str]:
        """Every pinned CID, and how it is pinned."""
        return {cid: pin["Type"] for cid, pin in self._ask("pin/ls").json()["Keys"].items()}

    def read(self, cid: str) -> bytes:
        """A file's bytes, from this node or from those that it is connected with."""
        return self._ask("cat", cid).content

    def _ask(self, command: str, argument: str = "") -> httpx.Response:
        query = {"arg": argument} if argument else {}
        return httpx.post(
            f"{self.url}/api/v0/{command}", params=query, timeout=READ_SECONDS
        ).raise_for_status()
