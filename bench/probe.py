"""What sampling costs: a Python command that computes, under sealrun-probe and alone, turn by turn."""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
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
started, worked = time.perf_counter(), time.process_time()
digest = b""
for number in range(1_600_000):
    digest = hashlib.sha256(digest + str(number * number).encode()).digest()
print(time.perf_counter() - started, time.process_time() - worked)
"""


@dataclass(frozen=True)
class Times:
    """Milliseconds: the command's own, of its processor, and of all around it, Python's start too."""

    wall: float
    cpu: float
    around: float


def rows() -> list[Row]:
    """Measure each sampler; about a minute on a quiet machine."""
    return [each for sampler in SAMPLERS for each in _rows_of(sampler)]


def _rows_of(sampler: str) -> list[Row]:
    probed: list[Times] = []
    alone: list[Times] = []
    with tempfile.TemporaryDirectory() as scratch:
        for turn in range(TURNS + 1):
            # Who comes second finds a warmer or a busier machine: each is first in every other turn.
            order = [(probed, sampler), (alone, "")]
            for kept, named in order if turn % 2 else order[::-1]:
                times = _time(Path(scratch), named)
                if turn:
                    kept.append(times)
        used = json.loads((Path(scratch) / "sealrun-profile" / "profile.json").read_text())["sampler"]
    if used != sampler:
        raise RuntimeError(f"bench: expected samples by {sampler}, got {used}")
    figures = (
        ("the command's time", "wall", REACH),
        ("its processor's time", "cpu", REACH),
        ("around it", "around", None),
    )
    return [
        row(
            f"probe: {name}, {sampler}",
            "ms",
            [getattr(times, what) for times in probed],
            peer=("not probed", [getattr(times, what) for times in alone]),
            reach=reach,
        )
        for name, what, reach in figures
    ]


def _time(folder: Path, sampler: str) -> Times:
    """One run of the command, under the sampler if one is named."""
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
    whole = (time.perf_counter() - start) * 1000
    wall, cpu = (float(word) * 1000 for word in done.stdout.split())
    return Times(wall, cpu, whole - wall)


if __name__ == "__main__":
    from bench.table import as_text

    print(as_text(rows()))
