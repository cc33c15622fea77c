"""What a proof of a call costs its seller: a real proof of a token of each issuer, and the fold of both.

One run of minutes and 6.5 GB. Times and memory are those of the tools' processes, their children included.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from base64 import b64decode
from pathlib import Path
from typing import Any, NamedTuple

from bench.mina import node
from bench.table import Row

ROOT = Path(__file__).resolve().parents[1]
TOOLS = ROOT / "contracts" / "build" / "tools"
ISSUERS = {"gitlab": "GitLab's token", "github": "GitHub's token"}
# The project's goals for one call.
REACH_CPU_SECONDS, REACH_MB = 240, 6500
# https://github.com/amiller/github-zktls, as published: one UltraHonk proof of a Sigstore attestation, for a
# contract on Ethereum. It shows repository, commit and artifact of any workflow, and neither which call the
# run was of nor that all of its jobs succeeded.
PEER = "github-zktls, published"
PEER_SECONDS, PEER_MB, PEER_BYTES = 28, 1500, 10_560


class Used(NamedTuple):
    """What one process and its children took."""

    seconds: float
    cpu_seconds: float
    megabytes: float  # of the largest of them


def rows() -> list[Row]:
    """Prove two calls, and say what one of them costs."""
    command = [
        str(Path(sys.executable).parent / "npm"),
        "run",
        "--silent",
        "bench:proving",
        "-w",
        "contracts",
    ]
    asked = json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)
    proofs, used = {}, {}
    for kind, name in ISSUERS.items():
        proofs[kind], used[name] = _measured("prove-token", asked["tokens"][kind])
    calls = asked["fold"]["calls"]
    for call, kind in zip(calls, ISSUERS, strict=True):
        call["token"] = proofs[kind]
    folded, fold = _measured("fold", asked["fold"])
    found = [each for name, one in used.items() for each in _rows(name, one)]
    found += _rows("fold of two calls", fold)
    # The fold compiles once, and so half of it is more than a call's share of a longer one.
    dearest = max(used.values(), key=lambda one: one.cpu_seconds)
    cpu, wall = (dearest[at] + fold[at] / 2 for at in (1, 0))
    most = max(one.megabytes for one in (*used.values(), fold))
    size = len(b64decode(folded["proof"]))
    return [
        *found,
        _row("proof of a call: CPU", "s", cpu, reach=REACH_CPU_SECONDS),
        _row("proof of a call: time", "s", wall, peer=PEER_SECONDS),
        _row("proof of a call: memory", "MB", most, peer=PEER_MB, reach=REACH_MB),
        _row("proof of any number of calls: size", "B", size, peer=PEER_BYTES),
    ]


def _rows(name: str, used: Used) -> list[Row]:
    return [
        _row(f"{name}: CPU", "s", used.cpu_seconds),
        _row(f"{name}: time", "s", used.seconds),
        _row(f"{name}: memory", "MB", used.megabytes),
    ]


def _row(name: str, unit: str, value: float, *, peer: float | None = None, reach: float | None = None) -> Row:
    return Row(name, unit, value, 0.0, PEER if peer else None, peer, None, reach)


def _measured(tool: str, request: dict[str, Any]) -> tuple[dict[str, Any], Used]:
    """The tool's result, in a process of its own as ``sealrun prove`` starts it.

    Raises:
        RuntimeError: it has none.
    """
    command = [node(), str(TOOLS / f"{tool}.js")]
    with (
        tempfile.TemporaryDirectory() as folder,
        tempfile.TemporaryFile() as asked,
        tempfile.TemporaryFile() as answer,
    ):
        asked.write(json.dumps({**request, "folder": folder}).encode())
        asked.seek(0)
        start = time.perf_counter()
        process = subprocess.Popen(command, stdin=asked, stdout=answer)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - start
        answer.seek(0)
        said = json.loads(answer.read() or b"{}")
    if process.returncode:
        raise RuntimeError(f"{tool}: expected a proof, got status {process.returncode} and {said}")
    return said, Used(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
