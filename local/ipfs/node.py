"""A node in a process of its own, for whoever needs one on this machine."""

import subprocess
import sys
from pathlib import Path
from typing import BinaryIO, cast

import httpx

from local.closing import Closing, wait_or_kill

ROOT = Path(__file__).resolve().parents[2]
# A file that no connected node has is looked for without an end.
READ_SECONDS = 60


class IpfsNode(Closing):
    """kubo, from construction until ``close``; its repository and its log are in the folder.

    ``url`` is that of its RPC API; ``python -m local.ipfs`` says what of it there is.
    """

    def __init__(self, folder: Path, *, port: int = 0) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._log = (folder / "ipfs.log").open("wb")
        command = [sys.executable, "-m", "local.ipfs", "--folder", str(folder), "--port", str(port)]
        # The process ends when its standard input does, so it never outlives this one.
        self._process = subprocess.Popen(
            [*command, "--until-input-ends"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )
        line = cast("BinaryIO", self._process.stdout).readline().decode().strip()
        if not line.startswith("http://127.0.0.1:"):
            self.close()
            raise RuntimeError(f"ipfs: expected its url, got {line!r}; see {self._log.name}")
        self.url = line

    def addresses(self) -> list[str]:
        """Its multiaddresses."""
        found: list[str] = self._ask("id").json()["Addresses"]
        return found

    def connect(self, other: "IpfsNode") -> None:
        """Reach another node."""
        self._ask("swarm/connect", other.addresses()[0])

    def pins(self) -> dict[str, str]:
        """Every pinned CID, and how it is pinned."""
        return {cid: found["Type"] for cid, found in self._ask("pin/ls").json()["Keys"].items()}

    def read(self, cid: str) -> bytes:
        """A file's bytes, from this node or from those that it is connected with."""
        return self._ask("cat", cid).content

    def close(self) -> None:
        """End the node; its repository stays."""
        wait_or_kill(self._process)
        self._log.close()

    def _ask(self, command: str, argument: str = "") -> httpx.Response:
        query = {"arg": argument} if argument else {}
        return httpx.post(
            f"{self.url}/api/v0/{command}", params=query, timeout=READ_SECONDS
        ).raise_for_status()
