"""The contracts' prover in a process of its own, until ``close``: transactions start with their proofs.

``sealrun`` commands use it where ``SEALRUN_PROVER`` names its socket.
"""

import json
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

from local.chain import CONTRACTS, ChainFailed
from local.closing import Closing, wait_or_kill
from local.nodejs import NODE

PROGRAM = CONTRACTS / "build" / "tools" / "prover.js"


class Prover(Closing):
    """Started at construction, it listens at once on ``socket``."""

    def __init__(self, log: Path) -> None:
        # A socket's path is at most 107 bytes, and requests to it hold keys: a short folder of our own.
        self._folder = Path(tempfile.mkdtemp(prefix="sealrun-"))
        self.socket = self._folder / "prover"
        self._log = log.open("wb")
        command = [NODE, str(PROGRAM), str(self.socket)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self._log)
        out = self._process.stdout
        line = out.readline() if out is not None else b""
        if not line or json.loads(line).get("ready") != str(self.socket):
            self.close()
            raise ChainFailed(f"prover: expected its ready line, got {line!r}; see {log}")

    def compile(self, contract: str) -> None:
        """Have a contract compiled now, for the proof that comes later; this does not wait for it."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.socket))
            connection.sendall(json.dumps({"tool": "compile", "contract": contract}).encode() + b"\n")

    def close(self) -> None:
        """End the process; a proof under way is lost."""
        self._process.terminate()
        wait_or_kill(self._process)
        self._log.close()
        shutil.rmtree(self._folder)
