"""The contracts' prover in a process of its own, until ``close``: transactions start with their proofs.

``sealrun`` commands use it where ``SEALRUN_PROVER`` names its socket.
"""

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

from local.chain import CONTRACTS, ChainFailed
from local.closing import Closing, wait_or_kill
from local.nodejs import NODE

PROGRAM = CONTRACTS / "build" / "tools" / "prover.js"


class Prover(Closing):
    """Started at construction, it listens at once on ``socket``; ``warm``, it compiles meanwhile."""

    def __init__(self, log: Path, *, warm: bool = True) -> None:
        # A socket's path is at most 107 bytes, and requests to it hold keys: a short folder of our own.
        self._folder = Path(tempfile.mkdtemp(prefix="sealrun-"))
        self.socket = self._folder / "prover"
        self._log = log.open("wb")
        command = [NODE, str(PROGRAM), str(self.socket), *(["--warm"] if warm else [])]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self._log)
        out = self._process.stdout
        line = out.readline() if out is not None else b""
        if not line or json.loads(line).get("ready") != str(self.socket):
            self.close()
            raise ChainFailed(f"prover: expected its ready line, got {line!r}; see {log}")

    def close(self) -> None:
        """End the process; a proof under way is lost."""
        self._process.terminate()
        wait_or_kill(self._process)
        self._log.close()
        shutil.rmtree(self._folder)
