"""What sampling costs: a Python command that computes, under sealrun-probe and alone, turn by turn."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.table import Row, row

ROOT = Path(__file__).resolve().parents[1]
# A second each: long beside what one more interrupt costs.
TURNS = 11
SAMPLERS = ("perf", "py-spy", "proc")
# The project's goal: less than 2 % at 99 samples a second.
REACH = 1.02
# It times itself, so that what the probe does before and after is a figure of its own.
COMMAND = """
import hashlib, time
started = time.perf_counter()
digest = b""
for number in range(1_600_000):
    digest = hashlib.sha256(digest + str(number * number).encode()).digest()
print(time.perf_counter() - started)
"""


def rows() -> list[Row]:
    """Measure each sampler; about a minute on a quiet machine."""
    return [each for sampler in SAMPLERS for each in _rows_of(sampler)]


def _rows_of(sampler: str) -> list[Row]:
    inside: list[float] = []
    alone: list[float] = []
    around: list[float] = []
    with tempfile.TemporaryDirectory() as scratch:
        for turn in range(TURNS + 1):
            # Who comes second finds a warmer or a busier machine: each is first in every other turn.
            samples = {}
            for probed in (True, False) if turn % 2 else (False, True):
                samples[probed] = _time(Path(scratch), sampler if probed else None)
            if turn:
                inside.append(samples[True][0])
                alone.append(samples[False][0])
                around.append(samples[True][1] - samples[True][0] - samples[False][1] + samples[False][0])
        used = json.loads((Path(scratch) / "sealrun-profile" / "profile.json").read_text())["sampler"]
    if used != sampler:
        raise RuntimeError(f"bench: expected samples by {sampler}, got {used}")
    return [
        row(f"probe: the command's time, {sampler}", "ms", inside, peer=("not probed", alone), reach=REACH),
        row(f"probe: before and after it, {sampler}", "ms", around),
    ]


def _time(folder: Path, sampler: str | None) -> tuple[float, float]:
    """Milliseconds that the command took by its own clock, and by ours with all around it."""
    probe = [sys.executable, "-m", "sealrun_probe", "run", "--sampler", sampler, "--"] if sampler else []
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "probe" / "src")}
    start = time.perf_counter()
    done = subprocess.run(
        [*probe, sys.executable, "-c", COMMAND],
        cwd=folder,
        check=True,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        timeout=60,
    )
    return float(done.stdout) * 1000, (time.perf_counter() - start) * 1000


if __name__ == "__main__":
    from bench.table import as_text

    print(as_text(rows()))
